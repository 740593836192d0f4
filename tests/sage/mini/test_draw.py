import time
from itertools import combinations

import numpy as np
import pytest

from sage.mini.draw import Look, draw, patterns
from sage.mini.film import matches, render
from sage.mini.words import CARDS, COLOURS, NAMES, NUMBERS, SHAPES
from tests.sage.mini.conftest import shortest

GROUPS = {
    "card": [Look("card", word) for word in CARDS],
    "sign": [Look("sign", name) for name in NAMES],
    "number": [Look("number", digit) for digit in NUMBERS],
    "shape": [Look("flash", shape, "red", 0) for shape in SHAPES],
    "colour": [Look("flash", "circle", colour, 0) for colour in COLOURS],
}


@pytest.mark.parametrize("group", GROUPS)
def test_no_two_looks_are_alike(group):
    pictures = {look: draw(look).astype(int) for look in GROUPS[group]}
    for a, b in combinations(pictures, 2):
        assert np.abs(pictures[a] - pictures[b]).mean() > 4, (a, b)


def test_names_differ_in_many_blocks():
    for a, b in combinations(patterns().values(), 2):
        assert sum(x != y for x, y in zip(a, b, strict=True)) >= 6


def test_pictures_have_any_size_and_cannot_be_written_to():
    small, large = draw(Look("card", "boat")), draw(Look("card", "boat"), 256)
    assert (small.shape, large.shape) == ((64, 64, 3), (256, 256, 3))
    shrunk = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 4
    with pytest.raises(ValueError):
        small[0, 0, 0] = 1


def test_where_a_shape_lies_changes_the_picture_and_not_the_words():
    here, there = Look("shape", "ring", "blue", 0), Look("shape", "ring", "blue", 8)
    assert here.words == there.words == "blue ring"
    assert (draw(here) != draw(there)).any()


def test_an_event_is_named_by_its_words():
    star = Look("flash", "star", "red")
    assert matches(star, "a red star")
    assert not matches(star, "the blue star")
    assert not matches(star, "something that happens")
    assert matches(Look("number", "7"), "number")
    assert not matches(Look("card", "sun"), "number")


def test_rendering_is_fast():
    film = shortest(4)
    render(film, 0)
    for part in film.timeline:
        render(film, part.start_s)
    start = time.process_time()
    for at_s in range(2000):
        render(film, at_s % film.duration_s)
    assert (time.process_time() - start) / 2000 < 0.0002
