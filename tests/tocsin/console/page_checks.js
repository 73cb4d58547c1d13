({
  // Boxes whose content sticks out sideways.
  overflowing: () => [...document.querySelectorAll("main *")].filter((e) => {
    const style = getComputedStyle(e);
    if (e.closest("svg, .visually-hidden, .scroll, pre") || style.display === "inline") return false;
    return e.scrollWidth > e.clientWidth + 1 && style.overflowX === "visible" && e.clientWidth > 0;
  }).map((e) => `${e.className}: ${e.textContent.trim().slice(0, 60)}`),

  // Words below the least size of type.
  small: (least) => [...document.querySelectorAll("body *")].filter((e) => {
    const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || e.closest("svg, .visually-hidden, .skip, .bar, .badge")) return false;
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.left >= 0 && parseFloat(getComputedStyle(e).fontSize) < least - 0.01;
  }).map((e) => `${e.className} ${getComputedStyle(e).fontSize}: ${e.textContent.trim().slice(0, 40)}`),

  // Words whose contrast to their ground is below the least (WCAG 2.2).
  faint: (least) => {
    const channel = (c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const rgba = (s) => (s.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const ground = (e) => {
      for (; e; e = e.parentElement) {
        const c = rgba(getComputedStyle(e).backgroundColor);
        if (c.length < 4 || c[3] > 0.5) return c;
      }
      return [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")].filter((e) => {
      if (e.closest("svg, .visually-hidden, .skip, .redacted, .watermark, [aria-hidden=true]")) return false;
      const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!says || !e.getClientRects().length) return false;
      const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < least;
    }).map((e) => `${e.className}: ${e.textContent.trim().slice(0, 40)}`);
  },

  // Things to use or see that have no name.
  nameless: () => [...document.querySelectorAll("a,button,input:not([type=hidden]),[role=img]")]
    .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length))
    .map((e) => e.outerHTML),

  // Ids that occur twice.
  twins: () => {
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    return ids.filter((id, k) => ids.indexOf(id) !== k);
  },

  // Panels whose content is cut off below.
  cut: () => [...document.querySelectorAll(".panel,.side")]
    .filter((e) => e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 0)
    .map((e) => `${e.className} ${e.scrollHeight}>${e.clientHeight}`),
})
