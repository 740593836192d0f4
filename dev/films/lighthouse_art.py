"""The drawings of example 1. Each function draws one scene: `draw(beat, seconds) -> picture`."""

from __future__ import annotations

import math

from PIL import Image

from films.lighthouse_more import colours, darling, farewell, fog, keepers, quiz, sun_valve
from films.paint import Canvas, Point, beam, rocks, slide, stars, tower, waves

__all__ = [
    "alphabet",
    "colours",
    "darling",
    "eddystone",
    "farewell",
    "fog",
    "horizon",
    "keepers",
    "lens",
    "mercury",
    "pharos",
    "quiz",
    "sun_valve",
    "title",
]


def title(beat: int, t: float) -> Image.Image:
    c = Canvas("night", "dusk")
    stars(c, 7)
    rocks(c, (490, 282), 250, 66)
    lamp = (490.0, 111.0)
    turn = t * 2 * math.pi / 10 if beat < 1 else 2.7
    for side in (0, math.pi):
        beam(
            c,
            lamp,
            math.pi + 0.38 * math.sin(turn) + side,
            spread=0.05 + 0.02 * abs(math.cos(turn)),
        )
    tower(c, (490, 232), 140)
    c.glow(lamp, 52)
    waves(c, 268, t=round(t * 2) / 2)
    c.text((54, 92), "How a\nlighthouse\nspeaks", 42, "paper", face="serif")
    c.text((56, 250), "An illustrated lecture", 15, "lamp", face="italic")
    if beat == 1:
        c.rect((54, 290, 208, 34), "night", alpha=0.55, r=17)
        c.text((158, 307), "listen for the password", 13, "paper", anchor="mm")
    return c.done()


def pharos(beat: int, t: float) -> Image.Image:
    if beat == 2:
        return _hercules()
    c = Canvas("dusk", "rose")
    c.glow((470, 250), 190, "lamp", 0.8)
    c.disc((470, 262), 34, "glow")
    waves(c, 262, tone="shoal", dark="deep")
    c.poly([(70, 290), (120, 262), (330, 262), (372, 290)], "bark")
    _block(c, 150, 262, 150, 22)
    _block(c, 172, 240, 106, 96)
    _block(c, 190, 144, 70, 56)
    _block(c, 206, 88, 38, 26)
    c.poly([(200, 62), (225, 44), (250, 62)], "brick")
    c.glow((225, 58), 46, "lamp", 0.9)
    c.text((410, 60), "Pharos", 36, "milk", face="serif")
    c.text((411, 104), "Alexandria, about 280 BC", 14, "glow", face="italic")
    if beat == 0:
        c.line([(372, 44), (372, 262)], "milk", 1.2)
        for y in (44, 262):
            c.line([(366, y), (378, y)], "milk", 1.2)
        c.text((382, 160), "≈ 100 m", 15, "milk", face="heavy", anchor="lm")
    else:
        c.text((411, 128), "“un phare”, “un faro”", 14, "milk", face="italic")
    return c.done()


