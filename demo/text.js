// Numbers and times in words, and the only way these scripts make elements: data becomes text, never markup.
(() => {
  "use strict";
  const sage = window.sage;

  // h("button.tl-x", {title: "…", onclick: fn, data: {turn: 3}, vars: {s: 1}}, "text", node, …)
  sage.h = (name, props = {}, ...children) => {
    const [tag, ...classes] = name.split(".");
    const node = document.createElement(tag || "div");
    if (classes.length) node.className = classes.join(" ");
    for (const [key, value] of Object.entries(props)) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "data") Object.assign(node.dataset, value);
      else if (key === "vars") Object.entries(value).forEach(([k, v]) => node.style.setProperty(`--${k}`, v));
      else node.setAttribute(key, value === true ? "" : value);
    }
    if (tag === "button" && !props.type) node.type = "button";
    node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
    return node;
  };

  // Foreign text: its direction and its bidi controls stay inside.
  sage.foreign = (text, name = "bdi.sg-foreign") => sage.h(name, { dir: "auto" }, String(text));

  const two = (n) => String(n).padStart(2, "0");

  // 41:02, 1:02:33; with tenths 41:02.4
  sage.clock = (t, digits = 0) => {
    const unit = 10 ** digits;
    const ticks = Math.floor(Math.max(0, t) * unit + 1e-6);
    const whole = Math.floor(ticks / unit);
    const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const rest = digits ? `.${String(ticks % unit).padStart(digits, "0")}` : "";
    return (hours ? `${hours}:${two(minutes)}` : two(minutes)) + `:${two(seconds)}${rest}`;
  };

  sage.range = (s, e) => (Math.floor(s) === Math.floor(e) ? sage.clock(s) : `${sage.clock(s)}–${sage.clock(e)}`);

  // "1 hour 2 minutes 33 seconds"
  sage.spoken = (t) => {
    const whole = Math.floor(Math.max(0, t) + 1e-6);
    const parts = [
      [Math.floor(whole / 3600), "hour"],
      [Math.floor(whole / 60) % 60, "minute"],
      [whole % 60, "second"],
    ];
    const said = parts.filter(([n]) => n).map(([n, word]) => `${n} ${word}${n > 1 ? "s" : ""}`);
    return said.join(" ") || "0 seconds";
  };

  sage.seconds = (s) => {
    if (s < 99.95) return `${s.toFixed(1)} s`;
    const whole = Math.round(s);
    return whole < 3600
      ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
      : `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  };

  sage.tokens = (n) => {
    if (n === null || n === undefined) return "— tok";
    if (n < 1000) return `${n} tok`;
    return n < 999950 ? `${(n / 1000).toFixed(1)}k tok` : `${(n / 1e6).toFixed(2)}M tok`;
  };

  sage.money = (usd) => {
    if (usd === null || usd === undefined) return "—";
    if (usd === 0) return "free";
    if (usd < 0.0001) return "<$0.0001";
    return usd < 1 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
  };

  sage.percent = (share) => {
    const p = share * 100;
    if (p > 0 && p < 1) return "<1 %";
    return p > 99 && p < 100 ? "99 %" : `${Math.round(p)} %`;
  };

  // "4.4 s · 1.8k tok · $0.0009", with reasons for what is not known.
  sage.cost = ({ seconds, tokens, usd }) => {
    const part = (text, title) => sage.h("span", title ? { title } : {}, text);
    const price =
      usd === null || usd === undefined
        ? "Price unknown: the price table does not list this model"
        : usd === 0
          ? "Runs on this machine: nothing to pay"
          : "By the price table; the provider's bill counts";
    const told = tokens === null || tokens === undefined ? "The model did not tell its tokens" : "Tokens in and out";
    const money = part(sage.money(usd), price);
    // What runs without a model has no tokens to tell.
    if (usd === 0 && (tokens === null || tokens === undefined)) return [part(sage.seconds(seconds)), " · ", money];
    return [part(sage.seconds(seconds)), " · ", part(sage.tokens(tokens), told), " · ", money];
  };

  sage.plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  // Web addresses only; anything else is no link.
  sage.webAddress = (url) => {
    try {
      const parsed = new URL(url);
      return ["http:", "https:"].includes(parsed.protocol) ? parsed : null;
    } catch {
      return null;
    }
  };

  sage.isTyping = (target) =>
    Boolean(target && target.closest && target.closest("input:not([type=range]), textarea, select, [contenteditable=''], [contenteditable='true']"));

  sage.isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  sage.copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No clipboard without https: the old way still works there.
      const box = sage.h("textarea", { "aria-hidden": "true", class: "sg-hidden" });
      box.value = text;
      document.body.append(box);
      box.select();
      const done = document.execCommand("copy");
      box.remove();
      if (!done) prompt("Copy this link", text);
      return done;
    }
  };
})();
