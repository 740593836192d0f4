// The leaderboard, the comparison of two runs, and what is said when there is no run yet.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const bench = window.sageBench;
  const { percent, count } = bench;
  const HEADS = ["Run", "Compare", "Accuracy", "Verdicts", "Unjudged", "World errors", "Turns", "Seconds", "Dollars"];

  bench.drawBoard = () => {
    const { at, ui } = bench;
    const { board } = at;
    const bar = h("div.bn-bar", {},
      h("h2", {}, "Runs"),
      board.runs.length ? judgeField(board) : null,
      h("span.bn-quiet", {}, board.runs.length ? `${sage.plural(board.runs.length, "run")}; click one to look into it` : ""));
    bench.keeping(ui.board, () => ui.board.replaceChildren(bar, jobs(board), board.runs.length ? table(board) : empty(board)));
  };

  function judgeField(board) {
    const choices = [["", "each run's own"], ...board.judges.map((judge) => [judge, judge])];
    return bench.select("Judged by", "judge", choices, board.judge, bench.setJudge);
  }

  function jobs(board) {
    if (!board.jobs.length) return "";
    return h("ul.bn-jobs", { "aria-label": "Jobs" }, board.jobs.map((job) =>
      h("li", {}, h("span.tr-pill", { data: { state: job.state } }, job.state), sage.foreign(job.title), h("span.bn-quiet", {}, sage.foreign(job.last)))));
  }

  function empty(board) {
    return h("div.bn-empty", {},
      h("h3", {}, "No run yet"),
      h("p", {}, board.is_public ? "Whoever runs this site can put runs into its data folder." : "Start one under “New run” above, import a result file, or run this in a terminal where the app was started:"),
      board.is_public ? null : h("pre.tr-code", { tabindex: "0" }, board.first),
      h("p.bn-quiet", {}, "It asks 30 questions about films made here; no download is needed, and it takes some minutes. What the paper published is below."));
  }

  function table(board) {
    const head = h("tr", {}, HEADS.map((name) => h("th", { scope: "col" }, name)));
    return h("div.bn-scroll", { tabindex: "0", role: "region", "aria-label": "Leaderboard" },
      h("table.bn-table.is-board", {}, h("thead", {}, head), h("tbody", {}, board.runs.map(row))));
  }

  function row(run) {
    const { at } = bench;
    const isA = run.name === at.a;
    if (!run.by) {
      return h("tr", {}, h("th", { scope: "row" }, sage.foreign(run.name), about(run)), h("td", { colspan: "8" }, h("span.bn-quiet", {}, sage.foreign(run.problem))));
    }
    const open = h("button.bn-name", { data: { key: `run ${run.name}` }, "aria-pressed": String(isA), onclick: () => bench.choose("a", run.name) }, sage.foreign(run.name));
    const world = run.outcomes.world_error + run.outcomes.missing_video;
    const box = h("input", { type: "checkbox", data: { key: `box ${run.name}` }, "aria-label": `Compare with ${run.name}`, disabled: isA,
      onchange: () => bench.choose("b", box.checked ? run.name : "") });
    box.checked = run.name === at.b;
    const marks = isA ? ".is-a" : run.name === at.b ? ".is-b" : "";
    return h(`tr${marks}`, {},
      h("th", { scope: "row" }, open, about(run)),
      h("td", {}, h("label.bn-box", {}, box)),
      h("td", {}, h("strong", {}, percent(run.accuracy)), interval(run)),
      h("td", {}, `${count(run.correct)} of ${count(run.scored)}`, h("small", {}, `${count(run.n)} of ${count(run.expected)} asked${run.is_live ? ", going on" : ""}`)),
      h("td", {}, count(run.unscored.unjudged)),
      h("td", {}, count(world), run.outcomes.missing_video ? h("small", {}, `${count(run.outcomes.missing_video)} films missing`) : null),
      h("td", {}, run.turns === null ? "–" : run.turns.toFixed(2)),
      h("td", {}, run.seconds === null ? "–" : run.seconds.toFixed(1)),
      h("td", {}, dollars(run.usd)));
  }

  function about(run) {
    const parts = [run.suite, run.model, run.mode, run.shard && `part ${run.shard}`, run.imported && "imported", run.judge && `by ${run.judge}`];
    return h("small", {}, sage.foreign(parts.filter(Boolean).join(" · ")));
  }

  function dollars(usd) {
    if (usd.total === null) return "–";
    const told = usd.total === 0 ? "0" : usd.total < 0.01 ? usd.total.toPrecision(2) : usd.total.toFixed(2);
    return [told, usd.unknown ? h("small", {}, `${count(usd.unknown)} unknown`) : null];
  }

  const interval = (bench.interval = (cell) => cell.low === null ? null : h("span.bn-interval", { title: `95 % interval ${percent(cell.low)} to ${percent(cell.high)} (Wilson)` },
    h("small", {}, `${(cell.low * 100).toFixed(1)}–${(cell.high * 100).toFixed(1)}`),
    h("span.bn-whisker", { "aria-hidden": "true", vars: { low: cell.low, high: cell.high, at: cell.accuracy } }, h("i"), h("b"))));

  // ---- two runs

  let compared = "";
  bench.drawCompare = async () => {
    const { at, ui } = bench;
    ui.compare.hidden = !at.b;
    if (!at.b) return void (compared = "");
    const query = { a: at.a, b: at.b, judge: at.judge };
    const key = JSON.stringify(query);
    const found = await bench.trying(() => bench.fetch("compare", query, "compare"));
    if (found === undefined) ui.compare.hidden = true;
    if (!found && key === compared) return;
    if (!found || key !== JSON.stringify({ a: at.a, b: at.b, judge: at.judge })) return;
    compared = key;
    at.compared = found;
    drawCompared();
  };

  function drawCompared() {
    const { at, ui } = bench;
    const found = at.compared;
    const by = at.by in found && Object.keys(found[at.by]).length ? at.by : "buckets";
    const title = at.board.groupings.find(([name]) => name === by)[1];
    const rows = [compareRow("all questions", found, "", ""), ...Object.entries(found[by]).map(([name, part]) => compareRow(name, part, by, name))];
    const left = Object.entries({ "without a verdict of both": found.left_out.unscored, "only in the first": found.left_out.only_a, "only in the second": found.left_out.only_b });
    const told = left.filter(([, n]) => n).map(([name, n]) => `${count(n)} ${name}`).join(", ");
    const judges = [...new Set([found.a.judge, found.b.judge])].join(" and ");
    const heads = [title, "n", "Only first", "Only second", "Ties", "Difference", "95 %", "McNemar p"];
    bench.keeping(ui.compare, () => ui.compare.replaceChildren(
      h("div.bn-bar", {}, h("h2", {}, "Compared"), h("p", {}, sage.foreign(found.a.run), " against ", sage.foreign(found.b.run))),
      h("p", {}, verdict(found)),
      h("p.bn-quiet", {}, `On the same questions, by ${judges}.${told ? ` Left out: ${told}.` : ""} Intervals are of a paired bootstrap; p is McNemar's exact test.`),
      h("div.bn-scroll", { tabindex: "0", role: "region", "aria-label": "Comparison" },
        h("table.bn-table", {}, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)))));
  }
  bench.drawCompared = () => bench.at.b && bench.at.compared && drawCompared();

  function verdict(found) {
    if (!found.n) return "No question has a verdict in both.";
    const points = `${Math.abs(found.difference * 100).toFixed(1)} points`;
    const who = found.difference === 0 ? "Both are right equally often." : `The ${found.difference > 0 ? "first" : "second"} is right more often, by ${points}.`;
    const sure = found.low > 0 || found.high < 0 ? "The 95 % interval excludes no difference." : "The 95 % interval includes no difference, so this may be chance.";
    return `${who} ${found.difference === 0 ? "" : sure}`;
  }

  function compareRow(name, part, by, value) {
    const cell = (show, n) => h("td", {}, n && !bench.at.board.is_public
      ? h("button.bn-cell", { data: { key: `pair ${value} ${show}` }, "aria-label": `${name}: ${count(n)}, show them`, onclick: () => bench.openQuestions({ a: bench.at.a, b: bench.at.b, by, value, show, at: 0 }) }, h("span", {}, count(n))) : count(n));
    const sign = (v) => (v === null ? "–" : `${v > 0 ? "+" : v < 0 ? "−" : ""}${Math.abs(v * 100).toFixed(1)}`);
    return h("tr", {}, h("th", { scope: "row" }, sage.foreign(name)), h("td", {}, count(part.n)), cell("wins", part.wins), cell("losses", part.losses),
      h("td", {}, count(part.ties)), h("td", {}, sign(part.difference)), h("td", {}, part.low === null ? "–" : `${sign(part.low)} to ${sign(part.high)}`),
      h("td", {}, part.mcnemar_p === null ? "–" : part.mcnemar_p < 0.001 ? "< 0.001" : part.mcnemar_p.toFixed(3)));
  }
})();
