// The stretch of the film that the timeline shows, and what fits into it. Times in seconds, widths in pixels.
(() => {
  "use strict";
  const sage = window.sage;
  const LEAST_S = 2;
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

  sage.makeScale = (changed) => {
    const scale = { from: 0, to: 1, duration: 1, width: 600 };

    const set = (from, to) => {
      const length = Math.min(Math.max(to - from, Math.min(LEAST_S, scale.duration)), scale.duration);
      const start = Math.min(Math.max(0, from), scale.duration - length);
      if (start === scale.from && start + length === scale.to) return;
      scale.from = start;
      scale.to = start + length;
      changed();
    };

    // A new film starts fitted; a longer reading of the same film keeps what is looked at.
    scale.reset = (duration) => {
      scale.duration = duration;
      scale.from = 0;
      scale.to = duration;
      changed();
    };
    scale.length = () => scale.to - scale.from;
    scale.isZoomed = () => scale.length() < scale.duration - 1e-6;
    scale.x = (t) => ((t - scale.from) / scale.length()) * scale.width;
    scale.t = (x) => Math.min(Math.max(0, scale.from + (x / scale.width) * scale.length()), scale.duration);
    scale.has = (t) => t >= scale.from && t <= scale.to;
    scale.fit = () => set(0, scale.duration);
    scale.pan = (by) => set(scale.from + by, scale.to + by);
    scale.zoom = (factor, around) => {
      const length = Math.min(Math.max(scale.length() / factor, LEAST_S), scale.duration);
      const share = (around - scale.from) / scale.length();
      set(around - share * length, around + (1 - share) * length);
    };
    scale.show = (start, end) => {
      const pad = Math.max((end - start) * 0.15, 1);
      set(start - pad, end + pad);
    };
    scale.bring = (t) => {
      if (!scale.has(t)) set(t - scale.length() / 2, t + scale.length() / 2);
    };
    scale.follow = (t) => {
      if (!scale.has(t)) set(t - scale.length() * 0.05, t + scale.length() * 0.95);
    };

    // Ticks at least `apart` pixels from each other: {t, text}.
    scale.ticks = (apart) => {
      const least = (apart / scale.width) * scale.length();
      const step = STEPS.find((s) => s >= least) || Math.ceil(least / 3600) * 3600;
      const ticks = [];
      for (let i = Math.ceil(scale.from / step - 1e-9); i * step <= scale.to + 1e-9; i += 1) {
        ticks.push({ t: i * step, text: sage.clock(i * step, step < 1 ? 1 : 0) });
      }
      return ticks;
    };

    // Which of the sorted pictures to draw, `apart` pixels from each other: the first of each cell of a
    // grid that is fixed in the film, so that panning does not change the choice.
    scale.thin = (pictures, apart) => {
      const cell = 2 ** (Math.ceil(2 * Math.log2((apart / scale.width) * scale.length())) / 2);
      const chosen = [];
      let last = null;
      for (const picture of pictures) {
        const at = Math.floor(picture.t / cell);
        if (at === last) continue;
        last = at;
        const x = scale.x(picture.t);
        if (x > -apart && x < scale.width + apart) chosen.push(picture);
      }
      return chosen.filter((p, i) => i === 0 || scale.x(p.t) - scale.x(chosen[i - 1].t) >= apart * 0.5);
    };
    return scale;
  };
})();
