// Pointer and keyboard of the timeline. Shortcuts rest while somebody types.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;

  const KEYS = [
    ["← →", "5 seconds back, on"],
    ["Page Up, Page Down", "a minute on, back"],
    ["Home, End", "start, end of the film"],
    ["Space", "play, pause"],
    ["J, K", "previous, next turn"],
    ["Backspace", "back to the previous position"],
    ["+ −", "zoom in, out"],
    ["0", "whole film"],
    ["Z", "zoom to the chosen turn"],
    ["Ctrl + wheel", "zoom around the pointer"],
    ["Shift + wheel", "move along the film"],
    ["C", "captions over the film"],
    ["Esc", "choose nothing"],
    ["?", "this list"],
  ];

  sage.keysTable = () => {
    const rows = KEYS.map(([key, does]) => [h("dt", {}, ...key.split(", ").map((k) => h("kbd", {}, k))), h("dd", {}, does)]);
    const note = "Space, arrows and zoom work while the timeline has the focus; J, K, C and ? everywhere but in text fields.";
    return h("div.tl-keys", { hidden: true }, h("dl", {}, rows.flat()), h("p", {}, note));
  };

  // ---- keyboard

  sage.bindKeys = (ui, root) => {
    const minute = () => Math.min(60, sage.duration() / 10);
    const by = (s) => () => sage.seek(sage.state.time + s);
    const moves = {
      ArrowLeft: by(-5),
      ArrowRight: by(5),
      ArrowDown: by(-5),
      ArrowUp: by(5),
      PageUp: () => by(minute())(),
      PageDown: () => by(-minute())(),
      Home: () => sage.seek(0),
      End: () => sage.seek(sage.duration()),
      Backspace: () => sage.back(),
      " ": () => sage.toggle(),
      "+": () => ui.actions.in(),
      "=": () => ui.actions.in(),
      "-": () => ui.actions.out(),
      0: () => ui.actions.fit(),
      z: () => ui.actions.select(),
      Escape: () => sage.unfocus(),
    };
    const anywhere = { j: () => sage.step(-1), k: () => sage.step(1), c: () => sage.toggleCaptions(), "?": () => ui.actions.help() };

    const isOff = (event) =>
      event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || ui.card.hidden || sage.isTyping(event.target);
    const run = (table, event) => {
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (isOff(event) || !table[key]) return;
      if ([" ", "Enter"].includes(key) && event.target.closest("button, a, summary")) return;
      event.preventDefault();
      table[key]();
      if (["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"].includes(key)) ui.scale.bring(sage.state.time);
    };
    root.addEventListener("keydown", (event) => event.target.closest("input") || run(moves, event));
    const everywhere = (event) => {
      if (!root.isConnected) document.removeEventListener("keydown", everywhere);
      else if (root.offsetParent !== null) run(anywhere, event);
    };
    document.addEventListener("keydown", everywhere);
  };

  // ---- pointer

  sage.bindPointer = (ui) => {
    const { scale } = ui;
    const timeOf = (event) => scale.t(event.clientX - ui.slider.getBoundingClientRect().left);
    let drag = null;

    const isFree = (event) => event.target.closest(".tl-track") && !event.target.closest("button");
    ui.body.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !isFree(event)) return;
      drag = event.pointerId;
      ui.body.setPointerCapture(drag);
      sage.state.scrubbing = true;
      ui.card.classList.add("is-scrubbing");
      sage.seek(timeOf(event));
      ui.slider.focus({ preventScroll: true, focusVisible: false });
    });
    ui.body.addEventListener("pointermove", (event) => {
      if (drag !== null) sage.seek(timeOf(event), { remember: false });
      showTip(ui, event, timeOf(event), drag !== null || Boolean(event.target.closest(".tl-track")));
    });
    const end = (event) => {
      if (drag === null || event.pointerId !== drag) return;
      drag = null;
      sage.state.scrubbing = false;
      ui.card.classList.remove("is-scrubbing");
      if (event.pointerType !== "mouse") ui.tip.hidden = true;
    };
    ui.body.addEventListener("pointerup", end);
    ui.body.addEventListener("pointercancel", end);
    ui.body.addEventListener("pointerleave", () => (ui.tip.hidden = true));

    ui.body.addEventListener("wheel", (event) => onWheel(event, scale, timeOf), { passive: false });
    bindMini(ui);
  };

  function onWheel(event, scale, timeOf) {
    const isZoom = event.ctrlKey || event.metaKey;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (isZoom) scale.zoom(Math.exp(-event.deltaY * 0.0025), timeOf(event));
    else if (sideways && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) && scale.isZoomed()) {
      scale.pan((sideways / scale.width) * scale.length());
    } else return;
    event.preventDefault();
  }

  function showTip(ui, event, t, wanted) {
    ui.tip.hidden = !wanted || event.pointerType === "touch" && !sage.state.scrubbing;
    if (ui.tip.hidden) return;
    const [image, text] = ui.tip.children;
    const near = sage.nearest(t);
    image.hidden = !near;
    if (near && image.getAttribute("src") !== near.url) image.src = near.url;
    text.textContent = sage.clock(t, ui.scale.length() <= 60 ? 1 : 0);
    const half = ui.tip.offsetWidth / 2;
    const x = Math.min(Math.max(ui.scale.x(t), half), ui.scale.width - half);
    ui.tip.style.transform = `translateX(${x}px) translate(-50%, -100%)`;
  }

  function bindMini(ui) {
    const move = (event) => {
      const box = ui.mini.getBoundingClientRect();
      const t = ((event.clientX - box.left) / box.width) * ui.scale.duration;
      ui.scale.pan(t - (ui.scale.from + ui.scale.to) / 2);
    };
    ui.mini.addEventListener("pointerdown", (event) => (ui.mini.setPointerCapture(event.pointerId), move(event)));
    ui.mini.addEventListener("pointermove", (event) => ui.mini.hasPointerCapture(event.pointerId) && move(event));
  }
})();
