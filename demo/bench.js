// window.sageBench: the Benchmark tab: state, what is asked of the server, and keys. What is drawn is in bench_board.js,
// bench_plot.js, bench_questions.js and bench_case.js. Texts of runs reach the page by sage.h only.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const bench = (window.sageBench = {});
  const SLOW_MS = 5000;
  const RUNNING = ["queued", "running", "stopping"];

  bench.percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(share * 100).toFixed(digits)} %`);
  bench.count = (n) => Number(n).toLocaleString("en");
  bench.words = (text) => String(text).replaceAll("_", " ");

  // ---- talking to the server

  const versions = new Map();
  bench.fetch = async (what, query, seen = "") => {
    const url = new URL(`sage/bench/${what}`, document.baseURI);
    for (const [key, value] of Object.entries(query)) if (value !== "" && value !== null && value !== undefined) url.searchParams.set(key, value);
    const key = seen && `${seen} ${url.search}`;
    if (key && versions.get(seen) && versions.get(seen).key === key) url.searchParams.set("v", versions.get(seen).v);
    const answer = await fetch(url, { cache: "no-store" });
    if (answer.status === 404) throw Object.assign(new Error(await answer.text()), { isTold: true });
    if (!answer.ok) throw new Error(`The app answered ${answer.status}. Try again in a moment.`);
    const value = await answer.json();
    if (key) versions.set(seen, { key, v: value.v });
    return value.same ? null : value;
  };

  // ---- the tab

  bench.mount = (element, props, watch) => {
    const root = element.querySelector(".bn");
    const at = { root, judge: "", a: "", b: "", by: "buckets", paper: true, board: null, cell: null, view: "board" };
    bench.at = at;
    const ui = (bench.ui = {
      lost: h("p.bn-lost", { role: "alert", hidden: true }),
      board: h("div.bn-board"), plot: h("section.bn-part", { "aria-label": "Accuracy by kind of question", hidden: true }),
      compare: h("section.bn-part", { "aria-label": "Two runs compared", hidden: true }),
      questions: h("section.bn-part", { "aria-label": "Questions", hidden: true }), case: h("section.bn-case", { "aria-label": "One question", hidden: true }),
    });
    root.replaceChildren(ui.lost, ui.board, ui.plot, ui.compare, ui.questions, ui.case);
    watch("value", () => {
      let told = null;
      try {
        told = JSON.parse(props.value || "null");
      } catch {
        return;
      }
      if (told && told.run) at.a = told.run;
      bench.refresh();
    });
    const isShown = () => element.isConnected && root.offsetParent !== null && !document.hidden;
    setInterval(() => {
      const moves = !at.board || at.board.jobs.some((job) => RUNNING.includes(job.state)) || at.board.runs.some((run) => run.is_live);
      if (isShown() && (moves || !ui.lost.hidden)) bench.refresh();
    }, SLOW_MS);
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && bench.refresh()).observe(root);
    new MutationObserver(() => bench.dress()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };

  // A failure is said, and what is on the page stays.
  bench.trying = async (work) => {
    try {
      const value = await work();
      bench.ui.lost.hidden = true;
      return value;
    } catch (error) {
      bench.ui.lost.textContent = error.isTold ? error.message : "The app does not answer; what is shown may be old. Trying again…";
      bench.ui.lost.hidden = false;
      return undefined;
    }
  };

  let isBusy = false;
  let isAgain = false;
  bench.refresh = async () => {
    if (isBusy) return void (isAgain = true);
    isBusy = true;
    await bench.trying(look);
    isBusy = false;
    if (isAgain) (isAgain = false), bench.refresh();
  };

  async function look() {
    const { at } = bench;
    const found = await bench.fetch("runs", { judge: at.judge }, "runs");
    if (!found) return;
    at.board = found;
    const names = found.runs.filter((run) => run.by).map((run) => run.name);
    if (!names.includes(at.a)) at.a = names[0] || "";
    if (!names.includes(at.b) || at.b === at.a) at.b = "";
    bench.redraw();
  }

  bench.run = (name) => bench.at.board.runs.find((run) => run.name === name);

  bench.redraw = () => {
    bench.drawBoard();
    bench.drawPlot();
    bench.drawCompare();
  };

  bench.dress = () => {
    if (!bench.at || !bench.at.board) return;
    bench.drawPlot();
    if (bench.frames) for (const frame of bench.frames()) frame.dress();
  };

  bench.choose = (side, name) => {
    const { at } = bench;
    at[side] = name;
    if (side === "a" && at.b === name) at.b = "";
    bench.redraw();
    if (at.cell) bench.openQuestions({ ...at.cell, a: at.a, b: at.b, show: "all", at: 0 }, false);
  };

  bench.setJudge = (judge) => {
    bench.at.judge = judge;
    bench.refresh();
    if (bench.at.cell) bench.openQuestions({ ...bench.at.cell, at: 0 }, false);
  };

  // Keeps the place of the keyboard over a redraw: parts that can be focused have a key of their own.
  bench.keeping = (box, draw) => {
    const active = document.activeElement;
    const key = active && box.contains(active) ? active.dataset.key : "";
    draw();
    const again = key && box.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (again) again.focus({ preventScroll: true });
  };

  bench.select = (label, key, choices, value, act) => {
    const box = h("select", { data: { key }, onchange: () => act(box.value) }, choices.map(([name, text]) => h("option", { value: name }, text)));
    box.value = value;
    return h("label.bn-field", {}, h("span", {}, label), box);
  };

  bench.scrollTo = (node) => node.scrollIntoView({ block: "start", behavior: sage.isCalm() ? "auto" : "smooth" });

  // ---- the form's draft: what is wrong at its field, and the commands

  bench.draft = (element, props, watch) => {
    const box = element.querySelector(".bn-draft");
    const draw = () => {
      let said = null;
      try {
        said = JSON.parse(props.value || "null");
      } catch {
        return;
      }
      for (const field of document.querySelectorAll("#bench-form .tr-invalid")) field.classList.remove("tr-invalid");
      for (const trouble of said ? said.troubles : []) {
        const field = document.getElementById(`bench-${trouble.field}`);
        if (field) field.classList.add("tr-invalid");
      }
      if (!said) return box.replaceChildren();
      const bad = said.troubles.length ? h("ul.tr-troubles", { role: "alert" }, said.troubles.map((trouble) => h("li", {}, trouble.says))) : null;
      const command = said.command ? h("pre.tr-code", { tabindex: "0", "aria-label": "Command" }, said.command) : null;
      box.replaceChildren(...[bad, command].filter(Boolean));
    };
    draw();
    watch("value", draw);
  };

  // ---- keys: n and p go on and back through the questions, Escape leaves one

  bench.key = (key) => {
    const { at } = bench;
    if (!at || !at.root.isConnected || at.root.offsetParent === null || bench.ui.case.hidden) return false;
    const act = { n: () => bench.step(1), p: () => bench.step(-1), Escape: () => bench.closeCase() }[key];
    if (act) act();
    return Boolean(act);
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || sage.isTyping(event.target)) return;
    if (bench.key(event.key)) event.preventDefault();
  });
})();
