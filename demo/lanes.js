// The lanes of the timeline: pictures at their times, one lane for each kind of decision, flags for the evidence.
// Items carry their times as CSS variables, so that zooming moves all of them by setting two variables on the lanes.
// Items are kept by key between updates: nothing under the pointer is replaced while a run goes on.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const LANES = ["skip", "transcribe", "zoom", "search", "evidence"];
  const LEAST_PX = 20;
  const LONG_PX = 28; // numbers of three digits
  const MOST_ROWS = 3;

  sage.makeLanes = (scale) => {
    const frames = lane("frames", "frames");
    frames.ticks = h("canvas.tl-dots", { "aria-hidden": "true" });
    frames.track.append(frames.ticks);
    const lanes = { frames };
    for (const name of LANES) lanes[name] = lane(name, name === "evidence" ? "answer" : name);
    const nodes = ["frames", ...LANES].map((name) => lanes[name].node);
    return {
      nodes,
      draw: () => drawItems(lanes, scale),
      zoomed: () => drawPictures(frames, scale),
      light: () => light(lanes, scale),
    };
  };

  function lane(name, glyph) {
    const track = h("div.tl-track");
    const label = h("div.tl-name", {}, sage.icon(glyph), h("span", {}, name));
    return { node: h(`div.tl-lane.tl-${name}`, { data: { lane: name } }, label, track), track, items: new Map() };
  }

  // ---- pictures

  function drawPictures(frames, scale) {
    const pictures = sage.pictures();
    const height = frames.track.clientHeight || 30;
    const film = sage.state.view && sage.state.view.film;
    const shape = film && film.height ? Math.min(Math.max(film.width / film.height, 0.5), 2) : 1.6;
    const wide = Math.round(height * shape);
    const chosen = scale.thin(pictures, Math.min(wide, 40));
    const lit = litPicture();
    if (lit && !chosen.includes(lit) && scale.has(lit.t)) insert(chosen, lit);
    const wanted = new Map();
    chosen.forEach((picture, i) => {
      const next = chosen[i + 1];
      const room = (next ? scale.x(next.t) : scale.width) - scale.x(picture.t) - 2;
      wanted.set(`${picture.t}|${picture.url}`, { picture, width: Math.max(6, Math.min(wide, room)) });
    });
    keep(frames, wanted, ({ picture }) => thumb(picture));
    for (const [key, { picture, width }] of wanted) {
      const node = frames.items.get(key);
      node.style.width = `${width}px`;
      node.classList.toggle("is-lit", picture === lit);
    }
    drawDots(frames.ticks, pictures, scale);
  }

  function insert(chosen, picture) {
    const at = chosen.findIndex((p) => p.t > picture.t);
    chosen.splice(at < 0 ? chosen.length : at, 0, picture);
  }

  function litPicture() {
    const focus = sage.state.focus;
    return focus && focus.t !== null ? sage.nearest(focus.t) : null;
  }

  function thumb(picture) {
    const name = `Frame at ${sage.spoken(picture.t)}`;
    const image = h("img", { src: picture.url, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
    const seek = () => sage.focus({ t: picture.t, turn: picture.turn || null });
    return h("button.tl-thumb", { "aria-label": name, tabindex: -1, onclick: seek, vars: { s: picture.t } }, image);
  }

  // One mark for each picture there is, also for those that are not drawn.
  function drawDots(canvas, pictures, scale) {
    const ratio = window.devicePixelRatio || 1;
    const wide = Math.round(scale.width * ratio);
    const high = Math.round(4 * ratio);
    if (canvas.width !== wide) canvas.width = wide;
    canvas.height = high;
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(canvas).color;
    for (const { t } of pictures) {
      if (scale.has(t)) pen.fillRect(Math.round(scale.x(t) * ratio), 0, Math.ceil(ratio), high);
    }
  }

  // ---- items

  function drawItems(lanes, scale) {
    const view = sage.shown();
    const items = Object.fromEntries(LANES.map((name) => [name, []]));
    if (view) {
      view.skipped.forEach(([s, e]) => items.skip.push({ key: `${s}-${e}`, kind: "skip", s, e }));
      collect(view, items);
      view.evidence.forEach((e) => {
        if (e.start_s === null) return;
        const end = e.end_s === null ? e.start_s : e.end_s;
        items.evidence.push({ key: `e${e.n}`, kind: "evidence", s: e.start_s, e: end, turn: e.turn, evidence: e });
      });
    }
    for (const name of LANES) drawLane(lanes[name], items[name], scale);
  }

  function collect(view, items) {
    let home = 0;
    for (const turn of view.turns) {
      const lane = items[turn.decision];
      if (!lane || turn.decision === "skip" || turn.decision === "answer") continue;
      turn.looked.forEach(([s, e], k) => lane.push({ key: `${turn.i}.${k}`, kind: "span", s, e, turn: turn.i }));
      if (turn.looked.length) home = turn.looked[0][0];
      else lane.push({ key: `${turn.i}.pin`, kind: "pin", s: home, e: home, turn: turn.i });
      if (turn.spans.length > 12 || turn.decision !== "zoom") continue;
      turn.spans.forEach(([s, e, note], k) =>
        lane.push({ key: `${turn.i}.f${k}`, kind: "find", s, e, turn: turn.i, note }),
      );
    }
  }

  function drawLane(lane, items, scale) {
    const isLong = items.some((item) => item.turn > 99);
    const rows = stack(items, ((isLong ? LONG_PX : LEAST_PX) / scale.width) * scale.duration);
    lane.node.classList.toggle("is-long", isLong);
    lane.node.style.setProperty("--rows", rows);
    lane.node.classList.toggle("is-empty", !items.length);
    keep(lane, new Map(items.map((item) => [`${item.key}|${item.s}|${item.e}`, item])), makeItem);
    for (const item of items) {
      const node = lane.items.get(`${item.key}|${item.s}|${item.e}`);
      node.style.setProperty("--row", item.row || 0);
    }
  }

  // Items that would cover each other in the fitted view go to rows below each other; findings stay on their span.
  function stack(items, least) {
    const ends = [];
    const rowOf = new Map();
    for (const item of [...items].sort((a, b) => a.s - b.s || a.e - b.e)) {
      if (item.kind === "find" || item.kind === "skip") continue;
      let row = ends.findIndex((end) => end <= item.s + 1e-6);
      if (row < 0) row = ends.length < MOST_ROWS ? ends.length : ends.indexOf(Math.min(...ends));
      ends[row] = Math.max(item.e, item.s + least);
      item.row = row;
      rowOf.set(item.turn, row);
    }
    for (const item of items) if (item.kind === "find") item.row = rowOf.get(item.turn) || 0;
    return Math.max(1, ends.length);
  }

  function keep(lane, wanted, make) {
    for (const [key, node] of lane.items) {
      if (wanted.has(key)) continue;
      node.remove();
      lane.items.delete(key);
    }
    for (const [key, item] of wanted) {
      if (lane.items.has(key)) continue;
      const node = make(item);
      lane.items.set(key, node);
      lane.track.append(node);
    }
  }

  function makeItem(item) {
    const vars = { s: item.s, e: item.e };
    if (item.kind === "skip") {
      const seek = () => sage.focus({ t: item.s });
      const name = `Not looked at further: ${sage.range(item.s, item.e)}`;
      const text = h("span.tl-words", {}, "not looked at further");
      return h("button.tl-item.tl-gap", { vars, title: name, tabindex: -1, onclick: seek }, text);
    }
    const turn = sage.turn(item.turn);
    const hover = { onpointerenter: () => sage.hover(item.turn), onpointerleave: () => sage.hover(null) };
    const data = { turn: item.turn || "" };
    if (item.kind === "evidence") return flag(item, { vars, data, ...hover });
    const names = {
      span: `Turn ${item.turn}, ${item.turn && turn ? sage.decision(turn.decision).did : ""}: ${sage.range(item.s, item.e)}`,
      pin: `Turn ${item.turn}: no place in the film; drawn where the agent was before`,
      find: `Turn ${item.turn} found: ${sage.range(item.s, item.e)} ${item.note || ""}`,
    };
    const go = () => sage.focus({ turn: item.turn, t: item.kind === "pin" ? null : item.s });
    const number = item.kind === "find" ? "" : String(item.turn);
    const props = { vars, data, title: names[item.kind], "aria-label": names[item.kind], tabindex: -1, onclick: go };
    return h(`button.tl-item.tl-${item.kind}.sg-${turn ? turn.decision : "zoom"}`, { ...props, ...hover }, number);
  }

  function flag(item, props) {
    const { n, note } = item.evidence;
    const name = `Evidence ${n}, ${sage.range(item.s, item.e)}${note ? `: ${note}` : ""}`;
    const go = () => sage.focus({ turn: item.turn || null, t: item.s, n });
    const all = { ...props, title: name, "aria-label": name, tabindex: -1, onclick: go };
    all.data = { ...props.data, n };
    return h("button.tl-item.tl-flag.sg-answer", all, h("span", {}, String(n)));
  }

  // ---- highlights

  function light(lanes, scale) {
    const { hover } = sage.state;
    for (const name of LANES) {
      for (const node of lanes[name].items.values()) {
        const turn = Number(node.dataset.turn) || null;
        const evidence = node.dataset.n && sage.shown().evidence.find((e) => e.n === Number(node.dataset.n));
        const lit = evidence ? sage.isEvidenceLit(evidence) : turn !== null && sage.isTurnLit(turn);
        node.classList.toggle("is-lit", lit);
        node.classList.toggle("is-near", turn !== null && turn === hover);
      }
    }
    drawPictures(lanes.frames, scale);
  }
})();
