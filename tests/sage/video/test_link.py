"""Links to films, against real local servers; sites through yt-dlp's generic extractor in its process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage.faults import StoppedError, StopSignal, WorldError
from sage.net import ForbiddenAddressError
from sage.video.link import (
    DEFAULT_LIMITS,
    SITES,
    Download,
    LinkLimits,
    fetch_from_site,
    fetch_video,
    find_site,
    safe_name,
)
from sage.video.refusals import BROKEN, KEPT, LIVE, PLAYLIST, REFUSED, explain
from sage.video.site import choose_captions
from tests import servers
from tests.servers import Server, serve

GENERIC = ("generic", "html5")
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=d=3:s=64x48:r=10"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-c:v", "libx264", str(path)], check=True)
    return path.read_bytes()


def fetch(server: Server, path: str, folder: Path, limits: LinkLimits = DEFAULT_LIMITS) -> Path:
    return fetch_video(
        server.url(path),
        folder,
        limits=limits,
        on_progress=lambda text, done: None,
        stop=StopSignal(),
        guard=server.guard,
    )


def from_site(
    server: Server,
    path: str,
    folder: Path,
    *,
    stop: StopSignal | None = None,
    max_bytes: int = 10**8,
) -> Path:
    limits = LinkLimits(max_bytes=max_bytes)
    job = Download(folder, limits, lambda text, done: None, stop or StopSignal(), server.guard)
    return fetch_from_site(server.url(path), GENERIC, job)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(WorldError) as caught:
        call()
    assert str(caught.value).endswith(KEPT)
    return str(caught.value)


# --- direct files


def test_direct_file_is_named_by_its_link(film: bytes, tmp_path: Path) -> None:
    with serve({"/My%20f%C3%AFlm.mp4": servers.body(film, "video/mp4")}) as server:
        path = fetch(server, "/My%20f%C3%AFlm.mp4", tmp_path)
    assert path == tmp_path / "My fïlm.mp4"
    assert path.read_bytes() == film
    assert list(tmp_path.iterdir()) == [path]


def test_a_taken_name_is_numbered(film: bytes, tmp_path: Path) -> None:
    with serve({"/f.mp4": servers.body(film, "video/mp4")}) as server:
        names = [fetch(server, "/f.mp4", tmp_path).name for _ in range(3)]
    assert names == ["f.mp4", "f (2).mp4", "f (3).mp4"]


def test_first_bytes_count_more_than_the_content_type(film: bytes, tmp_path: Path) -> None:
    with serve({"/get": servers.body(film, "application/octet-stream")}) as server:
        assert fetch(server, "/get?id=1", tmp_path).name == "get.mp4"


def test_name_of_the_server_stays_in_the_folder(film: bytes, tmp_path: Path) -> None:
    def answer(visit: servers.Visit) -> None:
        name = 'attachment; filename="../../etc/evil.mp4"'
        visit.head(Content_Disposition=name, Content_Length=str(len(film)))
        visit.wfile.write(film)

    with serve({"/x": answer}) as server:
        assert fetch(server, "/x", tmp_path / "in") == tmp_path / "in" / "evil.mp4"


def test_progress_is_told(film: bytes, tmp_path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    with serve({"/f.mp4": servers.body(film, "video/mp4")}) as server:
        fetch_video(
            server.url("/f.mp4"),
            tmp_path,
            on_progress=lambda text, done: told.append((text, done)),
            stop=StopSignal(),
            guard=server.guard,
        )
    assert told[0] == ("Opening the link", None)
    assert told[-1][1] == 1.0


@pytest.mark.parametrize(
    ("content", "kind", "found"),
    [
        ("<!doctype html><p>hi", "text/html", "a web page"),
        (b"%PDF-1.7 ...", "application/pdf", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "video/mp4", "a picture"),
        (b"ID3\x04", "audio/mpeg", "a sound recording"),
        ("#EXTM3U\n", "application/vnd.apple.mpegurl", "a list of pieces"),
        ("hello", "text/plain", "a text"),
        (b"", "video/mp4", "an empty answer"),
        (b"\x00\x01\x02\x03", "application/octet-stream", "a file of another kind"),
    ],
)
def test_what_is_no_video_is_said(
    content: bytes | str, kind: str, found: str, tmp_path: Path
) -> None:
    with serve({"/x": servers.body(content, kind)}) as server:
        said = refusal(lambda: fetch(server, "/x", tmp_path))
    assert said.startswith(f"This link does not lead to a video, it leads to {found}")
    assert list(tmp_path.iterdir()) == []


def test_limits_on_size_and_length(film: bytes, tmp_path: Path) -> None:
    with serve({"/f.mp4": servers.body(film, "video/mp4")}) as server:
        small = refusal(lambda: fetch(server, "/f.mp4", tmp_path, LinkLimits(max_bytes=1000)))
        short = refusal(lambda: fetch(server, "/f.mp4", tmp_path, LinkLimits(max_seconds=1)))
    assert "larger than the limit" in small
    assert "longer than the limit" in short
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "ftp://example.org/f.mp4",
        "http://127.0.0.1:7860/",
        "http://169.254.169.254/film.mp4",
        "http://[::1]/film.mp4",
        "http://0x7f000001/film.mp4",
        "http://me:secret@example.org/f.mp4",
        "not a link",
        "",
    ],
)
def test_links_never_opened(link: str, tmp_path: Path) -> None:
    with pytest.raises(ForbiddenAddressError) as caught:
        fetch_video(link, tmp_path, on_progress=lambda *_: None, stop=StopSignal())
    assert str(caught.value).endswith(f"Upload the file instead. {KEPT}")
    assert list(tmp_path.iterdir()) == []


def test_redirect_inside_is_refused(tmp_path: Path) -> None:
    to = "http://169.254.169.254/latest/meta-data/film.mp4"
    with serve({"/f.mp4": servers.redirect(to)}) as server, pytest.raises(ForbiddenAddressError):
        fetch(server, "/f.mp4", tmp_path)


def test_stop_ends_a_direct_download(film: bytes, tmp_path: Path) -> None:
    def answer(visit: servers.Visit) -> None:
        visit.head(Content_Type="video/mp4")
        visit.wfile.write(film)
        time.sleep(5)

    stop = StopSignal()
    threading.Timer(0.5, stop.set).start()
    with serve({"/f.mp4": answer}) as server:
        began = time.monotonic()
        with pytest.raises(StoppedError):
            fetch_video(
                server.url("/f.mp4"),
                tmp_path,
                on_progress=lambda *_: None,
                stop=stop,
                guard=server.guard,
            )
        assert time.monotonic() - began < 3
    assert list(tmp_path.iterdir()) == []


# --- sites


def page(source: str, more: str = "") -> servers.Answer:
    tags = f'<video src="{source}" type="video/mp4">{more}</video>'
    return servers.body(f"<html><head><title>My film</title></head><body>{tags}</body></html>")


def test_site_brings_film_and_captions(film: bytes, tmp_path: Path) -> None:
    tracks = "".join(
        f'<track kind="subtitles" srclang="{lang}" src="/{lang}.vtt">'
        for lang in ("en", "fr", "de")
    )
    routes = {"/page": page("/film.mp4", tracks), "/film.mp4": servers.body(film, "video/mp4")}
    routes |= {f"/{lang}.vtt": servers.body(VTT, "text/vtt") for lang in ("en", "fr", "de")}
    with serve(routes) as server:
        path = from_site(server, "/page", tmp_path)
    assert path.read_bytes() == film
    assert path.stem.startswith("My film")
    assert [p.name for p in tmp_path.glob("*.vtt")] == [f"{path.stem}.en.vtt"]


def test_captions_that_fail_do_not_cost_the_film(film: bytes, tmp_path: Path) -> None:
    track = '<track kind="subtitles" srclang="en" src="/gone.vtt">'
    routes = {"/page": page("/film.mp4", track), "/film.mp4": servers.body(film, "video/mp4")}
    with serve(routes) as server:
        assert from_site(server, "/page", tmp_path).read_bytes() == film


def test_site_process_cannot_reach_the_inside(film: bytes, tmp_path: Path) -> None:
    """Page, media and stream pieces of another local port: refused, and never visited."""
    with serve({"/film.mp4": servers.body(film, "video/mp4")}) as other:
        pieces = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{other.url('/film.mp4')}\n#EXT-X-ENDLIST\n"
        routes = {
            "/media": page(other.url("/film.mp4")),
            "/moved": servers.redirect(other.url("/film.mp4")),
            "/live.m3u8": servers.body(pieces, "application/vnd.apple.mpegurl"),
        }
        with serve(routes) as server:
            for path in routes:
                with pytest.raises(ForbiddenAddressError):
                    from_site(server, path, tmp_path)
        assert other.visits == []


def test_site_refuses_what_is_too_large(film: bytes, tmp_path: Path) -> None:
    routes = {"/page": page("/film.mp4"), "/film.mp4": servers.body(film, "video/mp4")}
    with serve(routes) as server:
        said = refusal(lambda: from_site(server, "/page", tmp_path, max_bytes=2000))
    assert "larger than the limit" in said


def test_site_without_a_film(tmp_path: Path) -> None:
    with serve({"/page": servers.body("<html><p>nothing here")}) as server:
        said = refusal(lambda: from_site(server, "/page", tmp_path))
    assert said.startswith("No video was found")


def test_stop_kills_the_site_process(tmp_path: Path) -> None:
    stop = StopSignal()
    with serve({"/page": page("/film.mp4"), "/film.mp4": servers.drip(20, "video/mp4")}) as server:
        caught: list[BaseException] = []

        def run() -> None:
            try:
                from_site(server, "/page", tmp_path, stop=stop)
            except StoppedError as error:
                caught.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        _wait_until(lambda: any(visit.path == "/film.mp4" for visit in server.visits))
        assert _site_processes()
        stop.set()
        thread.join(3)
    assert caught
    assert _site_processes() == []


def _site_processes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "sage.video.site" in " ".join(child.cmdline())]


def _wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


FENCED = """
import socket, subprocess, sys, urllib.request
from sage.address import Guard
from sage.video.site import Fence
fence = Fence(Guard())
fence.install()
def refused(work):
    try:
        work()
    except OSError as error:
        return "refused" in str(error)
    return False
