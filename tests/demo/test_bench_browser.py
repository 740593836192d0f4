"""The Benchmark tab in Chromium: from a number to its questions to two traces, a run from the form, a file, a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sage.bench.run import BenchFolder, Entry, Header, Outcome, Prediction
from sage.train.job_files import JobState
from sage.train.jobs import Jobs
from sage.types import Example, Question
from tests.demo.annotate_made import make_run
from tests.demo.app_server import LEFT, free_port, start
from tests.demo.test_page_browser import HOSTILE, fits

pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
FRAMES = "[...document.querySelectorAll('.bn-frame')]"


@dataclass
class Place:
    """A running app with runs in its data folder."""

    data: Path
    url: str


def _serve(scratch: Path, data: Path) -> Iterator[Place]:
    port = free_port()
    command = ["-m", "tests.demo.serve", "--data", str(data), "--port", str(port)]
    process = start(command, port, scratch / "log.txt")
    yield Place(data, f"http://127.0.0.1:{port}/")
    process.terminate()
    process.wait(30)
    jobs = Jobs(data / "jobs")
    for job in jobs.all():
        if job.state in (JobState.RUNNING, JobState.STOPPING):
            jobs.kill(job)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    scratch = tmp_path_factory.mktemp("bench")
    data = scratch / "data"
    make_run(data / "runs/bench/night", 60)
    day = make_run(data / "runs/bench/day", 60)
    lines = day.judgement_path("exact").read_text().replace('"wrong"', '"right"', 4)
    day.judgement_path("exact").write_text(lines)
    _hostile(data / "runs/bench" / "zz <b>bold")
    yield from _serve(scratch, data)


def _hostile(folder: Path) -> None:
    question = Question(id=f'"><{HOSTILE[:30]}', text=f"{HOSTILE} asked", choices=(HOSTILE, "b"))
    example = Example(question=question, answer=f"{HOSTILE} truth", source="<i>m</i>")
    header = Header(suite=f"jsonl:{HOSTILE}", model=HOSTILE, expected=1, total=1)
    run = BenchFolder.create(folder, header, [Entry(example=example, duration_s=9.0)])
    with run.writing() as file:
        file.append(Prediction(question=question, outcome=Outcome.ANSWERED, answer=HOSTILE))


def open_tab(page, place: Place, query: str = ""):
    """The page on its Benchmark tab."""
    page.context.set_default_timeout(PATIENCE_MS)
    page.watched.allowed += LEFT
    page.goto(place.url + query)
    page.wait_for_selector("button#ask", state="attached")
    tab = page.get_by_role("tab", name="Benchmark")
    if not tab.is_visible():
        page.locator(".overflow-menu button").first.click()
        tab = page.locator(".overflow-dropdown button", has_text="Benchmark")
    tab.click()
    page.wait_for_selector(".bn-table")
    return page


def compare(page) -> None:
    page.locator('[data-key="run day"]').click()
    page.locator('[data-key="box night"]').check()
    page.wait_for_selector('[data-key="pair  wins"]')


def test_from_a_win_to_two_traces_side_by_side(place, page):
    open_tab(page, place)
    compare(page)
    wins = page.locator('[data-key="pair  wins"]')
    assert wins.inner_text() == "4"
    wins.click()
    page.wait_for_selector(".bn-question")
    assert page.locator(".bn-question").count() == 4
    page.locator(".bn-question").nth(0).click()
    page.wait_for_function(
        f"() => {FRAMES}.length === 2 && "
        f"{FRAMES}.every((f) => f.contentDocument.querySelectorAll('.sg-glyph').length > 2)"
    )
    verdicts = page.locator(".bn-about .bn-bar .bn-verdict").all_inner_texts()
    assert verdicts == ["right", "wrong"]
    lefts = page.evaluate(f"{FRAMES}.map((f) => f.getBoundingClientRect().left)")
    assert lefts[0] < lefts[1]
    playing = f"{FRAMES}.every((f) => f.contentDocument.querySelector('video').readyState > 0)"
    page.wait_for_function(f"() => {playing}")
    page.locator(".bn-asked .sg-time").click()
    moved = f"{FRAMES}.every((f) => f.contentDocument.querySelector('video').currentTime >= 4)"
    page.wait_for_function(f"() => {moved}")


def test_the_keyboard_alone_goes_through_questions_and_back(place, page):
    open_tab(page, place)
    cell = page.locator('[data-key="cell night "]')
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".bn-question")
    page.locator('[data-key="q q0049"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".bn-case h3")
    first = page.locator(".bn-case h3").inner_text()
    page.keyboard.press("n")
    page.wait_for_function(
        "t => document.querySelector('.bn-case h3').textContent !== t", arg=first
    )
    assert page.evaluate("sageBench.at.listed.at") == 50
    page.keyboard.press("p")
    page.wait_for_function(
        "t => document.querySelector('.bn-case h3').textContent === t", arg=first
    )
    page.keyboard.press("Escape")
    assert page.locator(".bn-case").is_hidden()
    assert page.evaluate("document.activeElement.dataset.key") == "q q0049"


def test_the_plot_marks_what_was_published_and_a_click_opens_the_questions(place, page):
    open_tab(page, place)
    page.locator('[data-key="run night"]').click()
    page.wait_for_function(
        "() => { const p = document.querySelector('.bn-plot'); return p.data && p.data.length === 3; }"
    )
    names = page.evaluate("document.querySelector('.bn-plot').data.map((d) => d.name)")
    assert names[0] == "night"
    assert all("published, not measured here" in name for name in names[1:])
    assert page.evaluate("document.querySelector('.bn-plot').data[0].error_y.array[0]") > 0
    point = page.locator(".bn-plot .scatterlayer .trace").first.locator(".points path").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".bn-question")
    assert page.evaluate("[sageBench.at.cell.a, sageBench.at.cell.by]") == ["night", "buckets"]
    page.locator('[data-key="paper"]').uncheck()
    page.wait_for_function("() => document.querySelector('.bn-plot').data.length === 1")


def test_another_judge_gives_other_numbers(place, page):
    open_tab(page, place)
    row = page.locator("tr", has=page.locator('[data-key="run night"]')).first
    before = row.inner_text()
    page.locator('[data-key="judge"]').select_option("panel")
    page.wait_for_function("() => sageBench.at.board.judge === 'panel'")
    assert row.inner_text() != before
    assert "not judged by panel" in page.locator(".is-board").inner_text()


def test_texts_of_runs_are_never_markup(place, page):
    open_tab(page, place)
    page.locator(".bn-name", has_text="bold").click()
    page.locator(".bn-cell", has_text="n 1").last.click()
    page.locator(".bn-question").click()
    page.wait_for_selector(".bn-case h3")
    page.locator('[data-key="by"]').select_option("source")
    page.wait_for_selector('.bn-plot >> text="<i>m</i>"', state="attached")
    assert page.locator(".bn :is(b b, i i, img, script)").count() == 0
    assert page.locator(".bn-case h3").inner_text() == f"{HOSTILE} asked"
    assert page.evaluate("window.hit === undefined")


def test_a_run_from_the_form_is_a_job_and_then_a_run(place, page):
    open_tab(page, place)
    page.locator("#bench-form button").first.click()
    page.locator("#bench-model input").fill("nothing")
    page.locator("#bench-model input").press("Enter")
    page.wait_for_selector("#bench-model.tr-invalid")
    page.locator("#bench-model input").fill("offline")
    page.locator("#bench-model input").press("Enter")
    page.locator("#bench-questions input").fill("7")
    page.locator("#bench-questions input").press("Enter")
    page.wait_for_function(
        "() => document.querySelector('.bn-draft').textContent.includes('--limit 7')"
    )
    page.locator("#bench-start").click()
    page.wait_for_selector('[data-key="run mini-offline-agent-n7"]', timeout=180_000)
    page.wait_for_function(
        "() => { const r = sageBench.run('mini-offline-agent-n7'); return r && r.n === 7 && r.scored === 7; }",
        timeout=180_000,
    )


def test_a_result_file_is_imported_and_chosen(place, page, tmp_path):
    rows = [
        {
            "question": "Q?",
            "video_path": f"{n}.mp4",
            "answer": "a",
            "correct_answer": "a",
            "is_correct": True,
            "duration": 40.0,
        }
        for n in range(3)
    ]
    file = tmp_path / "sage_given_sage_bench_results.json"
    file.write_text(json.dumps(rows))
    open_tab(page, place)
    page.locator("#bench-import button").first.click()
    page.locator("#bench-files input[type=file]").set_input_files(file)
    page.wait_for_selector("#bench-files .file-preview, #bench-files table")
    page.locator("#bench-take").click()
    page.wait_for_function("() => sageBench.at.a.startsWith('imported-')")
    assert "3 of 1,744 questions" in page.locator("#bench-status").inner_text()


@pytest.mark.parametrize("theme", ["", "?__theme=dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(place, new_page, theme):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    open_tab(page, place, theme)
    compare(page)
    page.locator('[data-key="pair  wins"]').click()
    page.locator(".bn-question").first.click()
    page.wait_for_function(
        f"() => {FRAMES}.length === 2 && {FRAMES}.every((f) => f.clientHeight > 500)"
    )
    assert fits(page)
    tops = page.evaluate(f"{FRAMES}.map((f) => f.getBoundingClientRect().top)")
    assert tops[0] < tops[1]
    small = page.evaluate(
        "[...document.querySelectorAll('.bn button, .bn select')].filter((b) => b.offsetParent"
        " && b.getBoundingClientRect().height < 43).map((b) => b.className)"
    )
    assert small == []


def test_without_a_run_the_page_says_how_to_make_one(new_page, tmp_path):
    for place in _serve(tmp_path, tmp_path / "data"):
        page = open_tab(new_page(), place)
        assert "python -m sage bench run mini --model" in page.locator(".bn-empty").inner_text()
        assert "published, not measured here" in page.locator(".bn").inner_text()
