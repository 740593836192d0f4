// What one card is made of: a turn, and the parts that answer and turns share.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const LONG = 280;
  const SCROLLS = 800; // as much text as may get its own scroll bar, which the keyboard has to reach
  const FEW_THUMBS = 8;
  const FEW_SPANS = 6;

  // A text of any length: folded when long, with "more".
  sage.folded = (text, name) => {
    const body = sage.foreign(text, `div.${name}.sg-foreign`);
    const isLong = text.length > LONG || text.split("\n").length > 5;
    if (!isLong) return [body];
    body.classList.add("is-folded");
    const more = h("button.sg-more", { "aria-expanded": "false" }, "more");
    more.onclick = () => {
      const folded = body.classList.toggle("is-folded");
      more.textContent = folded ? "more" : "less";
      more.setAttribute("aria-expanded", String(!folded));
      if (folded) body.removeAttribute("tabindex");
      else body.tabIndex = 0;
    };
    return [body, more];
  };

  // Text in which a cited time such as [12:41] or [41:02–41:19] is a button to that moment.
  const CITED = /\[(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)(?:\s*[-–—]\s*[\d:.]+)?\]/g;
  sage.cited = (text, name) => {
    const body = sage.foreign("", `div.${name}.sg-foreign`);
    let at = 0;
    for (const match of text.matchAll(CITED)) {
      const t = Number(match[1] || 0) * 3600 + Number(match[2]) * 60 + Number(match[3]);
      if (t > sage.duration() + 1) continue;
      body.append(text.slice(at, match.index), citation(t, match[0]));
      at = match.index + match[0].length;
    }
    body.append(text.slice(at));
    if (text.length > SCROLLS) body.tabIndex = 0;
    return body;
  };

  function citation(t, written) {
    const name = `Go to ${sage.spoken(t)}`;
    const go = () => sage.focus({ t });
    return h("button.sg-time.cd-cite", { data: { t }, "aria-label": name, title: name, onclick: go }, written);
  }

  sage.webChip = (url, text, name = "a.sg-web") => {
    const address = sage.webAddress(url);
    if (!address) return h("span.sg-web.is-plain", { title: url }, sage.foreign(text || url));
    const props = { href: address.href, target: "_blank", rel: "noopener noreferrer", title: address.href };
    return h(name, props, sage.foreign(text || address.host), sage.icon("out", 12));
  };

  // ---- a turn

  // `isRepeated`: the answer stands above all cards already.
  sage.turnCard = (turn, isRepeated) => {
    const decision = sage.decision(turn.decision);
    const name = `Turn ${turn.i}, ${decision.name}: go there`;
    const title = h("strong", {}, `${turn.i} · ${decision.name}`);
    const go = h("button.cd-go", { "aria-label": name }, sage.icon(turn.decision), title);
    const cost = h("div.cd-cost", {}, sage.cost(turn));
    const head = h("div.cd-head", {}, go, sage.foreign(turn.headline, "div.cd-headline.sg-foreign"), cost);
    const card = h(
      `article.cd-turn.sg-${turn.decision}`,
      { data: { turn: turn.i }, "aria-label": `Turn ${turn.i}: ${decision.name}` },
      head,
      badges(turn),
      turn.why ? sage.folded(turn.why, "cd-why") : null,
      looked(turn),
      turn.fault ? h("div.cd-fault", {}, sage.icon("alert", 14), sage.foreign(turn.fault, "div.sg-foreign")) : null,
      isRepeated || turn.result === turn.fault || isShown(turn) ? null : result(turn),
      thumbs(turn),
      sources(turn),
      detail(turn),
      isShown(turn) ? aside("what it was told", turn.result) : null,
    );
    card.addEventListener("click", (event) => onCard(event, turn));
    card.addEventListener("pointerenter", () => sage.hover(turn.i));
    card.addEventListener("pointerleave", () => sage.hover(null));
    return card;
  };

  // The whole card is a target, but not its links and buttons, and not while text is being selected.
  function onCard(event, turn) {
    const inner = event.target.closest("button, a, summary, details");
    if (inner && !inner.classList.contains("cd-go")) return;
    if (!inner && String(getSelection())) return;
    sage.focusTurn(turn.i);
  }

  function badges(turn) {
    const badge = (text, title, kind = "") => h(`span.cd-badge${kind}`, { title }, text);
    const list = [];
    if (turn.attempts > 1) {
      const times = turn.attempts === 2 ? "once" : `${turn.attempts - 1} times`;
      list.push(badge(`retried ${times}`, "The reply was no valid action and was asked for again"));
    }
    if (turn.repaired) list.push(badge("JSON repaired", "The reply was almost JSON; it was mended before it was read"));
    if (turn.forced) list.push(badge("forced", "A limit was reached: only an answer was allowed", ".is-warning"));
    if (turn.fault) list.push(badge("fault", "The step did not work; the agent was told", ".is-warning"));
    for (const note of turn.notes) list.push(badge(sage.foreign(note), "Mended on the way"));
    return list.length ? h("div.cd-badges", {}, list) : null;
  }

  function looked(turn) {
    if (!turn.looked.length) return null;
    const all = turn.looked.map(([s, e]) => spanButton(turn, s, e, ""));
    const found = turn.spans.length ? turn.spans.map(([s, e, note]) => spanButton(turn, s, e, note)) : [];
    const isSame = found.length === all.length && turn.spans.every((s, k) => s[0] === turn.looked[k][0] && s[1] === turn.looked[k][1]);
    return h(
      "div.cd-looked",
      {},
      h("span.cd-label", {}, "looked at"),
      few(all, FEW_SPANS),
      found.length && !isSame && turn.decision === "zoom" ? [h("span.cd-label", {}, "found"), few(found, FEW_SPANS)] : null,
    );
  }

  function spanButton(turn, s, e, note) {
    const name = `Go to ${sage.spoken(s)}`;
    const go = () => sage.focus({ turn: turn.i, t: s });
    return h("button.sg-time", { "aria-label": name, title: note || name, onclick: go }, sage.range(s, e));
  }

  // The first `n` nodes, the rest behind a button.
  function few(nodes, n) {
    if (nodes.length <= n) return nodes;
    const rest = h("button.sg-more", {}, `${nodes.length - n} more`);
    rest.onclick = () => rest.replaceWith(...nodes.slice(n));
    return [...nodes.slice(0, n), rest];
  }

  function result(turn) {
    if (!turn.result) return null;
    return turn.decision === "answer" ? [sage.cited(turn.result, "cd-result")] : sage.folded(turn.result, "cd-result");
  }

  function thumbs(turn) {
    if (!turn.thumbs.length) return null;
    const nodes = turn.thumbs.map(({ t, url }) => {
      const image = h("img", { src: url, alt: "", loading: "lazy", decoding: "async" });
      const props = { "aria-label": `Frame at ${sage.spoken(t)}`, title: sage.clock(t, 1), onclick: () => sage.focus({ turn: turn.i, t }) };
      return h("button.cd-thumb", { ...props, data: { t } }, image, h("span", {}, sage.clock(t)));
    });
    return h("div.cd-thumbs", {}, few(nodes, FEW_THUMBS));
  }

  function sources(turn) {
    if (!turn.sources.length) return null;
    return h("div.cd-sources", {}, few(turn.sources.map(({ url, title }) => sage.webChip(url, title)), 5));
  }

  function detail(turn) {
    if (!turn.detail) return null;
    return aside("what it thought", turn.detail);
  }

  const aside = (name, text) => h("details.cd-detail", {}, h("summary", {}, name), sage.foreign(text, "div.sg-foreign"));

  // Of extracted pictures the text only lists the names.
  const isShown = (turn) => Boolean(turn.thumbs.length && turn.result && turn.tool === "extract-video-parts");
})();
