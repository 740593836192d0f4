"""People annotate in Chromium: two on one queue, one who leaves, an app that is killed, and a keyboard alone."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from sage.annotate.desk import Desk
from sage.annotate.store import FILE, Store
from sage.annotate.types import Draft, Kind, Policy, VerdictBody
from sage.types import Example, Question
from tests.demo.annotate_made import make_questions, make_queue
from tests.demo.app_server import LEFT, free_port, start
from tests.demo.test_page_browser import HOSTILE, fits

pytest_plugins = ["tests.browser"]
pytestmark = pytest.mark.browser

N = 40
VIDEO = "document.querySelector('.an-frame').contentDocument.querySelector('video')"
FOCUSED = "document.activeElement"
OWN = "() => sageAnnotate.state"
PATIENCE_MS = 60_000


@dataclass
class Place:
    """A running app with queues, which can be killed and started again at the same address."""

    data: Path
    port: int
    process: Popen

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def store(self) -> Store:
        return Store(self.data / FILE)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def start(self) -> None:
        command = ["-m", "tests.demo.serve", "--data", str(self.data), "--port", str(self.port)]
        self.process = start(command, self.port, self.data.parent / "log.txt")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("annotate") / "data"
    make_queue(data, "shared", N)
    make_queue(data, "alone", 24)
    make_queue(data, "killed", 6)
    make_queue(data, "kappa", 30, labels=2)
    make_questions(data, "questions", 3)
    _hostile(Store(data / FILE))
    here = Place(data, free_port(), None)
    here.start()
    yield here
    here.kill()


def _hostile(store: Store) -> None:
    question = Question(id="x", text=f"{HOSTILE} asked", choices=(f"{HOSTILE} option", "b"))
    body = VerdictBody(
        example=Example(question=question, answer=f"{HOSTILE} truth"), answer=HOSTILE
    )
    said = {f"{HOSTILE[:40]}": ("right", HOSTILE), "b": ("wrong", HOSTILE)}
    draft = Draft(key="x", body=body, verdicts=said)
    store.add_queue("hostile", Kind.VERDICT, [draft], Policy(share=1.0))


class Annotator:
    """What a person does on the Annotation tab."""

    def __init__(self, page, place: Place, name: str) -> None:
        self.page, self.place, self.name = page, place, name
        page.context.set_default_timeout(PATIENCE_MS)

    def open(self, queue: str, query: str = "") -> Annotator:
        self.page.watched.allowed += LEFT
        self.page.goto(self.place.url + query)
        self.page.get_by_role("tab", name="Annotation").click()
        self.page.wait_for_selector(".an-queue")
        self.page.fill("#an-name", self.name)
        self.page.get_by_role("button", name=f"Label {queue}", exact=True).click()
        self.page.wait_for_selector(".an-choice")
        return self

    def state(self) -> dict:
        return self.page.evaluate(OWN)

    def case(self) -> int | None:
        """The case on the page; None when nothing is left."""
        return self.page.evaluate("() => (sageAnnotate.state.case || {id: null}).id")

    def press(self, key: str) -> dict:
        """Presses a key and waits for what the server says to it."""
        before = self.state()["n"]
        self.page.keyboard.press(key)
        self.page.wait_for_function("n => sageAnnotate.state.n !== n", arg=before)
        return self.state()


@pytest.fixture
def annotator(place, new_page):
    return lambda name, **options: Annotator(new_page(**options), place, name)


def test_two_share_a_queue_of_forty_and_what_one_leaves_comes_back(place, annotator):
    ann, bob = annotator("ann").open("shared"), annotator("bob").open("shared")
    seen = {"ann": set(), "bob": set()}

    def work(who: Annotator) -> None:
        mine, other = who.case(), (bob if who is ann else ann).case()
        assert mine != other, "two hold one case"
        seen[who.name].add(mine)
        state = who.press("1")
        assert state["saved"]["value"] == "right"

    for _ in range(6):
        work(ann)
        work(bob)
    left = ann.case()
    ann.page.watched.allowed += LEFT
    ann.page.goto("about:blank")
    while bob.case() is not None:
        mine = bob.case()
        assert mine not in seen["ann"]
        seen["bob"].add(mine)
        bob.press("3")
    assert left in seen["bob"]
    labels = place.store.labels("shared")
    assert sorted(label.case for label in labels) == sorted(
        c.id for c in place.store.cases("shared")
    )
    assert {label.case for label in labels if label.annotator == "ann"} == seen["ann"]
    assert len(labels) == N
    assert "All labels are in" in bob.page.locator(".an-none").inner_text()


def test_nothing_of_the_judges_is_on_the_page_before_the_label_is_saved(annotator):
    ann = annotator("ann").open("alone")
    assert "llm-small" not in ann.page.content() + json.dumps(ann.state())
    state = ann.press("2")
    assert len(state["saved"]["judges"]) == 4
    assert "llm-small" in ann.page.locator(".an-saved").inner_text()
    frame = ann.page.frame_locator("iframe.an-frame")
    frame.locator("#timeline .tl-card").wait_for()
    frame.locator("#cards .cd-turn").first.wait_for()
    ann.page.wait_for_function(f"() => {VIDEO}.readyState >= 1")
    ann.page.keyboard.press("e")
    ann.page.wait_for_function(f"() => Math.abs({VIDEO}.currentTime - 4) < 0.2")
    ann.press("u")


def test_twenty_cases_with_the_keyboard_alone(place, annotator):
    """From the top of the page: tab, name, queue, labels, a note, a skip, an undo; no pointer."""
    page = (who := annotator("kim")).page
    page.goto(place.url)
    page.wait_for_selector("button#ask")
    _tab_to(page, f"{FOCUSED}.getAttribute('role') === 'tab'")
    for _ in range(8):
        text = page.evaluate(f"{FOCUSED}.textContent")
        if "Annotation" in text:
            break
        page.keyboard.press("ArrowRight")
        if page.evaluate(f"{FOCUSED}.textContent") == text:
            page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".an-queue")
    _tab_to(page, f"{FOCUSED}.id === 'an-name'")
    page.keyboard.type("kim")
    _tab_to(page, f"{FOCUSED}.getAttribute('aria-label') === 'Label alone'")
    page.keyboard.press("Enter")
    page.wait_for_selector(".an-choice")
    skipped = who.case()
    who.press("s")
    for i in range(20):
        if i == 5:
            page.keyboard.press("n")
            page.keyboard.type("1 is said twice, so 2")
            page.keyboard.press("Escape")
        assert who.case() != skipped
        who.press("1234"[i % 4])
    who.press("u")
    who.press("3")
    labels = [x for x in place.store.labels("alone") if x.annotator == "kim"]
    assert [x.value for x in labels] == ["right", "partly", "wrong", "cannot_tell"] * 4 + [
        "right", "partly", "wrong", "wrong",
    ]  # fmt: skip
    assert [x.note for x in labels if x.note] == ["1 is said twice, so 2"]
    assert [x.blind for x in labels] == [True] * 19 + [False]


def _tab_to(page, test: str) -> None:
    for _ in range(80):
        if page.evaluate(f"() => {test}"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never gets there: {test}")


def test_kappa_on_the_page_is_that_of_the_export(place, annotator):
    desk = Desk(place.store)
    for name in ("one", "two"):
        while taken := desk.take("kappa", name):
            value = (
                "right" if (taken.case.id + (name == "two") * (taken.case.id % 3)) % 2 else "wrong"
            )
            desk.label(taken.case.id, name, value)
    ann = annotator("ann")
    ann.page.goto(place.url)
    ann.page.get_by_role("tab", name="Annotation").click()
    ann.page.get_by_role("button", name="Results of kappa").click()
    shown = ann.page.locator("[data-measure='one / two']").first
    shown.wait_for()
    ann.page.get_by_role("button", name="Export labels").click()
    link = ann.page.locator("#annotate-files a[href*='labels.jsonl']").first
    link.wait_for(state="attached")
    text = ann.page.evaluate("async (url) => (await fetch(url)).text()", link.get_attribute("href"))
    table = np.zeros((3, 3))
    order = ["right", "partly", "wrong"]
    for line in text.splitlines()[1:]:
        row = json.loads(line)
        if row["is_random"]:
            table[tuple(order.index(label["value"]) for label in row["labels"])] += 1
    kappa = float(cohens_kappa(table).kappa)
    assert float(shown.get_attribute("data-value")) == pytest.approx(kappa, abs=1e-9)
    assert shown.inner_text() == f"{kappa:.3f}"
    assert table.sum() == 30


def test_a_question_is_edited(place, annotator):
    ann = annotator("ann").open("questions")
    ann.page.keyboard.press("2")
    assert ann.page.evaluate("document.activeElement.dataset.field") == "question"
    ann.page.keyboard.press("End")
    ann.page.keyboard.type(" Exactly?")
    ann.page.keyboard.press("Escape")
    assert ann.page.locator("[data-value=accept]").is_disabled()
    assert ann.press("2")["saved"]["changed"] == ["question"]
    (label,) = place.store.labels("questions")
    assert label.edits["question"].endswith(" Exactly?")


def test_hostile_text_is_shown_as_text(annotator):
    ann = annotator("ann").open("hostile")
    page = ann.page
    assert "${window.hit=1}" in page.locator(".an-question").inner_text()
    assert "onerror" in page.locator(".an-card.is-truth").inner_text()
    ann.press("1")
    assert "${window.hit=1}" in page.locator(".an-saved").inner_text()
    page.get_by_role("button", name="Results").first.click()
    page.wait_for_selector(".an-judgecard")
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src='x']").count() == 0
    assert fits(page)


def test_a_phone_shows_the_labels_and_fits(annotator):
    ann = annotator("eve", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ann.open("alone")
    assert fits(ann.page)
    box = ann.page.locator(".an-choices").bounding_box()
    assert box["y"] + box["height"] <= 844
    heights = ann.page.eval_on_selector_all(
        ".an-choice, .an-tool, .an-tab",
        "all => all.filter((n) => n.offsetParent).map((n) => n.offsetHeight)",
    )
    assert min(heights) >= 44


def test_labels_survive_kill_9_and_the_page_goes_on(place, annotator):
    ann = annotator("ann").open("killed")
    ann.page.watched.allowed += ["", *LEFT]
    for _ in range(3):
        ann.press("1")
    place.kill()
    assert len(place.store.labels("killed")) == 3
    held = ann.case()
    place.start()
    ann.press("3")
    labels = place.store.labels("killed")
    assert [label.value for label in labels] == ["right", "right", "right", "wrong"]
    assert labels[-1].case == held
