import pytest

from sage.data.films import find_films, gather_films, read_films
from sage.faults import StopSignal
from tests.sage.data.made import make_films, settings


@pytest.fixture
def folder(tmp_path):
    make_films(tmp_path / "films", 2)
    return tmp_path / "films"


def names(found):
    return sorted(film.info.title for film in found.films)


def test_a_folder_is_its_films(tmp_path, folder):
    (folder / "notes.txt").write_text("no film")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.mp4").write_bytes(b"no")
    assert names(find_films(settings(tmp_path, films=str(folder)))) == [
        "film-01.mp4",
        "film-02.mp4",
    ]


def test_the_same_content_is_one_film(tmp_path, folder):
    (folder / "copy.mp4").write_bytes((folder / "film-01.mp4").read_bytes())
    assert len(find_films(settings(tmp_path, films=str(folder))).films) == 2


def test_a_list_holds_paths_and_links(tmp_path, folder):
    (tmp_path / "list.txt").write_text("# mine\nfilms/film-02.mp4\n\nhttps://films.example/a.mp4\n")
    found = find_films(settings(tmp_path, films=[str(tmp_path / "list.txt")]))
    assert names(found) == ["film-02.mp4"]
    assert found.links == ["https://films.example/a.mp4"]


def test_what_is_no_film_is_told(tmp_path, folder):
    (folder / "broken.mp4").write_bytes(b"no film at all")
    found = find_films(settings(tmp_path, films=[str(folder), str(tmp_path / "none.mp4")]))
    assert len(found.films) == 2
    assert any("broken.mp4" in sentence for sentence in found.refused)
    assert any("no such file" in sentence for sentence in found.refused)


def test_gathered_films_are_kept_and_a_bad_link_is_told(tmp_path, folder):
    plan = settings(tmp_path / "run", films=[str(folder), "http://127.0.0.1:9/a.mp4"])
    found = gather_films(plan, stop=StopSignal(), tell=lambda _: None)
    assert read_films(plan.folder) == found.films
    assert "127.0.0.1" in found.refused[0]


def test_miniature_films_are_made_once(tmp_path):
    plan = settings(tmp_path, mini={"n": 1, "seed": 6})
    told = []
    first = gather_films(plan, stop=StopSignal(), tell=told.append)
    again = gather_films(plan, stop=StopSignal(), tell=told.append)
    assert (first.films, told) == (again.films, ["making train-6-00000.mp4"])
