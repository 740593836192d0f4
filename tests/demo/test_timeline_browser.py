"""Timeline and turn cards in a real Chromium, beside a real player."""

from __future__ import annotations

import itertools
import re

import pytest

from demo.view import view
from sage.types import Stop
from tests.demo.timeline_app import App, write_film, write_thumbs
from tests.demo.traces import DURATION_S, HOSTILE, hostile, lecture, long_run

pytest_plugins = ["tests.browser"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

RUNS = (f"20261126-120000-{n:016x}" for n in itertools.count(1))
NO_ALERT = "window.alert = (x) => { throw new Error('alert ' + x) };"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    write_film(folder / "film.mp4", int(DURATION_S))
    write_thumbs(folder, 100)
    app = App(folder)
    yield app
    app.close()


@pytest.fixture(scope="module")
def desk(app, shared_pages):
    """One desktop page for all tests of this module; a fresh run id resets what the page holds."""
    page = shared_pages(viewport={"width": 1360, "height": 900})
    page.add_init_script(NO_ALERT)
    app.text = ""
    page.goto(app.url)
    page.wait_for_selector("#timeline .tl-empty")
    page.wait_for_function("sage.video() && sage.video().readyState >= 1")
    return page


@pytest.fixture
def show(app, desk):
    """Pushes a trace to the page as an update from the server and waits until it is drawn."""

    def push(trace, **live):
        return push_to(app, desk, trace, **live)

    return push


def push_to(app, page, trace, **live):
    trace = (
        trace
        if trace.run.startswith("20261126-120000-keep")
        else trace.model_copy(update={"run": next(RUNS)})
    )
    data = view(trace, live=live or None, media=app.address)
    app.show(data)
    page.click("#next")
    page.wait_for_function(
        "([run, n]) => sage.state.view && sage.state.view.run === run && sage.state.view.turns.length === n",
        arg=[trace.run, len(trace.turns)],
    )
    page.mouse.move(5, 5)
    return data


@pytest.fixture
def talk(show, desk):
    """The lecture, drawn, with the player at its start."""
    data = show(lecture())
    desk.evaluate("sage.seek(0, {remember: false})")
    return data


def player_at(page, seconds: float) -> None:
    script = "t => !sage.video().seeking && Math.abs(sage.video().currentTime - t) <= 0.1"
    page.wait_for_function(script, arg=seconds)


def lit(page, selector: str) -> list[str]:
    return page.eval_on_selector_all(
        f"{selector}.is-lit", "all => all.map(n => n.textContent.trim())"
    )


# ---- the four ways to a moment


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


# ---- playhead


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


# ---- keys


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


# ---- zoom


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


# ---- what is told


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


def test_links_lead_to_web_pages_only(talk, desk):
    chip = desk.locator(".cd-chip[data-n='3']")
    assert (chip.get_attribute("href"), chip.get_attribute("rel")) == (
        "https://example.org/crucis",
        "noopener noreferrer",
    )
    assert desk.locator(".sg [href^='javascript']").count() == 0
    assert desk.locator(".cd-sources").get_by_text("no web page").count() == 1


def test_badges_tell_what_went_wrong(show, desk):
    trace = lecture()
    retried = trace.turns[0].model_copy(
        update={"replies": trace.turns[0].replies * 3, "forced": True}
    )
    show(trace.model_copy(update={"turns": (retried,)}))
    assert desk.locator(".cd-badge").all_inner_texts() == ["retried 2 times", "forced"]


@pytest.mark.parametrize(
    ("stop", "title", "words"),
    [
        (Stop.FAILED, "Failed", "The server is gone. The turns are kept. Start it again."),
        (Stop.STOPPED, "Stopped", "5 turns kept below"),
        (Stop.MALFORMED, "No valid action", "gave no valid action"),
        (Stop.INTERRUPTED, "Interrupted", "was ended"),
    ],
)
def test_each_ending_is_told_in_words(show, desk, stop, title, words):
    error = "The server is gone. The turns are kept. Start it again." if stop == Stop.FAILED else ""
    show(
        lecture().model_copy(update={"stop": stop, "answer": None, "evidence": (), "error": error})
    )
    assert desk.inner_text(".cd-box h2").strip() == title
    assert words in desk.inner_text(".cd-box")


def test_a_forced_answer_says_so(show, desk):
    show(lecture().model_copy(update={"stop": Stop.FORCED, "limit": "turns"}))
    assert "limit of turns was reached" in desk.inner_text(".cd-answer")


# ---- while a run goes on


def running(n: int):
    trace = lecture()
    return trace.model_copy(
        update={"turns": trace.turns[:n], "stop": None, "answer": None, "evidence": ()}
    )


def test_the_step_that_goes_on_ticks_in_the_browser(show, desk):
    now = {"turn": 2, "decision": "zoom", "text": "Reading frames", "done": 0.4, "since_s": 30.0}
    show(running(1), status="running", now=now)
    assert desk.inner_text(".cd-now strong") == "2 · zoom"
    assert desk.get_by_role("progressbar", name="Progress").get_attribute("aria-valuenow") == "40"
    first = float(desk.inner_text(".cd-now .cd-cost").split()[0])
    assert first >= 30
    desk.wait_for_function(
        "t => parseFloat(document.querySelector('.cd-now .cd-cost').textContent) > t", arg=first
    )


def test_queued_and_stopping_are_told(show, desk):
    show(running(0), status="queued")
    assert desk.inner_text(".cd-now strong") == "queued"
    show(
        running(0),
        status="stopping",
        now={"turn": 1, "decision": None, "text": "", "done": None, "since_s": 1},
    )
    assert "stopping" in desk.inner_text(".cd-now")


def test_updates_keep_cards_spans_and_scroll_position(app, desk):
    run = {"run": "20261126-120000-keep0000000000001"}
    many = long_run(20, 50).model_copy(update=run)
    push_to(app, desk, many.model_copy(update={"turns": many.turns[:19]}), status="running")
    desk.evaluate(
        "document.querySelectorAll('.cd-turn, .tl-item, .tl-thumb').forEach(n => { n.isOld = true })"
    )
    desk.evaluate("document.querySelector('.cd-turns').scrollTop = 200")
    push_to(app, desk, many, status="running")
    olds = "s => [...document.querySelectorAll(s)].filter(n => n.isOld).length"
    assert desk.evaluate(olds, ".cd-turn") == 19
    assert desk.locator(".cd-turn").count() == 20
    assert desk.evaluate(olds, ".tl-thumb") == desk.locator(".tl-thumb").count()
    assert desk.evaluate("document.querySelector('.cd-turns').scrollTop") == 200
    assert desk.inner_text(".cd-pill") == "↓ 1 new turn"


def test_at_the_end_new_turns_come_into_sight(app, desk):
    run = {"run": "20261126-120000-keep0000000000002"}
    many = long_run(20, 50).model_copy(update=run)
    push_to(app, desk, many.model_copy(update={"turns": many.turns[:19]}), status="running")
    desk.evaluate("{ const n = document.querySelector('.cd-turns'); n.scrollTop = n.scrollHeight }")
    push_to(app, desk, many, status="running")
    left = (
        "(n => n.scrollHeight - n.scrollTop - n.clientHeight)(document.querySelector('.cd-turns'))"
    )
    assert desk.evaluate(left) < 5
    assert desk.locator(".cd-pill").is_hidden()


def test_three_hours_with_many_turns_update_at_once(show, desk):
    show(long_run(), status="running")
    script = """() => {
        const view = JSON.parse(sage.state.raw), last = view.turns.pop(), times = [];
        for (let i = 0; i < 6; i += 1) {
            if (i % 2) view.turns.push(last);
            const raw = JSON.stringify(view), began = performance.now();
            sage.setView(raw);
            document.body.getBoundingClientRect();
            times.push(performance.now() - began);
            if (i % 2) view.turns.pop();
        }
        return times.sort((a, b) => a - b);
    }"""
    times = desk.evaluate(script)
    print("update of 120 turns and 900 pictures, ms:", [round(t, 1) for t in times])
    assert times[2] < 150, times
    scrub = """() => {
        const began = performance.now();
        for (let i = 0; i < 60; i += 1) sage.seek(i * 150, {remember: false});
        return performance.now() - began;
    }"""
    took = desk.evaluate(scrub)
    print("60 positions while scrubbing, ms:", round(took, 1))
    assert took < 1000


# ---- strangers' text


def test_hostile_text_is_shown_literally(show, desk):
    show(hostile())
    desk.click(".tl-find")
    desk.click("[title='List of all stretches']")
    desk.click("[title='List of all stretches']")
    assert desk.locator(".cd-text").text_content() == HOSTILE
    assert desk.locator(".cd-turn[data-turn='1'] .cd-why").text_content() == HOSTILE
    assert HOSTILE in desk.locator(".tl-find").get_attribute("title")
    assert desk.locator(".sg .sg-foreign img, .sg script").count() == 0
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert desk.evaluate(width)
    rights = (
        "[...document.querySelectorAll('.sg-cards *')].map(n => n.getBoundingClientRect().right)"
    )
    wide = f"Math.max(...{rights}) <= innerWidth"
    assert desk.evaluate(wide)


def test_what_is_no_view_leaves_the_page_whole(show, desk):
    show(lecture())
    desk.evaluate("sage.setView('{broken')")
    assert desk.locator(".tl-empty").is_visible()
    assert desk.locator(".cd-empty").is_visible()


# ---- other pages


def test_a_link_opens_the_turn_at_its_moment(app, new_page):
    app.show(view(lecture(), media=app.address))
    page = new_page()
    page.goto(f"{app.url}?run={lecture().run}&turn=3&t=2485.5")
    page.wait_for_selector(".cd-turn[data-turn='3'].is-lit")
    player_at(page, 2485.5)
    assert "turn=3&t=2485.5" in page.evaluate("sage.link()")


def test_a_phone_shows_everything_without_sideways_scroll(app, new_page):
    app.show(view(lecture(), media=app.address))
    phone = {"width": 390, "height": 844}
    page = new_page(
        viewport=phone, has_touch=True, is_mobile=True, color_scheme="dark", reduced_motion="reduce"
    )
    page.goto(app.url)
    page.wait_for_selector(".cd-turn")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.click("[title='List of all stretches']")
    small = """() => [...document.querySelectorAll('.sg button, .sg a')]
        .filter(n => n.offsetParent && !n.matches('.tl-item, .tl-thumb, .cd-cite'))
        .filter(n => { const b = n.getBoundingClientRect(); return b.width < 44 || b.height < 44 })
        .map(n => n.className + ' ' + n.textContent)"""
    assert page.evaluate(small) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("table").get_by_role("button", name="Go to 40 minutes").tap()
    player_at(page, 2400)
