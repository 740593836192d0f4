// One question: truth, what one or two runs answered, what the judges say, and the traces side by side in the timeline.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const bench = window.sageBench;
  const { words } = bench;
  let sides = [];

  bench.frames = () => sides.map((side) => side.frame).filter(Boolean);

  bench.openCase = async (id) => {
    const { at, ui } = bench;
    const { a, b } = at.cell;
    at.open = id;
    const found = await bench.trying(() => bench.fetch("question", { a, b, id, judge: at.judge }));
    if (!found || at.open !== id) return;
    const isFresh = ui.case.hidden;
    ui.case.hidden = false;
    draw(found);
    if (isFresh) bench.scrollTo(ui.case);
    ui.case.querySelector("h3").focus({ preventScroll: true });
  };

  bench.closeCase = (isBack = true) => {
    const { at, ui } = bench;
    if (ui.case.hidden) return;
    const id = at.open;
    at.open = "";
    ui.case.hidden = true;
    ui.case.replaceChildren();
    sides = [];
    const row = isBack && ui.questions.querySelector(`[data-key="${CSS.escape(`q ${id}`)}"]`);
    if (row) {
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
    }
  };

  // To the next question of the list, over its pages.
  bench.step = async (by) => {
    const { at } = bench;
    const { ids, page } = at.listed;
    const place = ids.indexOf(at.open) + by;
    if (place < 0 || place >= ids.length) return;
    const first = Math.floor(place / page) * page;
    if (first !== at.listed.at) await bench.openQuestions({ ...at.cell, at: first }, false);
    bench.openCase(ids[place]);
  };

  function draw(found) {
    const { at, ui } = bench;
    const place = at.listed.ids.indexOf(found.id);
    const step = (by, text, key) => h("button.bn-button", { disabled: place + by < 0 || place + by >= at.listed.ids.length, onclick: () => bench.step(by) }, text, h("kbd", {}, key));
    const bar = h("div.bn-bar", {}, h("button.bn-button", { onclick: () => bench.closeCase() }, "Back to the list", h("kbd", {}, "Esc")),
      step(-1, "Before", "p"), step(1, "Next", "n"), h("span.bn-quiet", {}, place < 0 ? "" : `${place + 1} of ${at.listed.ids.length}`));
    const choices = found.choices.length ? h("ol.bn-choices", {}, found.choices.map((choice) => h("li", {}, sage.foreign(choice)))) : null;
    const spans = found.spans.map(([start, end]) => h("button.sg-time", { title: "Show this in both films", onclick: () => bench.frames().forEach((frame) => frame.seekTo(start)) }, sage.range(start, end)));
    const truth = h("p", {}, h("span.bn-quiet", {}, "Truth "), sage.foreign(found.truth || "none given"), " ", spans);
    const tags = found.tags.length ? h("p.bn-quiet", {}, sage.foreign(found.tags.join(" · "))) : null;
    // Frames that are on the page keep their documents; only what they show changes.
    const keep = sides.length === found.sides.length && ui.case.contains(sides[0].node) ? sides : found.sides.map(makeSide);
    keep.forEach((side, n) => fill(side, found.sides[n]));
    const top = h("div.bn-asked", {}, bar, h("h3", { tabindex: "-1" }, sage.foreign(found.question)), choices, truth, tags);
    if (keep === sides) ui.case.firstChild.replaceWith(top);
    else ui.case.replaceChildren(top, h(`div.bn-sides${keep.length > 1 ? ".is-two" : ""}`, {}, keep.map((side) => side.node)));
    sides = keep;
  }

  function makeSide() {
    const side = { frame: null, evidence: null, about: h("div.bn-about") };
    const frame = h("iframe.bn-frame", { title: "Film and trace" });
    // The frame tells its owner when it can be filled, and which keys it heard.
    frame.sageOwner = {
      frameReady: (inside) => {
        side.frame = inside;
        if (side.evidence) inside.showCase(side.evidence);
      },
      key: (key) => bench.key(key) || inside(side, key),
    };
    frame.src = new URL("sage/annotate/evidence", document.baseURI).href;
    side.node = h("article.bn-side", {}, side.about, frame);
    return side;
  }

  const inside = (side, key) => Boolean(side.frame && side.frame.filmKey(key));

  function fill(side, one) {
    side.evidence = one.evidence || null;
    side.node.setAttribute("aria-label", one.run);
    side.node.querySelector("iframe").hidden = !one.evidence;
    const said = one.verdicts.map(([judge, verdict, reason]) => h("li", {}, h("b", {}, sage.foreign(judge)), bench.verdict(verdict, one.outcome), reason ? h("span.bn-quiet", {}, sage.foreign(reason)) : null));
    const cost = one.seconds === null || one.seconds === undefined ? "" : `${one.turns === null ? "" : `${sage.plural(one.turns, "turn")} · `}${sage.seconds(one.seconds)}`;
    side.about.replaceChildren(...[
      h("div.bn-bar", {}, h("h4", {}, sage.foreign(one.run)), bench.verdict(one.verdict, one.outcome), h("span.bn-quiet", {}, sage.foreign([one.model, words(one.outcome), cost].filter(Boolean).join(" · ")))),
      h("p.bn-full", {}, one.answer ? sage.foreign(one.answer) : h("i", {}, words(one.outcome))),
      one.error ? h("p.bn-quiet", {}, sage.foreign(one.error)) : null,
      said.length ? h("details.bn-why", { open: true }, h("summary", {}, sage.plural(said.length, "judge")), h("ul.bn-judges", {}, said)) : null,
    ].filter(Boolean));
    if (side.frame && side.evidence) side.frame.showCase(side.evidence);
  }
})();
