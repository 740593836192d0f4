// The timeline as a table: for screen readers, for fingers, and for whoever likes tables.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;

  sage.makeList = () => {
    const body = h("tbody");
    const heads = ["Turn", "What", "Stretch", "Found"].map((text) => h("th", { scope: "col" }, text));
    const table = h("table", {}, h("caption", {}, "All stretches, by turn"), h("thead", {}, h("tr", {}, heads)), body);
    const node = h("div.tl-list", { hidden: true, role: "region", "aria-label": "List of all stretches", tabindex: 0 }, table);
    return {
      node,
      draw: () => node.hidden || body.replaceChildren(...rows()),
      light: () => {
        for (const row of body.children) row.classList.toggle("is-lit", sage.isTurnLit(Number(row.dataset.turn)));
      },
    };
  };

  function rows() {
    const view = sage.shown();
    if (!view) return [];
    const turns = view.turns.flatMap((turn) => turnRows(turn));
    const cited = view.evidence.map((e) => {
      const at = e.start_s === null ? e.url : place(e.start_s, e.end_s, { turn: e.turn || null, n: e.n });
      return row(e.turn, "answer", [`evidence ${e.n}`], at, e.note);
    });
    const skips = view.skipped.map(([s, e]) => row("", "skip", ["not looked at further"], place(s, e, {}), ""));
    return [...turns, ...cited, ...skips];
  }

  function turnRows(turn) {
    const what = [sage.decision(turn.decision).name];
    const text = turn.result || turn.headline;
    const found = text.length > 160 ? `${text.slice(0, 160)}…` : text;
    if (!turn.looked.length) return [row(turn.i, turn.decision, what, "—", found)];
    return turn.looked.map(([s, e]) => row(turn.i, turn.decision, what, place(s, e, { turn: turn.i }), found));
  }

  function place(s, e, focus) {
    const name = `Go to ${sage.spoken(s)}`;
    const go = () => sage.focus({ t: s, ...focus });
    return h("button.sg-time", { "aria-label": name, onclick: go }, sage.range(s, e === null ? s : e));
  }

  function row(turn, kind, what, where, found) {
    const glyph = h(`span.sg-glyph.sg-${kind}`, {}, sage.icon(kind, 14));
    const cells = [h("td", {}, String(turn)), h("td", {}, glyph, " ", what), h("td", {}, where), h("td", {}, sage.foreign(found || ""))];
    const node = h("tr", { data: { turn } }, cells);
    node.classList.toggle("is-lit", sage.isTurnLit(turn));
    return node;
  }
})();
