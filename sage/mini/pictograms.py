"""Sixteen pictograms for the words on title cards, drawn in the upper three quarters of a 64 x 64 picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


class Drawing(Protocol):
    """What a pictogram needs of a pen."""

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None: ...

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None: ...

    def oval(self, box: Box, colour: Colour) -> None: ...

    def box(self, box: Box, colour: Colour) -> None: ...


def _sun(pen: Drawing, ink: Colour, ground: Colour) -> None:
    for i in range(8):
        a = i * math.pi / 4
        x, y = 32 + 22 * math.sin(a), 27 - 22 * math.cos(a)
        dx, dy = 3 * math.cos(a), 3 * math.sin(a)
        pen.polygon([(x, y), (32 - dx, 27 - dy), (32 + dx, 27 + dy)], ink)
    pen.disc(32, 27, 12, ground)
    pen.disc(32, 27, 10, ink)


def _moon(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.disc(30, 27, 20, ink)
    pen.disc(39, 22, 17, ground)


def _house(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.polygon([(32, 6), (54, 26), (10, 26)], ink)
    pen.box((15, 26, 49, 47), ink)
    pen.box((28, 33, 37, 47), ground)


def _tree(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.polygon([(32, 5), (44, 22), (20, 22)], ink)
    pen.polygon([(32, 14), (50, 38), (14, 38)], ink)
    pen.box((29, 38, 35, 48), ink)


def _key(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.disc(18, 27, 11, ink)
    pen.disc(18, 27, 5, ground)
    pen.box((27, 24, 55, 30), ink)
    pen.box((49, 30, 55, 39), ink)
    pen.box((40, 30, 45, 37), ink)


def _bell(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.disc(32, 20, 13, ink)
    pen.polygon([(19, 20), (45, 20), (52, 41), (12, 41)], ink)
    pen.disc(32, 45, 4, ink)
    pen.disc(32, 6, 3, ink)


def _fish(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.oval((18, 15, 56, 39), ink)
    pen.polygon([(23, 27), (7, 13), (7, 41)], ink)
    pen.disc(46, 23, 2.5, ground)


def _boat(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.polygon([(8, 36), (56, 36), (46, 47), (18, 47)], ink)
    pen.polygon([(30, 6), (30, 33), (11, 33)], ink)
    pen.polygon([(34, 12), (34, 33), (52, 33)], ink)


def _cup(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.disc(44, 25, 11, ink)
    pen.disc(44, 25, 6, ground)
    pen.box((14, 12, 44, 38), ink)
    pen.box((10, 42, 50, 46), ink)


def _hat(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.box((20, 8, 44, 36), ink)
    pen.box((8, 36, 56, 43), ink)
    pen.box((20, 26, 44, 30), ground)


def _ladder(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.box((17, 5, 22, 48), ink)
    pen.box((42, 5, 47, 48), ink)
    for top in (10, 20, 30, 40):
        pen.box((22, top, 42, top + 4), ink)


def _arrow(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.box((8, 22, 36, 32), ink)
    pen.polygon([(35, 9), (57, 27), (35, 45)], ink)


def _flag(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.box((14, 5, 18, 48), ink)
    pen.polygon([(18, 6), (52, 17), (18, 28)], ink)


def _leaf(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.polygon([(12, 44), (12, 24), (24, 10), (52, 6), (48, 32), (34, 44)], ink)
    pen.polygon([(10, 48), (8, 46), (40, 15), (42, 17)], ground)


def _clock(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.disc(32, 27, 21, ink)
    pen.disc(32, 27, 16, ground)
    pen.box((30, 14, 34, 29), ink)
    pen.box((32, 25, 43, 29), ink)


def _bridge(pen: Drawing, ink: Colour, ground: Colour) -> None:
    pen.box((6, 16, 58, 46), ink)
    pen.disc(20, 46, 9, ground)
    pen.disc(44, 46, 9, ground)
    pen.box((6, 46, 58, 56), ground)
    pen.box((6, 10, 10, 20), ink)
    pen.box((54, 10, 58, 20), ink)


PICTOGRAMS: dict[str, Callable[[Drawing, Colour, Colour], None]] = {
    "sun": _sun,
    "moon": _moon,
    "house": _house,
    "tree": _tree,
    "key": _key,
    "bell": _bell,
    "fish": _fish,
    "boat": _boat,
    "cup": _cup,
    "hat": _hat,
    "ladder": _ladder,
    "arrow": _arrow,
    "flag": _flag,
    "leaf": _leaf,
    "clock": _clock,
    "bridge": _bridge,
}
