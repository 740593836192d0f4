// Glyphs of the decisions and controls, as SVG paths on a 16 by 16 grid: the same in every font.
(() => {
  "use strict";
  const sage = window.sage;
  const SPACE = "http://www.w3.org/2000/svg";
  const PATHS = {
    skip: "M2.5 4l5 4-5 4zM8.5 4l5 4-5 4z",
    transcribe: "M2 6.5v3M5 4v8M8 2.5v11M11 5v6M14 6.8v2.4",
    zoom: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4L14 14M7 5.2v3.6M5.2 7h3.6",
    search: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c-4.2 3.8-4.2 8.2 0 12M8 2c4.2 3.8 4.2 8.2 0 12",
    answer: "M2.5 8.5l3.6 3.7 7.4-8.4",
    frames: "M2 3.5h12v9H2zM6 3.5v9M10 3.5v9",
    play: "M4.5 3l8 5-8 5z",
    pause: "M5 3v10M11 3v10",
    plus: "M8 3v10M3 8h10",
    minus: "M3 8h10",
    fit: "M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3M5 8h6",
    target: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3",
    list: "M5.5 4H14M5.5 8H14M5.5 12H14M2 4h.6M2 8h.6M2 12h.6",
    keys: "M1.5 4h13v8h-13zM4 6.6h.6M7.7 6.6h.6M11.4 6.6h.6M5 9.6h6",
    link: "M6.5 9.5l3-3M7.2 4.6l1.6-1.6a2.9 2.9 0 0 1 4.2 4.2l-1.6 1.6M8.8 11.4l-1.6 1.6A2.9 2.9 0 0 1 3 8.8l1.6-1.6",
    back: "M6 3L2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H7",
    alert: "M8 2L1.5 13.5h13zM8 6.5v3.2M8 11.6v.4",
    out: "M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5L7.5 8.5",
  };
  const FILLED = new Set(["skip", "play"]);

  sage.icon = (name, size = 16) => {
    const svg = document.createElementNS(SPACE, "svg");
    const attributes = { viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true", class: "sg-icon" };
    Object.entries(attributes).forEach(([key, value]) => svg.setAttribute(key, value));
    const path = document.createElementNS(SPACE, "path");
    path.setAttribute("d", PATHS[name] || "M8 8h.01");
    if (FILLED.has(name)) path.setAttribute("class", "sg-filled");
    svg.append(path);
    return svg;
  };

  sage.DECISIONS = {
    skip: { name: "skip", did: "moved on without looking further" },
    transcribe: { name: "transcribe", did: "listened" },
    zoom: { name: "zoom", did: "looked closer" },
    search: { name: "search", did: "searched the web" },
    answer: { name: "answer", did: "answered" },
  };
  sage.decision = (key) => sage.DECISIONS[key] || { name: String(key), did: "" };
})();
