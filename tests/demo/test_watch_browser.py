"""Watching runs: reload, a second browser, two users at once."""

from __future__ import annotations

import pytest

from tests.demo.app_server import App, Controls

pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser


def test_a_reload_finds_the_run_again_without_lost_or_doubled_turns(
    controls: Controls, app: App
) -> None:
    controls.give_film().choose(app.paced("reload")).ask()
    controls.status("Turn 2")
    run = controls.run()
    controls.reload()
    controls.status("Answered in 5 turns")
    assert controls.run() == run
    assert controls.turns() == [1, 2, 3, 4, 5]
    assert controls.page.locator("#question textarea").input_value() == "What is the password?"
    assert controls.page.locator("#player video").count() == 1


def test_the_browser_remembers_its_last_run_without_an_address(
    controls: Controls, app: App
) -> None:
    controls.give_film().choose(app.quick("remember")).ask()
    controls.status("Answered in")
    run = controls.run()
    controls.open()
    controls.status("Answered in")
    assert controls.run() == run


def test_a_second_browser_sees_the_run_and_can_stop_it(
    controls: Controls, app: App, new_page
) -> None:
    controls.give_film().choose(app.slow("shared")).ask()
    controls.status("Turn 2")
    other = Controls(new_page(), app).open(f"?run={controls.run()}&turn=1&t=21.5")
    other.status("Turn 2")
    assert other.turns() == [1]
    other.page.wait_for_function(
        "Math.abs(document.querySelector('#player video').currentTime - 21.5) < 0.1"
    )
    other.page.locator("button#stop").click()
    other.status("Stopped")
    controls.status("Stopped")


def test_two_users_do_not_wait_for_each_other(controls: Controls, app: App, new_page) -> None:
    controls.give_film().choose(app.slow("long")).ask()
    controls.status("Turn 2")
    other = Controls(new_page(), app).open().give_film().choose(app.quick("short")).ask()
    other.status("Answered in 3 turns")
    assert "Turn 2" in controls.status("Turn 2")
    controls.page.locator("button#stop").click()
    controls.status("Stopped")


def test_a_link_is_fetched_within_the_run(controls: Controls, app: App) -> None:
    controls.page.locator("#link textarea, #link input").fill(f"{app.web}/talk.mp4")
    controls.choose(app.quick("link")).ask()
    controls.status("Answered in 3 turns", 30)
    assert controls.page.locator("#player video").count() == 1


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/film.mp4", "redirect"])
def test_links_into_the_machine_are_refused_with_a_sentence(
    controls: Controls, app: App, link: str
) -> None:
    link = f"{app.web}/redirect.mp4" if link == "redirect" else link
    controls.page.locator("#link textarea, #link input").fill(link)
    controls.choose(app.quick("never")).ask("Who speaks?")
    controls.page.wait_for_selector(".sp-status[data-kind=error]")
    assert len(controls.page.locator(".sp-status-text").inner_text()) > 30
    assert controls.page.locator("#question textarea").input_value() == "Who speaks?"
    assert controls.page.locator("button#ask").inner_text() == "Ask again"
