"""The app as app.py serves it, except that links may also lead to the named local ports."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--allow", nargs="*", default=[])
    parser.add_argument("--public", action="store_true")
    options = parser.parse_args()
    from demo.page import build_page, launch_page
    from demo.site import Site, check_data
    from sage.address import Guard

    check_data(options.data)
    guard = Guard(allow=frozenset(options.allow))
    site = Site(options.data, is_public=options.public, guard=guard)
    launch_page(build_page(site), site, host="127.0.0.1", port=options.port)
    threading.Event().wait()


if __name__ == "__main__":
    main()
