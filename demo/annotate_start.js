// Where one begins: who one is, which queue, and a new queue from a benchmark run.
(() => {
  "use strict";
  const sage = window.sage;
  const an = window.sageAnnotate;
  const { h } = sage;

  an.drawers.start = (body, s) => {
    const parts = [];
    if (s.is_closed) parts.push(h("p.an-none", {}, "Labels need to be somebody's. This site is open to strangers and has no sign-in, so annotation is closed here. Start the app with --trust among people you know, or put it on a Space with sign-in."));
    else {
      parts.push(who(s), queues(s));
      if (s.is_owner) parts.push(maker(s));
    }
    body.replaceChildren(...parts);
  };

  function who(s) {
    if (s.sign_in) {
      const text = s.account ? `You annotate as ${s.account}.` : "Sign in with Hugging Face above; labels are kept under your account.";
      return h("p.an-who", {}, text);
    }
    const box = h("input", { type: "text", maxlength: 80, autocomplete: "nickname", placeholder: "Your name", id: "an-name" });
    box.value = an.me;
    box.addEventListener("input", () => an.setName(box.value));
    box.addEventListener("keydown", (event) => event.key === "Enter" && document.querySelector(".an-queue button").focus());
    return h("div.an-who", {}, h("label", { for: "an-name" }, "You are"), box, h("span.an-quiet", {}, "Your labels are kept under this name."));
  }

  function queues(s) {
    if (!s.queues.length) {
      const kind = s.is_owner ? " Make one below." : "";
      return h("p.an-none", {}, `No queue yet. A queue holds the cases of a judged benchmark run on which judges disagree, and a random share of the rest.${kind}`);
    }
    return h("ul.an-queues", {}, s.queues.map((queue) => row(queue, s)));
  }

  function row(queue, s) {
    const share = queue.needed ? queue.labels / queue.needed : 0;
    const kinds = { verdict: "answers to judge", question: "questions to check" };
    const open = (what) => () => {
      if (what.do === "next" && !s.sign_in && !an.me) {
        an.tell("Say first who you are.", "error");
        document.querySelector("#an-name").focus();
        return;
      }
      an.ask({ ...what, queue: queue.name });
    };
    const disputed = queue.disputed ? ` · ${queue.disputed} disputed` : "";
    return h("li.an-queue", {},
      h("div", {}, h("strong", {}, sage.foreign(queue.name)), h("span.an-quiet", {}, `${queue.cases} ${kinds[queue.kind]} · ${queue.labels} of ${queue.needed} labels${disputed}`),
        h("div.an-meter", { vars: { share }, "aria-hidden": "true" })),
      h("button.an-main", { onclick: open({ do: "next", role: "label" }), "aria-label": `Label ${queue.name}` }, "Label"),
      h("button.an-tool", { onclick: open({ do: "results" }), "aria-label": `Results of ${queue.name}` }, "Results"),
    );
  }

  // ---- a new queue

  function maker(s) {
    const field = (text, control, hint) => h("label.an-field", {}, h("span", {}, text), control, hint && h("small.an-quiet", {}, hint));
    const number = (value, min, max) => {
      const box = h("input", { type: "number", min, max, step: 1 });
      box.value = value;
      return box;
    };
    const runs = s.runs.filter((run) => run.judges.length);
    const run = h("select", {}, runs.map((r) => h("option", { value: r.name }, r.name)));
    const path = h("input", { type: "text", placeholder: "or the path of its folder", "aria-label": "Path of a run's folder" });
    const judges = h("div.an-checks", { role: "group", "aria-label": "Judges" });
    const share = number(10, 0, 100);
    const labels = number(1, 1, 20);
    const seed = number(0, 0, 1e9);
    const name = h("input", { type: "text", maxlength: 80, placeholder: "the run's name" });
    const show = () => {
      const found = runs.find((r) => r.name === run.value);
      const check = (judge) => h("label", {}, h("input", { type: "checkbox", value: judge, checked: true }), sage.foreign(judge));
      judges.replaceChildren(...(found ? found.judges.map(check) : [h("span.an-quiet", {}, "no judged run in the app's folder")]));
    };
    run.addEventListener("change", show);
    show();
    const make = () => {
      const chosen = [...judges.querySelectorAll("input:checked")].map((box) => box.value);
      const isPath = path.value.trim() !== "";
      an.ask({ do: "make", run: isPath ? path.value.trim() : run.value, judges: isPath ? [] : chosen, share: Number(share.value) / 100,
        labels: Number(labels.value), seed: Number(seed.value), name: name.value });
    };
    return h("details.an-maker", runs.length && !s.queues.length ? { open: true } : {},
      h("summary", {}, "New queue from a benchmark run"),
      h("div.an-form", {},
        field("Benchmark run", h("div.an-two", {}, run, path)),
        h("div.an-field", {}, h("span", {}, "Judges whose disagreement counts"), judges),
        field("Random share of all cases, %", share, "Cases on which judges disagree come besides. Agreement and unbiased numbers rest on this share."),
        field("Labels a case", labels, "Two or more, each by another person, are needed to measure agreement."),
        field("Seed", seed, "The same seed draws the same cases."),
        field("Name", name),
        h("button.an-main", { onclick: make }, "Make the queue"),
      ),
    );
  }
})();
