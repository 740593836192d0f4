// sage.makeCharts(box): curves of one or more runs as small Plotly charts. Zoom is kept while data comes in.
// A run is what /sage/train/curves gives: {id, title, y: {name: {i, s, t, y}}, joins, saved, stages}.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  // Okabe–Ito, told apart by the colour-blind too; beyond that by dashes.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a00", "#7f7f7f"];
  const AT_NIGHT = ["#56b4e9", "#ff8c42", "#2ac193", "#e29cc4", "#f0c24b", "#9ad1f5", "#c5c53a", "#b0b0b0"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
  const SHARE = { tickformat: ".0%", rangemode: "tozero" };
  const CHARTS = [
    { id: "reward", title: "Reward", names: ["reward", "val/reward"] },
    { id: "parts", title: "Reward by part", prefix: "reward/", stacked: true },
    { id: "accuracy", title: "Accuracy", names: ["accuracy", "val/accuracy"], axis: SHARE },
    { id: "turns", title: "Turns an episode, by film length (s)", names: ["turns"], prefix: "turns/" },
    { id: "tools", title: "Tool calls an episode", prefix: "tools/", stacked: true },
    { id: "form", title: "Format and tools", names: ["format_rate", "tool_rate", "repaired", "forced", "malformed", "failed", "unjudged", "faults"], axis: SHARE },
    { id: "loss", title: "Loss", names: ["loss"], canLog: true },
    { id: "kl", title: "KL to the start", names: ["kl", "drift"], canLog: true },
    { id: "entropy", title: "Entropy and clipped share", names: ["entropy", "clip_share"] },
    { id: "rate", title: "Learning rate", names: ["rate"], axis: { rangemode: "tozero", tickformat: "~g" } },
    { id: "norm", title: "Gradient norm", names: ["grad_norm", "norm"], canLog: true },
    { id: "by-length", title: "Accuracy by film length (s)", prefix: "accuracy/", axis: SHARE },
    { id: "frames", title: "Frames looked at an episode", names: ["frames"] },
    { id: "groups", title: "Groups of episodes", prefix: "groups/", stacked: true },
    { id: "dropped", title: "Rows dropped", names: ["dropped"], prefix: "dropped/" },
    { id: "seconds", title: "Seconds a step", names: ["rollout_s", "rows_s", "update_s", "seconds"], stacked: true },
    { id: "speed", title: "Tokens a second", names: ["tokens_per_s"] },
  ];
  const XS = { i: "step", s: "hours", t: "million tokens" };
  const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false, doubleClick: "reset" };

  sage.makeCharts = (box) => {
    const made = new Map();
    let runs = [];
    let options = {};
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const chart = made.get(entry.target.dataset.chart);
        chart.isNear = entry.isIntersecting;
        if (chart.isNear && chart.isStale) plot(chart, runs, options);
      }
    }, { rootMargin: "300px" });

    function show(some, how) {
      const name = (all) => all.map((run) => run.id).join(" ");
      const isOther = name(some) !== name(runs);
      runs = some;
      options = { x: "i", smooth: 0, log: false, ...how };
      let before = null;
      for (const spec of CHARTS) {
        const isThere = runs.some((run) => names(spec, run).length);
        let chart = made.get(spec.id);
        if (!isThere) {
          if (chart) chart.node.hidden = true;
          continue;
        }
        if (!chart) {
          chart = build(spec);
          made.set(spec.id, chart);
          if (before) before.after(chart.node);
          else box.prepend(chart.node);
          seen.observe(chart.node);
        }
        if (isOther) clear(chart);
        chart.node.hidden = false;
        before = chart.node;
        chart.isStale = true;
        if (chart.isNear) plot(chart, runs, options);
      }
    }

    return { show, again: () => show(runs, options), close: () => seen.disconnect() };
  };

  function build(spec) {
    const last = h("span");
    const area = h("div.tr-plot");
    const node = h("figure.tr-chart", { data: { chart: spec.id } }, h("h3", {}, spec.title, last), area);
    node.style.margin = "0";
    return { spec, node, area, last, isNear: false, isStale: true, isWired: false };
  }

  // What another run was like must not be seen under the name of this one.
  function clear(chart) {
    chart.node.classList.remove("is-zoomed");
    if (window.Plotly) window.Plotly.purge(chart.area);
    chart.isWired = false;
    chart.last.textContent = "";
  }

  function plot(chart, runs, options) {
    if (!window.Plotly) return;
    chart.isStale = false;
    const palette = document.body.classList.contains("dark") ? AT_NIGHT : COLOURS;
    const traces = runs.flatMap((run, r) => tracesOf(chart.spec, run, r, runs.length, { ...options, palette }));
    const look = colours();
    // The same number keeps the zoom; another axis, or other runs, begin anew.
    const revision = `${options.x} ${runs.map((run) => run.id).join(" ")}`;
    window.Plotly.react(chart.area, traces, layout(chart.spec, runs, options, look, revision, traces), CONFIG);
    tell(chart, runs);
    if (chart.isWired) return;
    chart.isWired = true;
    chart.area.on("plotly_relayout", () => {
      const axis = chart.area.layout.xaxis;
      chart.node.classList.toggle("is-zoomed", axis.autorange === false);
    });
  }

  function tell(chart, runs) {
    const name = runs.length && names(chart.spec, runs[0])[0];
    const curve = name && runs[0].y[name];
    const value = curve && curve.y[curve.y.length - 1];
    const said = value === undefined || value === null ? "" : `${short(name)} ${number(value)}`;
    if (chart.last.textContent !== said) chart.last.textContent = said;
    chart.area.setAttribute("role", "img");
    chart.area.setAttribute("aria-label", `${chart.spec.title}${said ? `, now ${said}` : ""}`);
  }

  function names(spec, run) {
    const own = (spec.names || []).filter((name) => run.y[name] && run.y[name].y.length);
    const more = spec.prefix ? Object.keys(run.y).filter((name) => name.startsWith(spec.prefix)) : [];
    const first = (name) => parseFloat(name.slice(name.indexOf("/") + 1)) || 0;
    return [...own, ...more.sort((a, b) => first(a) - first(b) || a.localeCompare(b))];
  }

  function tracesOf(spec, run, r, count, options) {
    // Stacks of several runs would hide each other: they show the first alone.
    if (spec.stacked && r > 0) return [];
    // Of several runs the main lines are held against each other; all of them would be a thicket.
    const shown = names(spec, run).slice(0, count > 1 && !spec.stacked ? 2 : undefined);
    return shown.flatMap((name, n) => {
      const curve = run.y[name];
      const xs = curve[options.x].map((x) => (options.x === "s" ? x / 3600 : options.x === "t" ? x / 1e6 : x));
      const colour = options.palette[(count > 1 && !spec.stacked ? r : n) % options.palette.length];
      const label = count > 1 && !spec.stacked ? `${run.title} · ${short(name)}` : short(name);
      if (spec.stacked) return stack(name, label, xs, curve.y, colour);
      const line = { color: colour, width: 1.8, dash: count > 1 ? DASHES[n % DASHES.length] : name.startsWith("val/") ? "dash" : "solid" };
      const base = { x: xs, type: "scatter", mode: xs.length < 40 || name.startsWith("val/") ? "lines+markers" : "lines", marker: { size: 4 } };
      const smoothed = options.smooth > 0 && xs.length > 2;
      const main = { ...base, y: smoothed ? smooth(curve.y, options.smooth) : curve.y, name: label, line, legendgroup: label };
      if (!smoothed) return [main];
      const raw = { ...base, mode: "lines", y: curve.y, line: { ...line, width: 1 }, opacity: 0.28, hoverinfo: "skip", showlegend: false, legendgroup: label };
      return [raw, main];
    });
  }

  // What adds up is stacked; penalties, below zero, in a stack of their own.
  function stack(name, label, x, y, colour) {
    const part = (sign) => ({
      x, y: y.map((v) => (v * sign > 0 ? v : 0)), customdata: y, name: label, type: "scatter", mode: "lines",
      line: { width: 0.8, color: colour }, fillcolor: colour + "99", stackgroup: sign > 0 ? "up" : "down", stackgaps: "interpolate", legendgroup: label,
      hovertemplate: "%{customdata:.3g}",
    });
    const [up, down] = [y.some((v) => v > 0), y.some((v) => v < 0)];
    if (up && down) return [part(1), { ...part(-1), showlegend: false, hoverinfo: "skip", hovertemplate: null }];
    return [part(down ? -1 : 1)];
  }

  function smooth(ys, weight) {
    let last = 0;
    let mass = 0;
    return ys.map((y) => {
      last = last * weight + y * (1 - weight);
      mass = mass * weight + (1 - weight);
      return last / mass;
    });
  }

  function layout(spec, runs, options, look, revision, traces) {
    const legend = traces.filter((trace) => trace.showlegend !== false).length > 1;
    return {
      uirevision: revision,
      margin: { l: 46, r: 8, t: 6, b: 30 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { size: 11, color: look.ink, family: "system-ui, sans-serif" },
      hovermode: "x unified",
      hoverlabel: { bgcolor: look.paper, bordercolor: look.edge, font: { color: look.ink, size: 11 } },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      showlegend: legend,
      legend: { orientation: "h", y: -0.2, yanchor: "top", font: { size: 10.5 }, itemwidth: 30 },
      xaxis: { title: { text: legend ? "" : XS[options.x], standoff: 4, font: { size: 10.5 } }, gridcolor: look.grid, zeroline: false, linecolor: look.edge },
      yaxis: { gridcolor: look.grid, zerolinecolor: look.edge, type: options.log && spec.canLog ? "log" : "linear", ...(spec.axis || {}) },
      shapes: runs.length === 1 ? marks(runs[0], options.x, look) : [],
    };
  }

  // Dotted lines where an attempt or a stage began, ticks at the bottom for checkpoints.
  function marks(run, axis, look) {
    const any = run.y.loss || run.y.reward || Object.values(run.y)[0];
    if (!any) return [];
    const at = (step) => {
      const k = any.i.findIndex((i) => i >= step);
      const x = any[axis][k < 0 ? any.i.length - 1 : k];
      return axis === "s" ? x / 3600 : axis === "t" ? x / 1e6 : step;
    };
    const line = (step, y1, dash, width) => ({
      type: "line", yref: "paper", x0: at(step), x1: at(step), y0: 0, y1, line: { color: look.quiet, width, dash },
    });
    return [
      ...run.joins.map((step) => line(step, 1, "dot", 1.2)),
      ...run.stages.map(([step]) => line(step, 1, "dash", 1)),
      ...run.saved.map((step) => line(step, 0.05, "solid", 2)),
    ];
  }

  function colours() {
    const style = getComputedStyle(document.querySelector(".gradio-container") || document.body);
    const get = (name, other) => style.getPropertyValue(name).trim() || other;
    return {
      ink: get("--body-text-color", "#1e293b"),
      quiet: get("--body-text-color-subdued", "#64748b"),
      paper: get("--background-fill-primary", "#ffffff"),
      edge: get("--border-color-primary", "#cbd5e1"),
      grid: get("--background-fill-secondary", "#eef2f6"),
    };
  }

  // What other charts of the app look like, too.
  sage.chartLook = () => ({ ...colours(), palette: document.body.classList.contains("dark") ? AT_NIGHT : COLOURS, config: CONFIG });

  const short = (name) => name.slice(name.indexOf("/") + 1 && !name.startsWith("val/") ? name.indexOf("/") + 1 : 0).replaceAll("_", " ");
  const number = (v) => (v === 0 ? "0" : Math.abs(v) >= 1000 || Math.abs(v) < 0.001 ? v.toExponential(2) : v.toPrecision(3));
})();
