"""What a film of the miniature world looks like: a still picture for each `Look`.

Drawn from vectors at any size, so that a film for people may be larger than the 64 x 64 pixels that the tiny
model sees. Words are pictograms with the word below, names are patterns of blocks: readable for people, and
told apart by a model that cannot spell.
"""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from sage.mini.pictograms import PICTOGRAMS
from sage.mini.words import COLOURS, NAMES

if TYPE_CHECKING:
    import numpy as np
    from PIL.ImageDraw import ImageDraw

SIZE = 64
SMOOTH = 4
"""Pictures are drawn this much larger and scaled down."""
BACKDROPS = ((38, 43, 54), (58, 66, 74), (70, 62, 60), (46, 60, 64))
CARD, CARD_INK = (32, 42, 76), (250, 246, 230)
SIGN, SIGN_INK = (92, 34, 44), (244, 240, 236)
PANEL, PANEL_INK = (24, 66, 60), (214, 255, 240)
FLASH = (255, 250, 225)
SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}
_BARS = {
    "a": (20, 6, 44, 13),
    "b": (38, 6, 45, 32),
    "c": (38, 32, 45, 58),
    "d": (20, 51, 44, 58),
    "e": (19, 32, 26, 58),
    "f": (19, 6, 26, 32),
    "g": (20, 27, 44, 37),
}


class Look(NamedTuple):
    """What is on screen: a shape (long, or flashing in a bright frame), a card, a number or a sign."""

    kind: Literal["shape", "flash", "card", "number", "sign"]
    name: str
    """The shape, word, digit or name."""
    colour: str = ""
    """Of shapes only."""
    spot: int = 4
    """Where a shape lies, 0 to 8 by rows, and the backdrop; without meaning for any question."""

    @property
    def words(self) -> str:
        """The look in words: `red star`, `card sun`, `number 7`, `sign ada`."""
        return f"{self.colour or self.kind} {self.name}"


@lru_cache(maxsize=4096)
def draw(look: Look, size: int = SIZE) -> np.ndarray:
    """The picture as (size, size, 3) uint8; shared, so it cannot be written to."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageDraw  # noqa: PLC0415

    big = size * SMOOTH
    image = Image.new("RGB", (big, big), _backdrop(look))
    pen = Pen(ImageDraw.Draw(image), big / 64)
    if look.kind in ("shape", "flash"):
        _draw_shape(pen, look)
    elif look.kind == "card":
        pen.frame((2, 2, 62, 62), CARD_INK, 2)
        PICTOGRAMS[look.name](pen, CARD_INK, CARD)
        pen.text(look.name, CARD_INK)
    elif look.kind == "number":
        for bar in SEGMENTS[look.name]:
            pen.box(_BARS[bar], PANEL_INK)
    else:
        _draw_sign(pen, look.name)
    array = np.asarray(image.resize((size, size), Image.Resampling.BOX))
    array.setflags(write=False)
    return array


class Pen:
    """Draws in units of a 64th of the picture."""

    def __init__(self, ink: ImageDraw, scale: float) -> None:
        self._ink = ink
        self._scale = scale

    def polygon(self, points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        self._ink.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        self.oval((x - radius, y - radius, x + radius, y + radius), colour)

    def oval(self, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
        self._ink.ellipse([v * self._scale for v in box], fill=colour)

    def box(self, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
        left, top, right, bottom = (v * self._scale for v in box)
        self._ink.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def frame(
        self, box: tuple[float, float, float, float], colour: tuple[int, int, int], width: float
    ) -> None:
        left, top, right, bottom = (v * self._scale for v in box)
        thick = max(1, round(width * self._scale))
        self._ink.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=thick)

    def text(self, text: str, colour: tuple[int, int, int]) -> None:
        """A word along the bottom."""
        from PIL import ImageFont  # noqa: PLC0415

        font = ImageFont.load_default(11 * self._scale)
        self._ink.text((32 * self._scale, 60 * self._scale), text, colour, font, anchor="ms")


@lru_cache(maxsize=1)
def patterns() -> dict[str, tuple[int, ...]]:
    """For each name 4 x 4 blocks, 0 or 1 by rows; any two differ in at least six blocks."""
    random = Random(11)
    chosen: list[tuple[int, ...]] = []
    while len(chosen) < len(NAMES):
        bits = tuple(random.randint(0, 1) for _ in range(16))
        apart = all(sum(a != b for a, b in zip(bits, c, strict=True)) >= 6 for c in chosen)
        if apart and 6 <= sum(bits) <= 10:
            chosen.append(bits)
    return dict(zip(NAMES, chosen, strict=True))


def _backdrop(look: Look) -> tuple[int, int, int]:
    if look.kind in ("shape", "flash"):
        return BACKDROPS[look.spot % len(BACKDROPS)]
    return {"card": CARD, "sign": SIGN, "number": PANEL}[look.kind]


def _draw_shape(pen: Pen, look: Look) -> None:
    colour = COLOURS[look.colour]
    x, y = 32 + (look.spot % 3 - 1) * 7, 32 + (look.spot // 3 - 1) * 7
    if look.kind == "flash":
        pen.frame((0, 0, 64, 64), FLASH, 5)
        x, y = 32, 32
    if look.name == "circle":
        pen.disc(x, y, 18, colour)
    elif look.name == "ring":
        pen.disc(x, y, 20, colour)
        pen.disc(x, y, 10, _backdrop(look))
    elif look.name == "square":
        pen.box((x - 20, y - 20, x + 20, y + 20), colour)
    elif look.name == "cross":
        pen.box((x - 20, y - 6.5, x + 20, y + 6.5), colour)
        pen.box((x - 6.5, y - 20, x + 6.5, y + 20), colour)
    elif look.name == "triangle":
        pen.polygon([(x, y - 20), (x + 21, y + 17), (x - 21, y + 17)], colour)
    else:
        pen.polygon(_star(x, y), colour)


def _star(x: float, y: float) -> list[tuple[float, float]]:
    radii = (22.0, 9.0)
    return [
        (
            x + radii[i % 2] * math.sin(i * math.pi / 5),
            y - radii[i % 2] * math.cos(i * math.pi / 5),
        )
        for i in range(10)
    ]


def _draw_sign(pen: Pen, name: str) -> None:
    pen.frame((2, 2, 62, 62), SIGN_INK, 2)
    for index, bit in enumerate(patterns()[name]):
        if bit:
            left, top = 11 + index % 4 * 10.5, 5 + index // 4 * 10.5
            pen.box((left, top, left + 10.5, top + 10.5), SIGN_INK)
    pen.text(name, SIGN_INK)
