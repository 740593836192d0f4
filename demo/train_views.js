// The five views of a job: curves, log, episodes, checkpoints, settings. Each has a node, `draw` for new details, and, where
// it asks the server for more, `look`.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const train = window.sageTrain;
  const BAD = /\b(error|exception|traceback|killed|failed|out of memory)\b/i;
  const WARM = /\bwarn(ing)?\b|collapses/i;

  // ---- curves

  train.curvesView = (get, refresh) => {
    const box = h("div.tr-charts");
    const empty = h("p.sp-quiet", {}, "Curves appear with the first step.");
    const over = h("p.sp-quiet");
    const options = { x: "i", smooth: 0, log: false };
    const charts = sage.makeCharts(box);
    const change = (name, value) => ((options[name] = value), plot());
    const axis = h("select", { "aria-label": "Horizontal axis", onchange: (e) => change("x", e.target.value) },
      [["i", "by step"], ["s", "by time"], ["t", "by tokens"]].map(([value, label]) => h("option", { value }, label)));
    const slider = h("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: 0, "aria-label": "Smoothing", oninput: (e) => change("smooth", Number(e.target.value)) });
    const log = h("input", { type: "checkbox", onchange: (e) => change("log", e.target.checked) });
    const legend = h("span.sp-quiet", {}, "drag to zoom, double click for all · ▏saved  ┊ resumed");
    const tools = h("div.tr-tools", {}, axis, h("label", {}, "smooth ", slider), h("label", {}, log, " log"), legend);
    const node = h("div.tr-view", {}, tools, over, empty, box);

    function plot() {
      const at = get();
      const runs = [at.job, ...at.compared].map((id) => at.curves.get(id)).filter(Boolean);
      const hasAny = at.curves.has(at.job) && Object.keys(at.curves.get(at.job).y).length > 0;
      empty.hidden = hasAny || runs.length > 1;
      tools.hidden = !empty.hidden;
      over.hidden = at.compared.size === 0;
      over.textContent = over.hidden ? "" : `Drawn over it: ${[...at.compared].map((id) => (at.jobs.find((job) => job.id === id) || { title: id }).title).join(", ")}. Stacks show the chosen job alone.`;
      charts.show(runs, options);
    }
    return { node, draw: () => {}, plot, look: null };
  };

  // ---- log

  train.logView = (get, ask, path) => {
    const lines = h("div.tr-log", { tabindex: "0", role: "log", "aria-label": "Log" });
    const follow = h("input", { type: "checkbox" });
    follow.checked = true;
    const count = h("span.sp-quiet", { role: "status" });
    const wanted = h("input.tr-search", { type: "search", placeholder: "Search the whole log", "aria-label": "Search the log" });
    const whole = h("a.sp-link", { download: "" }, "Download all");
    const node = h("div.tr-view", {}, h("div.tr-tools", {}, wanted, h("label", {}, follow, " follow"), count, whole), lines);
    let timer = 0;
    let shown = "";
    wanted.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, 250);
    });
    // Whoever scrolls up wants to read; new lines scroll too, but by themselves.
    const moved = () => setTimeout(() => {
      if (lines.scrollTop + lines.clientHeight < lines.scrollHeight - 40) follow.checked = false;
    }, 80);
    for (const name of ["wheel", "touchmove", "keydown", "mousedown"]) lines.addEventListener(name, moved, { passive: true });

    async function look() {
      const { job } = get();
      const q = wanted.value.trim();
      const url = path("log", job) + (q ? `?q=${encodeURIComponent(q)}` : "");
      whole.href = path("logfile", job);
      const key = `${url} `;
      if (shown !== key) train.forget(url);
      const found = await ask(url);
      if (!found || found.gone || get().job !== job || wanted.value.trim() !== q) return;
      shown = key;
      const before = lines.scrollTop;
      const rows = found.hits || found.lines.map((text) => [0, text]);
      lines.replaceChildren(...rows.map(([n, text]) => line(n, text)));
      count.textContent = found.hits
        ? `${found.count} line${found.count === 1 ? "" : "s"}${found.count > rows.length ? `, the last ${rows.length} shown` : ""}`
        : found.whole ? `${rows.length} lines` : `the last ${rows.length} lines`;
      lines.scrollTop = follow.checked ? lines.scrollHeight : before;
    }

    function line(n, text) {
      const kind = BAD.test(text) ? ".is-bad" : WARM.test(text) ? ".is-warm" : "";
      return h(`div.tr-logline${kind}`, {}, n ? h("span.tr-number", {}, String(n)) : null, h("span", { dir: "auto" }, text || " "));
    }
    return { node, draw: () => {}, look, reset: () => lines.replaceChildren() };
  };

  // ---- episodes

  train.samplesView = (get, ask, path, act) => {
    const steps = h("select", { "aria-label": "Step", onchange: () => ((follows = steps.selectedIndex === 0), (shown = ""), look()) });
    const list = h("div.tr-episodes");
    const empty = h("p.sp-quiet", {}, "Nothing here yet. GRPO keeps one group of episodes of each step; other recipes play none.");
    const tools = h("div.tr-tools", {}, h("label", {}, "played at step ", steps), h("span.sp-quiet", {}, "several tries at one question; open one to see it turn by turn"));
    const node = h("div.tr-view", {}, empty, tools, list);
    let follows = true;
    let shown = "";

    function draw() {
      const { detail } = get();
      const has = detail && detail.samples.length > 0;
      empty.hidden = has;
      tools.hidden = !has;
      if (!has) return list.replaceChildren();
      const wanted = follows ? String(detail.samples[0]) : steps.value;
      steps.replaceChildren(...detail.samples.map((step) => h("option", { value: step }, String(step))));
      steps.value = wanted;
    }

    async function look() {
      const { job, detail } = get();
      if (!detail || !detail.samples.length) return;
      const key = `${job} ${steps.value}`;
      if (key === shown) return;
      const url = `${path("samples", job)}?step=${steps.value}`;
      train.forget(url);
      const found = await ask(url);
      if (!found || found.gone || get().job !== job) return;
      shown = key;
      const asked = found.episodes.length ? found.episodes[0].question : "";
      list.replaceChildren(h("p.tr-question", { dir: "auto" }, asked), ...found.episodes.map(episode));
    }

    function episode(one, n) {
      const icons = one.tools.map((tool) => h(`span.sg-glyph.sg-${tool}`, { title: tool }, sage.icon(tool, 14)));
      const answer = one.is_answered ? one.answer : `no answer (${one.stop})`;
      return h("button.tr-episode", { "aria-label": `Open episode ${n + 1}`, onclick: () => act({ do: "open", run: one.run }) },
        h("span.tr-number", {}, String(n + 1)), h("span.sg.tr-icons", {}, icons), h("span.tr-answer", { dir: "auto" }, answer), h("span.sp-quiet", {}, `${one.turns} turn${one.turns === 1 ? "" : "s"}`));
    }
    const reset = () => ((shown = ""), (follows = true), list.replaceChildren());
    return { node, draw, look, reset };
  };

  // ---- checkpoints

  train.modelsView = (get, act) => {
    const list = h("div.tr-models");
    const empty = h("p.sp-quiet", {}, "No checkpoint yet. The first is saved when “save every” steps are done, or at a stop.");
    const node = h("div.tr-view", {}, empty, list);
    let shown = "";

    function draw() {
      const { detail } = get();
      const models = detail ? detail.checkpoints : [];
      empty.hidden = models.length > 0;
      const key = JSON.stringify([detail && detail.id, models]);
      if (key === shown) return;
      shown = key;
      list.replaceChildren(...models.map((model) => one(detail, model)));
    }

    function one(job, model) {
      const go = (what) => () => act({ do: what, job: job.id, step: model.step });
      const title = model.final ? "The finished model" : `Checkpoint of step ${model.step}`;
      if (!model.whole) return h("div.tr-model", {}, h("span", {}, title), h("span.sp-quiet", {}, "split over cards; usable when the run is done"));
      return h("div.tr-model", {}, h("span", {}, title), h("span.tr-actions", {},
        train.sure("Use in Ask", "use", go("use"), null), train.sure("Benchmark it", "bench", go("bench"), null), train.sure("Start a job from it", "base", go("base"), null)));
    }
    return { node, draw, reset: () => ((shown = ""), list.replaceChildren()) };
  };

  // ---- settings, name and note, attempts

  train.aboutView = (get, act) => {
    const node = h("div.tr-view");
    let shown = "";

    function draw() {
      const job = get().detail;
      if (!job) return;
      const key = JSON.stringify([job.id, job.title, job.note, job.attempts, job.yaml, job.command, job.can]);
      if (key === shown || node.contains(document.activeElement)) return;
      shown = key;
      const name = h("input", { value: job.title, maxlength: 120, "aria-label": "Name" });
      const note = h("textarea", { rows: 2, maxlength: 4000, placeholder: "What was this one for?", "aria-label": "Note" }, job.note);
      const keep = train.sure("Keep name and note", "rename", () => act({ do: "rename", job: job.id, name: name.value, note: note.value }), null);
      const remove = job.can.includes("delete") ? train.sure(job.ours ? "Delete this job" : "Take off the list", "delete", () => act({ do: "delete", job: job.id }), job.ours ? "Really delete it, checkpoints and all?" : "Really take it off? Its folder stays") : null;
      node.replaceChildren(
        h("div.tr-fields", {}, h("label", {}, "Name", name), h("label", {}, "Note", note), h("span.tr-actions", {}, keep, remove)),
        attempts(job), copyable("Command", job.command, `to be run in ${job.cwd}`), copyable("Settings", job.yaml, job.folder));
    }

    function attempts(job) {
      const rows = job.attempts.map((a) => h("tr", {}, h("td", {}, String(a.n)), h("td", {}, new Date(a.at * 1000).toLocaleString()), h("td", {}, `step ${a.first}`),
        h("td", {}, a.state + (a.code ? ` (${a.code})` : "")), h("td", {}, a.end ? spent(a.end - a.at) : ""), h("td", {}, h("code", {}, a.git.slice(0, 10) + (a.git.endsWith("+") ? "+" : "")))));
      const names = ["Attempt", "Started", "From", "State", "Took", "Code"];
      return h("div.tr-scroll", { tabindex: "0" }, h("table.tr-table", {}, h("thead", {}, h("tr", {}, names.map((n) => h("th", { scope: "col" }, n)))), h("tbody", {}, rows)));
    }
    return { node, draw, look: draw, reset: () => (shown = "") };
  };

  const spent = (s) => (s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`);

  // A text to take along, with a button for that.
  const copyable = (train.copyable = (title, text, hint) => {
    const pre = h("pre.tr-code", { tabindex: "0" }, text || "—");
    const button = h("button.sp-link", { "aria-label": `Copy ${title.toLowerCase()}` }, "Copy");
    button.addEventListener("click", async () => {
      let isDone = true;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        getSelection().selectAllChildren(pre);
        isDone = document.execCommand("copy");
      }
      button.textContent = isDone ? "Copied" : "Selected; copy it with the keyboard";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    return h("section.tr-copy", {}, h("h3", {}, title, " ", button), hint ? h("p.sp-quiet", {}, hint) : null, pre);
  });

  // ---- what the form would start

  train.draft = (element, props, watch) => {
    const box = element.querySelector(".tr-draft");
    const draw = () => {
      let said = null;
      try {
        said = JSON.parse(props.value || "null");
      } catch {
        return;
      }
      const bad = said ? said.troubles : [];
      for (const field of document.querySelectorAll("#train-form .tr-invalid")) field.classList.remove("tr-invalid");
      for (const trouble of bad) {
        const field = trouble.field && document.getElementById(`train-${trouble.field}`);
        if (field) field.classList.add("tr-invalid");
      }
      if (!said) return box.replaceChildren();
      const lines = said.facts.length ? h("pre.tr-code.tr-facts", { role: "status" }, said.facts.join("\n")) : null;
      // What was unfolded stays so.
      const isOpen = Boolean(box.querySelector("details[open]"));
      box.replaceChildren(...[
        bad.length ? h("ul.tr-troubles", { role: "alert" }, bad.map((trouble) => h("li", {}, trouble.says))) : null,
        lines, said.busy ? h("p.sp-quiet", { role: "status" }, said.busy) : null,
        said.command ? h("details.tr-more", { open: isOpen }, h("summary", {}, "Command and YAML"), copyable("Command", said.command, ""), copyable("YAML", said.yaml, "")) : null,
      ].filter(Boolean));
    };
    draw();
    watch("value", draw);
  };
})();
