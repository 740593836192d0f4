"""More drawings of example 1: the second half of the lecture."""

from __future__ import annotations

import math

from PIL import Image

from films.paint import Canvas, Point, beam, boat, rocks, slide, stars, tower, waves


def colours(beat: int, t: float) -> Image.Image:
    if beat >= 2:
        return _bay(beat, t)
    c = Canvas("shoal", "sea")
    c.poly([(0, 0), (640, 0), (640, 52), (470, 66), (330, 44), (190, 70), (0, 58)], "sand")
    c.poly([(0, 0), (640, 0), (640, 36), (470, 50), (330, 30), (190, 52), (0, 42)], "leaf")
    lamp = (330.0, 62.0)
    _sector(c, lamp, 0.72, 1.16, "brick", 0.62)
    _sector(c, lamp, 1.16, 1.72, "milk", 0.72)
    _sector(c, lamp, 1.72, 2.4, "brick", 0.62)
    for x, y in ((470, 206), (496, 224), (452, 232), (196, 214), (170, 232)):
        rocks(c, (x, y), 30, 12)
    c.disc(lamp, 7, "lamp")
    c.ring(lamp, 7, "ink")
    c.text((488, 262), "red: danger", 16, "milk", face="heavy", anchor="mm")
    c.text((176, 262), "red: danger", 16, "milk", face="heavy", anchor="mm")
    c.text((322, 262), "white:\nsafe water", 16, "night", face="heavy", anchor="mm")
    if beat == 1:
        boat(c, (330, 330), 26)
        c.arrow((206, 326), (290, 326), "milk", 2.4)
    c.text((24, 330), "A chart with sectors", 20, "paper", face="italic")
    return c.done()


def _sector(c: Canvas, at: Point, a: float, b: float, color: str, alpha: float) -> None:
    arc = [a + (b - a) * k / 16 for k in range(17)]
    c.poly(
        [at] + [(at[0] + 250 * math.cos(s), at[1] + 250 * math.sin(s)) for s in arc], color, alpha
    )


BOAT_FROM_S, BOAT_FOR_S = 3.0, 2.0


def _bay(beat: int, t: float) -> Image.Image:
    """A quiet bay; for two seconds a boat with a yellow sail crosses the white sector."""
    c = Canvas("deep", "rose")
    c.disc((120, 196), 26, "glow")
    c.glow((120, 196), 120, "lamp", 0.7)
    c.poly([(380, 220), (470, 176), (560, 190), (640, 150), (640, 240), (380, 240)], "slate")
    tower(c, (520, 186), 74)
    waves(c, 214, tone="shoal", dark="deep")
    if beat == 3 and BOAT_FROM_S <= t < BOAT_FROM_S + BOAT_FOR_S:
        share = (t - BOAT_FROM_S) / BOAT_FOR_S
        boat(c, (60 + 500 * share, 300), 70, sail="lamp", hull="brick")
        c.text((60 + 500 * share + 3, 303), "MARIANNE", 11, "milk", face="heavy", anchor="mm")
    return c.done()


def sun_valve(beat: int, t: float) -> Image.Image:
    c = slide("A valve worked by the sun", "Gustaf Dalén, 1869 to 1937")
    day = beat == 1
    c.rect((40, 92, 560, 232), "mist" if day or beat == 0 else "deep", r=10)
    if beat == 2:
        c.glow((510, 160), 80, "glow", 0.9)
    else:
        c.glow((520, 140), 90, "lamp", 0.9)
        c.disc((520, 140), 26, "lamp")
        for k in range(3):
            c.arrow((480, 156 + 10 * k), (372, 180 + 14 * k), "lamp", 2)
    c.rect((230, 112, 120, 12), "slate", r=4)
    for x in (246, 300, 326):
        c.rect((x, 124, 8, 150), "sand", r=3)
        c.line([(x + 2.5, 126), (x + 2.5, 270)], "milk", 1.4)
    length = 150 if beat != 2 else 136
    c.rect((282, 124, 12, length), "ink", r=3)
    c.rect((222, 282, 136, 22), "slate", r=5)
    c.rect((276, 274 if beat != 2 else 268, 24, 10), "brick", r=2)
    c.text((206, 160), "black rod", 13, "ink" if beat != 2 else "milk", face="heavy", anchor="rm")
    c.line([(210, 160), (282, 160)], "brick", 1.2)
    c.text(
        (206, 220), "polished rods", 13, "ink" if beat != 2 else "milk", face="heavy", anchor="rm"
    )
    c.line([(210, 220), (246, 220)], "brick", 1.2)
    if beat == 1:
        c.text((470, 290), "day: gas shut", 18, "night", face="bold", anchor="mm")
    if beat == 2:
        c.poly([(500, 196), (510, 150), (520, 196)], "lamp")
        c.rect((502, 196, 16, 40), "milk", r=2)
        c.text((470, 290), "dusk: gas open", 18, "glow", face="bold", anchor="mm")
    return c.done()


