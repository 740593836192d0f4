import pytest

from sage.bench.films import FolderFilms, MiniFilms
from sage.bench.run import Entry
from sage.faults import StopSignal, WorldError
from sage.mini.workspace import mini_setup
from sage.mini.world import make_film
from sage.types import Example, Question, Setup
from sage.video.probe import probe
from tests.films import make_film as make_real
from tests.servers import body, serve


def asked(video, link=""):
    question = Question(id="q", video=video, text="?")
    return Entry(example=Example(question=question, answer=""), link=link)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "videos" / "deep").mkdir(parents=True)
    for name in ("a.mp4", "deep/abcdefghijk.webm", "deep/notes.txt"):
        (tmp_path / "videos" / name).write_bytes(b"x")
    (tmp_path / "secret.mp4").write_bytes(b"x")
    return tmp_path / "videos"


@pytest.mark.parametrize(
    ("video", "name"),
    [
        ("a.mp4", "a.mp4"),
        ("a", "a.mp4"),
        ("abcdefghijk", "abcdefghijk.webm"),
        ("data/0605/abcdefghijk/abcdefghijk.mp4", "abcdefghijk.webm"),
        ("deep/abcdefghijk.webm", "abcdefghijk.webm"),
        ("https://www.youtube.com/watch/abcdefghijk", "abcdefghijk.webm"),
    ],
)
def test_films_are_found_by_path_name_or_id(folder, video, name):
    assert FolderFilms(folder).find(asked(video), StopSignal()).name == name


@pytest.mark.parametrize("video", ["../secret.mp4", "/etc/passwd", "notes", "absent", ""])
def test_what_is_not_among_the_films_is_missing(folder, video):
    with pytest.raises(WorldError, match="is not in"):
        FolderFilms(folder).find(asked(video), StopSignal())


def test_a_missing_film_is_fetched_once_by_its_link(folder, tmp_path):
    film = make_real(tmp_path / "film.mp4", duration_s=2, fps=5).read_bytes()
    with serve({"/film.mp4": body(film, "video/mp4")}) as server:
        films = FolderFilms(folder, tmp_path / "fetched", guard=server.guard)
        entry = asked("new", server.url("/film.mp4"))
        path = films.find(entry, StopSignal())
        assert films.find(entry, StopSignal()) == path
        assert len([v for v in server.visits if v.path == "/film.mp4"]) == 1
    assert path.is_relative_to(tmp_path / "fetched" / "new")
    assert probe(path).duration_s == pytest.approx(2, abs=0.3)


def test_what_was_refused_is_not_asked_for_again(tmp_path):
    with serve({}) as server:
        films = FolderFilms(None, tmp_path, guard=server.guard)
        entry = asked("gone", server.url("/gone.mp4"))
        for _ in range(2):
            with pytest.raises(WorldError):
                films.find(entry, StopSignal())
        assert len(server.visits) == 1
    with pytest.raises(WorldError, match="has no link"):
        films.find(asked("gone"), StopSignal())


def test_films_of_the_miniature_world_are_made_once(tmp_path):
    n = min(range(40), key=lambda n: make_film("val", 0, n).duration_s)
    film = make_film("val", 0, n)
    entry = Entry(example=film.tasks[0].example)
    films = MiniFilms(tmp_path)
    path = films.find(entry, StopSignal())
    before = path.stat().st_mtime_ns
    assert films.find(entry, StopSignal()).stat().st_mtime_ns == before
    assert probe(path).duration_s == pytest.approx(film.duration_s, abs=1.1)
    fitted = films.fit(entry, Setup())
    assert fitted.pages == mini_setup(film, path.parents[1]).pages
