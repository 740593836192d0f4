"""The drawings of example 3: houses with signs, a tram, a bicycle, a dog, weather."""

from __future__ import annotations

import math

from films.paint import Canvas, Point

ROAD = 292


def sky(c: Canvas, t: float, gloom: float) -> None:
    if gloom < 1:
        c.glow((90, 60), 80, "lamp", 0.7 * (1 - gloom))
        c.disc((90, 60), 22, "lamp", alpha=1 - gloom)
    for k in range(3):
        x = (80 + 230 * k + 3 * t) % 760 - 60
        tone = "slate" if gloom > 0.5 else "milk"
        for dx, r in ((0, 22), (24, 30), (54, 22)):
            c.disc((x + dx, 46 + 14 * (k % 2)), r, tone, ry=r * 0.55, alpha=0.8)


def houses(c: Canvas, *, lit: bool) -> None:
    c.rect((0, ROAD - 24, 640, 24), "sand")
    c.rect((0, ROAD - 4, 640, 4), "stone")
    c.rect((0, ROAD, 640, 68), "slate")
    for k in range(9):
        c.rect((80 * k - 20, ROAD + 46, 40, 4), "sand", alpha=0.6)
    c.line([(0, ROAD + 16), (640, ROAD + 16)], "ink", 2)
    c.line([(0, ROAD + 26), (640, ROAD + 26)], "ink", 2)
    _house(c, 14, 196, "rose", "Ada's Bakery", "lamp", lit=(True, lit, False))
    _house(c, 218, 196, "leaf", "Humboldt Books", "paper", lit=(lit, False, lit))
    _house(c, 422, 204, "shoal", "Café Noether", "paper", lit=(False, lit, lit))
    _loaves(c)
    _books(c)
    _tables(c)


def _house(
    c: Canvas, x: float, w: float, wall: str, sign: str, ink: str, *, lit: tuple[bool, bool, bool]
) -> None:
    foot = ROAD - 24
    c.rect((x, 92, w, foot - 92), wall)
    c.rect((x + w - 16, 92, 16, foot - 92), "ink", alpha=0.14)
    c.poly([(x - 6, 94), (x + w * 0.18, 58), (x + w * 0.82, 58), (x + w + 6, 94)], "brick")
    c.poly([(x + w * 0.5, 58), (x + w * 0.82, 58), (x + w + 6, 94), (x + w * 0.5, 94)], "ink", 0.16)
    for k in range(3):
        wx = x + 22 + (w - 44 - 34) / 2 * k
        c.rect((wx - 3, 107, 40, 46), "milk", r=2)
        c.rect((wx, 110, 34, 40), "lamp" if lit[k] else "dusk", r=1)
        c.line([(wx + 17, 110), (wx + 17, 150)], "milk", 2)
        c.line([(wx, 128), (wx + 34, 128)], "milk", 2)
    c.rect((x + 10, 162, w - 20, 26), "night", r=4)
    c.text((x + w / 2, 175), sign, 15, ink, face="heavy", anchor="mm")
    stripes = 9
    step = (w - 20) / stripes
    for k in range(stripes):
        a = x + 10 + step * k
        tone = "milk" if k % 2 else "brick"
        c.poly([(a, 190), (a + step, 190), (a + step - 2, 206), (a - 2, 206)], tone)
        c.disc((a + step / 2 - 2, 206), step / 2, tone, ry=5)
    c.rect((x + 20, 212, w - 92, foot - 218), "foam", r=2)
    c.rect((x + w - 60, 210, 40, foot - 210), "cocoa", r=3)
    c.rect((x + w - 54, 216, 28, 24), "mist", r=2)


def _loaves(c: Canvas) -> None:
    c.rect((38, 252, 96, 4), "bark")
    for k in range(4):
        c.disc((50 + 24 * k, 246), 11, "bark", ry=7)
        c.line([(45 + 24 * k, 244), (55 + 24 * k, 247)], "sand", 1.2)


def _books(c: Canvas) -> None:
    tones = ("brick", "sea", "lamp", "deep", "rose", "leaf", "cocoa", "shoal", "brick", "sea")
    for k, tone in enumerate(tones):
        height = 24 + (k * 7) % 14
        c.rect((244 + 9.6 * k, 262 - height, 8, height), tone, r=1)


def _tables(c: Canvas) -> None:
    for x in (462, 512):
        c.line([(x, 246), (x, 266)], "cocoa", 2.5)
        c.rect((x - 16, 243, 32, 4), "bark", r=2)
        c.rect((x - 6, 235, 9, 8), "brick", r=2)
        c.ring((x + 4, 239), 3, "brick", w=1.2)


def cafe_door(c: Canvas, t: float) -> None:
    """The café's door stands open, with light on the pavement, and notes come out."""
    c.rect((566, 210, 40, 58), "lamp", r=3)
    c.poly([(566, 210), (552, 216), (552, 274), (566, 268)], "cocoa")
    c.poly([(566, 268), (606, 268), (626, 290), (546, 290)], "lamp", 0.45)
    for k in range(3):
        age = (t * 0.6 + k / 3) % 1
        x, y = 560 - 70 * age, 226 - 60 * age + 6 * math.sin(8 * age)
        c.text((x, y), "♪", 18, "night", face="mono")


def bird(c: Canvas, at: Point, flap: float) -> None:
    x, y = at
    c.line([(x - 9, y - 6 * flap), (x, y), (x + 9, y - 6 * flap)], "ink", 2)


