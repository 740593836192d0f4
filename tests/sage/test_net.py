"""The guarded fetch against real servers that behave badly."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage.address import Guard, is_public, parse_link, resolve
from sage.faults import Border, StoppedError, StopSignal, WorldError
from sage.net import (
    Bounds,
    ForbiddenAddressError,
    Page,
    StatusError,
    TooLargeError,
    check_public,
    fetch,
    post_json,
    stream_to,
)
from sage.wire import trust
from tests import servers
from tests.servers import Server, serve

V4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
PRIVATE = st.sampled_from(
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.9",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ]
).map(ipaddress.IPv4Address)


def get(server: Server, path: str, max_bytes: int = 1_000_000, timeout_s: float = 20.0) -> Page:
    return fetch(
        server.url(path),
        max_bytes=max_bytes,
        timeout_s=timeout_s,
        stop=StopSignal(),
        guard=server.guard,
    )


# --- which addresses


@given(V4)
def test_public_ipv4_agrees_with_the_registry(address: ipaddress.IPv4Address) -> None:
    """Never more generous than Python's table; stricter only where an address is special."""
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@given(PRIVATE)
def test_private_ipv4_is_refused_in_every_dress(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    dressed = [
        str(address),
        f"::ffff:{address}",
        f"::{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x64FF9B0001 << 80) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x2001 << 112) | (number ^ 0xFFFFFFFF))),
        str(ipaddress.IPv6Address((0x26000000 << 96) | (0x5EFE << 32) | number)),
    ]
    assert [text for text in dressed if is_public(text)] == []


@given(PRIVATE)
def test_numeric_spellings_are_refused(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    for host in (
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}.{(b << 16) | (c << 8) | d}",
        f"{address}.",
        f"[::ffff:{address}]",
    ):
        with pytest.raises(ForbiddenAddressError):
            check_public(f"http://{host}/")


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
def test_ipv6_outside_global_unicast_is_refused(address: ipaddress.IPv6Address) -> None:
    if is_public(str(address)) and not str(address).startswith("64:ff9b::"):
        assert address in ipaddress.ip_network("2000::/3")
        assert address.sixtofour is None
        assert address.teredo is None


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "file:///etc/passwd",
        "ftp://example.org/film.mp4",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org/x",
        "example.org/x",
        "http://",
        "http://user:secret@example.org/",
        "http://example.org\\@127.0.0.1/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: inside",
        "http://example.org:99999/",
        "http://[fe80::1%25eth0]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://localhost/",
        "http://localhost./",
        "http://[::1]/",
        "http://[::]/",
        "http://-a-.org/",
        "http://" + "a" * 64 + ".org/",
    ],
)
def test_links_never_opened(link: str) -> None:
    with pytest.raises(ForbiddenAddressError) as caught:
        check_public(link)
    assert str(caught.value).endswith(".")
    assert caught.value.border is Border.NETWORK


@settings(max_examples=60)
@given(st.text(max_size=30))
def test_any_text_is_a_target_or_a_refusal(text: str) -> None:
    try:
        target = parse_link("http://" + text)
    except ForbiddenAddressError:
        return
    assert target.host.isascii()
    assert target.path.isascii()
    assert target.path.startswith("/")
    assert parse_link(f"{target.scheme}://{target.host_header}{target.path}") == target


def test_a_guard_opens_one_port_only() -> None:
    guard = Guard(frozenset({"127.0.0.1:8123", "[::1]:8123"}))
    assert resolve("127.0.0.1", 8123, guard) == ("127.0.0.1",)
    assert resolve("::1", 8123, guard) == ("::1",)
    with pytest.raises(ForbiddenAddressError):
        resolve("127.0.0.1", 8124, guard)


# --- fetching


