"""The Training tab in a real browser, with jobs that write a log as trainings do; one of a real training is slow."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from sage.train.job_files import JobState
from tests.demo.app_server import CUT
from tests.demo.train_app import Served, Training, add_paced, begun, served, steps_of, training
from tests.sage.train.job_scripts import wait_for

__all__ = ["served", "training"]
pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser
LOST = [*CUT, "net::ERR_"]


def stop_all(served: Served) -> None:
    jobs = served.jobs
    for job in jobs.all():
        if job.state in (JobState.RUNNING, JobState.STOPPING):
            jobs.kill(job)


def test_a_mistake_is_told_at_its_field_and_nothing_starts(training: Training) -> None:
    page = training.page
    page.locator("#train-knob0 input").fill("-1")
    page.wait_for_selector("#train-knob0.tr-invalid")
    assert "Learning rate" in page.locator(".tr-troubles").inner_text()
    before = len(training.app.jobs.all())
    page.locator("#train-start").click()
    page.wait_for_selector("#train-status .sp-status[data-kind=error]")
    assert len(training.app.jobs.all()) == before
    page.locator("#train-knob0 input").fill("0.01")
    page.wait_for_selector(".tr-facts")
    page.locator(".tr-draft summary").click()
    assert "python -m sage train sft --config" in page.locator(".tr-draft").inner_text()


def test_curves_move_zoom_is_kept_and_a_resume_joins(training: Training, served: Served) -> None:
    job = begun(add_paced(served.jobs, steps=600))
    training.open(job.id)
    training.wait_points(10)
    kept = training.zoom()
    n = len(training.points())
    training.wait_points(n + 10)
    assert training.stretch() == kept
    assert "Alarm" in training.page.locator(".tr-banners").inner_text()
    training.act("stop")
    training.state("stopped")
    at = steps_of(job)[-1]
    training.act("resume")
    training.state("running")
    training.wait_points(at + 3)
    assert training.stretch() == kept
    assert training.points() == sorted(set(training.points()))
    assert [a.number for a in job.attempts] == [1, 2]
    stop_all(served)


def test_two_browsers_see_the_same_and_closing_both_does_nothing(served: Served, new_page) -> None:
    job = begun(add_paced(served.jobs, name="shared"))
    one = Training(new_page(), served).open(job.id)
    two = Training(new_page(), served).open(job.id)
    for tab in (one, two):
        tab.state("running")
    for tab in (one, two):
        tab.page.watched.allowed += LOST
        tab.page.close()
    at = len(steps_of(job))
    time.sleep(1)
    assert job.state == JobState.RUNNING
    assert len(steps_of(job)) > at
    stop_all(served)


def test_the_log_is_followed_and_searched(training: Training, served: Served) -> None:
    job = begun(add_paced(served.jobs, name="talks"))
    training.open(job.id)
    training.view("Log")
    training.page.wait_for_selector(".tr-logline >> text=grpo 12/400")
    training.page.locator(".tr-search").fill("GRPO 3/")
    training.page.wait_for_selector(".tr-log .tr-number")
    assert training.page.locator(".tr-logline").count() == 1
    stop_all(served)


def test_the_app_dies_and_the_job_does_not(training: Training, served: Served) -> None:
    job = begun(add_paced(served.jobs, steps=5000, name="outlives"))
    training.open(job.id)
    training.state("running")
    training.page.watched.allowed += LOST
    served.kill()
    training.page.wait_for_selector(".tr-banner >> text=The app does not answer")
    at = len(steps_of(job))
    served.start()
    assert len(steps_of(job)) > at
    training.open(job.id)
    training.state("running")
    training.act("stop")
    training.state("stopped")
    training.act("resume")
    training.state("running")
    os.kill(job.attempts[-1].start.process.pid, signal.SIGKILL)
    training.state("failed", timeout_s=5 if "CI" in os.environ else 60)
    assert "reward" in training.page.locator(".tr-trace").inner_text()
    training.act("resume")
    training.state("running")
    stop_all(served)


def test_one_waits_for_the_other_and_can_be_taken_out(training: Training, served: Served) -> None:
    first = begun(add_paced(served.jobs, name="first"))
    second = add_paced(served.jobs, name="second")
    training.open(second.id)
    training.state("queued")
    assert "place 1" in training.page.locator(".tr-says").inner_text()
    training.act("cancel")
    training.state("idle")
    training.open(first.id)
    training.act("stop")
    training.state("stopped")
    assert second.state == JobState.IDLE


def test_names_are_kept_and_deletion_asks(training: Training, served: Served) -> None:
    job = add_paced(served.jobs, steps=2, name="short")
    wait_for(job, JobState.DONE)
    training.open(job.id)
    training.state("done")
    training.view("Settings")
    training.page.get_by_label("Name", exact=True).last.fill("<img src=x onerror=alert(1)> ${1}")
    training.page.get_by_role("button", name="Keep name and note").click()
    training.page.wait_for_selector(".tr-name >> text=onerror")
    training.page.locator('[data-do="delete"]').click()
    assert job.folder.exists()
    training.page.locator('[data-do="delete"]').click()
    training.page.wait_for_selector("#train-status >> text=deleted")
    assert not job.folder.exists()


def test_a_long_run_and_a_long_log_are_there_at_once(training: Training, served: Served) -> None:
    job = add_paced(served.jobs, steps=1, name="long")
    wait_for(job, JobState.DONE)
    lines = [{"stage": 0, "step": n, "reward": n % 9, "loss": 1 / n} for n in range(1, 10_001)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (job.folder / "metrics.jsonl").write_text(text + '{"stage": 0, "ste')
    (job.folder / "log.txt").write_text("".join(f"line {n}\n" for n in range(200_000)))
    training.open(job.id)
    training.wait_points(500)
    assert training.points()[-1] == 10_000
    training.view("Log")
    training.page.wait_for_selector(".tr-logline >> text=line 199999")
    assert training.page.locator(".tr-logline").count() == 500


def test_a_report_opens_without_the_app(training: Training, served: Served, new_page, tmp_path):
    job = add_paced(served.jobs, steps=30, pause=0.0, name="reported")
    wait_for(job, JobState.DONE)
    training.open(job.id)
    training.state("done")
    with training.page.expect_download() as loading:
        training.page.get_by_text("Report", exact=True).click()
    path = tmp_path / "report.html"
    loading.value.save_as(path)
    page = new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=reward] .nsewdrag")
    assert "Done: 30 steps" in page.inner_text("body")


def test_on_a_phone_nothing_sticks_out(served: Served, new_page) -> None:
    job = add_paced(served.jobs, steps=30, pause=0.0, name="small")
    wait_for(job, JobState.DONE)
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    training = Training(page, served).open(job.id)
    training.wait_points(30)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    low = page.evaluate(
        "[...document.querySelectorAll('.tr-tab, .tr-button, .tr-open')]"
        ".filter((b) => b.offsetParent && b.offsetHeight < 44).length"
    )
    assert low == 0
