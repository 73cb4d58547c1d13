// Keeps the screen true, sends acts, listens to keys. Without it pages reload every 30 s, and forms post.
"use strict";
(() => {
  const body = document.body;
  const words = JSON.parse(body.dataset.words);
  const zone = Number(body.dataset.zone);
  const $ = (id) => document.getElementById(id), active = () => document.activeElement, one = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const moment = () => performance.now(), made = (tag, facts) => Object.assign(document.createElement(tag), facts);
  const fill = (key, facts) => (words[key] || key).replace(/\{(\w+)\}/g, (_, name) => facts[name]);

  // the server's clock, moved on by ours between two messages
  let serverNow = Number(body.dataset.now), heardAt = moment(), offset = Number(body.dataset.offset);
  const silence = () => Math.floor((moment() - heardAt) / 1000);
  const isStale = () => silence() >= 15;
  const now = () => serverNow + (isStale() ? 15 : silence());
  const hear = (facts) => { serverNow = facts.now; heardAt = moment(); };

  const duration = (seconds) => {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return fill("duration-s", { n: s });
    if (s < 7200) return fill("duration-min", { n: Math.floor(s / 60) });
    return s < 172800 ? fill("duration-h", { n: Math.floor(s / 3600) }) : fill("duration-days", { n: Math.floor(s / 86400) });
  };
  const countdown = (s) => s < 60 || s >= 600 ? duration(s) : fill("duration-min-s", { n: Math.floor(s / 60), s: s % 60 });
  const clock = (at) => new Date((at + zone) * 1000).toISOString().slice(11, 19);
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const figures = (node, text) => {
    if (node.textContent === text) return;
    node.replaceChildren(...text.split(/(\d+)/).filter(Boolean).map((part) => {
      if (!/\d/.test(part)) return part;
      return made("b", { textContent: part });
    }));
  };

  // speech: one polite message in ten seconds
  let saidAt = -1e9, waiting = "";
  const alarm = (text) => { $("alarm").textContent = text; };
  const say = (text) => { waiting = text; };
  const speak = () => {
    if (waiting && moment() - saidAt > 10000) { $("say").textContent = waiting; saidAt = moment(); waiting = ""; }
  };

  // a new row keeps its edge for 30 s in view, or until a hand moves
  const fresh = new Map(), rows = (root) => all(".duty,.hot", root), nameOf = (n) => n.id || n.querySelector("a").href;
  const edge = () => {
    for (const [name, left] of fresh) if (!document.hidden) left ? fresh.set(name, left - 1) : fresh.delete(name);
    for (const n of rows(document)) n.classList.toggle("fresh", fresh.has(nameOf(n)));
  };
  addEventListener("pointerdown", () => fresh.clear());
  const calls = (root) => all("[data-call]", root).map((n) => n.dataset.call);

  // one timer a second
  let wasStale = false;
  const tick = () => {
    const t = now(), quiet = silence(), stale = isStale();
    for (const node of all("[data-clock]")) put(node, clock(t));
    for (const node of all("[data-link]")) put(node, stale ? words["lost-label"] : fill("link-live", { duration: duration(quiet) }));
    for (const node of all("[data-age]")) put(node, duration(t - Number(node.dataset.age)));
    for (const node of all("[data-due]")) {
      const left = Number(node.dataset.due) - t;
      const text = left > 0 ? countdown(left) : words["due-now"];
      figures(node, stale && left > 0 ? fill("about", { left: text }) : text);
      if (!stale && node.closest(".mine,.owe,.oweline") && [Number(node.dataset.half), 300, 60, 0].includes(left)) alarm(left ? fill("left-spoken", { left: text }) : words["due-now"]);
    }
    for (const node of all("[data-over]")) figures(node, fill("over", { duration: duration(t - Number(node.dataset.over)) }));
    for (const node of all("[data-to]")) {
      const from = Number(node.dataset.from), to = Number(node.dataset.to);
      node.lastElementChild.setAttribute("width", String(Math.round(1000 * Math.min(1, Math.max(0, (to - t) / Math.max(1, to - from))))));
    }
    const bar = $("lost");
    bar.hidden = !stale;
    body.classList.toggle("gone", quiet >= 60);
    if (stale) put(bar, fill("lost", { duration: duration(quiet), time: clock(t) }));
    if (stale !== wasStale) { if (stale) alarm(words["lost-label"]); wasStale = stale; }
    speak();
    edge();
  };
  setInterval(tick, 1000);
  tick();

  // the server renders, we swap what differs
  const isBusy = (slot) => slot.querySelector(".holding, details[open]") || (slot.contains(active()) && /INPUT|TEXTAREA|SELECT/.test(active().tagName));
  let loading = false, again = false;
  const refresh = async () => {
    if (loading) { again = true; return; }
    if (one(".stepform, .receipt, .people")) return;
    loading = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Slots": "1" }, cache: "no-store" });
      if (answer.status === 401) location.reload();
      if (answer.ok) requestAnimationFrame(((text) => () => show(new DOMParser().parseFromString(text, "text/html")))(await answer.text()));
    } catch { /* the link bar tells */ }
    loading = false;
    if (again) { again = false; refresh(); }
  };
  const show = (page) => {
    const slots = all("[data-slot]"), others = all("[data-slot]", page);
    const head = one("h1")?.textContent, newHead = page.querySelector("h1")?.textContent;
    const names = (list) => list.map((slot) => slot.dataset.slot).join();
    if (names(slots) !== names(others) || body.className.replace(" gone", "") !== page.body.className) { reload(); return; }
    const focused = active(), key = focused && (focused.id || focused.getAttribute("href") || focused.dataset.key);
    const around = focused?.closest("[data-slot]");
    const heard = calls(document), before = rows(document).map(nameOf);
    if (calls(page).some((name) => !heard.includes(name))) dispatchEvent(new Event("call"));
    for (const n of rows(page)) if (!before.includes(nameOf(n))) fresh.set(nameOf(n), 30);
    slots.forEach((slot, k) => {
      const next = others[k];
      if (slot.dataset.was === next.innerHTML || isBusy(slot)) return;
      const html = next.innerHTML, known = new Set(all(".duty,.hot strong", slot).map((n) => n.id || n.textContent));
      slot.replaceChildren(...next.childNodes);
      slot.dataset.was = html;
      for (const node of all(".duty.mine", slot)) if (!known.has(node.id)) alarm(node.textContent.trim().replace(/\s+/g, " "));
    });
    for (const node of all("[data-area]", page)) {
      const here = one(`[data-area="${node.dataset.area}"]`);
      for (const name of ["rank", "seen"]) if (here && node.dataset[name] !== undefined && here.dataset[name] !== node.dataset[name]) here.dataset[name] = node.dataset[name];
    }
    if (around && !focused.isConnected) {
      around.tabIndex = -1;
      (key && all("[id],a[href],[data-key]").find((n) => [n.id, n.getAttribute("href"), n.dataset.key].includes(key)) || around).focus();
    }
    if (head !== newHead && newHead) (page.body.classList.contains("isblind") ? alarm : say)(newHead); else say(words["screen-changed"]);
    document.title = page.title;
    offset = Number(page.body.dataset.offset);
    for (const token of all('input[name="token"]')) if (!isBusy(token.form)) token.value = page.querySelector(`input[name="token"]`)?.value || token.value;
    tick();
  };

  // the stream, with our own back-off
  const waits = [1, 2, 4, 8, 10];
  let tries = 0, source = null;
  const listen = () => {
    source = new EventSource(`/events?after=${offset}`);
    source.addEventListener("beat", (e) => { tries = 0; hear(JSON.parse(e.data)); });
    source.addEventListener("changed", (e) => { tries = 0; hear(JSON.parse(e.data)); refresh(); });
    source.onerror = () => {
      source.close();
      setTimeout(() => { listen(); if (tries > 1) refresh(); }, 1000 * waits[Math.min(tries++, 4)] * (0.8 + 0.4 * Math.random()));
    };
  };
  listen();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (e) => { if (e.persisted) { listen(); refresh(); } });

  // acts: never optimistic; a refusal stays until read
  const outcome = (text, kind, button, action) => {
    const box = $("outcome");
    box.className = `outcome ${kind}`;
    box.replaceChildren(made("span", { textContent: text }));
    if (button) box.append(made("button", { className: "act", type: "button", textContent: button, onclick: () => { hide(); action?.(); } }));
    box.hidden = false;
    return box;
  };
  const hide = () => { $("outcome").hidden = true; };
  const tell = (kind, text) => { outcome(text, kind, words["read-it"]); if (kind === "done") setTimeout(hide, 4000); };
  const kept = sessionStorage; // a page drawn anew still tells, and keeps the focus
  const reload = () => {
    const box = $("outcome"), kind = box.classList[1];
    if (kind === "sending") return;
    if (!box.hidden) kept.told = `${kind}|${box.firstChild.textContent}`;
    if ($("main").contains(active())) kept.inside = 1;
    location.reload();
  };
  if (kept.inside) $("main").focus();
  if (kept.told) tell(...kept.told.split("|"));
  kept.clear();
  const send = async (form, extra = {}, same = null) => {
    const data = same || new URLSearchParams(new FormData(form));
    for (const [k, v] of Object.entries(extra)) data.set(k, v);
    outcome(words.sending, "sending");
    const giveUp = new AbortController(), timer = setTimeout(() => giveUp.abort(), 5000);
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: data, signal: giveUp.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      clearTimeout(timer);
      if (answer.status === 504) throw new DOMException("", "AbortError");
      const receipt = page.querySelector(".receipt"), problem = page.querySelector(".problem");
      if (receipt && answer.ok) {
        const back = data.get("back") || "/";
        const text = receipt.querySelector("p").textContent, leave = () => { location = back; };
        if (!form.matches(".stepform")) tell("done", text); else { outcome(text, "done", words["read-it"], leave); setTimeout(leave, 4000); }
      } else if (receipt || problem) outcome((receipt?.querySelector("p") || problem).textContent, "refused", words["read-it"]).focus();
      else if (page.querySelector(".stepform")) location.assign(`/acts/${data.get("kind")}?${new URLSearchParams({ unit: data.get("unit"), hotspot: data.get("hotspot"), level: data.get("level") || "" })}`);
      else tell("refused", words["not-sent"]);
      refresh();
    } catch (error) {
      clearTimeout(timer);
      outcome(words["not-known-arrived"], "refused", words["send-again"], () => send(form, {}, data)).focus();
    }
  };
  addEventListener("submit", (e) => {
    const form = e.target;
    if (!form.matches("[data-act]")) return;
    e.preventDefault();
    const typed = form.querySelector('[name="typed"]');
    if (typed && form.querySelector('[name="pressed"]').value === "1") {
      const again = form.querySelector('details button[type="submit"]');
      if (typed.value.trim()) { form.querySelector('[name="pressed"]').value = "2"; put(again, words["form-press-again"]); say(words["form-press-again"]); }
      return;
    }
    send(form);
  });

  // holding
  let hold = null;
  const label = (button) => button.querySelector(".label");
  const start = (button) => {
    if (hold || button.getAttribute("aria-disabled")) return;
    const began = moment(), text = label(button).textContent;
    button.classList.add("holding");
    hold = { button, text, timer: setInterval(() => {
      const ms = moment() - began;
      button.classList.remove("q1", "q2", "q3", "q4");
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) button.classList.add(`q${Math.min(4, 1 + Math.floor(ms / 500))}`);
      label(button).textContent = fill("keep-holding", { left: Math.max(0, (2000 - ms) / 1000).toFixed(1) });
      if (ms >= 2000) { stop(); send(button.form, { held: "1" }); }
    }, 100) };
  };
  const stop = () => {
    if (!hold) return;
    clearInterval(hold.timer);
    hold.button.classList.remove("holding", "q1", "q2", "q3", "q4");
    label(hold.button).textContent = hold.text;
    hold = null;
  };
  addEventListener("pointerdown", (e) => { const b = e.target.closest(".hold"); if (b && e.button === 0) start(b); });
  for (const name of ["pointerup", "pointercancel", "blur", "visibilitychange"]) addEventListener(name, stop, true);
  addEventListener("pointerout", (e) => { if (hold && !hold.button.contains(e.relatedTarget)) stop(); });
  addEventListener("click", (e) => { if (e.target.closest(".hold")) e.preventDefault(); });
  addEventListener("contextmenu", (e) => { if (e.target.closest(".hold")) e.preventDefault(); });

  // a level changes the button
  addEventListener("change", (e) => {
    const chosen = e.target;
    if (chosen.dataset.button === undefined) return;
    put(one("[data-button-here]"), chosen.dataset.button);
    put(one("[data-consequence-here]"), chosen.dataset.consequence);
  });

  // keys
  let afterG = -1e9;
  const theme = () => {
    const look = document.documentElement.dataset;
    look.theme = look.theme === "night" || (look.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches) ? "day" : "night";
    document.cookie = `tocsin_theme=${look.theme}; path=/; max-age=15552000; samesite=strict`;
  };
  const move = (step) => {
    const rows = all("[data-row]");
    rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(active()) + step))]?.focus();
  };
  addEventListener("keydown", (e) => {
    fresh.clear();
    const hot = e.target.closest?.(".hold");
    if (hot && (e.key === "Enter" || e.key === " ")) { e.preventDefault(); if (!e.repeat) start(hot); return; }
    if (body.dataset.keys !== "on" || e.ctrlKey || e.metaKey || e.altKey || /INPUT|TEXTAREA|SELECT/.test(e.target.tagName)) return;
    const key = e.key.length === 1 ? e.key.toUpperCase() : e.key;
    const go = moment() - afterG < 1500;
    afterG = -1e9;
    if (go) { one(`[data-go="${key}"]`)?.click(); return; }
    if (key === "G") afterG = moment();
    else if (key === "?") location = "/help";
    else if (key === "J" || key === "K") move(key === "J" ? 1 : -1);
    else if (key === "L") one("[data-report]")?.click();
    else if (key === "T") theme();
    else if (key === "Escape") { if (!$("outcome").hidden) hide(); else one('a[rel="up"]')?.click() ?? history.back(); }
    else if (/^[ACRWDS]$/.test(key)) {
      const act = one(`[data-key="${key}"]`);
      if (act?.classList.contains("hold")) act.focus(); else if (act?.getAttribute("aria-disabled")) alarm($(act.getAttribute("aria-describedby"))?.textContent || ""); else act?.click();
    }
  });
  addEventListener("keyup", (e) => { if (e.key === "Enter" || e.key === " ") stop(); });
})();
