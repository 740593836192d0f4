"""The media routes: what they give, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.films import Films, clean_name
from demo.media import film_url, find_media, make_captions_route, make_routes, media_url
from sage.types import Span

RUN = "20260101-000000-0123456789abcdef"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / RUN
    (folder / "frames").mkdir(parents=True)
    (folder / "clips").mkdir()
    (folder / "frames" / "a b.jpg").write_bytes(b"\xff\xd8picture")
    (folder / "clips" / "c.mp4").write_bytes(b"0123456789")
    (folder / "events.jsonl").write_text("secret")
    return folder


@pytest.fixture
def films(tmp_path: Path) -> Films:
    return Films(tmp_path / "films")


@pytest.fixture
def client(run: Path, films: Films) -> TestClient:
    app = Starlette(routes=make_routes({RUN: run}.get, films.playable))
    return TestClient(app)


def test_picture_has_a_fixed_type_and_no_sniffing(client: TestClient) -> None:
    answer = client.get("/" + media_url(RUN, "frames/a b.jpg"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_clip_can_be_read_in_ranges(client: TestClient) -> None:
    answer = client.get("/" + media_url(RUN, "clips/c.mp4"), headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")


@pytest.mark.parametrize(
    "path",
    [
        "events.jsonl",
        "frames/../events.jsonl",
        "frames/..%2Fevents.jsonl",
        "..%2F..%2Fetc%2Fpasswd",
        "frames/none.jpg",
        "frames/",
        "clips/a.jpg",
        "/etc/passwd",
    ],
)
def test_anything_else_is_refused(client: TestClient, path: str) -> None:
    assert client.get(f"/sage/media/{RUN}/{path}").status_code == 404


def test_unknown_run_is_refused(client: TestClient) -> None:
    assert client.get("/" + media_url("other", "frames/a b.jpg")).status_code == 404


def test_link_out_of_the_folder_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (run / "frames" / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    assert find_media(run, "frames/out.jpg") is None


def test_linked_folder_is_refused(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "frames").mkdir(parents=True)
    (other / "clips").symlink_to(run / "clips")
    assert find_media(other, "clips/c.mp4") is None


def test_film_is_served_once_it_can_be_played(
    client: TestClient, films: Films, tmp_path: Path
) -> None:
    upload = tmp_path / "My film.mp4"
    upload.write_bytes(b"0123456789")
    token = films.adopt(upload)
    assert client.get("/" + film_url(token)).status_code == 404
    films.set_playable(token, films.path(token))
    answer = client.get("/" + film_url(token), headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (206, b"01")
    assert answer.headers["content-type"] == "video/mp4"


def test_film_with_a_foreign_type_is_never_served(
    client: TestClient, films: Films, tmp_path: Path
) -> None:
    upload = tmp_path / "page.html"
    upload.write_bytes(b"<script>alert(1)</script>")
    token = films.adopt(upload)
    films.set_playable(token, films.path(token))
    assert client.get("/" + film_url(token)).status_code == 404


def test_films_survive_a_restart_but_not_deletion(films: Films, tmp_path: Path) -> None:
    upload = tmp_path / "a.mp4"
    upload.write_bytes(b"x")
    token = films.adopt(upload, title="Ein Film.mp4")
    assert Films(films.root).get(token).title == "Ein Film.mp4"
    films.drop(token)
    assert films.get(token) is None


@pytest.mark.parametrize("token", ["", "..", "../x", "0" * 31, "0" * 32])
def test_a_token_that_is_none_finds_nothing(films: Films, token: str) -> None:
    assert films.playable(token) is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("My film (1).MP4", "My film (1).mp4"),
        ("...", "film"),
        ("a\x00b.mp4", "a_b.mp4"),
        ("x" * 300 + ".mov", "x" * 80 + ".mov"),
    ],
)
def test_names_are_made_safe(name: str, kept: str) -> None:
    assert clean_name(name) == kept


def test_captions_are_plain_text_in_cues_of_their_own() -> None:
    said = Span(start_s=3661.5, end_s=3663, note="<b>a & b</b>\n\n00:00 --> 00:09 c")
    route = make_captions_route({"known": (said, said.model_copy(update={"note": ""}))}.__getitem__)
    answer = TestClient(Starlette(routes=[route])).get("/sage/captions/known")
    assert answer.headers["content-type"].startswith("text/vtt")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text == (
        "WEBVTT\n\n01:01:01.500 --> 01:01:02.999\n"
        "&lt;b&gt;a &amp; b&lt;/b&gt; 00:00 --&gt; 00:09 c\n"
    )
