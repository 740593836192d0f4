"""`python -m sage.train.job_wrap FOLDER N`: runs an attempt of a job, and writes down how it ended.

It leads the process group that the job lives in, so that one signal reaches all of it. It ignores SIGTERM, since it has
to see the job stop. Light on purpose: it sits beside every job. SAGE_JOB_MEMORY_GIB caps the job's address space.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from sage.train.job_files import (
    LOG,
    Ended,
    Started,
    attempt_path,
    now_s,
    this_process,
    write,
)

LIMIT = "SAGE_JOB_MEMORY_GIB"
ATTEMPT = "SAGE_JOB_ATTEMPT"
"""Tells the job's command that its start is recorded already: `<n>`."""
NOT_STARTED = 127
TRIES = 20
"""How often the end is tried to be written, a second apart: a full disk may get room."""


def main(folder: Path, number: int) -> int:
    """Returns the job's exit code."""
    # A function, not SIG_IGN: that would be inherited.
    signal.signal(signal.SIGTERM, lambda *_: None)
    launch = json.loads(attempt_path(folder, number, "launch").read_text("utf-8"))
    with (folder / LOG).open("ab") as log:
        code = _run(folder, number, launch, log)
    _write_end(attempt_path(folder, number, "end"), Ended(code=code, at=now_s()))
    return code


def _run(folder: Path, number: int, launch: dict[str, object], log: IO[bytes]) -> int:
    command, cwd = [str(word) for word in launch["command"]], str(launch["cwd"])  # type: ignore[attr-defined]
    extra = {str(k): str(v) for k, v in launch["env"].items()}  # type: ignore[attr-defined]
    settled = {"PYTHONUNBUFFERED": "1", "TYPER_STANDARD_TRACEBACK": "1", ATTEMPT: str(number)}
    me = this_process()
    job = None
    try:
        job = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **extra, **settled},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_limit if os.environ.get(LIMIT) else None,
        )
    except OSError as error:
        log.write(f"The command could not be started: {error}\n".encode())
    process = this_process(job.pid) if job else me
    started = Started(
        process=process,
        wrapper=me,
        command=tuple(command),
        cwd=cwd,
        git=str(launch["git"]),
        at=now_s(),
        first_step=int(str(launch["first_step"])),
        log_from=int(str(launch["log_from"])),
    )
    try:
        write(attempt_path(folder, number, "start"), started)
    except OSError:
        # Nobody would ever find it again.
        if job:
            job.kill()
        raise
    return job.wait() if job else NOT_STARTED


def _limit() -> None:
    most = int(float(os.environ[LIMIT]) * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _write_end(path: Path, end: Ended) -> None:
    for _ in range(TRIES):
        with suppress(OSError):
            write(path, end)
            return
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])) & 0xFF)