def darling(beat: int, t: float) -> Image.Image:
    c = Canvas("slate", "mist")
    for k in range(60):
        x, y = (k * 131) % 660, (k * 71) % 250
        c.line([(x, y), (x - 9, y + 22)], "foam", 0.8, 0.35)
    tower(c, (96, 240), 124, bands=2)
    rocks(c, (96, 262), 170, 36)
    if beat != 1:
        _wreck(c)
    rocks(c, (500, 270), 200, 44, color="stone")
    if beat == 1:
        for k in range(5):
            c.disc((474 + 13 * k, 222 + (k % 2) * 5), 4, "cocoa")
            c.rect((470 + 13 * k, 226 + (k % 2) * 5, 8, 14), "deep", r=3)
    waves(c, 256, tone="stone", dark="night")
    if beat >= 1:
        _coble(c, (292, 292) if beat == 1 else (210, 296))
    c.text((320, 34), "7 September 1838", 27, "milk", face="serif", anchor="mm")
    words = (
        "the Forfarshire on the Farne rocks",
        "Grace Darling and her father",
        "nine people saved",
    )
    c.text((320, 64), words[beat], 15, "lamp", face="italic", anchor="mm")
    return c.done()


def _wreck(c: Canvas) -> None:
    c.poly([(400, 262), (420, 206), (560, 190), (592, 214), (570, 262)], "night")
    c.poly([(470, 200), (476, 160), (494, 158), (492, 198)], "brick")
    c.line([(536, 194), (560, 110)], "cocoa", 3)
    c.line([(430, 206), (424, 128)], "cocoa", 3)


def _coble(c: Canvas, at: Point) -> None:
    x, y = at
    c.poly([(x - 52, y - 14), (x + 56, y - 16), (x + 40, y + 10), (x - 40, y + 10)], "bark")
    c.line([(x - 50, y - 12), (x + 54, y - 14)], "sand", 2)
    for dx, coat in ((-18, "deep"), (14, "brick")):
        c.rect((x + dx - 7, y - 36, 15, 24), coat, r=6)
        c.disc((x + dx, y - 42), 6.5, "sand")
        c.line([(x + dx + 4, y - 24), (x + dx + 34, y + 16)], "cocoa", 2)
    c.disc((x + 14, y - 45), 7, "cocoa", ry=4)


def fog(beat: int, t: float) -> Image.Image:
    if beat == 1:
        return _piano()
    c = Canvas("mist", "foam")
    rocks(c, (430, 292), 250, 56)
    lamp = tower(c, (430, 252), 150)
    c.glow(lamp, 80, "milk", 0.9)
    for k in range(9):
        c.disc((70 * k + 10, 236 + 34 * math.sin(k * 1.7)), 92, "foam", ry=32, alpha=0.42)
    if beat == 2:
        c.poly([(366, 232), (330, 216), (330, 262), (366, 246)], "brick")
        for k in range(5):
            r = 30 + 34 * k
            arc = [2.72 + 0.84 * s / 12 for s in range(13)]
            points = [(336 + r * math.cos(a), 239 + r * math.sin(a)) for a in arc]
            c.line(points, "deep", 3.2 - 0.4 * k)
        c.text((60, 70), "Partridge Island, 1859", 26, "night", face="serif")
        c.text((61, 106), "low notes carry", 15, "deep", face="italic")
    else:
        c.text((60, 70), "In fog a light is mute", 28, "night", face="serif")
        c.text((61, 110), "bells, cannon, gongs", 15, "deep", face="italic")
    waves(c, 296, tone="mist", dark="stone")
    return c.done()


