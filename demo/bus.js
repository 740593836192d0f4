// window.sage: the state that timeline, cards and player share in one page.
// Events: view (new data or replay step), focus, hover, time, playing. Handlers get no arguments; they read sage.state.
// The player is whatever video lies in #player; its events are caught on the document, so it may be replaced at any time.
(() => {
  "use strict";
  const sage = (window.sage = window.sage || {});
  const handlers = {};
  const mounts = {};
  const mounted = {};
  const state = (sage.state = {
    raw: null,
    view: null,
    replay: null,
    focus: null,
    hover: null,
    time: 0,
    playing: false,
    scrubbing: false,
    past: [],
  });
  let wanted = null;
  let isLinkRead = false;
  let memo = null;

  sage.on = (name, fn) => {
    (handlers[name] = handlers[name] || new Set()).add(fn);
    return () => handlers[name].delete(fn);
  };
  sage.emit = (name) => {
    for (const fn of [...(handlers[name] || [])]) fn();
  };

  // ---- data

  sage.setView = (raw) => {
    if (raw === state.raw) return;
    state.raw = raw;
    const before = state.view;
    state.view = parse(raw);
    if (!state.view || !before || before.run !== state.view.run) startRun();
    if (state.replay !== null && state.view && state.replay > state.view.turns.length) state.replay = null;
    memo = null;
    sage.emit("view");
    readLink();
  };

  // A page that gets something else than our JSON shows its empty state instead of breaking.
  function parse(raw) {
    if (!raw) return null;
    try {
      const view = typeof raw === "string" ? JSON.parse(raw) : raw;
      return view && Array.isArray(view.turns) ? view : null;
    } catch (error) {
      console.warn("The run's data cannot be read", error);
      return null;
    }
  }

  function startRun() {
    Object.assign(state, { replay: null, focus: null, hover: null, past: [], scrubbing: false });
    wanted = null;
    const video = sage.video();
    state.time = video ? video.currentTime : 0;
  }

  sage.duration = () => {
    const film = state.view && state.view.film;
    if (film && film.duration_s > 0) return film.duration_s;
    const video = sage.video();
    return video && isFinite(video.duration) ? video.duration : 0;
  };

  sage.setReplay = (k) => {
    const n = state.view ? state.view.turns.length : 0;
    state.replay = k === null || k >= n ? null : Math.max(0, k);
    memo = null;
    sage.emit("view");
  };

  // The view as it stood after turn k while the replay slider is not at its end.
  sage.shown = () => {
    if (!state.view || state.replay === null) return state.view;
    if (!memo) memo = rebuild(state.view, state.replay);
    return memo;
  };

  function rebuild(view, k) {
    const turns = view.turns.slice(0, k);
    const known = (values) => (values.every((v) => v !== null) ? sum(values) : null);
    const looked = union(turns.flatMap((t) => t.looked));
    const duration = sage.duration();
    const tokens = turns.map((t) => t.tokens).filter((v) => v !== null);
    return {
      ...view,
      turns,
      now: null,
      answer: null,
      evidence: [],
      error: "",
      skipped: turns.length ? gaps(looked, duration) : [],
      coverage: duration ? Math.min(1, sum(looked.map(([s, e]) => e - s)) / duration) : 0,
      totals: {
        seconds: sum(turns.map((t) => t.seconds)),
        tokens: tokens.length ? sum(tokens) : null,
        usd: known(turns.map((t) => t.usd)),
      },
    };
  }

  const sum = (values) => values.reduce((a, b) => a + b, 0);

  function union(spans) {
    const out = [];
    for (const [s, e] of [...spans].sort((a, b) => a[0] - b[0])) {
      const last = out[out.length - 1];
      if (last && s <= last[1]) last[1] = Math.max(last[1], e);
      else if (e > s) out.push([s, e]);
    }
    return out;
  }

  function gaps(spans, duration) {
    const out = [];
    let at = 0;
    for (const [s, e] of [...spans, [duration, duration]]) {
      if (s - at > 0.05) out.push([at, s]);
      at = Math.max(at, e);
    }
    return out;
  }

  // All pictures with a time: the glance and what the turns brought; sorted, memoised on the shown view.
  sage.pictures = () => {
    const view = sage.shown();
    if (!view) return [];
    if (!view.pictures) {
      const own = view.turns.flatMap((t) => t.thumbs.map((p) => ({ ...p, turn: t.i })));
      const all = [...view.frames.map((p) => ({ ...p, turn: 0 })), ...own];
      const pictures = all.sort((a, b) => a.t - b.t || a.turn - b.turn);
      Object.defineProperty(view, "pictures", { value: pictures, enumerable: false });
    }
    return view.pictures;
  };

  sage.nearest = (t) => {
    const all = sage.pictures();
    let low = 0;
    let high = all.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (all[mid].t < t) low = mid + 1;
      else high = mid;
    }
    const [a, b] = [all[low - 1], all[low]];
    return !a ? b : !b ? a : t - a.t <= b.t - t ? a : b;
  };

  // ---- player

  sage.video = () => document.querySelector("#player video");

  sage.seek = (t, { remember = true } = {}) => {
    const to = Math.min(Math.max(0, t), sage.duration() || t);
    if (remember && Math.abs(to - state.time) > 0.05) {
      state.past.push(state.time);
      if (state.past.length > 100) state.past.shift();
    }
    state.time = to;
    wanted = to;
    push();
    sage.emit("time");
  };

  sage.back = () => {
    if (state.past.length) sage.seek(state.past.pop(), { remember: false });
  };

  sage.toggle = () => {
    const video = sage.video();
    if (!video) return;
    if (video.paused) video.play().catch((error) => console.warn("The player did not start", error));
    else video.pause();
  };

  // One seek at a time: a decoder that is still seeking gets only the newest wish when it is done.
  function push() {
    const video = sage.video();
    if (wanted === null || !video || video.readyState < 1 || video.seeking) return;
    const to = wanted;
    wanted = null;
    if (Math.abs(video.currentTime - to) > 0.001) video.currentTime = to;
  }

  function follow() {
    const video = sage.video();
    if (!video) return;
    if (wanted === null && !state.scrubbing && state.time !== video.currentTime) {
      state.time = video.currentTime;
      sage.emit("time");
    }
    if (!video.paused && !video.ended) requestAnimationFrame(follow);
  }

  function heard(event) {
    if (!event.target.closest || !event.target.closest("#player")) return;
    if (["loadedmetadata", "seeked", "canplay"].includes(event.type)) push();
    follow();
    const playing = !event.target.paused && !event.target.ended;
    if (playing !== state.playing) {
      state.playing = playing;
      sage.emit("playing");
    }
  }
  for (const name of ["timeupdate", "seeked", "play", "pause", "ended", "loadedmetadata", "canplay", "emptied"]) {
    document.addEventListener(name, heard, true);
  }

  // ---- focus: a turn, a moment, a piece of evidence

  sage.turn = (i) => (state.view ? state.view.turns.find((t) => t.i === i) : undefined);

  // Where in the film a turn is at home; null for turns that looked nowhere.
  sage.momentOf = (i) => {
    const turn = sage.turn(i);
    if (!turn) return null;
    if (turn.decision === "answer" && state.view.evidence.length) {
      const first = state.view.evidence.find((e) => e.start_s !== null);
      if (first) return first.start_s;
    }
    if (turn.spans.length && turn.tool === "ground-event") return turn.spans[0][0];
    if (turn.looked.length) return turn.looked[0][0];
    if (turn.spans.length) return turn.spans[0][0];
    return turn.thumbs.length ? turn.thumbs[0].t : null;
  };

  // The turn that a moment belongs to: the evidence there, else the shortest stretch that was looked at.
  sage.turnAt = (t) => {
    const view = sage.shown();
    if (!view) return null;
    const cited = view.evidence.find((e) => covers(e.start_s, e.end_s, t));
    if (cited) return cited.turn;
    let best = null;
    for (const turn of view.turns) {
      for (const [s, e] of [...turn.looked, ...turn.spans]) {
        if (covers(s, e, t) && (!best || e - s < best.length)) best = { turn: turn.i, length: e - s };
      }
    }
    return best && best.turn;
  };

  const covers = (s, e, t) => s !== null && t >= s - 0.5 && t <= (e === null ? s : e) + 0.5;

  sage.focus = ({ turn = null, t = null, n = null, seek = true }) => {
    const at = t === null && turn !== null ? sage.momentOf(turn) : t;
    const owner = turn === null && at !== null ? sage.turnAt(at) : turn;
    state.focus = { turn: owner, t: at, n };
    if (seek && at !== null) sage.seek(at);
    sage.emit("focus");
  };
  sage.focusTurn = (i, options = {}) => sage.focus({ turn: i, ...options });

  sage.unfocus = () => {
    state.focus = null;
    sage.emit("focus");
  };

  // Walks to the previous (-1) or next (+1) turn.
  sage.step = (by) => {
    const view = sage.shown();
    if (!view || !view.turns.length) return;
    const numbers = view.turns.map((t) => t.i);
    const at = state.focus ? numbers.indexOf(state.focus.turn) : -1;
    const to = at < 0 ? (by > 0 ? 0 : numbers.length - 1) : at + by;
    if (to >= 0 && to < numbers.length) sage.focusTurn(numbers[to]);
  };

  sage.isEvidenceLit = (e) => {
    const f = state.focus;
    if (!f) return false;
    if (f.n !== null) return e.n === f.n;
    return (f.turn !== null && e.turn === f.turn) || (f.t !== null && covers(e.start_s, e.end_s, f.t));
  };

  sage.isTurnLit = (i) => Boolean(state.focus && state.focus.turn === i);

  sage.hover = (turn) => {
    if (turn === state.hover) return;
    state.hover = turn;
    sage.emit("hover");
  };

  // ---- links

  sage.link = () => {
    const url = new URL(location.href);
    url.hash = "";
    if (state.view && state.view.run) url.searchParams.set("run", state.view.run);
    if (state.focus && state.focus.turn) url.searchParams.set("turn", state.focus.turn);
    else url.searchParams.delete("turn");
    url.searchParams.set("t", Math.round(state.time * 10) / 10);
    return url.href;
  };

  function readLink() {
    if (isLinkRead || !state.view || !state.view.run) return;
    const query = new URLSearchParams(location.search);
    if (query.get("run") && query.get("run") !== state.view.run) return;
    const number = (name) => (query.get(name) && isFinite(query.get(name)) ? Number(query.get(name)) : null);
    const turn = sage.turn(number("turn")) ? number("turn") : null;
    if (number("turn") !== null && turn === null && state.view.status !== "done") return;
    isLinkRead = true;
    const t = number("t");
    if (turn !== null || t !== null) sage.focus({ turn, t });
  }

  // ---- mounting: one of each kind a page; a second mount replaces the first

  sage.define = (kind, fn) => (mounts[kind] = fn);
  sage.mount = (kind, element, props, watch) => {
    if (mounted[kind]) mounted[kind].forEach((off) => off());
    const offs = (mounted[kind] = []);
    const on = (name, fn) => offs.push(sage.on(name, fn));
    mounts[kind](element.querySelector(`.sg-${kind}`), on, (fn) => offs.push(fn));
    const take = () => {
      if (props.value) sage.setView(props.value);
    };
    watch("value", take);
    take();
  };
})();
