"""Answer and turn cards, hostile text, phones and links in a real Chromium, beside a real player."""

from __future__ import annotations

import pytest

from demo.view import view
from sage.types import Stop
from tests.demo.timeline_app import player_at, push_to
from tests.demo.traces import HOSTILE, hostile, lecture, long_run

pytest_plugins = ["tests.browser", "tests.demo.timeline_page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


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


def test_updates_keep_cards_spans_and_scroll_position(stage, desk):
    run = {"run": "20261126-120000-keep0000000000001"}
    many = long_run(20, 50).model_copy(update=run)
    push_to(stage, desk, many.model_copy(update={"turns": many.turns[:19]}), status="running")
    desk.evaluate(
        "document.querySelectorAll('.cd-turn, .tl-item, .tl-thumb').forEach(n => { n.isOld = true })"
    )
    desk.evaluate("document.querySelector('.cd-turns').scrollTop = 200")
    push_to(stage, desk, many, status="running")
    olds = "s => [...document.querySelectorAll(s)].filter(n => n.isOld).length"
    assert desk.evaluate(olds, ".cd-turn") == 19
    assert desk.locator(".cd-turn").count() == 20
    assert desk.evaluate(olds, ".tl-thumb") == desk.locator(".tl-thumb").count()
    assert desk.evaluate("document.querySelector('.cd-turns').scrollTop") == 200
    assert desk.inner_text(".cd-pill") == "↓ 1 new turn"


def test_at_the_end_new_turns_come_into_sight(stage, desk):
    run = {"run": "20261126-120000-keep0000000000002"}
    many = long_run(20, 50).model_copy(update=run)
    push_to(stage, desk, many.model_copy(update={"turns": many.turns[:19]}), status="running")
    desk.evaluate("{ const n = document.querySelector('.cd-turns'); n.scrollTop = n.scrollHeight }")
    push_to(stage, desk, many, status="running")
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


def test_a_link_opens_the_turn_at_its_moment(stage, new_page):
    stage.show(view(lecture(), media=stage.address))
    page = new_page()
    page.goto(f"{stage.url}?run={lecture().run}&turn=3&t=2485.5")
    page.wait_for_selector(".cd-turn[data-turn='3'].is-lit")
    player_at(page, 2485.5)
    assert "turn=3&t=2485.5" in page.evaluate("sage.link()")


def test_a_phone_shows_everything_without_sideways_scroll(stage, new_page):
    stage.show(view(lecture(), media=stage.address))
    phone = {"width": 390, "height": 844}
    page = new_page(
        viewport=phone, has_touch=True, is_mobile=True, color_scheme="dark", reduced_motion="reduce"
    )
    page.goto(stage.url)
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
