"""The kitchen of example 2: room, board, bowl, thermometer, mould."""

from __future__ import annotations

import math

from films.paint import Canvas

TIMER_S = 7.0
TOP = 262
"""Height of the table."""


def room() -> Canvas:
    c = Canvas("foam", "paper")
    for row in range(6):
        for k in range(11):
            x = 60 * k - (30 if row % 2 else 0)
            c.frame((x, 40 * row - 20, 60, 40), "mist", w=0.7)
    c.rect((0, 62, 640, 9), "bark")
    c.rect((0, 71, 640, 4), "cocoa", alpha=0.25)
    _jar(c, 54, "SEA SALT", "milk")
    _jar(c, 110, "COCOA", "bark")
    c.rect((170, 34, 36, 28), "sea", r=5)
    c.ring((208, 47), 8, "sea", w=3)
    for dx in (6, 18):
        c.line([(176 + dx, 34), (180 + dx, 10)], "bark", 2.5)
    c.rect((0, TOP, 640, 98), "sand")
    c.rect((0, TOP, 640, 8), "milk")
    return c


def _jar(c: Canvas, x: float, label: str, fill: str) -> None:
    c.rect((x, 18, 44, 44), "shoal", alpha=0.45, r=6)
    c.rect((x + 3, 30, 38, 30), fill, r=4)
    c.rect((x + 6, 12, 32, 8), "brick", r=2)
    c.rect((x + 2, 36, 40, 14), "paper", r=2)
    c.text((x + 22, 43), label, 7.5, "ink", face="heavy", anchor="mm")


def board(c: Canvas, *, seed_apart: bool) -> None:
    c.rect((70, 218, 330, 52), "bark", r=10)
    c.rect((70, 218, 330, 10), "sand", alpha=0.35, r=5)
    heap = [
        (k * 61.8 % 162, 24 - 16 * math.sin(math.pi * (k * 61.8 % 162) / 162) + k % 3 * 3)
        for k in range(26)
    ]
    for dx, dy in heap[: 17 if seed_apart else 26]:
        c.rect((110 + dx, 206 + dy * 0.6, 15, 13), "cocoa", r=2)
        c.rect((110 + dx, 206 + dy * 0.6, 15, 4), "bark", r=2)
    if seed_apart:
        c.rect((300, 196, 82, 12), "sea", r=6)
        for k in range(9):
            c.rect((306 + 8 * k, 186 - (k % 3) * 8, 13, 12), "cocoa", r=2)
        c.text((341, 162), "the seed", 15, "brick", face="italic", anchor="mm")
    c.poly([(236, 168), (352, 150), (354, 158), (250, 184)], "mist") if not seed_apart else None
    c.poly([(352, 147), (404, 138), (406, 152), (354, 161)], "cocoa") if not seed_apart else None
    c.rect((446, 236, 140, 40), "slate", r=8)
    c.rect((458, 224, 116, 12), "stone", r=4)
    c.rect((476, 246, 80, 22), "night", r=3)
    c.text((516, 257), "100 g" if seed_apart else "300 g", 15, "lamp", face="mono", anchor="mm")


def bowl(
    c: Canvas, *, heat: bool, melted: float, t: float, seeds: int = 0, calm: bool = False
) -> None:
    base = 214 if heat else 262
    if heat:
        c.rect((152, 222, 200, 66), "stone", r=10)
        c.rect((152, 222, 200, 10), "slate", r=5)
        c.rect((120, 234, 34, 10), "ink", r=4)
        c.rect((350, 234, 34, 10), "ink", r=4)
        for k in range(5):
            x = 170 + 40 * k
            points = [(x + 5 * math.sin(s * 0.8 + t * 2 + k), 216 - 7 * s) for s in range(8)]
            c.line(points, "milk", 3, 0.35 if calm else 0.6)
    c.poly([(132, base - 66), (372, base - 66), (316, base), (188, base)], "shoal")
    c.poly([(290, base - 66), (372, base - 66), (316, base), (280, base)], "sea", 0.4)
    c.disc((252, base - 66), 120, "foam", ry=22)
    c.disc((252, base - 64), 108, "cocoa", ry=18)
    lumps = round(16 * (1 - melted))
    for k in range(lumps):
        c.rect((170 + (k * 47) % 150, base - 80 + (k * 13) % 16, 17, 13), "bark", r=3)
    if melted >= 0.9:
        turn = t * 3
        c.disc(
            (252 + 40 * math.cos(turn), base - 65 + 5 * math.sin(turn)), 38, "bark", ry=7, alpha=0.4
        )
        x, y = 252 + 60 * math.cos(turn), base - 66 + 9 * math.sin(turn)
        c.line([(x, y), (x + 46, y - 104)], "bark", 6)
    for k in range(seeds):
        for j in range(3):
            c.rect((420 + 18 * j, 246 - 16 * k, 14, 13), "cocoa", r=2)