def test_fetch_reads_a_page_through_redirects() -> None:
    routes = {
        "/a": servers.redirect("/b", 301),
        "/b": servers.redirect("c?x=1"),
        "/c": servers.body("hi"),
    }
    with serve(routes) as server:
        page = get(server, "/a")
    assert page == Page(server.url("/c?x=1"), "text/html", b"hi")
    assert server.visits[-1].headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "inside",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "file:///etc/passwd",
    ],
)
def test_redirects_to_the_inside_are_refused(inside: str) -> None:
    with serve({"/": servers.redirect(inside)}) as server, pytest.raises(ForbiddenAddressError):
        get(server, "/")


def test_redirect_to_another_local_port_never_reaches_it() -> None:
    with serve({"/": servers.body("secret")}) as other:
        with (
            serve({"/": servers.redirect(other.url())}) as server,
            pytest.raises(ForbiddenAddressError),
        ):
            get(server, "/")
        assert other.visits == []


def test_redirect_loop_ends() -> None:
    with serve({"/": servers.redirect("/")}) as server, pytest.raises(WorldError, match="5 times"):
        get(server, "/")
    assert len(server.visits) == 6


def test_keys_stay_with_the_first_origin() -> None:
    with (
        serve({"/": servers.body("ok")}) as other,
        serve({"/": servers.redirect(other.url())}) as server,
    ):
        fetch(
            server.url(),
            max_bytes=100,
            timeout_s=5,
            stop=StopSignal(),
            headers={"X-API-Key": "k"},
            guard=Guard(server.guard.allow | other.guard.allow),
        )
    assert server.visits[0].headers["x-api-key"] == "k"
    assert other.visits[0].headers["x-api-key"] is None


def test_endless_body_is_cut_at_the_limit() -> None:
    with (
        serve({"/": servers.endless()}) as server,
        pytest.raises(TooLargeError, match="limit of 1 MB"),
    ):
        get(server, "/")


def test_promised_size_is_refused_before_it_is_sent() -> None:
    with serve({"/": servers.short(b"x", 10**9)}) as server, pytest.raises(TooLargeError):
        get(server, "/")


def test_gzip_bomb_does_not_unfold() -> None:
    with serve({"/": servers.gzip_bomb(200)}) as server:
        tracemalloc.start()
        with pytest.raises(TooLargeError):
            get(server, "/")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12_000_000


def test_truncated_body_is_retried_then_told() -> None:
    raises = pytest.raises(WorldError, match="broke the transfer off")
    with serve({"/": servers.short(b"half", 8)}) as server, raises:
        get(server, "/")
    assert len(server.visits) == 3


def test_truncated_body_is_whole_on_the_second_try() -> None:
    with serve({"/": servers.short(b"whole", 9, times=1)}) as server:
        assert get(server, "/").body == b"whole"


def test_drip_stops_within_a_second() -> None:
    stop = StopSignal()
    with serve({"/": servers.drip()}) as server:
        threading.Timer(0.4, stop.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError):
            fetch(server.url(), max_bytes=10**6, timeout_s=60, stop=stop, guard=server.guard)
    assert time.monotonic() - began < 2.5


def test_silence_stops_within_a_second() -> None:
    stop = StopSignal()
    with serve({"/": servers.silent(4)}) as server:
        threading.Timer(0.4, stop.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError):
            fetch(server.url(), max_bytes=10**6, timeout_s=60, stop=stop, guard=server.guard)
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("route", [servers.drip(), servers.silent(4)])
def test_time_is_bounded(route: servers.Answer) -> None:
    with serve({"/": route}) as server:
        began = time.monotonic()
        with pytest.raises(WorldError, match="does not answer in time"):
            get(server, "/", timeout_s=0.8)
        assert time.monotonic() - began < 4


def test_busy_server_is_waited_for() -> None:
    with serve({"/": servers.busy("1", times=1)}) as server:
        began = time.monotonic()
        assert get(server, "/").body == b"now it works"
        assert time.monotonic() - began >= 1


def test_long_retry_after_is_told_at_once() -> None:
    with (
        serve({"/": servers.busy("3600")}) as server,
        pytest.raises(StatusError, match="wait 3600 s") as caught,
    ):
        get(server, "/")
    assert (caught.value.status, caught.value.retry_after_s) == (429, 3600)
    assert len(server.visits) == 1


