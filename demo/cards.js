// The right side: the answer, errors in words, the turns, and what is going on now.
// A turn's card is made once and kept as long as its data stays the same, so that nothing flickers while a run goes on.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const NEAR_END_PX = 48;

  sage.define("cards", (root, on, atEnd) => {
    const ui = {
      status: h("div.sg-hidden", { role: "status", "aria-live": "polite" }),
      head: h("div.cd-answers"),
      turns: h("div.cd-turns", { role: "region", "aria-label": "Turns", tabindex: 0 }),
      now: h("div.cd-now", { hidden: true }),
      pill: h("button.cd-pill", { hidden: true }),
      empty: empty(),
      cards: new Map(),
      drawn: {},
      unseen: 0,
    };
    ui.turns.append(ui.empty, ui.now);
    root.replaceChildren(ui.status, ui.head, h("div.cd-scroll", {}, ui.turns, ui.pill));
    ui.pill.onclick = () => toEnd(ui);
    ui.turns.addEventListener("scroll", () => isAtEnd(ui) && clearPill(ui));
    on("view", () => draw(ui));
    on("focus", () => (light(ui), reveal(ui)));
    on("hover", () => light(ui));
    const clock = setInterval(() => tick(ui), sage.isCalm() ? 1000 : 200);
    atEnd(() => clearInterval(clock));
    draw(ui);
  });

  function draw(ui) {
    const view = sage.shown();
    const isNew = ui.run !== (view ? view.run : "");
    ui.run = view ? view.run : "";
    const wasAtEnd = isNew || isAtEnd(ui);
    drawHead(ui, view);
    const added = drawTurns(ui, view);
    drawNow(ui, view);
    ui.empty.hidden = Boolean(view && (view.turns.length || view.now || view.status !== "empty"));
    light(ui);
    tell(ui, view);
    if (isNew) ui.turns.scrollTop = 0;
    const isRunning = view && view.status !== "done";
    if (!isNew && isRunning && wasAtEnd) ui.turns.scrollTop = ui.turns.scrollHeight;
    else if (!isNew && isRunning && added) showPill(ui, added);
  }

  // ---- turns

  function drawTurns(ui, view) {
    const turns = view ? view.turns : [];
    const wanted = new Set(turns.map((t) => t.i));
    for (const [i, kept] of ui.cards) {
      if (wanted.has(i)) continue;
      kept.node.remove();
      ui.cards.delete(i);
    }
    let added = 0;
    for (const turn of turns) {
      const isRepeated = Boolean(view.answer && turn.decision === "answer" && turn.result === view.answer.text);
      const text = `${view.run} ${isRepeated} ${JSON.stringify(turn)}`;
      const kept = ui.cards.get(turn.i);
      if (kept && kept.text === text) continue;
      const node = sage.turnCard(turn, isRepeated);
      if (kept) kept.node.replaceWith(node);
      else ui.turns.insertBefore(node, ui.now);
      added += kept ? 0 : 1;
      ui.cards.set(turn.i, { node, text });
    }
    return added;
  }

  function drawNow(ui, view) {
    const now = view && view.now;
    const isWaiting = Boolean(view && ["queued", "running", "stopping"].includes(view.status) && sage.state.replay === null);
    ui.now.hidden = !isWaiting;
    if (!isWaiting) return;
    const key = `${view.run}|${now ? now.turn : 0}`;
    if (ui.drawn.now !== key) {
      ui.drawn.now = key;
      buildNow(ui);
    }
    const began = performance.now() - (now ? now.since_s : 0) * 1000;
    if (ui.began === undefined || ui.nowKey !== key || Math.abs(ui.began - began) > 1500) ui.began = began;
    ui.nowKey = key;
    const decision = now && now.decision ? sage.decision(now.decision) : null;
    ui.now.className = `cd-now ${decision ? `sg-${now.decision}` : ""} is-${view.status}`;
    const words = { queued: "waiting for its turn", stopping: "stopping…", running: "starting" };
    const turn = now && now.turn ? `${now.turn} · ` : "";
    ui.nowName.textContent = turn + (decision ? decision.name : view.status === "running" && now ? "thinking" : view.status);
    ui.nowText.textContent = view.status === "stopping" ? words.stopping : (now && now.text) || words[view.status];
    const done = now ? now.done : null;
    ui.bar.classList.toggle("is-open", done === null);
    ui.bar.firstChild.style.transform = done === null ? "" : `scaleX(${Math.min(1, Math.max(0, done))})`;
    if (done === null) ui.bar.removeAttribute("aria-valuenow");
    else ui.bar.setAttribute("aria-valuenow", Math.round(done * 100));
    tick(ui);
  }

  function buildNow(ui) {
    ui.nowName = h("strong");
    ui.nowText = sage.foreign("", "div.cd-why.sg-foreign");
    ui.elapsed = h("span.cd-cost");
    const range = { role: "progressbar", "aria-label": "Progress of this step", "aria-valuemin": 0, "aria-valuemax": 100 };
    ui.bar = h("div.cd-bar", range, h("i"));
    const head = h("div.cd-head", {}, h("span.cd-spin", { "aria-hidden": "true" }), ui.nowName, h("div.cd-headline"), ui.elapsed);
    const ghosts = h("div.cd-ghosts", { "aria-hidden": "true" }, h("i"), h("i"));
    ui.now.replaceChildren(head, ui.nowText, ui.bar, ghosts);
  }

  function tick(ui) {
    if (ui.now.hidden || !ui.elapsed) return;
    const s = Math.max(0, (performance.now() - ui.began) / 1000);
    const text = sage.seconds(s);
    if (ui.elapsed.textContent !== text) ui.elapsed.textContent = text;
  }

  // ---- answer and errors

  function drawHead(ui, view) {
    const parts = view && { run: view.run, answer: view.answer, evidence: view.evidence, stop: view.stop, error: view.error };
    const text = JSON.stringify([parts, view && [view.saved, view.question, view.limit, view.status, view.turns.length], sage.state.replay]);
    if (text === ui.drawn.head) return;
    ui.drawn.head = text;
    const nodes = [];
    if (view && view.saved) nodes.push(h("div.cd-saved", {}, h("span.cd-badge", {}, sage.foreign(view.saved))));
    if (view && sage.state.replay !== null) {
      const all = h("button.sg-more", {}, "show all");
      all.onclick = () => sage.setReplay(null);
      nodes.push(h("div.cd-saved", {}, `Replay: as it stood after ${sage.plural(view.turns.length, "turn")}.`, all));
    } else if (view) {
      if (view.status === "done") nodes.push(...endings(view));
    }
    ui.head.replaceChildren(...nodes);
  }

  const LIMITS = { turns: "turns", seconds: "time", usd: "money" };

  function endings(view) {
    const kept = view.turns.length ? `${sage.plural(view.turns.length, "turn")} kept below.` : "";
    const words = {
      forced: `The limit of ${LIMITS[view.limit] || "this run"} was reached; this is the best answer from what had been found.`,
      malformed: "The model gave no valid action, not even after being asked again, so there is no answer. Another model may do better.",
      stopped: `Stopped before there was an answer. ${kept}`,
      interrupted: "The program that ran this was ended before there was an answer.",
      failed: "This run could not go on.",
    };
    const nodes = [];
    const box = (title, kind, text, extra) =>
      h(`section.cd-box.${kind}`, { "aria-label": title }, h("h2", {}, sage.icon("alert"), title), text, extra);
    const said = (text) => sage.foreign(text, "p.sg-foreign");
    if (view.stop === "failed" || (view.error && view.stop !== "interrupted")) {
      nodes.push(box("Failed", "is-error", said(view.error || words.failed), kept && h("p.cd-quiet", {}, kept)));
    } else if (view.stop === "malformed") nodes.push(box("No valid action", "is-error", said(words.malformed)));
    else if (view.stop === "stopped") nodes.push(box("Stopped", "is-note", said(words.stopped)));
    else if (view.stop === "interrupted") nodes.push(box("Interrupted", "is-note", said(view.error || words.interrupted)));
    if (view.answer) nodes.unshift(answer(view, view.stop === "forced" ? words.forced : ""));
    return nodes;
  }

  function answer(view, warning) {
    const copy = h("button.sg-more", { title: "Copy a link to this run, turn and moment" }, sage.icon("link", 14), "copy link");
    copy.onclick = () => sage.copyLink(copy);
    const chips = view.evidence.map(chip);
    return h(
      "section.cd-answer",
      { "aria-label": "Answer" },
      h("div.cd-head", {}, h("h2", {}, "Answer"), h("div.cd-headline"), copy),
      view.question ? sage.foreign(view.question, "p.cd-question.sg-foreign") : null,
      sage.cited(view.answer.text, "cd-text"),
      warning ? h("p.cd-warning", {}, sage.icon("alert", 14), warning) : null,
      chips.length ? h("div.cd-chips", { role: "group", "aria-label": "Evidence" }, chips) : h("p.cd-quiet", {}, unbacked(view)),
    );
  }

  const unbacked = (view) =>
    view.turns.length === 1 && view.turns[0].stage === 1
      ? "Answered from the sampled frames alone; nothing was looked at further."
      : "No stretch of the film was named as evidence.";

  function chip(e) {
    if (e.start_s === null && !sage.webAddress(e.url)) {
      const show = () => sage.focus({ turn: e.turn || null, n: e.n, seek: false });
      const text = e.note || e.url || "page";
      return h("button.cd-chip", { data: { n: e.n }, title: e.url, onclick: show }, h("b", {}, String(e.n)), " · ", sage.foreign(text));
    }
    if (e.start_s === null) {
      const link = sage.webChip(e.url, `${e.n} · ${e.note || sage.webAddress(e.url).host}`, "a.cd-chip");
      link.dataset.n = e.n;
      return link;
    }
    const name = `Evidence ${e.n}: go to ${sage.spoken(e.start_s)}`;
    const go = () => sage.focus({ turn: e.turn || null, t: e.start_s, n: e.n });
    const props = { data: { n: e.n }, "aria-label": name, title: e.note || name, onclick: go };
    return h("button.cd-chip", props, h("b", {}, String(e.n)), ` · ${sage.clock(e.start_s)}`);
  }

  // ---- highlights, scrolling, saying

  function light(ui) {
    const { hover, focus } = sage.state;
    const view = sage.shown();
    for (const [i, { node }] of ui.cards) {
      node.classList.toggle("is-lit", sage.isTurnLit(i));
      node.classList.toggle("is-near", i === hover);
    }
    for (const node of ui.head.querySelectorAll("[data-n]")) {
      const e = view && view.evidence.find((item) => item.n === Number(node.dataset.n));
      node.classList.toggle("is-lit", Boolean(e && sage.isEvidenceLit(e)));
    }
    for (const node of ui.head.parentNode.querySelectorAll(".cd-cite")) {
      const t = Number(node.dataset.t);
      const isHere = focus && focus.t !== null && Math.abs(focus.t - t) <= 1;
      node.classList.toggle("is-lit", Boolean(focus && (isHere || (focus.turn !== null && sage.turnAt(t) === focus.turn))));
    }
  }

  // Scrolls the list, never the page, and only if the card is out of sight.
  function reveal(ui) {
    const focus = sage.state.focus;
    const kept = focus && ui.cards.get(focus.turn);
    if (!kept) return;
    const box = ui.turns.getBoundingClientRect();
    const card = kept.node.getBoundingClientRect();
    if (card.top >= box.top && card.bottom <= box.bottom) return;
    const top = ui.turns.scrollTop + card.top - box.top - 12;
    ui.turns.scrollTo({ top, behavior: sage.isCalm() ? "auto" : "smooth" });
  }

  const isAtEnd = (ui) => ui.turns.scrollHeight - ui.turns.scrollTop - ui.turns.clientHeight < NEAR_END_PX;

  function showPill(ui, added) {
    ui.unseen += added;
    ui.pill.textContent = `↓ ${ui.unseen} new ${ui.unseen === 1 ? "turn" : "turns"}`;
    ui.pill.hidden = false;
  }

  function clearPill(ui) {
    ui.unseen = 0;
    ui.pill.hidden = true;
  }

  function toEnd(ui) {
    ui.turns.scrollTo({ top: ui.turns.scrollHeight, behavior: sage.isCalm() ? "auto" : "smooth" });
    clearPill(ui);
  }

  // One sentence a turn for screen readers.
  function tell(ui, view) {
    if (!view || sage.state.replay !== null) return;
    const last = view.turns[view.turns.length - 1];
    let text = last ? `Turn ${last.i}: ${sage.decision(last.decision).name}, ${last.headline}` : "";
    if (view.status === "done" && view.stop) text = view.answer ? `Answer: ${view.answer.text}` : `The run ended: ${view.stop}. ${view.error}`;
    if (ui.status.textContent !== text) ui.status.textContent = text;
  }

  function empty() {
    const steps = [
      ["skip", "skip what does not matter"],
      ["transcribe", "listen to what is said"],
      ["zoom", "look closer where it counts"],
      ["search", "look things up"],
      ["answer", "answer, with the moments that prove it"],
    ];
    const list = steps.map(([name, text]) => h("li", {}, h(`span.sg-glyph.sg-${name}`, {}, sage.icon(name, 14)), text));
    return h("div.cd-empty", {}, h("p", {}, "The answer appears here, and below it each turn of the agent. It may"), h("ul", {}, list));
  }
})();