def thermometer(c: Canvas, degrees: float) -> None:
    c.rect((508, 96, 104, 152), "milk", r=12)
    c.frame((508, 96, 104, 152), "stone", w=1.6, r=12)
    c.rect((520, 108, 80, 34), "night", r=5)
    c.text((560, 125), f"{degrees:.1f}°C", 17, "lamp", face="mono", anchor="mm")
    c.rect((552, 152, 14, 74), "sand", r=7)
    level = max(0.0, min(1.0, (degrees - 15) / 40)) * 66
    c.rect((554, 224 - level, 10, level + 4), "brick", r=5)
    c.disc((559, 232), 10, "brick")
    for k in range(5):
        c.line([(570, 222 - 15 * k), (580, 222 - 15 * k)], "stone", 1)
        c.text((584, 222 - 15 * k), str(15 + 10 * k), 8, "slate", anchor="lm")


def spoon_test(c: Canvas, share: float) -> None:
    c.rect((110, 232, 250, 40), "milk", r=8)
    c.disc((170, 236), 46, "mist", ry=17)
    c.disc((170, 234), 40, "cocoa", ry=13)
    c.disc((156, 229), 4 + 12 * share, "rose", ry=2 + 2 * share, alpha=0.5 * share)
    c.line([(210, 236), (346, 224)], "stone", 7)
    c.disc((510, 168), 66, "brick")
    c.disc((510, 168), 55, "milk")
    left = round(300 * (1 - share))
    angle = -math.pi / 2 + 2 * math.pi * (left / 300)
    wedge = [(510 + 50 * math.cos(a), 168 + 50 * math.sin(a)) for a in _arc(-math.pi / 2, angle)]
    if left:
        c.poly([(510, 168), *wedge], "rose", 0.7)
    c.text((510, 168), f"{left // 60}:{left % 60:02d}", 24, "ink", face="mono", anchor="mm")


def _arc(a: float, b: float) -> list[float]:
    return [a + (b - a) * k / 48 for k in range(49)]


def mould(c: Canvas, *, filled: int, shake: float) -> None:
    y0 = 150 + 2.5 * shake
    c.poly([(136, y0), (444, y0), (484, y0 + 128), (96, y0 + 128)], "shoal")
    for k in range(12):
        row, col = k // 4, k % 4
        y = y0 + 10 + 40 * row
        left, step = 140 - 12 * row, 75 + 6 * row
        x = left + step * col + 4
        c.poly(
            [(x, y), (x + step - 12, y), (x + step - 9, y + 32), (x - 3, y + 32)],
            "cocoa" if k < filled else "sea",
        )
        if k < filled:
            c.poly(
                [(x + 5, y + 4), (x + step - 18, y + 4), (x + step - 24, y + 9), (x + 10, y + 9)],
                "bark",
                0.9,
            )
    if filled < 12:
        row, col = filled // 4, filled % 4
        x, y = 180 + 78 * col, y0 + 26 + 40 * row
        c.line([(x, 96), (x, y)], "cocoa", 7)
        c.poly([(x - 8, 78), (x + 96, 34), (x + 116, 74), (x + 4, 100)], "milk")
