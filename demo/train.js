// window.sageTrain: the Training tab. It asks the server what jobs are like and draws that; what changes anything goes
// through `act`, an event of the page. Texts of jobs and logs become text nodes only.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const train = (window.sageTrain = {});
  const SLOW_MS = 1500;
  const LIVE = ["queued", "running", "stopping"];
  const TABS = [["curves", "Curves"], ["log", "Log"], ["samples", "Episodes"], ["models", "Checkpoints"], ["about", "Settings"]];

  // ---- talking to the server

  const versions = new Map();
  async function ask(path, seen = path) {
    const url = new URL(path, document.baseURI);
    if (versions.has(seen)) url.searchParams.set("v", versions.get(seen));
    const answer = await fetch(url, { cache: "no-store" });
    if (answer.status === 404) return { gone: true };
    if (!answer.ok) throw new Error(`the app answered ${answer.status}`);
    const value = await answer.json();
    if (value.v) versions.set(seen, value.v);
    return value.same ? null : value;
  }
  train.forget = (seen) => versions.delete(seen);
  const path = (what, id) => `sage/train/${what}/${encodeURIComponent(id)}`;

  let plotly = null;
  function loadPlotly() {
    plotly = plotly || new Promise((resolve, reject) => {
      const script = h("script", { src: new URL("sage/train/plotly.js", document.baseURI).href });
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      document.head.append(script);
    });
    return plotly;
  }
  train.loadPlotly = loadPlotly;

  // ---- the tab

  train.mount = (element, props, watch, act) => {
    const root = element.querySelector(".tr");
    const at = { job: new URL(location.href).searchParams.get("job") || "", tab: "curves", compared: new Set(), jobs: [], detail: null, curves: new Map() };
    const ui = build(at);
    root.replaceChildren(ui.list, ui.detail);
    const views = {
      curves: train.curvesView(() => at, refresh),
      log: train.logView(() => at, ask, path),
      samples: train.samplesView(() => at, ask, path, act),
      models: train.modelsView(() => at, act),
      about: train.aboutView(() => at, act),
    };
    for (const [name, view] of Object.entries(views)) {
      view.node.setAttribute("role", "tabpanel");
      view.node.setAttribute("aria-label", TABS.find(([key]) => key === name)[1]);
      ui.body.append(view.node);
    }
    let isBusy = false;
    let isAgain = false;

    async function refresh() {
      if (isBusy) return void (isAgain = true);
      isBusy = true;
      try {
        await look();
        ui.lost.hidden = true;
      } catch (error) {
        ui.lost.hidden = false;
        versions.clear();
      } finally {
        isBusy = false;
        if (isAgain) (isAgain = false), refresh();
      }
    }

    async function look() {
      const listed = await ask("sage/train/jobs");
      if (listed) {
        at.jobs = listed.jobs;
        if (!at.job && at.jobs.length) select((at.jobs.find((job) => LIVE.includes(job.state)) || at.jobs[0]).id, false);
        drawList(ui, at, select, (id) => compare(id));
      }
      ui.detail.hidden = !at.job;
      if (!at.job) return;
      const id = at.job;
      const detail = await ask(path("job", id));
      if (id !== at.job) return;
      if (detail && detail.gone) return select("", true);
      if (detail) {
        at.detail = detail;
        drawHead(ui, at, act);
        for (const view of Object.values(views)) view.draw();
      }
      if (at.tab === "curves") await lookAtCurves(id);
      if (views[at.tab].look) await views[at.tab].look();
    }

    // Curves of a long run are large: they are asked for the less often, the longer that takes.
    let curvesAt = { key: "", next: 0 };
    async function lookAtCurves(id) {
      const key = [id, ...at.compared].join(" ");
      if (key === curvesAt.key && performance.now() < curvesAt.next) return;
      const began = performance.now();
      await loadPlotly();
      await fetchCurves(id);
      curvesAt = { key, next: performance.now() + 3 * (performance.now() - began) };
    }

    async function fetchCurves(id) {
      let isNew = false;
      for (const one of [id, ...at.compared]) {
        const curves = await ask(path("curves", one));
        if (curves && curves.gone) at.compared.delete(one);
        else if (curves) at.curves.set(one, curves), (isNew = true);
      }
      if (isNew) views.curves.plot();
    }

    function select(id, isChosen) {
      if (id === at.job && at.detail && at.detail.id === id) return;
      at.job = id;
      at.detail = null;
      at.compared.delete(id);
      versions.delete(path("job", id));
      for (const view of Object.values(views)) if (view.reset) view.reset();
      const url = new URL(location.href);
      if (id) url.searchParams.set("job", id);
      else url.searchParams.delete("job");
      if (isChosen) history.replaceState(history.state, "", url);
      drawList(ui, at, select, compare);
      views.curves.plot();
      if (isChosen) refresh();
      if (isChosen && matchMedia("(max-width: 900px)").matches) ui.detail.scrollIntoView({ behavior: sage.isCalm() ? "auto" : "smooth" });
    }

    function compare(id) {
      if (at.compared.has(id)) at.compared.delete(id);
      else at.compared.add(id), versions.delete(path("curves", id));
      drawList(ui, at, select, compare);
      views.curves.plot();
      refresh();
    }

    ui.tabs.addEventListener("choose", () => {
      for (const [name, view] of Object.entries(views)) view.node.hidden = name !== at.tab;
      refresh();
    });
    ui.tabs.dispatchEvent(new Event("choose"));
    // The server tells which job an action was about; then everything is looked at again.
    watch("value", () => {
      let told = null;
      try {
        told = JSON.parse(props.value || "null");
      } catch {
        return;
      }
      if (told && told.job) select(told.job, true);
      if (told && told.gone && told.gone === at.job) select("", true);
      versions.clear();
      refresh();
    });
    setInterval(() => {
      const isShown = element.isConnected && root.offsetParent !== null && !document.hidden;
      if (isShown) refresh();
    }, SLOW_MS);
    new MutationObserver(() => views.curves.plot()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    refresh();
  };

  function build(at) {
    const rows = h("div.tr-rows", { role: "list" });
    const empty = h("p.sp-quiet", {}, "No jobs yet. Fill in “New job” above and start one, or start one in a terminal: it shows up here.");
    const lost = h("p.tr-banner.is-bad", { role: "alert", hidden: true }, "The app does not answer. Jobs go on without it; trying again…");
    const list = h("section.tr-list", { "aria-label": "Jobs" }, h("h2", {}, "Jobs"), empty, rows);
    const head = h("header.tr-head");
    const banners = h("div.tr-banners");
    const tabs = h("div.tr-tabs", { role: "tablist", "aria-label": "Views of the job" });
    for (const [name, label] of TABS) {
      tabs.append(h("button.tr-tab", { role: "tab", data: { tab: name }, "aria-selected": String(name === at.tab), onclick: () => choose(name) }, label));
    }
    function choose(name) {
      at.tab = name;
      for (const button of tabs.children) button.setAttribute("aria-selected", String(button.dataset.tab === name));
      tabs.dispatchEvent(new Event("choose"));
    }
    tabs.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const names = TABS.map(([name]) => name);
      choose(names[(names.indexOf(at.tab) + step + names.length) % names.length]);
      tabs.querySelector('[aria-selected="true"]').focus();
    });
    const body = h("div.tr-body");
    const detail = h("section.tr-detail", { "aria-label": "The chosen job", hidden: true }, lost, head, banners, tabs, body);
    return { list, rows, empty, detail, head, banners, tabs, body, lost };
  }

  // ---- the list

  function drawList(ui, at, select, compare) {
    ui.empty.hidden = at.jobs.length > 0;
    const focused = document.activeElement && document.activeElement.closest && document.activeElement.closest(".tr-row button, .tr-row input");
    const key = focused && ui.rows.contains(focused) ? focused.dataset.key : null;
    ui.rows.replaceChildren(...at.jobs.map((job) => row(job, at, select, compare)));
    if (key) (ui.rows.querySelector(`[data-key="${CSS.escape(key)}"]`) || ui.list).focus({ preventScroll: true });
  }

  function row(job, at, select, compare) {
    const { step, steps } = job.progress;
    const share = steps ? Math.min(1, step / steps) : 0;
    const isChosen = job.id === at.job;
    const open = h("button.tr-open", { data: { key: `open ${job.id}` }, "aria-current": isChosen ? "true" : null, onclick: () => select(job.id, true) },
      h("span.tr-title", { dir: "auto" }, job.title),
      h("span.tr-line", {}, pill(job.state), h("span", {}, job.recipe.toUpperCase()), h("span", {}, steps ? `${step} / ${steps}` : step ? `step ${step}` : ""), job.place ? h("span", {}, `place ${job.place}`) : null, h("span.tr-when", {}, when(job.created))),
      LIVE.includes(job.state) ? h("span.tr-bar", { vars: { share } }) : null);
    const box = h("input", { type: "checkbox", data: { key: `box ${job.id}` }, "aria-label": `Compare ${job.title}`, title: "Draw its curves over the chosen job's", onchange: () => compare(job.id) });
    box.checked = at.compared.has(job.id);
    return h(isChosen ? "div.tr-row.is-chosen" : "div.tr-row", { role: "listitem" }, open, isChosen ? null : h("label.tr-compare", {}, box));
  }

  function when(created) {
    const date = new Date(created);
    return isNaN(date) ? "" : date.toLocaleString([], { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
  }

  const pill = (train.pill = (state) => h("span.tr-pill", { data: { state } }, state));

  // ---- the head of a job: what it is, how far, and what can be done

  function drawHead(ui, at, act) {
    const job = at.detail;
    const { step, steps } = job.progress;
    // Buttons stay as they are while nothing about them changed, or a question in one would be lost.
    const key = JSON.stringify([job.id, job.title, job.can, job.state, job.killing, step > 0]);
    if (ui.headKey !== key) {
      ui.headKey = key;
      ui.says = h("p.tr-says", { role: "status" });
      ui.bar = h("div.tr-progress", { role: "progressbar", "aria-label": "Steps", "aria-valuemin": 0 });
      const name = h("h2.tr-name", { dir: "auto" }, job.title);
      ui.head.replaceChildren(h("div.tr-top", {}, name, pill(job.state), h("span.tr-actions", {}, buttons(job, act))), ui.says, ui.bar);
    }
    if (ui.says.textContent !== job.says) ui.says.textContent = job.says;
    ui.bar.hidden = !steps || job.state === "done";
    ui.bar.setAttribute("aria-valuemax", steps);
    ui.bar.setAttribute("aria-valuenow", step);
    ui.bar.style.setProperty("--share", steps ? Math.min(1, step / steps) : 0);
    const banners = job.alarms.map((text) => h("p.tr-banner.is-warm", { role: "alert" }, h("strong", {}, "Alarm "), text));
    if (job.problem) {
      banners.push(h("div.tr-banner.is-bad", { role: "alert" }, h("strong", {}, job.problem.advice || "This is what it said last:"), job.problem.text ? h("pre.tr-trace", { tabindex: "0" }, job.problem.text) : null));
    }
    const same = ui.banners.textContent === banners.map((b) => b.textContent).join("");
    if (!same) ui.banners.replaceChildren(...banners);
  }

  function buttons(job, act) {
    const go = (what, extra = {}) => act({ do: what, job: job.id, ...extra });
    const found = [];
    if (job.can.includes("stop")) found.push(sure("Stop & save", "stop", () => go("stop"), null));
    if (job.can.includes("kill")) found.push(sure("Kill", "kill", () => go("kill"), "Kill now? Steps since the last checkpoint are lost"));
    if (job.can.includes("cancel")) found.push(sure("Take out of the queue", "cancel", () => go("stop"), null));
    if (job.can.includes("resume")) found.push(sure(job.progress.step ? "Resume" : "Start again", "resume", () => go("resume"), null));
    found.push(h("a.tr-button", { href: path("report", job.id), download: "", title: "One HTML file that opens without the app" }, "Report"));
    return found;
  }

  // A button that acts at once, or after a second press within four seconds when it asks first.
  const sure = (train.sure = (label, what, go, question) => {
    let timer = 0;
    const button = h("button.tr-button", { data: { do: what } }, label);
    button.addEventListener("click", () => {
      if (question && !button.dataset.sure) {
        button.dataset.sure = "1";
        button.textContent = question;
        timer = setTimeout(() => {
          delete button.dataset.sure;
          button.textContent = label;
        }, 4000);
        return;
      }
      clearTimeout(timer);
      button.disabled = true;
      button.textContent = `${label}…`;
      setTimeout(() => {
        button.disabled = false;
        delete button.dataset.sure;
        button.textContent = label;
      }, 3000);
      go();
    });
    return button;
  });

  sage.on("view", () => {
    const { view } = sage.state;
    document.body.classList.toggle("is-sample", Boolean(view && view.run && view.run.startsWith("sample-")));
  });

  // The address names a job as long as its tab is open.
  document.addEventListener("click", (event) => {
    const tab = event.target.closest && event.target.closest('#tabs [role="tab"]');
    const url = new URL(location.href);
    if (!tab || tab.textContent.trim() === "Training" || !url.searchParams.has("job")) return;
    url.searchParams.delete("job");
    history.replaceState(history.state, "", url);
  });

  // Opens the tab when the address names a job; until the page is alive, a click on its tab is not heard.
  const openTab = (tries) => {
    if (!new URL(location.href).searchParams.get("job") || document.querySelector(".tr") || !tries) return;
    const tab = [...document.querySelectorAll('#tabs [role="tab"]')].find((button) => button.textContent.trim() === "Training");
    if (tab) tab.click();
    setTimeout(() => openTab(tries - 1), 300);
  };
  openTab(200);
})();