def test_missing_page_is_not_retried() -> None:
    with serve({}) as server, pytest.raises(StatusError, match="no such page"):
        get(server, "/nothing")
    assert len(server.visits) == 1


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WorldError, match="cannot be reached"):
        get(Server(port), "/")


def test_unknown_name_is_a_sentence() -> None:
    with pytest.raises(WorldError, match=r"No address was found for nowhere\.invalid\."):
        fetch("http://nowhere.invalid/", max_bytes=9, timeout_s=20, stop=StopSignal())


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve({}) as proxy, serve({"/": servers.body("direct")}) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("ALL_PROXY", proxy.url())
        assert get(server, "/").body == b"direct"
        assert proxy.visits == []


def test_post_sends_json_and_follows_nothing() -> None:
    with serve({"/": servers.as_json({"ok": 1}), "/moved": servers.redirect("/")}) as server:
        page = post_json(
            server.url(), {"q": "ü"}, timeout_s=5, stop=StopSignal(), guard=server.guard
        )
        with pytest.raises(StatusError):
            post_json(
                server.url("/moved"), {"q": 1}, timeout_s=5, stop=StopSignal(), guard=server.guard
            )
    assert page.body == b'{"ok": 1}'
    assert server.visits[0].json() == {"q": "ü"}
    assert len(server.visits) == 2


# --- TLS


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Port of a TLS server whose certificate, of its own making, names localhost; names asked for."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*make.split(), *files], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, _: names.append(name)
    with serve({"/": servers.body("hello")}, context) as server:
        yield server.port, names


def get_secure(host: str, port: int) -> bytes:
    guard = Guard(frozenset({f"127.0.0.1:{port}", f"[::1]:{port}"}))
    url = f"https://{host}:{port}/"
    return fetch(url, max_bytes=99, timeout_s=9, stop=StopSignal(), guard=guard).body


def test_unknown_certificates_are_refused(secure: tuple[int, list[str | None]]) -> None:
    with pytest.raises(WorldError, match="localhost cannot be trusted: self-signed"):
        get_secure("localhost", secure[0])


def test_the_name_is_verified_though_the_address_is_pinned(
    secure: tuple[int, list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    trust.cache_clear()
    try:
        assert get_secure("localhost", secure[0]) == b"hello"
        assert secure[1] == ["localhost"]
        with pytest.raises(WorldError, match="IP address mismatch"):
            get_secure("127.0.0.1", secure[0])
    finally:
        trust.cache_clear()


def test_stop_during_the_handshake() -> None:
    stop = StopSignal()
    threading.Timer(0.3, stop.set).start()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = mute.getsockname()[1]
        guard = Guard(frozenset({f"127.0.0.1:{port}"}))
        began = time.monotonic()
        with pytest.raises(StoppedError):
            fetch(f"https://127.0.0.1:{port}/", max_bytes=9, timeout_s=30, stop=stop, guard=guard)
    assert time.monotonic() - began < 2.5


# --- streaming to files


def test_stream_to_writes_and_reports(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with serve({"/": servers.body(b"v" * 200_000, "video/mp4")}) as server:
        page = stream_to(
            server.url(),
            tmp_path / "film",
            Bounds(10**6, 10),
            stop=StopSignal(),
            on_progress=lambda n, total: seen.append((n, total)),
            guard=server.guard,
        )
    assert page.content_type == "video/mp4"
    assert (tmp_path / "film").read_bytes() == b"v" * 200_000
    assert seen[-1] == (200_000, 200_000)


@pytest.mark.parametrize("route", [servers.endless(), servers.short(b"half", 8), servers.drip()])
def test_stream_to_leaves_nothing_half(route: servers.Answer, tmp_path: Path) -> None:
    with serve({"/": route}) as server, pytest.raises(WorldError):
        stream_to(
            server.url(),
            tmp_path / "film",
            Bounds(300_000, 1.0),
            stop=StopSignal(),
            guard=server.guard,
        )
    assert list(tmp_path.iterdir()) == []
