import subprocess
import sys

import pytest

from sage.bench.lines import Appending, drop_lines, read_lines, read_raw
from sage.faults import WorldError
from sage.types import Question


def writer(folder):
    return Appending(folder / "a.jsonl", lock=folder / "lock")


def put(folder, *ids):
    with writer(folder) as file:
        for id in ids:
            file.append(Question(id=id, text="é?"))


def ids(folder):
    return [q.id for q in read_lines(folder / "a.jsonl", Question)]


def test_a_half_last_line_is_passed_over_and_then_cut_off(tmp_path):
    put(tmp_path, "a", "b")
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id":"c","te')
    assert ids(tmp_path) == ["a", "b"]
    put(tmp_path, "d")
    assert ids(tmp_path) == ["a", "b", "d"]


def test_only_a_half_line_becomes_an_empty_file(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"{" * 200_000)
    put(tmp_path)
    assert (tmp_path / "a.jsonl").read_bytes() == b""


def test_a_damaged_line_is_named(tmp_path):
    put(tmp_path, "a")
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes() + b"{}}\n")
    with pytest.raises(WorldError, match="Line 2 of"):
        list(read_raw(path))


def test_a_second_process_cannot_write(tmp_path):
    code = (
        "import sys; from pathlib import Path; from sage.bench.lines import Appending\n"
        "folder = Path(sys.argv[1])\n"
        "with Appending(folder / 'a.jsonl', lock=folder / 'lock'): print('in', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "in\n"
    assert writer(tmp_path).is_taken()
    with pytest.raises(WorldError, match="Another process"), writer(tmp_path):
        pass
    process.communicate("\n", timeout=20)
    assert not writer(tmp_path).is_taken()
    put(tmp_path, "a")


def test_lines_are_dropped_in_place(tmp_path):
    with writer(tmp_path) as file:
        for id in "abc":
            file.append(Question(id=id, text="?"))
        drop_lines(tmp_path / "a.jsonl", lambda line: line["id"] == "b")
        file.append(Question(id="d", text="?"))
    assert ids(tmp_path) == ["a", "c", "d"]


def test_text_that_is_no_unicode_is_made_so(tmp_path):
    put(tmp_path, "a\ud800")
    assert ids(tmp_path) == ["a?"]
