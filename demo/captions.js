// Captions over the player: the film's lines as a text track, off until somebody wants them.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const FILM = /\/sage\/film\/[0-9a-f]{32}$/;
  const state = { isOn: false, button: null };

  sage.bindCaptions = (button) => {
    state.button = button;
    button.onclick = sage.toggleCaptions;
    show();
  };

  sage.toggleCaptions = () => {
    state.isOn = !state.isOn;
    show();
  };

  document.addEventListener(
    "loadedmetadata",
    (event) => event.target.closest && event.target.closest("#player") && attach(event.target),
    true,
  );

  async function attach(video) {
    const film = video.currentSrc;
    tracks(video).forEach((track) => track.remove());
    show();
    if (!FILM.test(film)) return;
    const src = film.replace("/sage/film/", "/sage/captions/");
    const answer = await fetch(src).catch(() => null); // without captions the film plays as well
    const text = answer && answer.ok ? await answer.text() : "";
    if (video.currentSrc !== film || tracks(video).length || !text.includes("-->")) return;
    video.append(h("track.sg-words", { kind: "captions", label: "Captions", src }));
    show();
  }

  const tracks = (video) => [...video.querySelectorAll("track.sg-words")];

  function show() {
    const video = sage.video();
    const found = video ? tracks(video) : [];
    for (const { track } of found) track.mode = state.isOn ? "showing" : "disabled";
    if (!state.button) return;
    state.button.hidden = !found.length;
    state.button.setAttribute("aria-pressed", String(state.isOn));
  }
})();
