// window.sagePage: the small parts of the page around timeline and cards: status line, example cards,
// links of a run, history. Each gets its data as one JSON text and builds its elements with textContent
// only, so that nothing a model, a page or a visitor wrote can become markup.
(() => {
  "use strict";
  const page = (window.sagePage = {});

  function make(tag, cls, text, attributes = {}) {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined && text !== null) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function read(props) {
    try {
      return props.value ? JSON.parse(props.value) : null;
    } catch {
      return null;
    }
  }

  // Draws once now and again whenever the server sends something new.
  function mount(element, props, watch, draw) {
    const run = () => draw(read(props));
    run();
    watch("value", run);
  }

  // ---- status line and hints: plain text, spoken when it changes

  page.text = (element, props, watch) => {
    const box = element.querySelector(".sp-text");
    const draw = () => {
      const text = props.value || "";
      if (box.textContent !== text) box.textContent = text;
      box.hidden = !text;
    };
    draw();
    watch("value", draw);
  };

  page.status = (element, props, watch) => {
    const box = element.querySelector(".sp-status");
    const text = box.querySelector(".sp-status-text");
    mount(element, props, watch, (said) => {
      box.dataset.kind = (said && said.kind) || "idle";
      const now = (said && said.text) || "";
      if (text.textContent !== now) text.textContent = now;
    });
  };

  // Stop is acknowledged at once; what really happens follows from the server.
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button#stop");
    const box = document.querySelector(".sp-status");
    if (!button || button.disabled || !box) return;
    box.dataset.kind = "stopping";
    box.querySelector(".sp-status-text").textContent = "Stopping…";
  });

  // ---- examples

  page.examples = (element, props, watch, pick) => {
    const box = element.querySelector(".sp-examples");
    mount(element, props, watch, (items) => {
      box.replaceChildren();
      (items || []).forEach((item, i) => box.append(exampleCard(item, i, pick)));
    });
  };

  // What the page shows first would overwrite a pick that was faster: such a one waits for it.
  let early = null;

  function pickLoaded(pick, which) {
    if (window.sage.state.view) pick(which);
    else early = () => pick(which);
  }

  window.sage.on("view", () => {
    if (!early || !window.sage.state.view) return;
    const go = early;
    early = null;
    go();
  });

  function exampleCard(item, i, pick) {
    const card = make("section", "sp-example", null, { "aria-label": "Example: " + item.title });
    const open = make("button", "sp-example-open", null, {
      type: "button",
      title: "Load this film and its first question",
    });
    if (item.poster) {
      const picture = make("img", "", null, { src: item.poster, alt: "", loading: "lazy" });
      picture.addEventListener("error", () => picture.remove());
      open.append(picture);
    }
    const words = make("span", "sp-example-words");
    words.append(make("strong", "", item.title));
    if (item.about) words.append(make("span", "sp-example-about", item.about));
    open.append(words);
    open.addEventListener("click", () => pickLoaded(pick, { i, q: 0 }));
    const list = make("div", "sp-chips");
    item.questions.forEach((question, q) => {
      const chip = make("button", "sp-chip", question.text, { type: "button", title: needed(question) });
      chip.addEventListener("click", () => pickLoaded(pick, { i, q }));
      list.append(chip);
    });
    card.append(open, list);
    return card;
  }

  function needed(question) {
    const needs = {
      captions: "Any model can answer this from the captions",
      pages: "Any model can answer this with the pages that come with the film",
      vision: "Only a model that sees pictures can answer this",
    };
    return [question.text, needs[question.needs]].filter(Boolean).join("\n");
  }

  // Whoever asked wants to see the turns and the answer: what lies below the fold is brought up, once a run.
  const LOW = 0.75;
  let asked = false;

  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("button#ask")) asked = true;
  });

  window.sage.on("view", () => {
    const view = window.sage.state.view;
    if (!asked || !view || !["queued", "running"].includes(view.status)) return;
    asked = false;
    const cards = document.querySelector("#cards");
    const top = document.querySelector(matchMedia("(max-width: 900px)").matches ? "#player" : "#stage");
    if (!cards || !top || cards.getBoundingClientRect().top < LOW * innerHeight) return;
    top.scrollIntoView({ behavior: window.sage.isCalm() ? "auto" : "smooth" });
  });

  // ---- what can be done with the run that is shown

  page.runbar = (element, props, watch) => {
    const box = element.querySelector(".sp-runbar");
    mount(element, props, watch, (run) => {
      box.replaceChildren();
      box.hidden = !(run && run.run);
      if (box.hidden) return;
      const links = make("span", "sp-exports");
      links.append(make("span", "sp-quiet", "Save as "));
      for (const [kind, label] of [["json", "JSON"], ["md", "Markdown"], ["zip", "ZIP"]]) {
        const href = `sage/export/${encodeURIComponent(run.run)}.${kind}`;
        links.append(make("a", "sp-link", label, { href, download: "" }));
      }
      box.append(links);
    });
  };

  // The address names the run that is shown, so that it can be reloaded, kept and passed on.
  function name(run) {
    const url = new URL(location.href);
    if ((url.searchParams.get("run") || "") === run) return;
    for (const key of ["run", "turn", "t"]) url.searchParams.delete(key);
    if (run) url.searchParams.set("run", run);
    history.replaceState(history.state, "", url);
  }

  window.sage.on("view", () => {
    const view = window.sage.state.view;
    if (view) name(view.saved ? "" : view.run || "");
  });

  // ---- history

  page.history = (element, props, watch, open, remove) => {
    const box = element.querySelector(".sp-history");
    mount(element, props, watch, (data) => {
      box.replaceChildren();
      const rows = (data && data.rows) || [];
      if (!rows.length) {
        box.append(make("p", "sp-quiet", "No runs yet. Ask something, and it is kept here."));
        return;
      }
      const table = make("table", "sp-table");
      const head = make("tr");
      for (const name of ["When", "Film", "Question", "Answer", "Turns", "Cost", ""])
        head.append(make("th", "", name || null, { scope: "col" }));
      head.lastChild.append(make("span", "sg-hidden", "What to do"));
      const body = make("tbody");
      for (const row of rows) body.append(historyRow(row, open, remove));
      const top = make("thead");
      top.append(head);
      table.append(top, body);
      box.append(table);
      if (data.more) box.append(make("p", "sp-quiet", `${data.more} older runs are not listed.`));
    });
  };

  function historyRow(row, open, remove) {
    const line = make("tr");
    const when = new Date(row.created);
    const isOld = when.getFullYear() !== new Date().getFullYear();
    const day = { day: "numeric", month: "short", ...(isOld ? { year: "numeric" } : { hour: "numeric", minute: "2-digit" }) };
    const shown = isNaN(when) ? row.created : when.toLocaleString([], day);
    const cells = [
      ["When", shown],
      ["Film", row.film],
      ["Question", row.question],
      ["Answer", row.answer || row.state],
      ["Turns", String(row.turns)],
      ["Cost", row.cost],
    ];
    for (const [name, text] of cells) {
      const cell = make("td", row.answer || name !== "Answer" ? "" : "sp-quiet", null, { "data-name": name });
      cell.append(make("span", "sp-clip", text, { title: text }));
      line.append(cell);
    }
    const doing = make("td", "sp-doing");
    const opener = make("button", "sp-link", "Open", { type: "button", "aria-label": "Open: " + row.question });
    opener.addEventListener("click", () => open({ run: row.run }));
    doing.append(opener);
    if (row.deletable) doing.append(removeButton(row, remove));
    line.append(doing);
    return line;
  }

  // Asks in place; a second press within four seconds deletes.
  function removeButton(row, remove) {
    const label = "Delete: " + row.question;
    const button = make("button", "sp-link", "Delete", { type: "button", "aria-label": label });
    let timer = 0;
    button.addEventListener("click", () => {
      if (button.dataset.sure) {
        clearTimeout(timer);
        remove({ run: row.run });
        return;
      }
      button.dataset.sure = "1";
      button.textContent = "Really delete?";
      button.setAttribute("aria-label", "Really delete: " + row.question);
      timer = setTimeout(() => {
        delete button.dataset.sure;
        button.textContent = "Delete";
        button.setAttribute("aria-label", label);
      }, 4000);
    });
    return button;
  }

  // ---- keys: Enter asks, Shift+Enter is a new line, Ctrl+Enter asks from every field of the form

  // Gradio takes Shift+Enter for itself; typed this way the line can be undone.
  function newLine(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    document.execCommand("insertText", false, "\n");
  }

  // Right after Stop the button takes a moment to come back; a question typed meanwhile is not lost.
  function askSoon(tries) {
    const button = document.querySelector("button#ask");
    const box = document.querySelector(".sp-status");
    if (button && !button.disabled) button.click();
    else if (tries > 0 && box && box.dataset.kind !== "running") setTimeout(() => askSoon(tries - 1), 100);
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      const field = event.target.closest && event.target.closest("#question textarea, #panel input, #panel textarea");
      if (!field) return;
      const isQuestion = Boolean(field.closest("#question"));
      if (event.shiftKey) {
        if (isQuestion) newLine(event);
        return;
      }
      if (!isQuestion && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      askSoon(20);
    },
    true,
  );
})();