tries = [
    lambda: socket.create_connection(("127.0.0.1", 9), 1),
    lambda: socket.create_connection(("localhost", 9), 1),
    lambda: socket.create_connection(("169.254.169.254", 80), 1),
    lambda: socket.socket().connect_ex(("10.0.0.1", 80)),
    lambda: socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", 80)),
    lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)),
    lambda: socket.socket().connect(("localhost", 80)),
    lambda: urllib.request.urlopen("http://127.0.0.1:9/", timeout=1),
    lambda: subprocess.run(["curl", "http://127.0.0.1/"]),
    lambda: subprocess.run(["ffmpeg", "-i", "http://127.0.0.1/x.m3u8", "x.mp4"]),
    lambda: subprocess.run("ffmpeg -i tcp:127.0.0.1", shell=True),
]
print([i for i, work in enumerate(tries) if not refused(work)], fence.hits)
"""


def test_the_fence_stops_every_way_out() -> None:
    done = subprocess.run([sys.executable, "-c", FENCED], capture_output=True, text=True)
    assert done.stdout.strip() == "[] 12", done.stderr


def test_the_site_process_holds_no_key(
    film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    seen: list[dict[str, str]] = []

    def answer(visit: servers.Visit) -> None:
        seen.extend(process.environ() for process in _site_processes())
        servers.body(film, "video/mp4")(visit)

    with serve({"/page": page("/film.mp4"), "/film.mp4": answer}) as server:
        from_site(server, "/page", tmp_path)
    assert seen
    assert all("OPENAI_API_KEY" not in environment for environment in seen)


# --- pure parts


@pytest.mark.parametrize(
    ("link", "site"),
    [
        ("https://www.youtube.com/watch?v=x", SITES["youtube.com"]),
        ("https://youtu.be/x", SITES["youtu.be"]),
        ("https://player.vimeo.com/video/1", SITES["vimeo.com"]),
        ("https://archive.org/details/x", SITES["archive.org"]),
        ("https://archive.org/download/x/film.mp4", ""),
        ("https://youtube.com.evil.org/watch", ""),
        ("https://notyoutube.com/watch", ""),
    ],
)
def test_known_sites(link: str, site: str) -> None:
    assert find_site(link) == site


def test_every_known_site_has_an_extractor() -> None:
    import re

    from yt_dlp.extractor import gen_extractor_classes

    names = [extractor.IE_NAME.lower() for extractor in gen_extractor_classes()]
    missing = [p for p in SITES.values() if not any(re.fullmatch(p, name) for name in names)]
    assert missing == []
    assert not any(re.fullmatch(p, "generic") for p in SITES.values())


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("Sign in to confirm you’re not a bot. Use --cookies", REFUSED),
        ("unable to download video data: HTTP Error 403: Forbidden", REFUSED),
        ("HTTP Error 429: Too Many Requests", REFUSED),
        ("[youtube] x: Private video. Sign in if you've been granted access", "is private"),
        ("[youtube] x: Video unavailable", "unavailable"),
        ("[vimeo] 1: HTTP Error 404: Not Found", "unavailable"),
        ("The uploader has not made this video available in your country", "country"),
        ("This video is DRM protected", "copy-protected"),
        ("Sign in to confirm your age", "adults"),
        ("Join this channel to get access to members-only content", "paying members"),
        ("This video is only available for registered users. Use --cookies", "login"),
        ("<urlopen error [Errno -3] Temporary failure in name resolution>", "cannot be reached"),
        ("[Errno 101] Network is unreachable", "cannot be reached"),
        ("The read operation timed out", "broke off"),
        ("Unsupported URL: https://x", "No video"),
        ("This live event will begin in 3 hours", LIVE),
        ("playlist", PLAYLIST),
        ("something new", BROKEN),
    ],
)
def test_messages_become_sentences(message: str, part: str) -> None:
    said = explain(f"ERROR: {message}" if " " in message else message)
    assert part in said
    assert said.endswith(KEPT)


@pytest.mark.parametrize(
    ("manual", "automatic", "language", "taken"),
    [
        (["en", "de", "live_chat"], [], "en", (("en",), ())),
        (["en-GB", "de"], ["de", "en"], "de", (("de", "en-GB"), ())),
        ([], ["de-orig", "de", "en", "fr"], "", ((), ("de", "en"))),
        (["fr"], ["en-orig", "en"], "en", ((), ("en",))),
        (["fr", "it"], [], "ja", (("fr",), ())),
        ([], [], "", ((), ())),
    ],
)
def test_choose_captions(
    manual: list[str],
    automatic: list[str],
    language: str,
    taken: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    assert choose_captions(manual, automatic, language) == taken


@given(st.text(max_size=200))
def test_safe_names_are_one_visible_component(title: str) -> None:
    name = safe_name(title)
    assert Path(name).name == name
    assert name not in ("", ".", "..")
    assert not name.startswith(".")
    assert len(name.encode()) <= 100
    assert name.isprintable()
