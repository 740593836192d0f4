"""The plan of the glance: evenly spread, inside the film, denser where the question points."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.video.sampling import FOCUS_SHARE, plan

durations = st.floats(min_value=0.01, max_value=40_000, allow_nan=False)
questions = st.sampled_from(
    ["", "What happens at 12:41?", "at 0:05 and 1:10:00", "in the first minute", "at the end"]
)


@given(durations, questions, st.integers(1, 300), st.floats(0.1, 10), st.booleans())
def test_any_plan_is_sorted_unique_inside_and_within_budget(
    duration_s, question, budget, fps, focus
):
    times = plan(duration_s, question, budget=budget, max_fps=fps, focus=focus)
    assert 1 <= len(times) <= max(1, min(budget, int(duration_s * fps)))
    assert all(0 <= t < duration_s for t in times)
    assert all(b - a >= 1 / fps - 1e-6 for a, b in pairwise(times))


def test_frames_lie_in_the_middle_of_equal_bins():
    assert plan(100, budget=4) == (12.5, 37.5, 62.5, 87.5)


def test_a_short_film_is_seen_at_two_frames_a_second():
    assert len(plan(30)) == 60
    assert plan(0.4) == (0.2,)


def test_a_named_time_gets_a_quarter_of_the_budget_and_is_itself_in_the_plan():
    times = plan(3600, "What happens at 12:41?", budget=128)
    near = [t for t in times if abs(t - 761) <= 16]
    assert 761 in times
    assert 128 * FOCUS_SHARE <= len(near) <= 128 * FOCUS_SHARE + 3


def test_several_named_times_share_the_focus_evenly():
    times = plan(3600, "Compare 10:00 with 50:00", budget=128)
    counts = [sum(abs(t - at) <= 8 for t in times) for at in (600, 3000)]
    assert min(counts) >= 15


def test_the_rest_of_the_film_stays_covered():
    times = plan(3600, "What happens at 12:41?", budget=128)
    edges = (0.0, *times, 3600.0)
    assert max(b - a for a, b in pairwise(edges)) < 2 * 3600 / 96


def test_focus_can_be_turned_off():
    assert plan(3600, "at 12:41", focus=False) == plan(3600)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_film_without_length_is_refused(bad):
    with pytest.raises(ValueError, match="no frames"):
        plan(bad)
