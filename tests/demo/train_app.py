"""Controls of the Training tab, an app that may be killed, and jobs that write a log as trainings do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sage.train.job_files import Info, JobState
from sage.train.jobs import Job, Jobs
from tests.demo.app_server import CUT, free_port, start
from tests.sage.train.job_scripts import wait_for

PACED = """
import json, signal, sys, time
from pathlib import Path

out, steps, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
path = out / "metrics.jsonl"
done = len(path.read_text().splitlines()) if path.exists() else 0
(out / "plan.json").write_text(json.dumps({"stages": {"grpo": steps}}))
for step in range(done + 1, steps + 1):
    if stopped:
        print("stopped after step", step - 1, flush=True)
        sys.exit(130)
    reward = step / steps
    line = {"stage": 0, "step": step, "reward": reward, "rollout_s": pause}
    line |= {"reward/accuracy": reward, "reward/format": -0.1}
    line |= {"loss": 1 / step, "tools/analyze": 0.5, "turns/0-60": 2.0, "turns": 2.0, "rate": 1e-4}
    if step > 20:
        line["alarms"] = ["Tool use collapses: 1% of episodes call a tool."]
    with path.open("a") as file:
        file.write(json.dumps(line) + "\\n")
    print(f"grpo {step}/{steps}  reward {reward:.3f}", flush=True)
    time.sleep(pause)
"""


def add_paced(jobs: Jobs, *, steps: int = 400, pause: float = 0.1, name: str = "paced") -> Job:
    """A queued job that writes a line a step, and stops when it is told."""
    folder = jobs.new_folder("grpo")
    command = (sys.executable, "-c", PACED, str(folder), str(steps), str(pause))
    info = Info(recipe="grpo", name=name, command=command, cwd="/")
    return jobs.create(folder, info, {"config.yaml": "steps: 400\n"})


@dataclass
class Served:
    """An app of its own, with a folder of jobs; it can be killed and started again."""

    data: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.data / "jobs")

    def start(self) -> None:
        command = ["-m", "tests.demo.serve", "--data", str(self.data), "--port", str(self.port)]
        self.process = start(command, self.port, self.data.parent / "log.txt")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """The app of a module's tests; no job of it lives longer."""
    app = Served(tmp_path_factory.mktemp("train") / "data", free_port())
    app.start()
    yield app
    app.process.terminate()
    app.process.wait(30)
    for job in app.jobs.all():
        if job.state in (JobState.RUNNING, JobState.STOPPING):
            app.jobs.kill(job)


class Training:
    """What a person does on the Training tab."""

    def __init__(self, page, app: Served) -> None:
        self.page = page
        self.app = app

    def open(self, job: str = "") -> Training:
        if self.page.url.startswith("http"):
            self.page.watched.allowed += [*CUT, "ERR_CONNECTION"]
        self.page.goto(f"{self.app.url}/" + (f"?job={job}" if job else ""))
        self.page.wait_for_selector("button#ask", state="attached")
        if not job:
            self.page.get_by_role("tab", name="Training").click()
        self.page.wait_for_selector(".tr")
        return self

    def state(self, *states: str, timeout_s: float = 60) -> str:
        """Waits for the chosen job to be in one of the states."""
        wanted = ", ".join(f'.tr-head .tr-pill[data-state="{state}"]' for state in states)
        self.page.wait_for_selector(wanted, timeout=timeout_s * 1000)
        return self.page.locator(".tr-head .tr-pill").inner_text()

    def view(self, name: str) -> None:
        self.page.locator(".tr-tab", has_text=name).click()

    def act(self, what: str) -> None:
        self.page.locator(f'.tr-head [data-do="{what}"]').click()

    def points(self, chart: str = "reward") -> list[float]:
        """Steps that a chart shows."""
        return self.page.evaluate(
            "id => { const p = document.querySelector(`[data-chart=${id}] .tr-plot`);"
            " return p && p.data ? p.data[0].x : []; }",
            chart,
        )

    def wait_points(self, n: int, chart: str = "reward", timeout_s: float = 60) -> None:
        self.page.wait_for_function(
            "([id, n]) => { const p = document.querySelector(`[data-chart=${id}] .tr-plot`);"
            " return p && p.data && p.data.length && p.data[0].x.length >= n; }",
            arg=[chart, n],
            timeout=timeout_s * 1000,
        )

    def zoom(self, chart: str = "reward") -> list[float]:
        """Drags over the middle of a chart, and returns the stretch that is shown then."""
        self.page.locator(f"[data-chart={chart}]").scroll_into_view_if_needed()
        box = self.page.locator(f"[data-chart={chart}] .nsewdrag").bounding_box()
        mouse, y = self.page.mouse, box["y"] + box["height"] / 2
        mouse.move(box["x"] + box["width"] * 0.3, y)
        mouse.down()
        mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
        mouse.up()
        self.page.wait_for_selector(f"[data-chart={chart}].is-zoomed")
        return self.stretch(chart)

    def stretch(self, chart: str = "reward") -> list[float]:
        return self.page.evaluate(
            "id => document.querySelector(`[data-chart=${id}] .tr-plot`).layout.xaxis.range", chart
        )


@pytest.fixture
def training(page, served: Served) -> Training:
    """The open Training tab."""
    return Training(page, served).open()


def steps_of(job: Job) -> list[int]:
    """Steps in a job's log, in their order."""
    text = (job.folder / "metrics.jsonl").read_text("utf-8")
    return [json.loads(line)["step"] for line in text.splitlines()]


def begun(job: Job) -> Job:
    """The job once it runs."""
    wait_for(job, JobState.RUNNING)
    time.sleep(0.2)
    return job
