// The questions behind a number: with truth, answers and verdicts; filtered, searched, page by page.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const bench = window.sageBench;
  const { count, words } = bench;
  const SHOWS = [["all", "All"], ["right", "Right"], ["wrong", "Wrong"], ["unscored", "No verdict"], ["split", "Judges differ"]];
  const OF_TWO = [["wins", "Only the first right"], ["losses", "Only the second right"], ["both_right", "Both right"], ["both_wrong", "Both wrong"]];

  // cell: {a, b, by, value, show, at, q}
  bench.openQuestions = async (cell, isChosen = true) => {
    const { at, ui } = bench;
    at.cell = { q: "", show: "all", ...cell };
    const mine = at.cell;
    const found = await bench.trying(() => bench.fetch("questions", { ...mine, judge: at.judge }));
    if (!found || at.cell !== mine) return;
    at.listed = found;
    if (isChosen) bench.closeCase(false);
    ui.questions.hidden = false;
    draw();
    if (isChosen) {
      bench.scrollTo(ui.questions);
      ui.questions.querySelector("h2").focus({ preventScroll: true });
    }
  };

  function draw() {
    const { at, ui } = bench;
    const { cell, listed } = at;
    bench.keeping(ui.questions, () => ui.questions.replaceChildren(head(cell, listed), filters(cell), list(listed), pages(cell, listed)));
  }

  const again = (changes) => bench.openQuestions({ ...bench.at.cell, at: 0, ...changes }, false);

  function head(cell, listed) {
    const close = h("button.bn-button", { data: { key: "close" }, onclick: () => {
      bench.at.cell = null;
      bench.ui.questions.hidden = true;
      bench.closeCase(false);
      bench.scrollTo(bench.ui.plot);
    } }, "Close");
    const where = cell.value ? `, ${cell.value}` : "";
    return h("div.bn-bar", {}, h("h2", { tabindex: "-1" }, "Questions"),
      h("p", {}, sage.foreign(cell.a), cell.b ? [" beside ", sage.foreign(cell.b)] : "", sage.foreign(where), h("span.bn-quiet", {}, ` · ${count(listed.of)} by ${listed.judge}`)), close);
  }

  function filters(cell) {
    const shows = cell.b ? [...SHOWS, ...OF_TWO] : SHOWS;
    const search = h("input", { type: "search", placeholder: "Words of question or answer", "aria-label": "Search the questions", data: { key: "search" } });
    search.value = cell.q;
    search.addEventListener("change", () => again({ q: search.value.trim() }));
    return h("div.bn-tools", {}, h("div.bn-chips", { role: "group", "aria-label": "Which questions" },
      shows.map(([name, text]) => h("button.bn-chip", { data: { key: `show ${name}` }, "aria-pressed": String(cell.show === name), onclick: () => again({ show: name }) }, text))), search);
  }

  function list(listed) {
    if (!listed.rows.length) return h("p.bn-quiet", {}, "No question is like that.");
    return h("ol.bn-list", { start: String(listed.at + 1) }, listed.rows.map((row) => {
      const sides = row.sides.map((side) => h("span.bn-said", {}, bench.verdict(side.verdict, side.outcome), h("span.bn-answer", {}, side.answer ? sage.foreign(side.answer) : h("i", {}, words(side.outcome)))));
      return h("li", {}, h("button.bn-question", { data: { key: `q ${row.id}` }, onclick: () => bench.openCase(row.id) },
        h("strong", {}, sage.foreign(row.question)), h("span.bn-truth", {}, h("span.bn-quiet", {}, "Truth "), sage.foreign(row.truth || "none given")), sides));
    }));
  }

  bench.verdict = (verdict, outcome = "") => {
    const names = { right: "right", wrong: "wrong", unjudged: ["world_error", "missing_video"].includes(outcome) ? words(outcome) : "unjudged" };
    return h(`span.bn-verdict.is-${["right", "wrong"].includes(verdict) ? verdict : "unjudged"}`, {}, names[verdict] || "unjudged");
  };

  function pages(cell, listed) {
    if (listed.of <= listed.page) return "";
    const last = Math.min(listed.of, listed.at + listed.page);
    const turn = (to, text) => h("button.bn-button", { data: { key: text }, disabled: to < 0 || to >= listed.of, onclick: () => bench.openQuestions({ ...cell, at: to }, false) }, text);
    return h("nav.bn-pages", { "aria-label": "Pages" }, turn(listed.at - listed.page, "Before"), h("span.bn-quiet", {}, `${count(listed.at + 1)}–${count(last)} of ${count(listed.of)}`), turn(listed.at + listed.page, "After"));
  }
})();