def tram(c: Canvas, x: float) -> None:
    y = ROAD - 74
    c.line([(0, 84), (640, 84)], "ink", 0.8, 0.5)
    c.line([(x + 118, y), (x + 134, 86)], "ink", 2)
    c.rect((x, y, 240, 84), "brick", r=12)
    c.rect((x, y + 46, 240, 10), "milk")
    for k in range(5):
        c.rect((x + 14 + 44 * k, y + 12, 36, 28), "foam", r=4)
        if k != 2:
            c.disc((x + 32 + 44 * k, y + 28), 7, "sand")
            c.rect(
                (x + 23 + 44 * k, y + 34, 18, 6), ("sea", "deep", "ink", "leaf", "cocoa")[k], r=3
            )
    c.rect((x + 196, y + 58, 32, 20), "night", r=4)
    c.text((x + 212, y + 68), "7", 16, "lamp", face="heavy", anchor="mm")
    for dx in (44, 78, 164, 198):
        c.disc((x + dx, y + 88), 9, "ink")
        c.disc((x + dx, y + 88), 4, "stone")


def bicycle(c: Canvas, x: float, t: float) -> None:
    y = ROAD + 34
    for dx in (0, 52):
        c.ring((x + dx, y), 19, "ink", w=2.4)
        for k in range(3):
            a = -t * 5 + k * math.pi / 3
            c.line(
                [
                    (x + dx - 17 * math.cos(a), y - 17 * math.sin(a)),
                    (x + dx + 17 * math.cos(a), y + 17 * math.sin(a)),
                ],
                "stone",
                0.8,
            )
    c.line([(x, y), (x + 14, y - 30), (x + 40, y - 28), (x + 52, y)], "leaf", 3)
    c.line([(x + 14, y - 30), (x + 28, y), (x + 40, y - 28)], "leaf", 3)
    c.line([(x + 28, y), (x + 52, y)], "leaf", 3)
    c.line([(x + 14, y - 30), (x + 10, y - 42), (x + 4, y - 42)], "ink", 2.5)
    swing = math.sin(t * 5)
    c.line([(x + 40, y - 36), (x + 26 + 4 * swing, y - 16), (x + 28 + 6 * swing, y + 5)], "deep", 6)
    c.line([(x + 40, y - 38), (x + 30, y - 68)], "lamp", 13)
    c.line([(x + 31, y - 64), (x + 10, y - 44)], "sand", 4.5)
    c.disc((x + 26, y - 84), 9, "sand")
    c.disc((x + 27, y - 89), 10, "sea", ry=6)


def dog(c: Canvas, x: float, t: float) -> None:
    y = ROAD + 44
    still = 18.8 <= t < 21.6
    step = 0.0 if still else 6 * math.sin(t * 14)
    barks = still and (t - 19.2) % 0.7 < 0.22 and 19.2 <= t < 21.2
    c.rect((x, y - 22, 46, 18), "bark", r=8)
    for k, dx in enumerate((6, 14, 32, 40)):
        lift = step if k % 2 else -step
        c.line([(x + dx, y - 8), (x + dx + lift, y + 8)], "bark", 4.5)
    c.disc((x + 50, y - 28), 11, "bark")
    c.rect((x + 54, y - 30 - (2 if barks else 0), 14, 6), "bark", r=3)
    c.rect((x + 54, y - 24 + (3 if barks else 0), 12, 4), "bark", r=2)
    c.poly([(x + 42, y - 36), (x + 50, y - 38), (x + 42, y - 20)], "cocoa")
    c.disc((x + 53, y - 31), 1.6, "ink")
    c.line([(x + 2, y - 18), (x - 9, y - 30 + 4 * math.sin(t * 16))], "bark", 4)
    c.rect((x + 41, y - 20, 5, 10), "brick", r=2)
    if barks:
        for k in range(3):
            c.line([(x + 72, y - 26 + 7 * (k - 1)), (x + 82, y - 27 + 12 * (k - 1))], "milk", 2)


def walker(c: Canvas, x: float, t: float) -> None:
    """Somebody under a yellow umbrella."""
    y, step = ROAD + 24, math.sin(t * 6)
    c.line([(x, y - 38), (x - 9 * step, y + 12)], "deep", 6)
    c.line([(x, y - 38), (x + 9 * step, y + 12)], "night", 6)
    c.poly([(x - 13, y - 30), (x - 8, y - 80), (x + 8, y - 80), (x + 13, y - 30)], "brick")
    c.disc((x, y - 90), 9, "sand")
    c.disc((x + 1, y - 95), 9.5, "cocoa", ry=6)
    c.line([(x - 6, y - 66), (x - 15, y - 76), (x - 15, y - 122)], "ink", 2)
    dome = [(x - 14 - 44 * math.cos(a), y - 106 - 30 * math.sin(a)) for a in _half()]
    c.poly(dome, "lamp")
    c.poly([*dome[12:], (x - 14, y - 106)], "bark", 0.14)
    for k in range(4):
        c.disc((x - 47 + 22 * k, y - 105), 11, "bark", ry=3, alpha=0.35)


def _half() -> list[float]:
    return [math.pi * k / 24 for k in range(25)]


def rain(c: Canvas, t: float) -> None:
    for k in range(90):
        x = (k * 73.3 + t * 40) % 660
        y = (k * 47.7 + t * 420) % 380
        c.line([(x, y), (x - 4, y + 14)], "foam", 1.1, 0.55)
