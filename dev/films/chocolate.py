"""Example 2: a demonstration with readings on screen, "Tempering chocolate by the numbers"."""

from __future__ import annotations

import math

from PIL import Image

from films.kitchen import TIMER_S, board, bowl, mould, room, spoon_test, thermometer
from films.paint import Canvas, slide
from films.reel import Beat, Cut, Scene, assemble
from films.sounds import snap

TITLE = "Tempering chocolate by the numbers"
MELT_S, SEED_S, WARM_S = 12.0, 14.0, 8.0


def opening(beat: int, t: float) -> Image.Image:
    c = Canvas("cocoa", "bark")
    for k in range(12):
        x, y = 372 + 62 * (k % 4), 96 + 62 * (k // 4)
        c.rect((x, y, 56, 56), "cocoa", r=5)
        c.poly([(x + 6, y + 6), (x + 50, y + 6), (x + 42, y + 14), (x + 14, y + 14)], "bark", 0.8)
        c.rect((x + 14, y + 14, 28, 28), "bark", alpha=0.35, r=3)
    c.text((44, 104), "Tempering\nchocolate", 44, "paper", face="serif")
    c.text((46, 226), "by the numbers", 20, "lamp", face="italic")
    return c.done()


def weigh(beat: int, t: float) -> Image.Image:
    c = room()
    board(c, seed_apart=beat == 1)
    return c.done()


def melt(beat: int, t: float) -> Image.Image:
    degrees = 22.0 if beat == 0 else 22 + 26 * min(1.0, t / (MELT_S - 2))
    degrees = 48.0 if beat == 2 else degrees
    c = room()
    bowl(c, heat=True, melted=(degrees - 22) / 26, t=round(t * 2) / 2)
    thermometer(c, degrees)
    return c.done()


PORTIONS = (1.0, 5.0, 9.0)


def seed(beat: int, t: float) -> Image.Image:
    share = 0.0 if beat == 0 else min(1.0, t / (SEED_S - 1)) if beat == 1 else 1.0
    degrees = round(48 - 21 * share, 1)
    dropped = sum(t >= p for p in PORTIONS) if beat == 1 else 3 * (beat == 2)
    c = room()
    bowl(c, heat=False, melted=1.0, t=t if beat == 1 else 0.0, seeds=3 - dropped)
    thermometer(c, degrees)
    if beat == 1:
        for p in PORTIONS:
            if 0 <= t - p < 0.6:
                for k in range(4):
                    c.rect((232 + 16 * k, 120 + 90 * (t - p) + 7 * (k % 2), 11, 11), "cocoa", r=2)
    return c.done()


FORMS = ((1, 17), (2, 23), (3, 26), (4, 27), (5, 34), (6, 36))


def crystals(beat: int, t: float) -> Image.Image:
    c = slide("Six ways to be solid", "Cocoa butter")
    c.line([(60, 316), (600, 316)], "stone", 1.4)
    for n, melts in FORMS:
        x, height = 84 + 88 * (n - 1), (melts - 8) * 6.6
        tone = "lamp" if n == 5 and beat >= 1 else "bark"
        c.rect((x, 316 - height, 54, height), tone, r=4)
        c.text(
            (x + 27, 330),
            ("I", "II", "III", "IV", "V", "VI")[n - 1],
            16,
            "ink",
            face="bold",
            anchor="mm",
        )
        c.text((x + 27, 302 - height), f"{melts} °C", 14, "ink", face="heavy", anchor="mm")
    if beat >= 1:
        c.text((60, 96), "V: glossy, hard, snaps", 19, "brick", face="bold")
    return c.done()


def warm(beat: int, t: float) -> Image.Image:
    share = 0.0 if beat == 0 else min(1.0, t / (WARM_S - 2)) if beat == 1 else 1.0
    c = room()
    bowl(c, heat=True, melted=1.0, t=round(t * 2) / 2, calm=True)
    thermometer(c, round(27 + 4.5 * share, 1))
    return c.done()


def test(beat: int, t: float) -> Image.Image:
    c = room()
    spoon_test(c, min(1.0, t / 6) if beat == 1 else float(beat == 2))
    return c.done()


def pour(beat: int, t: float) -> Image.Image:
    c = room()
    mould(
        c,
        filled=min(12, int(t * 2)) if beat == 0 else 12,
        shake=math.sin(t * 20) if beat == 1 else 0.0,
    )
    return c.done()


def finale(beat: int, t: float) -> Image.Image:
    c = Canvas("sand", "paper")
    apart = 26 if beat >= 1 else 0
    for side in (-1, 1):
        for k in range(6):
            x = 320 + side * (apart + 36) + 62 * (k % 2) * side - 27
            y = 74 + 62 * (k // 2) + side * apart * 0.25
            c.rect((x, y, 56, 56), "cocoa", r=5)
            c.poly(
                [(x + 6, y + 6), (x + 50, y + 6), (x + 42, y + 14), (x + 14, y + 14)], "bark", 0.9
            )
    if beat == 1:
        c.text((320, 302), "snap!", 38, "brick", face="italic", anchor="mm")
    if beat == 2:
        c.text((320, 300), "keep the water away", 26, "sea", face="italic", anchor="mm")
    if beat == 3:
        c.text((320, 300), "Drawn and spoken by a program. CC0.", 13, "slate", anchor="mm")
    return c.done()


SCENES = (
    Scene("opening", opening, (
        Beat("Tempering chocolate, by the numbers. | In three minutes we turn a heap of dark chocolate "
             "into bars that shine and snap.", hold_s=0.5),
    )),
    Scene("weigh", weigh, (
        Beat("First, chop three hundred grams of dark chocolate."),
        Beat("Put one hundred grams aside. | This part is called the seed, and it must stay solid.", hold_s=0.4),
    )),
    Scene("melt", melt, (
        Beat("Melt the other two hundred grams in a {bain-marie/bann maree}: a bowl over a pot of steaming "
             "water. | The water should steam, not boil, and it must not touch the bowl."),
        Beat(hold_s=MELT_S, moves=True),
        Beat("Stop at forty-eight degrees. | Now every crystal in it has melted, the good ones and the "
             "bad ones.", hold_s=0.4),
    )),
    Scene("seed", seed, (
        Beat("Take the bowl off the heat. | Add the seed in three portions, and keep stirring. | Watch the "
             "thermometer."),
        Beat(hold_s=SEED_S, moves=True),
        Beat("Twenty-seven degrees. | The solid pieces have shown the melted fat how to crystallise.", hold_s=0.4),
    )),
    Scene("crystals", crystals, (
        Beat("Why all this trouble? | The fat of cocoa can become solid in six different ways, and each "
             "melts at its own temperature."),
        Beat("Only the fifth form is what we want. | It shines, it snaps, and it melts at about "
             "thirty-four degrees: in the mouth, not in the hand.", hold_s=0.4),
    )),
    Scene("warm", warm, (
        Beat("Now back over the steam, but only for seconds. | This melts the weak crystals and spares "
             "the fifth form."),
        Beat(hold_s=WARM_S, moves=True),
        Beat("Thirty-one and a half. | Never go above thirty-two degrees, or you lose the crystals and "
             "must begin again.", hold_s=0.4),
    )),
    Scene("test", test, (
        Beat("Make a test. | Dip the back of a spoon, and lay it down. | After five minutes it should be "
             "dry and glossy."),
        Beat(hold_s=TIMER_S, moves=True),
        Beat("It is. | If you see grey streaks, temper it once more.", hold_s=0.4),
    )),
    Scene("pour", pour, (
        Beat("Pour it into the mould.", hold_s=5.5, moves=True),
        Beat("Tap the mould on the table, so that the bubbles rise. | Then let it rest for two hours, "
             "in a cool room, not in the fridge.", hold_s=0.3, moves=True),
    )),
    Scene("finale", finale, (
        Beat("And now listen."),
        Beat(sound=snap()),
        Beat("One last warning. | The most common mistake is water. | A single drop makes the whole bowl "
             "seize into a dull paste.", hold_s=0.4),
        Beat("Enjoy it slowly.", hold_s=2.0),
    )),
)  # fmt: skip


def make() -> Cut:
    return assemble(SCENES, voice="en-us", speed=146)
