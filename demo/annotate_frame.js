// Inside the evidence frame: shows what the page hands in, follows its theme, tells it its height, and passes keys on.
(() => {
  "use strict";
  const sage = window.sage;
  const { h } = sage;
  const player = document.querySelector("#player");
  // Whoever made the frame may answer for it; else it is the Annotation tab's.
  const owner = () => (frameElement && frameElement.sageOwner) || parent.sageAnnotate;
  const NAMES = [
    "body-text-color", "body-text-color-subdued", "border-color-primary", "background-fill-primary", "background-fill-secondary",
    "block-background-fill", "block-radius", "radius-md", "color-accent", "link-text-color",
  ];

  // The components take their value from Gradio; here the page is their server.
  const props = { value: "" };
  for (const kind of ["timeline", "cards"]) sage.mount(kind, document.querySelector(`#${kind} > div`), props, () => {});

  function dress() {
    const outer = parent.document;
    const from = getComputedStyle(outer.querySelector(".gradio-container") || outer.body);
    for (const name of NAMES) document.documentElement.style.setProperty(`--${name}`, from.getPropertyValue(`--${name}`));
    document.documentElement.classList.toggle("dark", outer.body.classList.contains("dark"));
  }

  window.showCase = ({ film, view, about }) => {
    dress();
    player.replaceChildren();
    if (film) {
      const video = h("video", { controls: true, preload: "metadata", playsinline: true, "aria-label": "Film" });
      video.src = film;
      video.onerror = () => player.replaceChildren(h("p", {}, "This browser cannot play the film. What was looked at is below."));
      player.append(video);
    } else player.append(h("p", {}, about));
    sage.setView(view);
    document.body.classList.toggle("is-bare", !sage.state.view || !sage.state.view.turns.length);
  };
  window.seekTo = (t) => sage.seek(t);
  window.dress = dress;

  const keys = { " ": () => sage.toggle(), j: () => sage.step(-1), k: () => sage.step(1), c: () => sage.toggleCaptions() };
  const by = (s) => () => sage.seek(sage.state.time + s);
  Object.assign(keys, { ArrowLeft: by(-5), ArrowRight: by(5), Backspace: () => sage.back() });
  // Keys that the page heard and that are the film's; true when it was one.
  window.filmKey = (key) => {
    if (!keys[key]) return false;
    keys[key]();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || sage.isTyping(event.target)) return;
    if (owner() && owner().key(event.key)) event.preventDefault();
  });

  new ResizeObserver(() => {
    if (frameElement) frameElement.style.height = `${Math.ceil(document.querySelector("main").getBoundingClientRect().height) + 4}px`;
  }).observe(document.querySelector("main"));
  dress();
  if (owner()) owner().frameReady(window);
})();
