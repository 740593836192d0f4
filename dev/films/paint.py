"""A canvas and a palette for the example films.

Everything is drawn at three times the size in units of a 640x360 screen and scaled down once, so edges
and letters come out smooth. Colours are named; films use no others, which keeps them looking related.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT, SCALE = 640, 360, 3
FONTS = {
    "serif": "/usr/share/fonts/opentype/ebgaramond/EBGaramond12-Regular.otf",
    "italic": "/usr/share/fonts/opentype/ebgaramond/EBGaramond12-Italic.otf",
    "bold": "/usr/share/fonts/opentype/ebgaramond/EBGaramond12-Bold.otf",
    "sans": "/usr/share/fonts/truetype/lato/Lato-Medium.ttf",
    "heavy": "/usr/share/fonts/truetype/lato/Lato-Bold.ttf",
    "math": "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
    "mono": "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
}
PALETTE = {
    "night": (14, 26, 46),
    "deep": (24, 48, 80),
    "dusk": (58, 84, 122),
    "sea": (31, 84, 104),
    "shoal": (66, 130, 142),
    "foam": (214, 234, 232),
    "mist": (160, 188, 200),
    "lamp": (255, 205, 112),
    "glow": (255, 236, 184),
    "brick": (196, 78, 58),
    "rose": (226, 128, 104),
    "leaf": (86, 140, 104),
    "paper": (247, 240, 225),
    "sand": (229, 214, 186),
    "bark": (122, 86, 62),
    "cocoa": (74, 44, 32),
    "milk": (252, 249, 241),
    "stone": (108, 118, 130),
    "slate": (66, 78, 94),
    "ink": (33, 43, 56),
}
Point = tuple[float, float]


@lru_cache(maxsize=128)
def font(name: str, size: float) -> ImageFont.FreeTypeFont:
    path = FONTS[name]
    if not Path(path).exists():
        raise SystemExit(f"{path} is missing: apt-get install fonts-lato fonts-ebgaramond")
    return ImageFont.truetype(path, round(size * SCALE))


def paint(name: str, alpha: float = 1.0) -> tuple[int, int, int, int]:
    return (*PALETTE[name], round(255 * alpha))


def blend(a: str, b: str, share: float) -> tuple[int, int, int]:
    pairs = zip(PALETTE[a], PALETTE[b], strict=True)
    red, green, blue = (round(x + (y - x) * share) for x, y in pairs)
    return red, green, blue


@lru_cache(maxsize=64)
def wash(top: str, bottom: str) -> Image.Image:
    """A full screen of a vertical gradient."""
    strip = Image.new("RGB", (1, 256))
    for y in range(256):
        strip.putpixel((0, y), blend(top, bottom, y / 255))
    return strip.resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.BICUBIC)


@lru_cache(maxsize=64)
def halo(radius: int, color: str, strength: float) -> Image.Image:
    """A soft round light with transparent edges."""
    size = radius * 2
    mask = Image.new("L", (64, 64), 0)
    for y in range(64):
        for x in range(64):
            far = math.hypot(x - 31.5, y - 31.5) / 31.5
            mask.putpixel((x, y), round(255 * strength * max(0.0, 1 - far) ** 2))
    light = Image.new("RGBA", (size, size), paint(color))
    light.putalpha(mask.resize((size, size), Image.Resampling.BICUBIC))
    return light


class Canvas:
    """Draws in units of the 640x360 screen."""

    def __init__(self, top: str = "paper", bottom: str | None = None) -> None:
        self.image = wash(top, bottom or top).copy()
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def done(self) -> Image.Image:
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)

    def poly(self, points: Sequence[Point], color: str, alpha: float = 1.0) -> None:
        self.draw.polygon([_up(p) for p in points], fill=paint(color, alpha))

    def rect(
        self, box: tuple[float, float, float, float], color: str, *, alpha: float = 1, r: float = 0
    ) -> None:
        x, y, w, h = box
        corners = [*_up((x, y)), *_up((x + w, y + h))]
        self.draw.rounded_rectangle(corners, radius=r * SCALE, fill=paint(color, alpha))

    def frame(
        self, box: tuple[float, float, float, float], color: str, *, w: float = 1.5, r: float = 0
    ) -> None:
        x, y, width, height = box
        corners = [*_up((x, y)), *_up((x + width, y + height))]
        self.draw.rounded_rectangle(
            corners, radius=r * SCALE, outline=paint(color), width=round(w * SCALE)
        )

    def disc(
        self, center: Point, r: float, color: str, *, ry: float = 0, alpha: float = 1.0
    ) -> None:
        x, y = center
        box = [*_up((x - r, y - (ry or r))), *_up((x + r, y + (ry or r)))]
        self.draw.ellipse(box, fill=paint(color, alpha))

    def ring(self, center: Point, r: float, color: str, *, w: float = 1.5, ry: float = 0) -> None:
        x, y = center
        box = [*_up((x - r, y - (ry or r))), *_up((x + r, y + (ry or r)))]
        self.draw.ellipse(box, outline=paint(color), width=round(w * SCALE))

    def line(self, points: Sequence[Point], color: str, w: float = 1.5, alpha: float = 1.0) -> None:
        self.draw.line(
            [_up(p) for p in points],
            fill=paint(color, alpha),
            width=round(w * SCALE),
            joint="curve",
        )

    def arrow(self, a: Point, b: Point, color: str, w: float = 1.8) -> None:
        self.line([a, b], color, w)
        turn = math.atan2(b[1] - a[1], b[0] - a[0])
        wings = [
            (b[0] - 8 * math.cos(turn + s), b[1] - 8 * math.sin(turn + s)) for s in (0.4, -0.4)
        ]
        self.poly([b, *wings], color)

    def glow(self, center: Point, r: float, color: str = "glow", strength: float = 0.8) -> None:
        light = halo(round(r * SCALE), color, strength)
        x, y = _up((center[0] - r, center[1] - r))
        self.image.paste(light, (round(x), round(y)), light)

    def text(
        self,
        at: Point,
        words: str,
        size: float = 16,
        color: str = "ink",
        *,
        face: str = "sans",
        anchor: str = "la",
    ) -> None:
        self.draw.multiline_text(
            _up(at),
            words,
            font=font(face, size),
            fill=paint(color),
            anchor=anchor,
            spacing=size * 0.36 * SCALE,
            align="center" if anchor[0] == "m" else "left",
            features=["lnum"],
        )

    def soften(self, radius: float) -> None:
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * SCALE))
        self.draw = ImageDraw.Draw(self.image, "RGBA")


def _up(p: Point) -> tuple[float, float]:
    return (p[0] * SCALE, p[1] * SCALE)


def slide(title: str, kicker: str = "") -> Canvas:
    """A sheet of paper with a heading, for diagrams."""
    c = Canvas("paper")
    if kicker:
        c.text((40, 17), kicker.upper(), 9.5, "brick", face="heavy")
    c.text((39, 33), title, 27, "ink", face="serif")
    c.line([(40, 74), (600, 74)], "sand", 1.5)
    return c


def stars(c: Canvas, seed: int, n: int = 60, below: float = 190) -> None:
    dice = random.Random(seed)
    for _ in range(n):
        x, y = dice.uniform(0, WIDTH), dice.uniform(0, below)
        c.disc((x, y), dice.choice((0.6, 0.8, 1.1)), "glow", alpha=dice.uniform(0.3, 0.9))


def waves(c: Canvas, top: float, *, t: float = 0.0, tone: str = "sea", dark: str = "night") -> None:
    """Sea from `top` down to the bottom edge, in bands that darken towards the viewer."""
    bands = 6
    for i in range(bands):
        y = top + (HEIGHT - top) * (i / bands) ** 1.25
        lift = 1.2 + i * 0.9
        crest = [
            (x, y + lift * math.sin(x / (26 + 9 * i) + i * 1.9 + t * (0.7 + 0.1 * i)))
            for x in range(0, WIDTH + 8, 8)
        ]
        red = blend(tone, dark, i / (bands - 0.2))
        shape = [_up(p) for p in [(0, HEIGHT), *crest, (WIDTH, HEIGHT)]]
        c.draw.polygon(shape, fill=(*red, 255))


def rocks(c: Canvas, center: Point, width: float, height: float, *, color: str = "slate") -> None:
    x, y = center
    shape = [(-0.5, 0), (-0.42, -0.35), (-0.3, -0.5), (-0.2, -0.82), (-0.02, -1), (0.16, -0.9)]
    shape += [(0.26, -0.6), (0.38, -0.45), (0.46, -0.2), (0.5, 0)]
    c.poly([(x + width * a, y + height * b) for a, b in shape], color)
    facet = [
        (-0.02, -1),
        (0.16, -0.9),
        (0.26, -0.6),
        (0.38, -0.45),
        (0.46, -0.2),
        (0.5, 0),
        (0.1, 0),
    ]
    c.poly([(x + width * a, y + height * b) for a, b in facet], "ink", 0.28)


def tower(
    c: Canvas, foot: Point, height: float, *, bands: int = 3, lit: bool = True, body: str = "milk"
) -> Point:
    """A banded lighthouse; returns the middle of its lamp."""
    x, y = foot
    low, high = height * 0.115, height * 0.07
    top = y - height * 0.78
    rows = bands * 2 + 1
    for i in range(rows):
        a, b = y - (y - top) * i / rows, y - (y - top) * (i + 1) / rows
        wa, wb = low + (high - low) * i / rows, low + (high - low) * (i + 1) / rows
        tone = body if i % 2 == 0 else "brick"
        c.poly([(x - wa, a), (x + wa, a), (x + wb, b), (x - wb, b)], tone)
        c.poly([(x + wa * 0.25, a), (x + wa, a), (x + wb, b), (x + wb * 0.25, b)], "ink", 0.2)
    for i in range(2):
        level = y - (y - top) * (0.3 + 0.34 * i)
        c.rect((x - height * 0.012, level, height * 0.022, height * 0.05), "ink", r=1)
    c.rect((x - high * 1.45, top - height * 0.03, high * 2.9, height * 0.03), "slate", r=1)
    lamp = (x, top - height * 0.095)
    c.rect((x - high * 0.85, top - height * 0.16, high * 1.7, height * 0.13), "slate")
    c.rect(
        (x - high * 0.68, top - height * 0.15, high * 1.36, height * 0.115),
        "lamp" if lit else "mist",
    )
    c.line([(x, top - height * 0.16), (x, top - height * 0.03)], "slate", 0.8)
    c.poly(
        [
            (x - high * 1.1, top - height * 0.16),
            (x, top - height * 0.25),
            (x + high * 1.1, top - height * 0.16),
        ],
        "brick",
    )
    c.disc((x, top - height * 0.25), height * 0.012, "slate")
    return lamp


def beam(
    c: Canvas, lamp: Point, angle: float, *, reach: float = 560, spread: float = 0.075
) -> None:
    """A cone of light from the lamp, `angle` in radians, 0 to the right."""
    x, y = lamp
    for share, alpha in ((1.0, 0.10), (0.66, 0.13), (0.33, 0.18)):
        ends = [angle - spread * share, angle + spread * share]
        c.poly(
            [lamp] + [(x + reach * math.cos(a), y + reach * math.sin(a)) for a in ends],
            "glow",
            alpha,
        )


def boat(c: Canvas, at: Point, size: float, *, sail: str = "brick", hull: str = "cocoa") -> None:
    x, y = at
    c.line([(x, y), (x, y - size * 1.15)], "bark", 1.6)
    c.poly(
        [(x + 2, y - size * 1.1), (x + 2, y - size * 0.14), (x + size * 0.72, y - size * 0.14)],
        sail,
    )
    c.poly(
        [(x - 2, y - size * 0.95), (x - 2, y - size * 0.14), (x - size * 0.42, y - size * 0.14)],
        "milk",
    )
    c.poly(
        [
            (x - size * 0.62, y - size * 0.08),
            (x + size * 0.78, y - size * 0.08),
            (x + size * 0.52, y + size * 0.2),
            (x - size * 0.46, y + size * 0.2),
        ],
        hull,
    )
