// Accuracy by kind of question: a plot with intervals beside what the paper published, and a table whose cells open.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const bench = window.sageBench;
  const { percent, count } = bench;
  const DRAWN = 2;

  let area = null;
  let isOpen = false;
  bench.drawPlot = () => {
    const { at, ui } = bench;
    const { board } = at;
    const runs = board.runs.filter((run) => run.by);
    const systems = at.by === "buckets" ? board.published.systems.filter((system) => Object.keys(system.buckets).length) : [];
    ui.plot.hidden = false;
    const names = columns(runs, systems);
    if (!area) area = h("div.bn-plot");
    bench.keeping(ui.plot, () => ui.plot.replaceChildren(...[bar(board, systems), names.length ? area : null, note(board, runs, systems), names.length ? table(runs, systems, names) : null, paper(board)].filter(Boolean)));
    bench.trying(() => draw(names, systems));
  };

  function columns(runs, systems) {
    const { by, paper } = bench.at;
    const found = new Set(runs.flatMap((run) => Object.keys(run.by[by] || {})));
    if (by !== "buckets") return [...found].sort();
    const sizes = Object.keys(bench.at.board.published.sizes);
    if (paper) systems.forEach((system) => Object.keys(system.buckets).forEach((name) => found.add(name)));
    return [...sizes.filter((name) => found.has(name)), ...[...found].filter((name) => !sizes.includes(name))];
  }

  function bar(board, systems) {
    const { at } = bench;
    const groupings = board.groupings.filter(([by]) => by === "buckets" || board.runs.some((run) => run.by && Object.keys(run.by[by]).length));
    const set = (by) => {
      at.by = by;
      bench.drawPlot();
      bench.drawCompared();
    };
    const paper = h("input", { type: "checkbox", data: { key: "paper" }, onchange: () => {
      at.paper = paper.checked;
      bench.drawPlot();
    } });
    paper.checked = at.paper;
    return h("div.bn-bar", {}, h("h2", {}, "Accuracy"), bench.select("Broken down", "by", groupings, at.by, set),
      systems.length ? h("label.bn-check", {}, paper, "The paper's numbers") : null);
  }

  function note(board, runs, systems) {
    const { at } = bench;
    if (!systems.length || !at.paper) return null;
    const { published } = board;
    const shown = [at.a, at.b].filter(Boolean).map(bench.run).filter(Boolean);
    const other = shown.some((run) => run.suite !== published.suite)
      ? " The runs drawn here asked other questions: shapes can be held against each other, heights cannot." : "";
    return h("p.bn-quiet", {}, `Hollow and dotted: ${published.note}; ${published.source}, on ${published.suite}, ${count(published.questions)} questions judged by ${published.judge}.${other}`);
  }

  // ---- the plot

  async function draw(names, systems) {
    if (!names.length) return;
    await window.sageTrain.loadPlotly();
    const { at } = bench;
    const look = sage.chartLook();
    const runs = [at.a, at.b].filter(Boolean).map(bench.run).filter((run) => run && run.by);
    const narrow = area.clientWidth < 560;
    const traces = runs.map((run, n) => measured(run, names, look.palette[n]));
    if (at.paper) systems.forEach((system, n) => traces.push(published(system, names, look.palette[DRAWN + n], narrow)));
    await window.Plotly.react(area, traces, {
      margin: { l: 44, r: 8, t: 8, b: 36 }, height: 300 + (narrow ? 34 : 22) * traces.length,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { size: 12, color: look.ink, family: "system-ui, sans-serif" },
      hoverlabel: { bgcolor: look.paper, bordercolor: look.edge, font: { color: look.ink, size: 12 }, namelength: -1 },
      showlegend: true, legend: { orientation: narrow ? "v" : "h", y: -0.14, yanchor: "top", x: 0, font: { size: narrow ? 10 : 11.5 } }, dragmode: false,
      scattermode: "group", scattergap: 0.6,
      xaxis: { type: "category", categoryorder: "array", categoryarray: names.map(text), gridcolor: look.grid, linecolor: look.edge, fixedrange: true, tickfont: { size: narrow ? 10 : 12 } },
      yaxis: { range: [0, 1.02], tickformat: ".0%", gridcolor: look.grid, zerolinecolor: look.edge, fixedrange: true },
    }, look.config);
    area.setAttribute("role", "img");
    area.setAttribute("aria-label", "Accuracy by kind of question; the table below has the same numbers");
    if (area.isWired) return;
    area.isWired = true;
    area.on("plotly_click", ({ points }) => {
      const [run, value] = points[0].customdata || [];
      if (run && !bench.at.board.is_public) bench.openQuestions({ a: run, b: run === bench.at.a ? bench.at.b : "", by: bench.at.by, value, show: "all", at: 0 });
    });
  }

  function measured(run, names, colour) {
    const cells = names.map((name) => run.by[bench.at.by][name] || { accuracy: null, low: null, high: null, n: 0, scored: 0 });
    const up = cells.map((cell) => (cell.high === null ? 0 : cell.high - cell.accuracy));
    const down = cells.map((cell) => (cell.low === null ? 0 : cell.accuracy - cell.low));
    return {
      name: text(run.name), x: names.map(text), y: cells.map((cell) => cell.accuracy), type: "scatter", mode: "markers", customdata: names.map((name) => [run.name, name]),
      marker: { size: 10, color: colour }, error_y: { type: "data", symmetric: false, array: up, arrayminus: down, color: colour, thickness: 1.4, width: 5 },
      text: cells.map((cell) => `${percent(cell.low)} to ${percent(cell.high)}, ${cell.scored} verdicts`), hovertemplate: "%{x}: %{y:.1%} (%{text})",
    };
  }

  function published(system, names, colour, narrow) {
    return {
      name: `${text(system.name)}${narrow ? "<br>" : " "}(published, not measured here)`, x: names.map(text), y: names.map((name) => system.buckets[name] ?? null), type: "scatter", mode: "markers+lines",
      line: { color: colour, width: 1, dash: "dot" }, marker: { size: 9, color: colour, symbol: "circle-open", line: { width: 1.6 } }, hovertemplate: "%{x}: %{y:.1%}",
    };
  }

  // Plotly takes some tags for markup; a run's name is only text.
  const text = (name) => String(name).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  // ---- the table

  function table(runs, systems, names) {
    const { at } = bench;
    const head = h("tr", {}, h("th", { scope: "col" }, bench.at.by === "buckets" ? "Seconds of film" : "Run"), names.map((name) => h("th", { scope: "col" }, sage.foreign(name))), h("th", { scope: "col" }, "All"));
    const rows = runs.map((run) => h(`tr${run.name === at.a ? ".is-a" : run.name === at.b ? ".is-b" : ""}`, {},
      h("th", { scope: "row" }, sage.foreign(run.name)), [...names, ""].map((name) => cellOf(run, name))));
    const printed = at.paper ? systems.map((system) => h("tr.is-published", {},
      h("th", { scope: "row" }, sage.foreign(system.name), h("small", {}, "published, not measured here")),
      names.map((name) => h("td", {}, percent(system.buckets[name] ?? null))), h("td", {}, percent(system.accuracy)))) : [];
    return h("div.bn-scroll", { tabindex: "0", role: "region", "aria-label": "Accuracy by kind of question" },
      h("table.bn-table", {}, h("thead", {}, head), h("tbody", {}, rows, printed)));
  }

  // Systems of the paper, with what it tells of them.
  function paper(board) {
    if (!bench.at.paper || bench.at.by !== "buckets") return null;
    const { published } = board;
    const rows = published.systems.map((one) => h("tr.is-published", {}, h("th", { scope: "row" }, one.name), h("td", {}, percent(one.accuracy)), h("td", {}, one.seconds === null ? "–" : one.seconds)));
    const heads = ["System", "Accuracy", "Seconds a question"].map((name) => h("th", { scope: "col" }, name));
    return h("details.bn-more", { open: isOpen, ontoggle: (event) => (isOpen = event.target.open) }, h("summary", { data: { key: "paper-all" } }, `All systems of the paper (${published.note})`),
      h("div.bn-scroll", {}, h("table.bn-table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows))));
  }

  function cellOf(run, name) {
    const { at } = bench;
    const cell = name ? run.by[at.by][name] : run;
    if (!cell) return h("td", {}, "");
    const inside = [h("span", {}, percent(cell.accuracy)), h("small", {}, `n ${count(cell.n)}`)];
    if (at.board.is_public) return h("td", {}, inside);
    const open = () => bench.openQuestions({ a: run.name, b: run.name === at.a ? at.b : "", by: name ? at.by : "", value: name, show: "all", at: 0 });
    const told = `${run.name}, ${name || "all"}: ${percent(cell.accuracy)} of ${cell.scored} verdicts; show the questions`;
    return h("td", {}, h("button.bn-cell", { data: { key: `cell ${run.name} ${name}` }, "aria-label": told, onclick: open }, inside));
  }
})();
