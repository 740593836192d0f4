"""Example 3: forty seconds of a street with no word spoken; its captions tell the sounds."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from films.paint import Canvas
from films.reel import RATE, Beat, Cut, Line, Scene, Take
from films.sounds import bark, bell, fade, mix, noise, thunder, tone
from films.street_art import bicycle, bird, cafe_door, dog, houses, rain, sky, tram, walker

TITLE = "A corner of Lime Street"
LENGTH_S = 40.0
LINES = (
    Line(0.5, 4.0, "[birds sing, a quiet morning]"),
    Line(5.0, 7.5, "[a bicycle bell rings twice]"),
    Line(9.0, 12.0, "[the bell of a tram, coming from the left]"),
    Line(12.5, 17.5, "[the tram hums past]"),
    Line(19.0, 21.5, "[a dog barks three times]"),
    Line(23.5, 28.5, "[the door of Café Noether opens,\na piano is heard]"),
    Line(30.0, 33.5, "[thunder, far away]"),
    Line(34.0, 39.5, "[rain drums on the awnings]"),
)


def draw(beat: int, t: float) -> Image.Image:
    gloom = max(0.0, min(1.0, (t - 28) / 3))
    flash = 30.0 <= t < 30.25
    c = Canvas(*(("dusk", "mist") if gloom > 0.5 else ("mist", "paper")))
    sky(c, t, gloom)
    houses(c, lit=t >= 29)
    if 23.5 <= t < 29.5:
        cafe_door(c, t)
    for k in range(3):
        if t < 5:
            bird(
                c,
                (150 + 130 * k + 18 * t, 42 + 12 * k + 4 * math.sin(5 * t + k)),
                math.sin(9 * t + k),
            )
    if 10 <= t < 18:
        tram(c, -260 + (t - 10) * 128)
    if 4.5 <= t < 10.5:
        bicycle(c, 700 - (t - 4.5) * 130, t)
    if 17.5 <= t < 26:
        dog(
            c,
            330
            if 18.8 <= t < 21.6
            else (330 - (18.8 - t) * 160 if t < 18.8 else 330 + (t - 21.6) * 110),
            t,
        )
    if t >= 33:
        walker(c, 660 - (t - 33) * 58, t)
        rain(c, t)
    if flash:
        c.rect((0, 0, 640, 360), "glow", alpha=0.55)
    return c.done()


def sound() -> np.ndarray:
    melody = (392.0, 493.88, 587.33, 783.99, 659.25, 587.33, 493.88, 440.0, 493.88, 392.0)
    piano = [(24.0 + 0.42 * k, tone(p, 1.4), 0.7) for k, p in enumerate(melody)]
    chirps = [(0.6 + 0.37 * k, tone(2600 + 300 * (k % 3), 0.12), 0.35) for k in range(9)]
    hum = fade(noise(6.0, 60, 420, 4), 2.0, 2.2)
    parts = [
        (0.0, fade(noise(LENGTH_S, 80, 900, 2), 1, 1), 0.03),
        *chirps,
        (5.2, bell(1900, 0.7), 0.8),
        (6.0, bell(1900, 0.9), 0.8),
        (9.2, bell(980, 1.4), 0.9),
        (10.4, bell(980, 1.4), 0.7),
        (12.0, hum, 0.35),
        *[(19.2 + 0.7 * k, bark(), 1.0) for k in range(3)],
        *piano,
        (30.4, thunder(), 0.8),
        (33.4, fade(noise(6.6, 900, 7000, 6), 1.0, 0.6), 0.16),
    ]
    return mix(LENGTH_S, parts)


SCENES = (Scene("street", draw, (Beat(hold_s=LENGTH_S, moves=True),)),)


def make() -> Cut:
    track = sound()
    assert len(track) == LENGTH_S * RATE
    return Cut((Take(SCENES[0], 0, 0.0, LENGTH_S),), LINES, track)
