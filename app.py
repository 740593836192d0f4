"""Serves the app: `python app.py [--host H [--trust]] [--port N] [--data DIR]`; `--check` only builds it."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from pathlib import Path

PORT = 7860


def main() -> int:
    """Builds, serves, and waits to be interrupted."""
    options = _options()
    host = options.host or ("0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    # Whoever is not at this machine is a stranger, unless the person who starts it says otherwise.
    is_public = bool(os.environ.get("SPACE_ID")) or not (_is_loopback(host) or options.trust)
    from demo.page import build_page, launch_page  # noqa: PLC0415  seconds of imports
    from demo.site import Site, check_data, default_data  # noqa: PLC0415
    from sage.faults import WorldError  # noqa: PLC0415

    try:
        data = options.data or default_data()
        check_data(data)
        site = Site(data, is_public=is_public, trained=[Path("trained")])
        page = build_page(site)
    except WorldError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    if options.check:
        print("The app builds.")  # noqa: T201
        return 0
    port = options.port if options.port is not None else _free_port(host)
    try:
        address = launch_page(page, site, host=host, port=port)
    except OSError as error:
        said = f"The app cannot listen at {host}:{port}; another --port may do. ({error})"
        print(said, file=sys.stderr)  # noqa: T201
        return 1
    kept = f"runs and films are kept in {site.data}; Ctrl+C ends it"
    print(f"SAGE is at {address}  ({kept})", flush=True)  # noqa: T201
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        page.close(verbose=False)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve the SAGE app.")
    parser.add_argument("--host", help="address to listen at (127.0.0.1; a Space: 0.0.0.0)")
    parser.add_argument("--port", type=int, help=f"port ({PORT}, or the next that is free)")
    parser.add_argument("--data", type=Path, help="folder for runs and films (./data)")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="with --host: whoever reaches it may see all runs and use any model, file and folder of this machine",
    )
    parser.add_argument("--check", action="store_true", help="build the page and exit")
    return parser.parse_args()


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _free_port(host: str) -> int:
    """The usual port, the one a Space names, or the next free one."""
    named = os.environ.get("GRADIO_SERVER_PORT")
    if named:
        return int(named)
    for port in range(PORT, PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) and not _is_bound(host, port):
                return port
    return PORT


def _is_bound(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
