// A case: question, truth and answer side by side, the film with the evidence, the labels, and what was just saved.
(() => {
  "use strict";
  const sage = window.sage;
  const an = window.sageAnnotate;
  const { h } = sage;
  const LONG = { question: 3, answer: 2, options: 4 };
  let ui = null;

  an.drawers.case = (body, s, fresh) => {
    if (fresh) build(body);
    ui.guide.hidden = !an.isGuideOpen;
    drawGuide(s.queue.guideline);
    drawSaved(s);
    ui.none.hidden = Boolean(s.case);
    ui.work.hidden = !s.case;
    if (!s.case) return drawNone(s);
    drawCase(s);
    drawChoices(s);
    setKeys(s);
    ui.note.value = s.undone && s.undone.case === s.case.id ? s.undone.note : "";
    ui.evidence = s.case.evidence;
    feed();
    ui.head.focus({ preventScroll: true });
    if (matchMedia("(max-width: 900px)").matches) document.querySelector("#annotate").scrollIntoView();
  };

  function build(body) {
    ui = {
      guide: h("section.an-guide", { hidden: true, "aria-label": "Guidelines" }),
      saved: h("section.an-saved", { "aria-label": "Just saved" }),
      none: h("div.an-none", { hidden: true }),
      head: h("h3.an-question", { tabindex: -1 }),
      facts: h("div.an-facts"),
      frame: h("iframe.an-frame", { src: "sage/annotate/evidence", title: "Film and evidence" }),
      choices: h("div.an-choices", { role: "group", "aria-label": "Your label" }),
      note: h("textarea", { rows: 2, maxlength: 2000, placeholder: "Why, if it is not plain", "aria-label": "Note" }),
      help: h("dl.an-keys", { hidden: true }),
    };
    an.frame = null;
    const tool = (key, text, act, title) =>
      h("button.an-tool", { title, onclick: act }, h("kbd", {}, key), text);
    const tools = h("div.an-tools", {},
      tool("S", "Skip", () => skip(), "Comes back last"),
      tool("U", "Undo", () => undo(), "Takes your last label back"),
      tool("G", "Guidelines", () => toggleGuide(), "What each label means"),
      tool("?", "Keys", () => toggleHelp(), "All keys"),
    );
    ui.tools = tools;
    const note = h("label.an-note", {}, h("span", {}, h("kbd", {}, "N"), "Note"), ui.note);
    const side = h("div.an-side", {}, ui.head, ui.facts, h("div.an-doing", {}, ui.choices, note, tools), ui.guide, ui.help);
    ui.work = h("div.an-work", {}, h("div.an-film", {}, ui.frame), side);
    body.replaceChildren(ui.saved, ui.none, ui.work);
    ui.help.append(...helpRows());
  }

  an.frameReady = (frame) => {
    an.frame = frame;
    feed();
  };

  function feed() {
    if (an.frame && ui && ui.evidence) an.frame.showCase(ui.evidence);
  }

  // ---- the case

  function drawCase(s) {
    const c = s.case;
    if (c.fields) return drawFields(s);
    ui.head.replaceChildren(sage.foreign(c.question));
    const spans = c.spans.length ? h("div.an-spans", {}, h("span.an-quiet", {}, "Said to be at"), c.spans.map(spanButton)) : null;
    ui.facts.replaceChildren(
      ...[
        c.choices.length ? h("ol.an-options", {}, c.choices.map((text) => h("li", {}, sage.foreign(text)))) : null,
        h("div.an-pair", {}, card("Truth", c.truth, "truth"), card("Answer", c.answer, "answer")),
        spans,
        c.tags.length ? h("div.an-tags", {}, c.tags.map((tag) => h("span", {}, tag))) : null,
        c.labels.length ? others(s) : null,
      ].filter(Boolean),
    );
  }

  const card = (title, text, kind) => h(`section.an-card.is-${kind}`, {}, h("h4", {}, title), sage.foreign(text || "—", "p.sg-foreign"));

  const spanButton = ([start, end]) =>
    h("button.sg-time", { title: "Show this in the film", onclick: () => an.frame && an.frame.seekTo(start) }, sage.range(start, end));

  function others(s) {
    const names = Object.fromEntries(s.queue.choices.map((c) => [c.value, c]));
    const row = (label) =>
      h("li", {}, h("strong", {}, label.by), badge(names[label.value], label.value), label.note && sage.foreign(label.note),
        Object.entries(label.edits).map(([field, text]) => h("p.an-edit", {}, h("span.an-quiet", {}, `${field}: `), sage.foreign(text))));
    return h("section.an-others", {}, h("h4", {}, "People differ"), h("ul", {}, s.case.labels.map(row)));
  }

  const badge = (choice, value) => h(`span.an-badge.is-${choice ? choice.tone : "unsure"}`, {}, choice ? choice.name : value);

  function drawFields(s) {
    const c = s.case;
    const before = s.undone && s.undone.case === c.id ? s.undone.edits : {};
    ui.head.textContent = s.queue.ask;
    const row = ([name, text]) => {
      const box = h("textarea", { rows: LONG[name] || 1, "data-field": name, "data-was": text });
      box.value = before[name] === undefined ? text : before[name];
      const mark = () => (box.classList.toggle("is-changed", box.value.trim() !== text.trim()), marked());
      box.addEventListener("input", mark);
      return h("label.an-field", {}, h("span", {}, name.replaceAll("_", " ")), box);
    };
    const rows = Object.entries(c.fields).map(row);
    const spans = c.spans.length ? h("div.an-spans", {}, h("span.an-quiet", {}, "Said to be at"), c.spans.map(spanButton)) : null;
    ui.facts.replaceChildren(...[...rows, spans, c.labels.length ? others(s) : null].filter(Boolean));
  }

  function edits() {
    const changed = {};
    for (const box of ui.facts.querySelectorAll("[data-field]")) {
      if (box.value.trim() !== box.dataset.was.trim()) changed[box.dataset.field] = box.value;
    }
    return changed;
  }

  // With changed fields "accept" would throw them away: it rests until they are saved or put back.
  function marked() {
    const isChanged = Object.keys(edits()).length > 0;
    for (const button of ui.choices.children) {
      if (button.dataset.value === "accept") button.disabled = isChanged;
      if (button.dataset.value === an.state.queue.editing) button.classList.toggle("is-ready", isChanged);
    }
  }

  // ---- labels

  function drawChoices(s) {
    const one = (choice) =>
      h(`button.an-choice.is-${choice.tone}`, { data: { value: choice.value }, onclick: () => label(choice.value) },
        h("kbd", {}, choice.key), choice.name);
    ui.choices.replaceChildren(...s.queue.choices.map(one));
    ui.choices.setAttribute("aria-label", s.queue.ask);
  }

  function label(value) {
    const s = an.state;
    const button = [...ui.choices.children].find((b) => b.dataset.value === value);
    if (!s.case || !button || button.disabled) return;
    const changed = edits();
    if (value === s.queue.editing && !Object.keys(changed).length) {
      an.tell("Change a field first: Tab goes to the fields, Esc comes back.", "idle");
      const first = ui.facts.querySelector("[data-field]");
      if (first) first.focus();
      return;
    }
    an.tell("Saving…", "running");
    an.ask({ do: "label", case: s.case.id, role: s.role, value, note: ui.note.value, edits: changed });
  }

  const skip = () => an.state.case && an.ask({ do: "skip", case: an.state.case.id });
  const undo = () => an.ask({ do: "undo" });

  function setKeys(s) {
    an.keys = { s: skip, u: undo, g: toggleGuide, "?": toggleHelp };
    an.keys.n = () => ui.note.focus();
    an.keys.e = () => s.case.spans.length && an.frame && an.frame.seekTo(s.case.spans[0][0]);
    for (const choice of s.queue.choices) an.keys[choice.key] = () => label(choice.value);
  }

  function helpRows() {
    const rows = [
      ["1 2 3 4", "the label; the next case comes at once"],
      ["N", "write a note; Esc leaves it"],
      ["S", "skip, comes back last"],
      ["U", "undo the last label"],
      ["E", "to where the truth is said to be"],
      ["Space", "play, pause"],
      ["← →", "5 seconds back, on"],
      ["J K", "previous, next turn of the agent"],
      ["G", "guidelines"],
      ["?", "this list"],
    ];
    return rows.flatMap(([keys, does]) => [h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, does)]);
  }

  function toggleHelp() {
    ui.help.hidden = !ui.help.hidden;
  }

  // ---- guidelines, what was saved, nothing left

  function toggleGuide() {
    an.isGuideOpen = !an.isGuideOpen;
    ui.guide.hidden = !an.isGuideOpen;
  }

  function drawGuide(guideline) {
    ui.guide.replaceChildren(h("h4", {}, `Guidelines, version ${guideline.version}`), ...an.prose(guideline.text));
  }

  // Paragraphs, numbered lines and **bold**: enough for a guideline, and nothing of it is markup.
  an.prose = (text) =>
    text.trim().split(/\n\s*\n/).map((block) => {
      const lines = block.split("\n");
      const isList = lines.every((line) => /^\d+\. /.test(line));
      if (isList) return h("ol", {}, lines.map((line) => h("li", {}, bold(line.replace(/^\d+\. /, "")))));
      return h("p", {}, bold(lines.join(" ")));
    });

  const bold = (text) => text.split(/\*\*(.+?)\*\*/).map((part, i) => (i % 2 ? h("strong", {}, part) : part));

  // The judges' verdicts are shown here for the first time: after the label is on disk.
  function drawSaved(s) {
    const saved = s.saved;
    if (!saved) {
      const judged = "What the judges said of a case appears here once your label is saved.";
      ui.saved.replaceChildren(h("span.an-quiet", {}, s.queue.kind === "verdict" ? judged : "Your last label appears here, to undo it."));
      return;
    }
    const choice = s.queue.choices.find((c) => c.value === saved.value);
    const judge = (j) =>
      h(`span.an-judge.is-${j.verdict}`, { title: j.reason }, h("strong", {}, sage.foreign(j.judge)), ` ${j.verdict}`);
    const differ = new Set(saved.judges.map((j) => j.verdict)).size > 1 ? "Judges differed: " : "Judges agreed: ";
    const shown = [
      h("span.an-ok", {}, sage.icon("answer", 14), " Saved"),
      badge(choice, saved.value),
      h("span.an-was", {}, sage.foreign(saved.question)),
      saved.judges.length ? h("span.an-judges", {}, h("span.an-quiet", {}, differ), saved.judges.map(judge)) : null,
      h("button.an-tool", { onclick: undo }, h("kbd", {}, "U"), "Undo"),
    ];
    ui.saved.replaceChildren(...shown.filter(Boolean));
  }

  function drawNone(s) {
    const p = s.progress;
    const isSettling = s.role === "adjudication";
    const held = p.held ? ` ${sage.plural(p.held, "case")} ${p.held === 1 ? "is" : "are"} with others and may come back.` : "";
    const text = isSettling
      ? "Nothing to settle: no case has differing labels."
      : p.labels >= p.labels_needed
        ? "All labels are in. Thank you."
        : `Nothing left for you here: you have labelled every case that is free.${held}`;
    an.keys = { u: undo, g: toggleGuide };
    ui.none.replaceChildren(
      h("p", {}, text),
      h("div.an-tools", {},
        h("button.an-tool", { onclick: () => an.ask({ do: "next" }) }, "Look again"),
        h("button.an-tool", { onclick: undo }, h("kbd", {}, "U"), "Undo"),
        h("button.an-tool", { onclick: () => an.ask({ do: "results" }) }, "Results")),
    );
  }
})();
