"""The page itself: quiet on start, usable by keyboard and on a phone, safe with keys and text."""

from __future__ import annotations

import pytest

from tests.demo.app_server import App, Controls
from tests.films import make_film
from tests.replies import answer, listen

pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser

HOSTILE = (
    "${window.hit=1} {{constructor.constructor('window.hit=2')()}} <img src=x onerror=window.hit=3>"
    " <script>window.hit=4</script> `${window.hit=5}` \\unit \u202eRTL \u05e9\u05dc\u05d5\u05dd 🦊 "
)
KEY = "sk-visitor-4242424242"


def fits(page) -> bool:
    """No sideways scroll, and a phone has not zoomed out to make room."""
    width = page.viewport_size["width"]
    return page.evaluate("w => document.documentElement.scrollWidth <= w && innerWidth <= w", width)


def test_the_first_screen_is_quiet_and_has_a_heading(controls: Controls) -> None:
    assert controls.page.locator("h1").all_inner_texts() == ["SAGE"]
    assert controls.page.locator(".sp-status-text").get_attribute("aria-live") == "polite"
    assert controls.page.watched.strangers == []


def test_hostile_text_is_shown_as_text(controls: Controls, app: App) -> None:
    lines = [(1.0, 4.0, f"{HOSTILE} spoken"), (5.0, 9.0, "plain")]
    film = make_film(app.scratch / "x${window.hit=6}.mp4", duration_s=12, fps=5, captions=lines)
    said = f"{HOSTILE}{'a' * 20_000} at 00:02"
    model = app.script("hostile", listen("0", "10", stage=1), answer(said))
    controls.give_film(film).choose(model).ask(f"{HOSTILE} what?")
    controls.status("Answered in")
    page = controls.page
    assert "${window.hit=1}" in page.locator("#cards").inner_text()
    page.locator("#past button").first.click()
    page.wait_for_selector(".sp-table")
    assert "onerror" in page.locator(".sp-table").inner_text()
    for part in page.locator("#cards details summary").all():
        part.click()
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src='x']").count() == 0
    assert fits(page)


def test_a_key_is_kept_nowhere(controls: Controls, app: App) -> None:
    page = controls.page
    page.locator("#settings button").first.click()
    page.locator("#key input").fill(KEY)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    controls.give_film().choose(app.quick("key")).ask()
    controls.status("Answered in")
    assert not [url for url in asked if KEY in url]
    assert KEY not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert KEY not in page.evaluate("document.cookie + location.href")
    files = [path for path in app.scratch.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    controls.reload()
    assert page.locator("#key input").count() == 0 or not page.locator("#key input").input_value()


def test_everything_can_be_done_with_the_keyboard(controls: Controls, app: App) -> None:
    page = controls.page
    controls.give_film().choose(app.slow("keys"))
    page.locator("#question textarea").focus()
    page.keyboard.type("What is the password?")
    page.keyboard.press("Enter")
    controls.status("Turn 2")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "stop":
            break
    page.keyboard.press("Enter")
    controls.status("Stopped")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "slider":
            break
    before = controls.time()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "t => document.querySelector('#player video').currentTime > t", arg=before
    )


def test_shift_enter_is_a_new_line_and_ctrl_enter_asks(controls: Controls) -> None:
    box = controls.page.locator("#question textarea")
    box.fill("one")
    box.press("Shift+Enter")
    box.type("two")
    assert box.input_value() == "one\ntwo"
    box.press("Control+Enter")
    controls.page.wait_for_selector(".sp-status[data-kind=error], .sp-status[data-kind=running]")


def test_a_phone_shows_everything_in_one_column(app: App, new_page) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = Controls(page, app).open().give_film().choose(app.quick("phone")).ask()
    phone.status("Answered in 3 turns")
    assert fits(page)
    tops = page.evaluate(
        "['#panel', '#player', '#timeline', '#cards'].map("
        "(s) => document.querySelector(s).getBoundingClientRect().top + scrollY)"
    )
    assert tops == sorted(tops)
    page.evaluate("document.querySelector('#cards').scrollIntoView()")
    page.wait_for_timeout(100)
    player = page.evaluate("document.querySelector('#player').getBoundingClientRect().toJSON()")
    assert -1 <= player["top"] < 844 - player["height"]
    small = page.evaluate(
        "[...document.querySelectorAll('#ask, #stop, .sp-example-open, .sp-chip')]"
        ".filter((n) => n.getBoundingClientRect().height < 44).map((n) => n.outerHTML)"
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(app: App, new_page, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    Controls(page, app).open(f"?__theme={scheme}")
    told = page.evaluate(CONTRAST, [".sp-header p", ".sp-status-text", ".sp-example-about"])
    assert min(told) >= 4.5, told


CONTRAST = """(selectors) => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = getComputedStyle(n).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(c)) return c;
    }
    return "rgb(255, 255, 255)";
  };
  return selectors.map((s) => {
    const node = document.querySelector(s);
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""
