import pytest

from sage.data.quotas import coverage, gaps, missing, trim
from sage.data.settings import Quotas
from sage.types import Span
from tests.sage.data.made import written

QUOTAS = Quotas(least=4, most=6, visual=2, mcq=1, open_ended=1, each_difficulty=1, coverage=0.85)


def at(*moments):
    return [
        written(n, evidence=(Span(start_s=s, end_s=s + 5.0),), difficulty=d, kind=k)
        for n, (s, d, k) in enumerate(moments, 1)
    ]


GOOD = at(
    *((50.0, "easy", "mcq"), (200.0, "medium", "open-ended")),
    *((350.0, "hard", "open-ended"), (500.0, "easy", "open-ended")),
    *((580.0, "easy", "open-ended"),),
)


def test_nothing_is_missing_of_a_good_set():
    assert missing(GOOD, QUOTAS, 600.0) == []


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (GOOD[:3], "1 more question"),
        (GOOD[1:], "1 more question of type mcq"),
        ([*GOOD[:2], *GOOD[3:]], "1 more hard question"),
        (GOOD[:2], "2 more questions"),
    ],
)
def test_what_is_missing_is_said_in_words(kept, words):
    assert words in missing(kept, QUOTAS, 600.0)


def test_stretches_nobody_asked_about_are_named():
    words = "questions about 01:55 to 02:20, 04:25 to 04:50, 06:55 to 10:00"
    assert words in missing(GOOD[:3], QUOTAS, 600.0)


def test_short_films_need_no_coverage():
    assert missing(GOOD, QUOTAS, 200.0) == []
    assert missing(at((1.0, "easy", "mcq")) * 4, QUOTAS, 299.0) != []


def test_coverage_is_of_moments_not_of_claims():
    assert coverage([], 100.0) == 0.0
    assert coverage(at((50.0, "easy", "mcq")), 100.0) == pytest.approx(0.25)
    whole = written(1, evidence=(Span(start_s=0.0, end_s=100.0),))
    assert coverage([whole], 100.0) == 0.0
    assert [(g.start_s, g.end_s) for g in gaps(at((50.0, "easy", "mcq")), 100.0)] == [
        (0, 40),
        (65, 100),
    ]


def test_surplus_goes_from_the_end_unless_a_quota_needs_it():
    moments = [(60.0 * n, "easy", "mcq") for n in range(8)]
    many = at(*moments, (200.0, "medium", "open-ended"), (350.0, "hard", "open-ended"))
    left, gone = trim(many, QUOTAS, 600.0)
    assert (len(left), len(gone)) == (6, 4)
    assert gone == many[4:8]
    assert {w.example.difficulty for w in left} == {"easy", "medium", "hard"}
