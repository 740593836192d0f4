"""The timeline in a real Chromium, beside a real player."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.demo.timeline_app import lit, player_at
from tests.demo.traces import DURATION_S, lecture, long_run

pytest_plugins = ["tests.browser", "tests.demo.timeline_page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.mark.parametrize(
    ("target", "seconds"),
    [
        (".tl-item.tl-find[data-turn='3']", 2479.0),
        (".cd-chip[data-n='2']", 2479.0),
        (".cd-text .cd-cite:nth-of-type(2)", 2479.0),
        (".cd-turn[data-turn='3'] .cd-go", 2479.0),
        (".cd-turn[data-turn='3'] .sg-time >> nth=1", 2479.0),
        (".tl-flag[data-n='2']", 2479.0),
    ],
)
def test_each_way_to_a_moment_moves_the_player_and_lights_the_others(talk, desk, target, seconds):
    desk.click(target)
    player_at(desk, seconds)
    assert "3" in lit(desk, ".tl-span")
    assert lit(desk, ".tl-flag") == ["2"]
    assert lit(desk, ".cd-chip") == ["2 · 41:19"]
    assert lit(desk, ".cd-text .cd-cite") == ["[41:19]"]
    assert [text[:5] for text in lit(desk, ".cd-turn")] == ["3 · z"]
    assert desk.locator(".tl-thumb.is-lit").count() == 1


def test_a_thumbnail_moves_the_player_to_its_time(talk, desk):
    first = desk.locator(".tl-thumb").first
    first.click()
    player_at(desk, 34.062)
    assert "is-lit" in first.get_attribute("class")


def test_a_thumbnail_of_a_turn_lights_that_turn(talk, desk):
    desk.click(".cd-turn[data-turn='2'] .cd-thumb >> nth=2")
    player_at(desk, 2466.0)
    assert [text[:5] for text in lit(desk, ".cd-turn")] == ["2 · z"]
    assert lit(desk, ".tl-span") == ["2"]


def test_a_turn_without_a_place_lights_up_and_leaves_the_player(talk, desk):
    desk.evaluate("sage.seek(100)")
    desk.click(".cd-turn[data-turn='4'] .cd-go")
    player_at(desk, 100)
    assert lit(desk, ".tl-pin") == ["4"]


def test_hovering_works_both_ways(talk, desk):
    desk.hover(".cd-turn[data-turn='1'] .cd-head")
    assert desk.locator(".tl-span[data-turn='1'].is-near").count() == 1
    desk.hover(".tl-span[data-turn='2']")
    assert desk.locator(".cd-turn[data-turn='2'].is-near").count() == 1
    assert desk.locator(".cd-turn.is-near").count() == 1


def test_dragging_the_ruler_scrubs_with_a_tip(talk, desk):
    box = desk.locator(".tl-slider").bounding_box()
    y = box["y"] + box["height"] / 2
    desk.mouse.move(box["x"] + 10, y)
    desk.mouse.down()
    desk.mouse.move(box["x"] + box["width"] / 2, y, steps=8)
    assert desk.locator(".tl-tip").is_visible()
    assert "frame" in desk.locator(".tl-tip img").get_attribute("src")
    desk.mouse.up()
    player_at(desk, desk.evaluate("sage.state.time"))
    assert desk.evaluate("sage.state.time") == pytest.approx(DURATION_S / 2, rel=0.01)


def test_the_playhead_follows_the_player(talk, desk):
    desk.evaluate("sage.video().currentTime = 2180")
    desk.wait_for_function("Math.abs(sage.state.time - 2180) < 0.1")
    line = desk.locator(".tl-line").bounding_box()
    track = desk.locator(".tl-slider").bounding_box()
    assert line["x"] + 1 == pytest.approx(track["x"] + track["width"] / 2, abs=1.5)


def test_the_playhead_moves_while_the_film_plays(talk, desk):
    desk.evaluate("sage.video().muted = true")
    desk.focus(".tl-slider")
    desk.keyboard.press("Space")
    desk.wait_for_function("sage.state.playing && sage.state.time > 0.3")
    desk.keyboard.press("Space")
    desk.wait_for_function("!sage.state.playing")


def test_the_slider_speaks(talk, desk):
    desk.evaluate("sage.seek(3753)")
    slider = desk.get_by_role("slider", name="Position in the film")
    assert slider.get_attribute("aria-valuetext") == "1 hour 2 minutes 33 seconds"
    assert slider.get_attribute("aria-valuemax") == "4360.0"


def test_keys_move_the_player(talk, desk):
    desk.focus(".tl-slider")
    for key, seconds in [
        ("ArrowRight", 5),
        ("PageUp", 65),
        ("ArrowLeft", 60),
        ("End", DURATION_S),
        ("Backspace", 60),
        ("PageDown", 0),
        ("Backspace", 60),
        ("Home", 0),
    ]:
        desk.keyboard.press(key)
        assert desk.evaluate("sage.state.time") == pytest.approx(seconds, abs=0.1), key
    player_at(desk, 0)


def test_j_and_k_walk_the_turns_from_anywhere(talk, desk):
    desk.evaluate("document.activeElement.blur()")
    for key, turn in [("k", "1"), ("k", "2"), ("k", "3"), ("j", "2")]:
        desk.keyboard.press(key)
        assert desk.locator(".cd-turn.is-lit").get_attribute("data-turn") == turn
    player_at(desk, 2460)


def test_the_replay_slider_keeps_its_own_arrow_keys(talk, desk):
    desk.focus(".tl-replay")
    desk.keyboard.press("ArrowLeft")
    assert desk.inner_text(".tl-step") == "turn 4 of 5"
    assert desk.evaluate("sage.state.time") == 0
    desk.keyboard.press("k")
    assert lit(desk, ".tl-span") == ["1"]


def test_a_link_to_the_moment_is_copied(talk, desk):
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.click(".cd-chip[data-n='2']")
    desk.click("[title='Copy a link to this moment']")
    desk.wait_for_selector("[data-told='link copied']")
    copied = desk.evaluate("navigator.clipboard.readText()")
    assert re.search(r"\?run=20261126-120000-[0-9a-f]{16}&turn=3&t=2479$", copied)


def test_shortcuts_rest_while_somebody_types(talk, desk):
    desk.click("#question textarea, #question input")
    desk.keyboard.type("jk?+-0 z")
    assert lit(desk, ".cd-turn") == []
    assert desk.locator(".tl-keys").is_hidden()
    assert desk.evaluate("sage.state.time") == 0
    desk.evaluate("document.activeElement.blur()")


def test_a_question_mark_lists_the_keys(talk, desk):
    desk.keyboard.press("?")
    assert desk.get_by_text("previous, next turn").is_visible()
    desk.keyboard.press("?")
    assert desk.locator(".tl-keys").is_hidden()


def test_zooming_to_seconds_keeps_everything_in_line(talk, desk):
    desk.click(".tl-item.tl-find[data-turn='3']")
    desk.focus(".tl-slider")
    for _ in range(16):
        desk.keyboard.press("+")
    assert (
        desk.evaluate("+document.querySelector('.tl-body').style.getPropertyValue('--length')") < 5
    )
    head = desk.locator(".tl-line").bounding_box()["x"] + 1
    find = desk.locator(".tl-find[data-turn='3']").bounding_box()["x"]
    tick = desk.locator(".tl-tick", has_text="41:19.0").first.bounding_box()["x"]
    frame_px = desk.locator(".tl-slider").bounding_box()["width"] / 5 / 25
    assert head == pytest.approx(find, abs=frame_px)
    assert head == pytest.approx(tick, abs=frame_px)
    assert desk.locator(".tl-mini").is_visible()
    desk.keyboard.press("0")
    assert desk.locator(".tl-mini").is_hidden()


def test_the_wheel_zooms_around_the_pointer_and_pans(talk, desk):
    box = desk.locator(".tl-slider").bounding_box()
    x = box["x"] + box["width"] * 0.25
    desk.mouse.move(x, box["y"] + 8)
    desk.keyboard.down("Control")
    desk.mouse.wheel(0, -800)
    desk.keyboard.up("Control")
    desk.wait_for_function("document.querySelector('.tl-card').classList.contains('is-zoomed')")
    window = "['from', 'length'].map(k => +document.querySelector('.tl-body').style.getPropertyValue('--' + k))"
    start, length = desk.evaluate(window)
    assert start + length * 0.25 == pytest.approx(DURATION_S * 0.25, abs=DURATION_S / 300)
    desk.keyboard.down("Shift")
    desk.mouse.wheel(0, 100)
    desk.keyboard.up("Shift")
    desk.wait_for_function(f"s => {window}[0] > s + 1", arg=start)


def test_more_pictures_show_when_zoomed(show, desk):
    show(long_run(3, 100))
    few = desk.locator(".tl-thumb").count()
    assert few < 30
    desk.evaluate("sage.focus({t: 5400})")
    desk.focus(".tl-slider")
    for _ in range(4):
        desk.keyboard.press("+")
    times = desk.eval_on_selector_all(
        ".tl-thumb", "all => all.map(n => +n.style.getPropertyValue('--s'))"
    )
    gaps = [b - a for a, b in itertools.pairwise(sorted(times))]
    assert min(gaps) == pytest.approx(108)


def test_coverage_and_totals(talk, desk):
    assert desk.inner_text(".tl-cover") == "Looked at 11 % of 1:12:40 in 5 turns"
    assert desk.inner_text(".tl-totals") == "15.5 s · 4.5k tok · —"
    assert "unknown" in desk.get_attribute(".tl-totals span:last-child", "title")


def test_what_costs_nothing_is_called_free(show, desk):
    trace = lecture()
    reply = trace.turns[0].replies[0].model_copy(update={"usd": 0.0})
    show(
        trace.model_copy(
            update={"turns": (trace.turns[0].model_copy(update={"replies": (reply,)}),)}
        )
    )
    assert desk.inner_text(".tl-totals").endswith("free")


def test_replay_rebuilds_the_state_after_a_turn(talk, desk):
    desk.locator(".tl-replay").fill("1")
    assert desk.inner_text(".tl-step") == "turn 1 of 5"
    assert desk.locator(".cd-turn").count() == 1
    assert desk.locator(".cd-answer").count() == 0
    assert desk.locator(".tl-flag").count() == 0
    assert desk.inner_text(".tl-cover") == "Looked at 11 % of 1:12:40 in 1 turn"
    assert desk.locator(".tl-gap").count() == 2
    desk.locator(".tl-replay").fill("0")
    assert desk.locator(".tl-gap").count() == 0
    desk.locator(".tl-replay").fill("5")
    assert desk.locator(".cd-answer").count() == 1


def test_the_list_is_a_table_whose_times_seek(talk, desk):
    desk.click("[title='List of all stretches']")
    assert desk.get_by_role("columnheader").all_inner_texts() == [
        "Turn",
        "What",
        "Stretch",
        "Found",
    ]
    desk.get_by_role("table").get_by_role("button", name=re.compile("40 minutes$")).click()
    player_at(desk, 2400)
    assert lit(desk, ".tl-list tr")[0].startswith("3")
    desk.click("[title='List of all stretches']")
