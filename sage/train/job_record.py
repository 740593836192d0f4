"""What a training command writes about itself, so that a run from a terminal is a job like any other.

The app's jobs are recorded by `sage.train.job_wrap`; here is then nothing to do, unless that one was killed.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from sage.train.job_files import (
    JOB,
    LOG,
    Ended,
    Info,
    Recipe,
    Started,
    attempt_path,
    git_revision,
    log_size,
    now_iso,
    now_s,
    read,
    read_attempts,
    read_info,
    steps_done,
    this_process,
    write,
)
from sage.train.job_wrap import ATTEMPT

Tell = Callable[[str], None]


@contextmanager
def recorded(out: Path, recipe: Recipe) -> Iterator[Tell]:
    """Records an attempt in `out`, from its first moment to its exit code; gives what tells lines to people.

    Of several processes only the first one does. A disk that takes nothing fails the run itself later on, with a
    better sentence, so it is not told here.
    """
    if os.environ.get("RANK", "0") != "0":
        yield typer.echo
        return
    inside = os.environ.get(ATTEMPT)
    number = int(inside) if inside else _begin(out, recipe)
    log = None if inside else _Log(out / LOG)
    code = 1
    try:
        yield typer.echo if log is None else log.tell
        code = 0
    except typer.Exit as leaving:
        code = leaving.exit_code
        raise
    except BaseException as error:
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
        if log is not None:
            log.write(traceback.format_exc())
        raise
    finally:
        if log is not None:
            log.close()
        if not _is_watched(out, number):
            with suppress(OSError):
                write(attempt_path(out, number, "end"), Ended(code=code, at=now_s()))


def refuse(message: str, out: Path | None) -> None:
    """Tells an error, in the log of a run too that no wrapper keeps one of."""
    typer.echo(message, err=True)
    if out is not None and ATTEMPT not in os.environ and (out / LOG).is_file():
        with suppress(OSError), (out / LOG).open("a", encoding="utf-8") as log:
            log.write(message + "\n")


class _Log:
    """Lines and warnings of a run in a terminal, kept beside what is printed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warnings: logging.Handler | None = None
        with suppress(OSError):
            self._warnings = logging.FileHandler(path, encoding="utf-8")
            logging.getLogger("sage").addHandler(self._warnings)

    def tell(self, line: str) -> None:
        typer.echo(line)
        self.write(line + "\n")

    def write(self, text: str) -> None:
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(text)

    def close(self) -> None:
        if self._warnings is not None:
            logging.getLogger("sage").removeHandler(self._warnings)
            self._warnings.close()


def _begin(out: Path, recipe: Recipe) -> int:
    attempts = read_attempts(out)
    number = attempts[-1].number + 1 if attempts else 1
    command = (sys.executable, "-m", "sage", *sys.argv[1:])
    cwd = str(Path.cwd())
    with suppress(OSError):
        out.mkdir(parents=True, exist_ok=True)
        if not (out / JOB).exists():
            known = read_info(out)
            info = Info(
                recipe=recipe,
                created=known.created if known else now_iso(),
                command=command,
                cwd=cwd,
                devices=_devices(),
                by="terminal",
            )
            write(out / JOB, info)
        start = Started(
            process=this_process(),
            command=command,
            cwd=cwd,
            git=git_revision(),
            at=now_s(),
            first_step=steps_done(out),
            log_from=log_size(out),
        )
        write(attempt_path(out, number, "start"), start)
    return number


def _is_watched(out: Path, number: int) -> bool:
    """Whether a wrapper will write the end: it knows better, and waits until all was said."""
    start = read(attempt_path(out, number, "start"), Started)
    return start is not None and start.wrapper is not None and start.wrapper.is_alive


def _devices() -> tuple[str, ...]:
    """What this process may use, told without loading torch."""
    from sage.models.catalog import find_gpu  # noqa: PLC0415

    if not find_gpu():
        return ("cpu",)
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        from sage.train.job_devices import gpus  # noqa: PLC0415

        return tuple(gpu.number for gpu in gpus()) or ("cpu",)
    return tuple(part.strip() for part in named.split(",") if part.strip()) or ("cpu",)
