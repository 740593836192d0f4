// Results of a queue: how far it is, how people agree, what they found, and a report card for each judge.
(() => {
  "use strict";
  const sage = window.sage;
  const an = window.sageAnnotate;
  const { h } = sage;

  an.drawers.results = (body, s) => {
    const r = s.results;
    body.replaceChildren(
      progress(r),
      h("div.an-cols", {}, agreement("Agreement of people", r.agreement, "On the random sample: this speaks for all cases."),
        agreement("On hard cases", r.hard, "Cases on which judges disagree. Lower by construction; not for comparing with other work.", r.queue.kind === "question")),
      found(s, r),
      ...(r.judges.length ? [judges(s, r)] : []),
      people(r),
      guideline(s),
    );
  };

  const num = (v, digits = 3) => (v === null || v === undefined ? "—" : v.toFixed(digits));
  const pct = (v) => (v === null || v === undefined ? "—" : `${(100 * v).toFixed(1)} %`);
  const range = (m, show) => (m.low === null || m.value === null ? "" : `${show(m.low)} to ${show(m.high)}`);
  const section = (title, ...inner) => h("section.an-part", {}, h("h3", {}, title), inner);
  const table = (heads, rows, caption) =>
    h("div.an-scroll", { tabindex: 0, role: "region", "aria-label": caption },
      h("table.an-table", {}, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, rows)));
  const row = (name, ...cells) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell)));

  function progress(r) {
    const p = r.progress;
    const parts = [
      [p.cases, "cases"],
      [`${p.labels} / ${p.labels_needed}`, "labels"],
      [r.sources.unanimous + r.sources.single, r.queue.policy.labels > 1 ? "agreed" : "decided"],
      [p.disputed, "disputed"],
      [p.settled, "settled"],
      [r.unsure, "nobody can tell"],
    ];
    return h("section.an-part.an-sums", {}, parts.map(([n, text]) => h("div", {}, h("strong", {}, String(n)), h("span", {}, text))));
  }

  const NAMES = { raw: "Raw agreement", Fleiss: "Fleiss’ κ", Krippendorff: "Krippendorff’s α", AC1: "Gwet’s AC1" };

  function agreement(title, a, about, isHidden = false) {
    if (isHidden) return null;
    const line = (m, name) =>
      m.value === null
        ? h("tr", {}, h("th", { scope: "row" }, name), h("td.an-why", { colspan: 3 }, m.why))
        : row(name, h("span", { data: { measure: m.name, value: String(m.value) } }, num(m.value)), range(m, num), String(m.n));
    const rows = [...a.measures.map((m) => line(m, NAMES[m.name])), ...a.pairs.map((m) => line(m, h("span", {}, "Cohen’s κ ", sage.foreign(m.name))))];
    return section(title,
      h("p.an-quiet", {}, about),
      a.n
        ? [h("p.an-quiet", {}, `${sage.plural(a.n, "case")} with two labels or more, ${sage.plural(a.labels, "label")}, ${a.raters} people.`),
          a.warning && h("p.an-warn", {}, sage.icon("alert", 14), " ", a.warning),
          table(["", "value", "95 % interval", "cases"], rows, title)]
        : h("p.an-why", {}, an.state.queue.labels > 1 ? a.measures[0].why : "This queue asks for one label a case, so people cannot be compared. Make a queue with two labels a case."));
  }

  function found(s, r) {
    const tone = Object.fromEntries(s.queue.choices.map((c) => [c.value, c.tone]));
    const bar = (m) => h("div.an-share", {}, h(`i.is-${tone[m.name]}`, { vars: { share: m.value || 0 } }));
    const rows = r.found.map((m) => row(r.names[m.name], m.value === null ? h("span.an-why", {}, m.why) : pct(m.value), range(m, pct), String(m.n), bar(m)));
    const whole = Object.values(r.queue.sizes).reduce((a, b) => a + b, 0);
    const note = [
      `Weighted back to all ${whole} cases of the source.`,
      r.queue.left_out ? `${r.queue.left_out} questions without an answer are left out.` : "",
      r.unblind ? `${sage.plural(r.unblind, "label")} given after the judges were seen (undone and given again) ${r.unblind === 1 ? "is" : "are"} in no agreement.` : "",
      r.progress.disputed ? `${sage.plural(r.progress.disputed, "disputed case")} count nowhere until settled.` : "",
    ];
    return section("What people found", h("p.an-quiet", {}, note.filter(Boolean).join(" ")), table(["", "share", "95 % interval", "cases", ""], rows, "What people found"));
  }

  function judges(s, r) {
    const partly = h("select", { "aria-label": "What “partly” counts as" },
      ["wrong", "right"].map((v) => h("option", { value: v, selected: v === s.partly }, `“partly” counts as ${v}`)));
    partly.addEventListener("change", () => an.ask({ do: "results", partly: partly.value }));
    const cell = (m, show = pct) => h("span", { title: m.why || "" }, show(m.value), h("small", {}, range(m, show)));
    const rows = r.judges.map((j) =>
      row(sage.foreign(j.judge), cell(j.accuracy), cell(j.precision), cell(j.recall), cell(j.specificity), cell(j.kappa, num),
        h("span", {}, signed(j.leniency)), h("span", { title: j.length.why || "" }, signed(j.length.value), h("small", {}, range(j.length, signed))), String(j.n)));
    const heads = ["judge", "same as people", "precision", "recall", "finds wrong ones", "κ (random)", "leniency", "length bias", "cases"];
    return section("Judges against people",
      h("p.an-quiet", {}, "Shares stand for all cases: a case on which judges agree was drawn seldom and counts for more. Precision: of what the judge calls right, how much is. Leniency above 0: too kind. Length bias above 0: kinder to longer answers."),
      h("div.an-tools", {}, partly, s.is_owner && s.results.queue.source && h("button.an-tool", { onclick: () => an.ask({ do: "truth", partly: s.partly }) }, "Write into the run as judge “human”")),
      r.judges.some((j) => j.warning) && h("p.an-warn", {}, sage.icon("alert", 14), " ", r.judges.find((j) => j.warning).warning),
      table(heads, rows, "Judges against people"),
      h("div.an-cards", {}, r.judges.map(judgeCard)),
    );
  }

  const signed = (v) => (v === null || v === undefined ? "—" : `${v > 0 ? "+" : v < 0 ? "−" : ""}${(100 * Math.abs(v)).toFixed(1)} %`);

  function judgeCard(j) {
    const cells = ["right", "wrong"].map((human) =>
      h("tr", {}, h("th", { scope: "row" }, `people: ${human}`),
        ["right", "wrong", "unjudged"].map((said) => h(`td${human === said ? ".is-same" : ""}`, {}, String(j.counts[human][said])))));
    const bars = [...j.by_bucket, ...j.by_guideline].map((m) =>
      h("tr", {}, h("th", { scope: "row" }, m.name.startsWith("guideline") ? m.name : `${m.name} s`), h("td", {}, pct(m.value)),
        h("td", {}, h("div.an-interval", { vars: { low: m.low || 0, high: m.high || 0, at: m.value || 0 } }, h("i"), h("b"))), h("td", {}, `n ${m.n}`)));
    return h("details.an-judgecard", {}, h("summary", {}, sage.foreign(j.judge)),
      h("table.an-table", {}, h("caption", {}, "Cases as they were seen"), h("thead", {}, h("tr", {}, h("td"), ["right", "wrong", "unjudged"].map((v) => h("th", { scope: "col" }, `judge: ${v}`)))), h("tbody", {}, cells)),
      h("table.an-table", {}, h("caption", {}, "Same as people, by length of the film"), h("tbody", {}, bars)),
    );
  }

  function people(r) {
    const rows = r.people.map((p) => row(sage.foreign(p.name), String(p.labels), `${p.median_s.toFixed(1)} s`, String(p.fast), String(p.unsure), String(p.notes)));
    return section("Annotators", rows.length ? table(["", "labels", "median time", "under 2 s", "cannot tell", "notes"], rows, "Annotators") : h("p.an-quiet", {}, "Nobody has labelled anything yet."));
  }

  function guideline(s) {
    const g = s.queue.guideline;
    if (!s.is_owner) return section(`Guidelines, version ${g.version}`, an.prose(g.text));
    const box = h("textarea", { rows: 8, "aria-label": "Text of the guidelines" });
    box.value = g.text;
    return h("details.an-part", {}, h("summary", {}, `Guidelines, version ${g.version}`), h("div.an-form", {}, box,
      h("p.an-quiet", {}, "Every label keeps the version it was given under."),
      h("button.an-tool", { onclick: () => an.ask({ do: "guideline", text: box.value, partly: s.partly }) }, "Keep as a new version")));
  }
})();
