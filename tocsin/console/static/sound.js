// One tone a call, loaded only where somebody has asked for it.
"use strict";
(() => {
  let ear = null;
  addEventListener("call", () => {
    ear = ear || new AudioContext();
    const osc = ear.createOscillator(), gain = ear.createGain(), now = ear.currentTime;
    osc.frequency.value = 660;
    gain.gain.setValueAtTime(0.2, now);
    gain.gain.exponentialRampToValueAtTime(0.001, now + 0.6);
    osc.connect(gain).connect(ear.destination);
    osc.start();
    osc.stop(now + 0.6);
    document.body.dataset.tones = Number(document.body.dataset.tones || 0) + 1;
  });
})();
