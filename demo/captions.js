// Captions over the player: the film's lines as a text track, off until somebody wants them.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const FILM = /\/sage\/film\/[0-9a-f]{32}$/;
  const state = { isOn: false, src: "", button: null };

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
    state.src = "";
    show();
    if (!FILM.test(film)) return;
    const src = film.replace("/sage/film/", "/sage/captions/");
    const answer = await fetch(src).catch(() => null); // without captions the film plays as well
    const text = answer && answer.ok ? await answer.text() : "";
    if (video.currentSrc !== film || !text.includes("-->")) return;
    state.src = src;
    show();
  }

  // A track that is there and off may be turned on by the browser, so it is there only while it is wanted.
  function show() {
    const video = sage.video();
    if (video) {
      const wanted = state.isOn ? state.src : "";
      const shown = [...video.querySelectorAll("track.sg-words")];
      shown.filter((track) => track.src !== wanted).forEach((track) => track.remove());
      if (wanted && !video.querySelector("track.sg-words")) {
        const track = h("track.sg-words", { kind: "captions", label: "Captions", src: wanted });
        video.append(track);
        track.track.mode = "showing";
      }
    }
    if (!state.button) return;
    state.button.hidden = !state.src;
    state.button.setAttribute("aria-pressed", String(state.isOn));
  }
})();
