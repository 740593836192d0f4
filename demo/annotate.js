// The Annotation tab: state, what is sent to the server, leases, and keys. What is drawn is in annotate_case.js,
// annotate_start.js and annotate_results.js; each puts its function on sageAnnotate. Text reaches the page by sage.h only.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const NAME = "sage-annotator";
  const PATIENCE_MS = 8000;
  const RENEW_MS = 60_000;
  const IDLE_MS = 600_000;
  const an = (window.sageAnnotate = { state: {}, drawers: {} });
  let root = null;
  let send = null;
  let busy = null;
  let active = Date.now();
  let lastAsked = null;

  an.mount = (element, props, watch, trigger) => {
    root = element.querySelector(".an");
    send = trigger;
    an.state = {};
    an.ui = {
      bar: h("div.an-bar"),
      said: h("p.an-said", { role: "status", "aria-live": "polite" }),
      body: h("div.an-body"),
    };
    root.replaceChildren(an.ui.bar, an.ui.said, an.ui.body);
    const take = () => taken(props.value);
    watch("value", take);
    take();
  };

  // ---- what comes from the server

  function taken(raw) {
    if (!raw) return;
    let got;
    try {
      got = JSON.parse(raw);
    } catch {
      return;
    }
    // Gradio may hand the same value over twice.
    if (got.n === an.state.n) return;
    done();
    if (got.error) {
      an.state.n = got.n;
      an.tell(got.error, "error");
      return;
    }
    const before = an.state;
    an.state = got;
    if (got.account) an.me = got.account;
    hold(got.case ? got.case.token : null);
    root.toggleAttribute("data-exports", got.view === "results" && got.is_owner);
    an.tell(got.told || savedWords(got), got.saved ? "done" : "idle");
    drawBar();
    const fresh = before.view !== got.view;
    if (fresh) an.ui.body.replaceChildren();
    an.drawers[got.view](an.ui.body, got, fresh);
  }

  function savedWords(got) {
    if (!got.saved) return "";
    return `Saved: ${got.saved.name}.`;
  }

  an.tell = (text, kind = "idle") => {
    an.ui.said.dataset.kind = kind;
    an.ui.said.textContent = text;
  };

  // ---- what goes to the server

  an.me = stored();

  function stored() {
    try {
      return localStorage.getItem(NAME) || "";
    } catch {
      return "";
    }
  }

  an.setName = (name) => {
    an.me = name.trim();
    try {
      localStorage.setItem(NAME, an.me);
    } catch {
      /* a browser that stores nothing asks again */
    }
  };

  // One thing at a time. A server that does not answer is said, and the same can be sent again: nothing is saved twice.
  an.ask = (what) => {
    if (busy) return;
    const queue = an.state.queue ? an.state.queue.name : "";
    lastAsked = { me: an.me, queue, role: an.state.role || "label", ...what };
    root.classList.add("is-busy");
    busy = setTimeout(() => {
      done();
      an.tell("The server does not answer; nothing was said to be saved. ", "error");
      const again = h("button.an-link", { onclick: () => an.ask(lastAsked) }, "Try again");
      an.ui.said.append(again);
    }, PATIENCE_MS);
    send(lastAsked);
  };

  function done() {
    clearTimeout(busy);
    busy = null;
    root.classList.remove("is-busy");
  }

  // ---- leases: renewed while somebody is there, given back when the page goes

  let token = null;

  function hold(next) {
    token = next;
  }

  const lease = (act) => `sage/annotate/lease/${act}`;

  setInterval(async () => {
    if (!token || Date.now() - active > IDLE_MS) return;
    const mine = token;
    const answer = await fetch(lease("renew"), { method: "POST", body: mine }).catch(() => null);
    if (!answer || !answer.ok || mine !== token) return;
    if ((await answer.text()) === "no") {
      an.tell("This case was given to others because nothing happened here for long. A label is still taken.", "error");
      token = null;
    }
  }, RENEW_MS);

  addEventListener("pagehide", () => {
    if (token) navigator.sendBeacon(lease("leave"), token);
  });
  // A page that comes back from the browser's memory takes its case again.
  addEventListener("pageshow", (event) => {
    if (event.persisted && an.state.view === "case") an.ask({ do: "next" });
  });
  for (const name of ["keydown", "pointerdown", "wheel"]) addEventListener(name, () => (active = Date.now()), { passive: true });

  an.leave = () => {
    if (token) navigator.sendBeacon(lease("leave"), token);
    token = null;
    an.ask({ do: "start", queue: "" });
  };

  // ---- the bar above everything

  function drawBar() {
    const s = an.state;
    const bar = an.ui.bar;
    if (s.view === "start") {
      bar.replaceChildren(h("h2", {}, "Annotation"), h("span.an-quiet", {}, "People decide what judges cannot."));
      return;
    }
    const tab = (text, on, act) =>
      h("button.an-tab", { "aria-pressed": String(on), onclick: () => on || act() }, text);
    const isCase = s.view === "case";
    const role = isCase ? s.role : "";
    const open = (next) => () => (an.me ? an.ask({ do: "next", role: next }) : an.leave());
    const disputed = s.progress ? s.progress.disputed : s.results ? s.results.progress.disputed : 0;
    const shown = [
      h("button.an-link", { onclick: an.leave }, sage.icon("back", 14), " Queues"),
      h("h2", {}, sage.foreign(s.queue.name)),
      h("div.an-tabs", { role: "group", "aria-label": "What to do with the queue" },
        tab("Label", role === "label", open("label")),
        s.queue.labels > 1 && tab(`Settle${disputed ? ` (${disputed})` : ""}`, role === "adjudication", open("adjudication")),
        tab("Results", s.view === "results", () => an.ask({ do: "results" })),
      ),
      isCase && progress(s),
    ];
    bar.replaceChildren(...shown.filter(Boolean));
  }

  function progress(s) {
    const p = s.progress;
    const share = p.labels_needed ? Math.min(1, p.labels / p.labels_needed) : 0;
    const held = p.held ? ` · ${sage.plural(p.held, "case")} with others` : "";
    const text = `${p.labels} of ${p.labels_needed} labels · ${p.mine} by you (${s.me})${held}`;
    return h("div.an-progress", {},
      h("div.an-meter", { role: "progressbar", "aria-label": "Labels given", "aria-valuemin": 0, "aria-valuemax": p.labels_needed,
        "aria-valuenow": p.labels, vars: { share } }),
      h("span.an-quiet", {}, text),
    );
  }

  // ---- keys

  const isHere = () => root && root.isConnected && root.offsetParent !== null;

  // True when the key did something. The evidence frame passes its keys on to here.
  an.key = (key) => {
    if (!isHere() || an.state.view !== "case") return false;
    const name = key.length === 1 ? key.toLowerCase() : key;
    const act = an.keys && an.keys[name];
    if (act) {
      if (!busy) act();
      return true;
    }
    return false;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (!isHere() || an.state.view !== "case") return;
    if (event.key === "Escape" && root.contains(event.target)) {
      event.target.blur();
      return;
    }
    if (sage.isTyping(event.target)) return;
    if ([" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary, [role=tab]")) return;
    const film = an.frame && an.frame.filmKey;
    if (an.key(event.key) || (film && event.target.closest("input") === null && an.frame.filmKey(event.key))) event.preventDefault();
  });
})();
