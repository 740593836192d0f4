import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.mini.film import page_html
from sage.mini.phrases import ASK, AT, BETWEEN, FLASH, PERSON, all_phrases
from sage.mini.words import split, vocabulary
from sage.mini.world import BUCKETS, KINDS, PER_FILM, SPLITS, bucket, find_film, make_film
from sage.tools.page_text import to_readable

films = st.builds(make_film, st.sampled_from(SPLITS), st.integers(0, 3), st.integers(0, 10_000))
WORDS = set(vocabulary())


@given(films)
@settings(max_examples=60, deadline=None)
def test_something_is_on_screen_at_every_second(film):
    parts = film.timeline
    assert (parts[0].start_s, parts[-1].end_s) == (0, film.duration_s)
    assert all(a.end_s == b.start_s for a, b in pairwise(parts))
    for event in film.events:
        assert {film.look_at(t) for t in range(event.start_s, event.end_s)} == {event.look}
        assert 1 <= event.end_s - event.start_s <= 3
    assert 10 <= film.duration_s <= 7200


@given(films)
@settings(max_examples=60, deadline=None)
def test_evidence_and_speech_lie_inside_the_film(film):
    assert len(film.tasks) == PER_FILM
    for task in film.tasks:
        assert task.example.evidence
        for span in (*task.example.evidence, *film.lines):
            assert 0 <= span.start_s < span.end_s <= film.duration_s
    ends = [0.0, *(line.end_s for line in film.lines)]
    assert all(line.start_s >= end for line, end in zip(film.lines, ends, strict=False))


@given(films)
@settings(max_examples=20, deadline=None)
def test_every_word_is_in_the_vocabulary(film):
    texts = [line.note for line in film.lines]
    for task in film.tasks:
        question = task.example.question
        texts += [question.text, *question.choices, task.answer, question.id, question.video]
        texts += [task.query, task.target]
    for person in film.people:
        page = to_readable(page_html(person).encode(), "text/html")
        texts += [page.title, page.text]
    assert {word for text in texts for word in split(text)} - WORDS == set()


def derived(film, task):
    """All answers that fit the question, worked out from what is seen and said alone."""
    low, high = task.look or (0, film.duration_s)
    inside = [e for e in film.events if low <= e.start_s and e.end_s <= high]
    if task.said:
        low, high = task.listen or (0, film.duration_s)
        heard = [s.note for s in film.lines if low <= s.start_s and s.end_s <= high]
        topic = (
            task.said.rsplit(" ", 1)[0] if task.kind == "listen" else task.said.split(" between")[0]
        )
        fitting = [note for note in heard if note.startswith(topic)]
        assert fitting == [task.said]
    if task.kind == "web":
        return {
            p._asdict()[k] for p in film.people if p.name == task.name for k in _page_keys(task)
        }
    if task.kind == "listen":
        return {task.said.rsplit(" ", 1)[1]}
    if task.kind == "count" and task.steps:
        return {str(sum(e.look.name == task.target for e in inside))}
    if task.kind == "count":
        return {str(len({s.look.name for s in film.scenes if s.look.kind == "shape"}))}
    if task.kind == "moment" and low == high:
        look = film.look_at(low)
        return {look.colour if look.kind == "flash" else look.name}
    if task.kind in ("find", "listen_look"):
        looks = {e.look for e in inside if task.target in (e.look.name, e.look.kind)}
        return {look.colour or look.name for look in looks}
    return _of_scenes(film, task)


def _page_keys(task):
    return (
        ["job"]
        if "job" in task.example.question.text or "work" in task.example.question.text
        else (["city"] if re.search(r"live|city", task.example.question.text) else ["food"])
    )


def _of_scenes(film, task):
    """Of a question about scenes: whatever any look of the film would answer."""
    text, seen = split(task.example.question.text), task.shown
    looks = {part.look for part in film.timeline}
    if len(seen) == 2:
        follows = zip(film.scenes, film.scenes[1:], strict=False)
        return {b.look.name for a, b in follows if a.look.words == seen[0].look.words}
    if seen[0].look.kind == "card":
        return {look.name for look in looks if look.kind == "card"}
    if seen[0].look.name in text:
        return {look.colour for look in looks if look.name in text}
    return {look.name for look in looks if look.colour and look.colour in text}


@given(films)
@settings(max_examples=150, deadline=None)
def test_every_question_has_one_answer_and_the_film_tells_it(film):
    for task in film.tasks:
        assert derived(film, task) == {task.answer}, task.example.question.text


@given(films)
@settings(max_examples=60, deadline=None)
def test_options_hold_the_answer_once(film):
    for task in film.tasks:
        choices = task.example.question.choices
        assert (task.example.kind == "mcq") == bool(choices)
        assert not choices or (len(set(choices)) == 4 and choices.count(task.answer) == 1)
        assert task.answer in task.category


def test_a_film_is_a_function_of_split_seed_and_number():
    before = [make_film("val", 2, index) for index in range(20)]
    make_film.cache_clear()
    assert [make_film("val", 2, index) for index in range(20)] == before
    assert find_film(before[7].id) == before[7]
    with pytest.raises(ValueError):
        find_film("holiday")


def test_splits_and_seeds_share_no_film():
    made = [
        (film.duration_s, film.scenes, film.events, film.lines)
        for split_name in SPLITS
        for seed in (0, 1)
        for film in (make_film(split_name, seed, index) for index in range(150))
    ]
    assert len(set(made)) == len(made)


def test_durations_follow_the_benchmark():
    number = 1000
    counts = Counter(bucket(make_film("train", 5, i).duration_s) for i in range(number))
    whole = sum(share for *_, share in BUCKETS)
    for index, (_, _, share) in enumerate(BUCKETS):
        assert counts[index] / number == pytest.approx(share / whole, abs=0.05)


def test_all_kinds_are_asked_of_long_films():
    made = [make_film("train", 0, index) for index in range(150)]
    kinds = {t.kind for f in made if f.duration_s > 600 for t in f.tasks}
    assert kinds == set(KINDS)


def test_there_are_six_wordings_of_everything():
    assert [asked for asked, wordings in ASK.items() if len(set(wordings)) < 6] == []
    whole = [w.format_map(dict.fromkeys("xywpab", "")) for w in all_phrases()]
    assert [w for w in whole if "{" in w] == []
    assert min(map(len, (AT, BETWEEN, FLASH, *PERSON.values()))) >= 3


def test_the_vocabulary_is_small():
    assert len(vocabulary()) < 700
    assert split("a_b-12 c#1?") == ["a", "_", "b", "-", "1", "2", "c", "#", "1", "?"]
