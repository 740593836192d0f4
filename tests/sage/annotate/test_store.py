"""Nothing that was said to be saved is lost, however the process ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sage.annotate.store import Store
from sage.faults import WorldError
from tests.sage.annotate.made import make_queue

LABELLER = """
import sys
from pathlib import Path
from sage.annotate.desk import Desk
from sage.annotate.store import Store
desk = Desk(Store(Path(sys.argv[1])))
while taken := desk.take("night", "ann"):
    print(desk.label(taken.case.id, "ann", "right").label.id, flush=True)
"""


def test_labels_survive_kill_9(tmp_path):
    store, _ = make_queue(tmp_path, share=1.0)
    process = subprocess.Popen(
        [sys.executable, "-c", LABELLER, str(store.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    told = [int(process.stdout.readline()) for _ in range(12)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    process.wait()
    kept = [label.id for label in store.labels("night")]
    assert kept[: len(told)] == told
    assert len(kept) - len(told) <= 1


def test_guidelines_have_versions(tmp_path):
    store, _ = make_queue(tmp_path)
    assert store.guideline("night")[0] == 1
    assert store.set_guideline("night", "Be kind.") == 2
    assert store.guideline("night") == (2, "Be kind.\n")
    with pytest.raises(WorldError, match="no queue"):
        store.guideline("day")


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 81])
def test_odd_names_are_refused(tmp_path, name):
    store, queue = make_queue(tmp_path)
    with pytest.raises(WorldError, match="name"):
        store.add_queue(name, queue.kind, [], queue.policy)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_text("hello" * 1000)
    with pytest.raises(WorldError, match="cannot be used"):
        Store(path)
