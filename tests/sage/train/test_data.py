import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage import dialect
from sage.config import ConfigError
from sage.mini.world import find_film
from sage.train.data import DemoFile, take
from sage.train.demos import write_demos, write_warmup
from sage.train.settings import MiniData, Warmup
from sage.types import Answer, ClipPart, FramesPart, Mode, TextPart


def write(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return DemoFile(path)


def said(role, content):
    return {"role": role, "content": content}


@given(st.integers(1, 50), st.integers(0, 120), st.integers(0, 60), st.integers(0, 60))
def test_what_was_taken_before_does_not_matter(rows, seen, first, second):
    whole = take(first + second, rows, seen, 7)
    assert take(first, rows, seen, 7) + take(second, rows, seen + first, 7) == whole


@given(st.integers(1, 60), st.integers(0, 5))
def test_an_epoch_has_every_row_once(rows, epoch):
    assert sorted(take(rows, rows, epoch * rows, 3)) == list(range(rows))


def test_epochs_and_seeds_are_ordered_differently():
    orders = [take(40, 40, 0, 1), take(40, 40, 40, 1), take(40, 40, 0, 2)]
    assert len({tuple(order) for order in orders}) == 3


def test_media_stand_where_the_text_says(tmp_path):
    line = {
        "messages": [said("user", "<image><image>look <video> now"), said("assistant", "yes")],
        "images": ["a.jpg", "b.jpg"],
        "videos": ["c.mp4"],
        "times": [1.5, 2.5],
    }
    demo = write(tmp_path / "rows.jsonl", line)[0]
    frames, text, clip, rest = demo.messages[0].parts
    assert [(f.path, f.at_s) for f in frames.frames] == [("a.jpg", 1.5), ("b.jpg", 2.5)]
    assert (text, clip.clip.path, rest.text) == (TextPart(text="look "), "c.mp4", " now")
    assert (demo.reply, demo.folder) == ("yes", str(tmp_path))


def test_media_may_be_parts_of_the_content(tmp_path):
    content = [{"type": "video", "video": "c.mp4"}, {"type": "text", "text": "what?"}]
    rows = write(
        tmp_path / "rows.jsonl", {"messages": [said("user", content), said("assistant", "x")]}
    )
    parts = rows[0].messages[0].parts
    assert isinstance(parts[0], ClipPart)
    assert parts[1] == TextPart(text="what?")


def test_every_reply_of_a_conversation_is_a_row(tmp_path):
    talk = [said("system", "be short"), said("user", "1?"), said("assistant", "one")]
    talk += [said("user", "2?"), said("assistant", "two")]
    rows = write(tmp_path / "rows.jsonl", {"messages": talk}, {"messages": talk[:3]})
    assert [row.reply for row in rows] == ["one", "two", "one"]
    assert [len(row.messages) for row in rows] == [2, 4, 2]


@pytest.mark.parametrize(
    "line", ["no json", "{}", '{"messages": [{"role": "user", "content": "x"}]}', "[1]"]
)
def test_a_line_that_is_no_row_is_named(tmp_path, line):
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"messages": [], "reply": ""}}\n{line}\n')
    with pytest.raises(ConfigError, match="line 2"):
        DemoFile(path)


def test_too_few_media_are_told(tmp_path):
    line = {"messages": [said("user", "<video>"), said("assistant", "yes")]}
    with pytest.raises(ConfigError, match="too few media"):
        write(tmp_path / "rows.jsonl", line)[0]


def test_demonstrations_are_the_same_each_time_and_parse(tmp_path):
    data = MiniData(films=6)
    paths = [write_demos(tmp_path / n, data, on_film=lambda _: None) for n in ("a", "b")]
    assert _without_folders(paths[0]) == _without_folders(paths[1])
    for row in DemoFile(paths[0]):
        if row.kind.startswith("stage"):
            parsed = dialect.parse(row.reply, int(row.kind[-1]))
            assert not parsed.repaired
            assert parsed.action.type != "invalid"


def test_direct_demonstrations_answer_in_one_turn(tmp_path):
    path = write_demos(tmp_path / "a", MiniData(films=4, mode=Mode.DIRECT), on_film=lambda _: None)
    rows = list(DemoFile(path))
    assert len(rows) == 12
    assert all(isinstance(dialect.parse(row.reply, 1).action, Answer) for row in rows)


def test_looks_tell_what_is_to_be_seen(tmp_path):
    rows = list(DemoFile(write_warmup(tmp_path / "a", Warmup(rows=120, films=8, reading=0), 0)))
    assert len(rows) == 120
    searched: list[bool] = []
    for row in rows:
        film = find_film(row.folder)
        frames = next(p for p in row.messages[0].parts if isinstance(p, FramesPart)).frames
        looks = [film.look_at(frame.at_s) for frame in frames]
        words = ", ".join(dict.fromkeys(look.words for look in looks))
        if row.reply.startswith("{"):
            spans = json.loads(row.reply)["spans"]
            assert all(film.look_at(float(s["start"])).words == s["why"] for s in spans)
            times = {f"{frame.at_s:.1f}" for frame in frames}
            assert {s[edge] for s in spans for edge in ("start", "end")} <= times
            searched.append(bool(spans))
            continue
        assert row.reply == words or row.reply in {look.colour for look in looks}
    assert {word for row in rows for word in ("card", "sign", "number") if word in row.reply} == {
        "card",
        "sign",
        "number",
    }
    assert 40 < len(searched) < 80
    assert 0.3 < sum(searched) / len(searched) < 0.95


def _without_folders(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "folder"} for line in lines]
