// The timeline: ruler with playhead, lanes, minimap, replay and zoom controls. Draws on events of the bus only.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;

  sage.define("timeline", (root, on, atEnd) => {
    const ui = build();
    let runDrawn = null;
    const scale = sage.makeScale(() => moved(ui, scale));
    const lanes = sage.makeLanes(scale);
    ui.body.append(...lanes.nodes, ui.over);
    Object.assign(ui, { scale, lanes, list: sage.makeList() });
    root.replaceChildren(ui.empty, ui.card);
    ui.card.append(ui.list.node, ui.keys);

    const draw = () => {
      const view = sage.state.view;
      const duration = sage.duration();
      const waiting = view && ["queued", "running", "stopping"].includes(view.status) && !view.turns.length;
      ui.card.hidden = !(view && duration);
      ui.empty.hidden = !ui.card.hidden;
      ui.empty.classList.toggle("is-waiting", Boolean(waiting));
      if (ui.card.hidden) return;
      measure(ui);
      if (runDrawn !== view.run || Math.abs(scale.duration - duration) > 0.01) {
        runDrawn = view.run;
        scale.reset(duration);
      }
      ui.card.classList.toggle("is-waiting", Boolean(waiting));
      drawTop(ui);
      drawReplay(ui);
      lanes.draw();
      lanes.light();
      ui.list.draw();
      drawMini(ui);
      drawTime(ui);
    };
    const focused = () => {
      const focus = sage.state.focus;
      if (focus && focus.t !== null) scale.bring(focus.t);
      lanes.light();
      ui.list.light();
      ui.select.disabled = !selection();
    };
    on("view", draw);
    on("focus", focused);
    on("hover", () => lanes.light());
    on("time", () => drawTime(ui));
    on("playing", () => ui.card.classList.toggle("is-playing", sage.state.playing));
    const size = new ResizeObserver(() => {
      if (!ui.card.hidden && measure(ui)) draw();
    });
    size.observe(root);
    atEnd(() => (size.disconnect(), stopReplay(ui)));
    sage.bindPointer(ui);
    sage.bindKeys(ui, root);
    wire(ui);
    draw();
  });

  function button(icon, text, title, name = "") {
    return h(`button.tl-button${name}`, { title, "aria-label": title }, sage.icon(icon, 14), text && h("span", {}, text));
  }

  function build() {
    const ui = {
      cover: h("div.tl-cover"),
      totals: h("div.tl-totals"),
      ticks: h("div.tl-ticks", { "aria-hidden": "true" }),
      chip: h("div.tl-chip", { "aria-hidden": "true" }),
      line: h("div.tl-line", { "aria-hidden": "true" }),
      tip: h("div.tl-tip", { hidden: true, "aria-hidden": "true" }, h("img", { alt: "" }), h("span")),
      replay: h("input.tl-replay", { type: "range", min: 0, step: 1, "aria-label": "Replay up to turn" }),
      step: h("span.tl-step"),
      run: button("play", "replay", "Replay the turns one after the other"),
      minus: button("minus", "", "Zoom out (−)"),
      plus: button("plus", "", "Zoom in (+)"),
      fit: button("fit", "fit", "Show the whole film (0)"),
      select: button("target", "", "Zoom to the chosen turn (Z)"),
      back: button("back", "", "Back to the previous position (Backspace)"),
      link: button("link", "", "Copy a link to this moment"),
      table: button("list", "list", "List of all stretches"),
      words: button("transcribe", "captions", "Captions over the film, on or off (C)", ".tl-cc"),
      help: button("keys", "keys", "Keys (?)"),
      keys: sage.keysTable(),
      view: h("div.tl-view", { "aria-hidden": "true" }),
    };
    const slider = { role: "slider", tabindex: 0, "aria-label": "Position in the film", "aria-valuemin": 0 };
    ui.slider = h("div.tl-track.tl-slider", slider, ui.ticks);
    ui.over = h("div.tl-over", {}, ui.line, ui.chip, ui.tip);
    ui.body = h("div.tl-body", {}, h("div.tl-lane.tl-ruler", {}, h("div.tl-name"), ui.slider));
    ui.mini = h("div.tl-mini", { hidden: true, title: "The whole film; drag to move" }, ui.view);
    const replay = h("div.tl-group", {}, ui.run, ui.replay, ui.step);
    const zoom = h("div.tl-group.tl-zoom", {}, ui.minus, ui.plus, ui.fit, ui.select);
    const tools = h("div.tl-group", {}, ui.back, ui.link, ui.words, ui.table, ui.help);
    ui.foot = h("div.tl-foot", {}, replay, zoom, tools);
    const top = h("div.tl-top", {}, ui.cover, ui.totals);
    ui.card = h("div.tl-card", { role: "group", "aria-label": "Timeline" }, top, ui.body, ui.mini, ui.foot);
    ui.empty = empty();
    return ui;
  }

  function empty() {
    const words =
      "The timeline appears here: which frames were looked at, what was skipped, " +
      "where the agent zoomed in, listened and searched, and what the answer rests on.";
    const bars = ["frames", "transcribe", "zoom", "search", "answer"].map((name) =>
      h("div.tl-ghost", {}, sage.icon(name), h("span", {}, "")),
    );
    return h("div.tl-empty", {}, h("div.tl-ghosts", { "aria-hidden": "true" }, bars), h("p", {}, words));
  }

  function measure(ui) {
    const width = ui.slider.clientWidth;
    if (!width || width === ui.scale.width) return false;
    ui.scale.width = width;
    return true;
  }

  // ---- parts

  function moved(ui, scale) {
    if (!ui.scale) return;
    ui.body.style.setProperty("--from", scale.from);
    ui.body.style.setProperty("--length", scale.length());
    ui.card.classList.toggle("is-zoomed", scale.isZoomed());
    const isLast = (t) => (1 - (t - scale.from) / scale.length()) * scale.width < 20;
    const ticks = scale.ticks(scale.width < 420 ? 62 : 72).map(({ t, text }) =>
      h(isLast(t) ? "span.tl-tick.is-last" : "span.tl-tick", { vars: { s: t } }, h("span", {}, text)),
    );
    ui.ticks.replaceChildren(...ticks);
    ui.lanes.zoomed();
    drawMini(ui);
    drawTime(ui);
  }

  function drawTop(ui) {
    const view = sage.shown();
    const film = sage.clock(sage.duration());
    const n = view.turns.length;
    const share = h("strong", {}, `Looked at ${sage.percent(view.coverage)}`);
    const glance = view.frames.length ? sage.plural(view.frames.length, "sampled frame") : "";
    const title = "The share that a turn looked into, beyond the sampled frames";
    if (n) ui.cover.replaceChildren(share, ` of ${film} in ${sage.plural(n, "turn")}`);
    else ui.cover.replaceChildren(h("strong", {}, glance || "No frames yet"), ` of ${film}`);
    ui.cover.title = title;
    ui.totals.replaceChildren(...(n ? sage.cost(view.totals) : []));
  }

  function drawReplay(ui) {
    const { view, replay } = sage.state;
    const n = view.turns.length;
    const at = replay === null ? n : replay;
    ui.replay.max = n;
    ui.replay.value = at;
    ui.replay.disabled = ui.run.disabled = n === 0;
    ui.replay.style.setProperty("--share", n ? at / n : 0);
    ui.replay.setAttribute("aria-valuetext", at ? `after turn ${at} of ${n}` : "before the first turn");
    ui.step.textContent = n ? `turn ${at} of ${n}` : "no turn yet";
    ui.select.disabled = !selection();
    ui.card.classList.toggle("is-replaying", replay !== null);
  }

  function drawTime(ui) {
    const { time } = sage.state;
    const { scale } = ui;
    if (ui.card.hidden || !scale) return;
    if (sage.state.playing && scale.isZoomed()) scale.follow(time);
    const x = scale.x(time);
    const inside = x >= -1 && x <= scale.width + 1;
    const digits = scale.length() <= 60 ? 1 : 0;
    const text = sage.clock(time, digits);
    if (ui.chip.textContent !== text) ui.chip.textContent = text;
    ui.line.style.transform = `translateX(${x}px)`;
    ui.chip.style.transform = `translateX(${Math.min(Math.max(x, 0), scale.width)}px) translateX(-50%)`;
    ui.line.hidden = !inside;
    ui.chip.classList.toggle("is-away", !inside);
    ui.back.disabled = !sage.state.past.length;
    const now = time.toFixed(1);
    if (ui.slider.getAttribute("aria-valuenow") === now) return;
    ui.slider.setAttribute("aria-valuenow", now);
    ui.slider.setAttribute("aria-valuemax", sage.duration().toFixed(1));
    ui.slider.setAttribute("aria-valuetext", sage.spoken(time));
  }

  function drawMini(ui) {
    const { scale } = ui;
    ui.mini.hidden = !scale.isZoomed();
    if (ui.mini.hidden) return;
    const view = sage.shown();
    const share = (t) => `${(t / scale.duration) * 100}%`;
    const mark = (s, e, kind) => {
      const node = h(`i.sg-${kind}`);
      node.style.left = share(s);
      node.style.width = share(Math.max(e - s, 0));
      return node;
    };
    if (ui.mini.drawn !== view) {
      const looked = view.turns.flatMap((t) => t.looked.map(([s, e]) => mark(s, e, t.decision)));
      const cited = view.evidence.filter((e) => e.start_s !== null).map((e) => mark(e.start_s, e.end_s, "answer"));
      ui.mini.replaceChildren(...looked, ...cited, ui.view);
      ui.mini.drawn = view;
    }
    ui.view.style.left = share(scale.from);
    ui.view.style.width = share(scale.length());
  }

  // The stretch of the focused turn, for "zoom to selection".
  function selection() {
    const focus = sage.state.focus;
    const turn = focus && sage.turn(focus.turn);
    if (!focus) return null;
    const spans = turn ? (turn.looked.length ? turn.looked : turn.spans) : [];
    if (spans.length) return [Math.min(...spans.map((s) => s[0])), Math.max(...spans.map((s) => s[1]))];
    return focus.t === null ? null : [focus.t - 2, focus.t + 2];
  }

  // ---- controls

  function wire(ui) {
    const { scale } = ui;
    const around = () => (scale.has(sage.state.time) ? sage.state.time : (scale.from + scale.to) / 2);
    ui.actions = {
      in: () => scale.zoom(1.6, around()),
      out: () => scale.zoom(1 / 1.6, around()),
      fit: () => scale.fit(),
      select: () => selection() && scale.show(...selection()),
      help: () => toggle(ui.help, ui.keys),
    };
    ui.plus.onclick = ui.actions.in;
    ui.minus.onclick = ui.actions.out;
    ui.fit.onclick = ui.actions.fit;
    ui.select.onclick = ui.actions.select;
    ui.help.onclick = ui.actions.help;
    sage.bindCaptions(ui.words);
    ui.table.onclick = () => (toggle(ui.table, ui.list.node), ui.list.draw());
    ui.back.onclick = () => sage.back();
    ui.link.onclick = () => sage.copyLink(ui.link);
    ui.replay.oninput = () => (stopReplay(ui), sage.setReplay(Number(ui.replay.value)));
    ui.run.onclick = () => (ui.timer ? stopReplay(ui) : startReplay(ui));
    for (const node of [ui.help, ui.table]) node.setAttribute("aria-expanded", "false");
  }

  function toggle(button, panel) {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    button.classList.toggle("is-on", !panel.hidden);
  }

  function startReplay(ui) {
    const { view, replay } = sage.state;
    if (replay === null) sage.setReplay(0);
    const tick = () => {
      const next = (sage.state.replay ?? view.turns.length) + 1;
      sage.setReplay(next);
      if (next >= sage.state.view.turns.length) stopReplay(ui);
    };
    ui.timer = setInterval(tick, 900);
    ui.run.firstChild.replaceWith(sage.icon("pause", 14));
  }

  function stopReplay(ui) {
    clearInterval(ui.timer);
    ui.timer = null;
    ui.run.firstChild.replaceWith(sage.icon("play", 14));
  }

  sage.copyLink = async (button) => {
    const done = await sage.copy(sage.link());
    button.classList.toggle("is-done", done);
    if (done) button.dataset.told = "link copied";
    setTimeout(() => (button.classList.remove("is-done"), delete button.dataset.told), 1600);
  };
})();
