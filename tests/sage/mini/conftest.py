"""Small films of the world, one for each duration bucket, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sage.mini.encode import write_film
from sage.mini.film import MiniFilm
from sage.mini.workspace import write_pages
from sage.mini.world import bucket, make_film

FILMS = [make_film("test", 1, index) for index in range(160)]


def shortest(number: int) -> MiniFilm:
    """The shortest film of a bucket."""
    return min((f for f in FILMS if bucket(f.duration_s) == number), key=lambda f: f.duration_s)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `films` and `pages`, filled on demand."""
    return tmp_path_factory.mktemp("mini")


@pytest.fixture(scope="session")
def encoded(root: Path):
    """Makes a film a real file and returns its path."""

    def encode(film: MiniFilm) -> Path:
        path = root / "films" / film.file_name
        write_pages(film, root)
        return path if path.exists() else write_film(film, path, speech=False)

    return encode