def _block(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    c.rect((x, y - h, w, h), "sand")
    c.rect((x + w * 0.68, y - h, w * 0.32, h), "bark", alpha=0.35)
    c.rect((x - 3, y - h, w + 6, 4), "milk")
    for row in range(int(h // 22)):
        for k in range(int(w // 24)):
            c.rect((x + 9 + 24 * k, y - h + 13 + 22 * row, 5, 9), "cocoa", alpha=0.7, r=2)


def _hercules() -> Image.Image:
    c = Canvas("shoal", "foam")
    c.poly([(0, 360), (0, 300), (150, 262), (330, 250), (520, 268), (640, 306), (640, 360)], "leaf")
    c.poly([(0, 360), (0, 330), (240, 292), (640, 336), (640, 360)], "leaf", 0.7)
    c.rect((262, 96, 66, 162), "sand")
    c.rect((304, 96, 24, 162), "bark", alpha=0.35)
    for i in range(4):
        c.line([(262, 232 - 38 * i), (328, 214 - 38 * i)], "bark", 3, 0.5)
        c.rect((282, 206 - 34 * i, 8, 13), "cocoa", alpha=0.75, r=1)
    c.rect((256, 90, 78, 8), "milk")
    c.rect((274, 66, 42, 26), "sand")
    c.rect((284, 50, 22, 18), "lamp")
    c.poly([(280, 50), (295, 38), (310, 50)], "brick")
    c.text((394, 110), "Tower of Hercules", 27, "night", face="serif")
    c.text((395, 146), "A Coruña, Spain", 14, "deep", face="italic")
    c.text((395, 168), "the oldest lighthouse\nstill at work", 14, "deep")
    return c.done()


EDDYSTONE = ("1698 to 1703", "1709 to 1755", "1759 to 1882", "since 1882")
BUILDERS = ("Winstanley", "Rudyerd", "Smeaton", "Douglass")
HINTS = ("lost in the Great Storm", "wood; burned", "like an oak", "still at work")


def eddystone(beat: int, t: float) -> Image.Image:
    c = Canvas("stone" if beat == 1 else "mist", "foam" if beat != 1 else "slate")
    c.text(
        (40, 20), "Four towers on the Eddystone", 26, "milk" if beat == 1 else "night", face="serif"
    )
    shown = (1, 1, 3, 4)[beat]
    for i in range(4):
        x = 100 + 147 * i
        rocks(c, (x, 284), 112, 26)
        if i < shown:
            _eddystone_tower(c, i, (x, 266), gone=beat == 1 and i == 0)
    waves(c, 276, tone="sea", dark="deep")
    for i in range(shown):
        x = 100 + 147 * i
        c.text((x, 304), BUILDERS[i], 16, "milk", face="bold", anchor="mm")
        c.text((x, 322), EDDYSTONE[i], 11, "lamp", face="heavy", anchor="mm")
        c.text((x, 338), HINTS[i], 10.5, "foam", anchor="mm")
    if beat == 1:
        for k in range(46):
            x, y = (k * 97) % 640, (k * 53) % 260
            c.line([(x, y), (x - 12, y + 26)], "foam", 0.9, 0.35)
    return c.done()


def _eddystone_tower(c: Canvas, i: int, foot: Point, *, gone: bool) -> None:
    x, y = foot
    if gone:
        c.poly(
            [(x - 16, y), (x - 15, y - 22), (x - 6, y - 12), (x + 3, y - 30), (x + 15, y)], "bark"
        )
        return
    shapes = (
        [(-17, 0), (-13, -98), (13, -98), (17, 0)],
        [(-20, 0), (-11, -118), (11, -118), (20, 0)],
        [(-25, 0), (-15, -40), (-11, -118), (11, -118), (15, -40), (25, 0)],
        [(-22, 0), (-22, -22), (-15, -26), (-11, -150), (11, -150), (15, -26), (22, -22), (22, 0)],
    )
    tone = ("bark", "sand", "milk", "stone")[i]
    c.poly([(x + a, y + b) for a, b in shapes[i]], tone)
    c.poly([(x + max(a, 2), y + b) for a, b in shapes[i]], "ink", 0.2)
    top = y + min(b for _, b in shapes[i])
    if i == 0:
        for k in range(3):
            c.rect((x - 20, top + 22 + 26 * k, 40, 4), "cocoa")
        c.line([(x, top - 40), (x, top)], "cocoa", 1.5)
    if i == 2:
        for k in range(6):
            c.line(
                [(x - 22 + k * 1.6, y - 14 - 17 * k), (x + 22 - k * 1.6, y - 14 - 17 * k)],
                "stone",
                0.8,
            )
    c.rect((x - 16, top - 4, 32, 5), "slate", r=1)
    c.rect((x - 8, top - 20, 16, 16), "lamp")
    c.poly([(x - 12, top - 20), (x, top - 32), (x + 12, top - 20)], "brick")
    c.glow((x, top - 12), 26)


def horizon(beat: int, t: float) -> Image.Image:
    c = slide("How far does a light reach?", "The round earth")
    shift = 0 if beat == 0 else 28
    c.disc((320, 1150 + shift), 900, "shoal")
    c.disc((320, 1156 + shift), 900, "sea")
    lamp = tower(c, (150, 272 + shift), 96)
    c.line([lamp, (322, 250 + shift), (520, 244 + shift)], "brick", 1.8)
    c.glow(lamp, 34, "lamp")
    c.poly(
        [(494, 268 + shift), (556, 270 + shift), (546, 283 + shift), (504, 281 + shift)], "night"
    )
    c.rect((512, 254 + shift, 22, 14), "milk")
    c.rect((517, 246 + shift, 8, 8), "brick")
    c.text((132, 204 + shift), "lamp, height h", 12.5, "brick", face="heavy", anchor="rm")
    c.text((522, 228 + shift), "eye, height e", 12.5, "brick", face="heavy", anchor="mm")
    if beat == 0:
        c.text((322, 228), "the horizon", 13, "slate", face="italic", anchor="mm")
    else:
        c.rect((132, 92, 376, 56), "milk", r=8)
        c.frame((132, 92, 376, 56), "brick", w=1.6, r=8)
        c.text((320, 120), "d ≈ 2.08 · (√h + √e)", 24, "night", face="math", anchor="mm")
        c.text((514, 120), "  nautical\n  miles", 12, "slate", anchor="lm")
    if beat == 2:
        c.text(
            (320, 168),
            "h = 36 m,  e = 4 m :   2.08 · (6 + 2) = 16.6 nautical miles",
            16,
            "deep",
            face="bold",
            anchor="mm",
        )
    if beat == 3:
        c.text(
            (320, 168),
            "geometry alone: 1.93   ·   with the help of the air: 2.08",
            15,
            "deep",
            face="bold",
            anchor="mm",
        )
    return c.done()


def lens(beat: int, t: float) -> Image.Image:
    c = slide("A lens you can step into", "Augustin Fresnel, 1788 to 1827")
    if beat == 0:
        _rays(c, (160, 210), fan=True)
        c.text((160, 330), "a flame wastes its light", 13, "slate", face="italic", anchor="mm")
        c.disc((452, 210), 42, "shoal", ry=100, alpha=0.75)
        c.ring((452, 210), 42, "sea", ry=100)
        c.text((452, 330), "a big lens is thick and heavy", 13, "slate", face="italic", anchor="mm")
        return c.done()
    flame = (150.0, 208.0)
    _rings(c, 330, 208, prisms=beat >= 2)
    steps = (-48, -24, 0, 24, 48) if beat == 1 else (-104, -86, -48, -24, 0, 24, 48, 86, 104)
    for dy in steps:
        tone = "rose" if abs(dy) > 60 else "lamp"
        c.line([flame, (326, 208 + dy), (590, 208 + dy)], tone, 1.8)
    _flame(c, flame)
    if beat == 1:
        c.text((450, 320), "same faces, little glass", 13, "slate", face="italic", anchor="mm")
    if beat >= 2:
        c.text((480, 306 - 214), "prisms reflect", 12, "brick", face="heavy")
        c.text((480, 190), "rings bend", 12, "bark", face="heavy")
    if beat == 3:
        c.rect((40, 300, 250, 40), "milk", r=6)
        c.text((52, 320), "Cordouan, July 1823", 17, "night", face="bold", anchor="lm")
        c.line([(360, 92), (360, 326)], "slate", 1)
        c.text((366, 332), "first order: 2.6 m", 12, "slate", face="heavy")
    return c.done()


def _flame(c: Canvas, at: Point) -> None:
    x, y = at
    c.glow(at, 50, "lamp", 0.95)
    c.poly([(x - 9, y + 10), (x - 8, y - 4), (x, y - 26), (x + 8, y - 4), (x + 9, y + 10)], "rose")
    c.disc((x, y + 6), 9, "lamp")
    c.rect((x - 15, y + 14, 30, 36), "slate", r=4)


def _rays(c: Canvas, at: Point, *, fan: bool) -> None:
    for k in range(16):
        a = k * math.pi / 8
        c.arrow(
            (at[0] + 30 * math.cos(a), at[1] + 30 * math.sin(a)),
            (at[0] + 88 * math.cos(a), at[1] + 88 * math.sin(a)),
            "lamp",
        )
    _flame(c, at)


def _rings(c: Canvas, x: float, y: float, *, prisms: bool) -> None:
    for k, (low, high) in enumerate(((0, 14), (15, 32), (33, 48), (49, 62))):
        for side in (1, -1):
            bulge = 22 - 2 * k
            points = [
                (x, y + side * low),
                (x, y + side * high),
                (x + 5, y + side * high),
                (x + bulge, y + side * low),
            ]
            c.poly(points, "shoal")
            c.line([*points, points[0]], "sea", 1)
    if not prisms:
        return
    for k in range(4):
        for side in (1, -1):
            base = 72 + 14 * k
            points = [
                (x - 6 - 4 * k, y + side * base),
                (x + 14 - 3 * k, y + side * (base + 3)),
                (x - 4 - 4 * k, y + side * (base + 12)),
            ]
            c.poly(points, "mist")
            c.line([*points, points[0]], "sea", 1)


def mercury(beat: int, t: float) -> Image.Image:
    c = slide("Tonnes that turn at a touch", "The mercury float")
    c.rect((196, 262, 210, 44), "slate", r=6)
    c.rect((204, 268, 194, 22), "mist", r=3)
    c.rect((214, 256, 174, 26), "bark", r=4)
    c.rect((286, 226, 30, 32), "bark")
    for k in range(5):
        c.ring((301, 160), 66 - 13 * k, "sea", w=2.2)
        c.disc((301, 160), 66 - 13 * k, "shoal", alpha=0.16)
    c.glow((301, 160), 40, "lamp", 0.9)
    for a in range(8):
        x, y = math.cos(a * math.pi / 4), math.sin(a * math.pi / 4)
        c.line([(301 + 18 * x, 160 + 18 * y), (301 + 66 * x, 160 + 66 * y)], "sea", 1)
    c.text((418, 279), "mercury", 14, "slate", face="heavy", anchor="lm")
    c.arrow((416, 279), (396, 279), "slate")
    if beat >= 1:
        c.line([(196, 284), (118, 284), (118, 200)], "ink", 1.2)
        c.rect((104, 200, 28, 46), "brick", r=3)
        c.text((118, 258), "falling weight", 12, "brick", face="heavy", anchor="ma")
        c.text((470, 150), "one finger\nis enough", 20, "deep", face="italic")
        c.arrow((462, 166), (376, 166), "lamp", 2.6)
    if beat == 2:
        c.rect((430, 226, 170, 34), "brick", r=17)
        c.text((515, 243), "poisonous vapour", 14, "milk", face="heavy", anchor="mm")
    return c.done()


CHARACTERS = (
    ("Fixed", "F", ((0, 20),)),
    ("Flashing", "Fl", ((0, 1.6), (5, 6.6), (10, 11.6), (15, 16.6))),
    ("Occulting", "Oc", ((0, 3.8), (5, 8.8), (10, 13.8), (15, 18.8))),
    ("Isophase", "Iso", ((0, 2.5), (5, 7.5), (10, 12.5), (15, 17.5))),
    ("Quick", "Q", tuple((k, k + 0.45) for k in range(20))),
)


def alphabet(beat: int, t: float) -> Image.Image:
    if beat >= 6:
        return _chart_line(beat, t)
    c = slide("The alphabet of lights", "Characters")
    for i, (name, short, lit) in enumerate(CHARACTERS[: max(0, beat)]):
        y = 98 + 50 * i
        c.text((40, y + 4), name, 18, "ink", face="bold")
        c.text((40, y + 26), short, 12, "brick", face="heavy")
        c.rect((150, y, 450, 32), "night", r=4)
        for a, b in lit:
            c.rect((150 + a * 22.5, y + 4, (b - a) * 22.5, 24), "lamp", r=2)
    if beat == 0:
        c.text((320, 210), "F   Fl   Oc   Iso   Q", 44, "sea", face="serif", anchor="mm")
    return c.done()


FLASHES = ((0.5, 1.2), (2.0, 2.7), (3.5, 4.2))


def _chart_line(beat: int, t: float) -> Image.Image:
    c = Canvas("night", "deep")
    stars(c, 11, 40, 120)
    c.text((320, 52), "Fl(3) W 10s 36m 16M", 40, "paper", face="serif", anchor="mm")
    parts = ("three flashes", "white", "every 10 s", "36 m high", "seen 16 miles")
    for k, words in enumerate(parts if beat == 6 else ()):
        c.text((84 + 118 * k, 92), words, 13, "lamp", face="italic", anchor="mm")
    rocks(c, (320, 290), 210, 48)
    phase = t % 10 if beat == 7 else -1.0
    on = beat == 6 or any(a <= phase < b for a, b in FLASHES)
    tower(c, (320, 256), 120, lit=on)
    if on:
        c.glow((320, 151), 92)
    waves(c, 276, tone="deep")
    return c.done()