def _piano() -> Image.Image:
    c = Canvas("slate", "mist")
    c.rect((396, 116, 190, 150), "night", r=4)
    c.rect((414, 136, 154, 96), "lamp")
    c.rect((430, 180, 96, 52), "cocoa", r=3)
    for k in range(12):
        c.rect((434 + 7.4 * k, 204, 6, 10), "milk")
    c.disc((542, 176), 9, "cocoa")
    c.rect((532, 186, 22, 46), "brick", r=8)
    c.poly([(380, 116), (491, 62), (602, 116)], "ink")
    c.rect((0, 266, 640, 94), "ink")
    for k, size in enumerate((34, 30, 26)):
        c.text((330 - 62 * k, 176 + 12 * k), "♩", size, "lamp", face="mono")
    c.disc((98, 190), 11, "sand")
    c.rect((84, 201, 28, 66), "deep", r=9)
    c.rect((82, 176, 32, 7), "night", r=2)
    c.rect((89, 164, 18, 13), "night", r=2)
    for k in range(8):
        c.disc((84 * k + 20, 240 + 22 * math.sin(k * 2.1)), 90, "foam", ry=24, alpha=0.26)
    c.text((40, 40), "Saint John, New Brunswick", 22, "milk", face="serif")
    return c.done()


def keepers(beat: int, t: float) -> Image.Image:
    c = Canvas("deep", "rose")
    stars(c, 23, 30, 110)
    c.poly([(0, 250), (180, 214), (420, 236), (640, 206), (640, 360), (0, 360)], "foam")
    c.poly([(0, 268), (180, 226), (420, 250), (640, 222), (640, 360), (0, 360)], "leaf")
    lamp = tower(c, (190, 256), 158, bands=0)
    beam(c, lamp, -0.12, reach=620)
    c.glow(lamp, 60)
    c.rect((218, 222, 66, 34), "milk")
    c.poly([(212, 222), (251, 200), (290, 222)], "brick")
    c.rect((244, 234, 12, 22), "deep")
    c.text((390, 60), "North Foreland", 28, "paper", face="serif")
    c.text((391, 98), "the last keepers left in 1998", 15, "lamp", face="italic")
    if beat == 1:
        c.rect((470, 138, 26, 16), "stone", r=2)
        for dx in (-34, 30):
            c.rect((470 + dx, 140, 30, 12), "dusk", r=1)
            c.frame((470 + dx, 140, 30, 12), "mist", w=1)
        for k in range(3):
            c.ring((483, 170 + 8 * k), 6 + 6 * k, "mist", w=1, ry=2 + 2 * k)
    return c.done()


QUIZ = (
    "Which rock saw four towers, one after another?",
    "A light is longer lit than dark. What is it called?",
    "How many metres is the lamp of Fl(3) W 10s 36m above the sea?",
)


def quiz(beat: int, t: float) -> Image.Image:
    c = slide("The quiz", "Three questions")
    for i, words in enumerate(QUIZ):
        y = 112 + 72 * i
        c.disc((66, y + 16), 18, ("brick", "sea", "lamp")[i])
        c.text((66, y + 16), str(i + 1), 18, "milk", face="heavy", anchor="mm")
        c.text((104, y + 16), words, 18, "ink", face="serif", anchor="lm")
    return c.done()


def farewell(beat: int, t: float) -> Image.Image:
    c = Canvas("night", "deep")
    stars(c, 31, 90, 230)
    rocks(c, (150, 292), 200, 50)
    phase = t % 5
    on = phase < 1.0
    lamp = tower(c, (150, 252), 120, lit=on)
    if on:
        c.glow(lamp, 90)
    waves(c, 278, tone="deep")
    c.text((300, 130), "Look for a light,\nand count.", 36, "paper", face="serif")
    c.text((302, 236), "Drawn and spoken by a program. CC0.", 12, "mist")
    return c.done()
