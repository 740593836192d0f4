"""Queues, cases and labels in one SQLite file.

Write-ahead log and a full sync at every commit: what a call returned from is on disk, whatever is killed next.
Each call opens the file anew, so threads and processes share it freely. What annotators do is in `desk`.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from sage.annotate.draw import draw, sizes, stratum
from sage.annotate.types import (
    Body,
    Case,
    Draft,
    Kind,
    Label,
    Policy,
    Queue,
    Stratum,
    VerdictBody,
)
from sage.faults import Border, WorldError
from sage.types import Trace

FILE = "annotations.sqlite"
"""Its name in the app's data folder."""
BUSY_S = 30.0
MAX_NAME = 80
_BODY: TypeAdapter[Body] = TypeAdapter(Body)


class Store:
    """One file of annotations; `WorldError(DISK)` says when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.open() as db:
                db.executescript(files("sage.annotate").joinpath("schema.sql").read_text("utf-8"))
        except OSError as error:
            raise WorldError(Border.DISK, _refusal(path, error.strerror or "")) from error

    @contextmanager
    def open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one call; with `write` one transaction that no other writer overlaps."""
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield db
            if db.in_transaction:
                db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise WorldError(Border.DISK, _refusal(self.path, str(error))) from error
        finally:
            # What was not committed is rolled back by closing.
            db.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            db.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                db.execute(f"PRAGMA {pragma}")
        except sqlite3.DatabaseError as error:
            raise WorldError(Border.DISK, _refusal(self.path, str(error))) from error
        return db

    # ---- making queues

    def add_queue(
        self,
        name: str,
        kind: Kind,
        drafts: Sequence[Draft],
        policy: Policy,
        *,
        source: str = "",
        left_out: int = 0,
    ) -> Queue:
        """Draws from the drafts by the policy and keeps what is drawn; raises WorldError(DISK) on a taken name."""
        by_key = {draft.key: draft for draft in drafts}
        strata = {
            key: stratum(v for v, _ in draft.verdicts.values())
            if kind == Kind.VERDICT
            else Stratum.ALL
            for key, draft in by_key.items()
        }
        queue = Queue(
            name=checked_name(name),
            kind=kind,
            policy=policy,
            source=source,
            sizes=sizes(strata),
            left_out=left_out,
            created=stamp(),
        )
        with self.open(write=True) as db:
            if db.execute("SELECT 1 FROM queues WHERE name=?", (queue.name,)).fetchone():
                raise WorldError(
                    Border.DISK,
                    f"There is a queue named {queue.name} already; choose another name.",
                )
            _insert_queue(db, queue)
            for place, drawn in enumerate(draw(strata, policy)):
                row = (drawn.stratum.value, drawn.is_random, drawn.probability)
                _insert_case(db, queue.name, place, by_key[drawn.key], row)
            text = files("sage.annotate").joinpath(f"guidelines/{kind.value}.md").read_text("utf-8")
            db.execute("INSERT INTO guidelines VALUES (?,?,?,?)", (queue.name, 1, text, stamp()))
            log(db, queue.name, "", "made")
        return queue

    def set_guideline(self, queue: str, text: str) -> int:
        """Keeps a new version of the guideline and returns its number; the older ones stay."""
        with self.open(write=True) as db:
            version = _guideline(db, queue)[0] + 1
            row = (queue, version, text.strip() + "\n", stamp())
            db.execute("INSERT INTO guidelines VALUES (?,?,?,?)", row)
            log(db, queue, "", "guideline", data={"version": version})
        return version

    # ---- reading

    def queues(self) -> list[Queue]:
        """All queues, newest first."""
        with self.open() as db:
            rows = db.execute("SELECT * FROM queues ORDER BY created DESC, rowid DESC").fetchall()
        return [_queue(row) for row in rows]

    def queue(self, name: str) -> Queue:
        """The queue of that name; raises WorldError(DISK)."""
        with self.open() as db:
            return queue_of(db, name)

    def guideline(self, queue: str) -> tuple[int, str]:
        """Number and text of the newest version."""
        with self.open() as db:
            return _guideline(db, queue)

    def case(self, number: int) -> Case | None:
        """A case by its number."""
        with self.open() as db:
            row = db.execute("SELECT * FROM cases WHERE id=?", (number,)).fetchone()
        return to_case(row) if row else None

    def cases(self, queue: str) -> list[Case]:
        """All cases of a queue in its order."""
        with self.open() as db:
            sql = "SELECT * FROM cases WHERE queue=? ORDER BY place"
            return [to_case(row) for row in db.execute(sql, (queue,))]

    def trace(self, number: int) -> Trace | None:
        """The trace that led to the answer, if the case came with one."""
        with self.open() as db:
            row = db.execute("SELECT trace FROM cases WHERE id=?", (number,)).fetchone()
        text = zlib.decompress(row["trace"]).decode() if row and row["trace"] else ""
        return Trace.model_validate_json(text) if text else None

    def verdicts(
        self, queue: str, number: int | None = None
    ) -> dict[int, dict[str, tuple[str, str]]]:
        """By case, by judge: verdict and reason; of one case or of all."""
        sql = "SELECT v.* FROM verdicts v JOIN cases c ON c.id=v.case_id WHERE c.queue=?"
        found: dict[int, dict[str, tuple[str, str]]] = {}
        with self.open() as db:
            one = () if number is None else (number,)
            for row in db.execute(sql + " AND c.id=?" * len(one), (queue, *one)):
                found.setdefault(row["case_id"], {})[row["judge"]] = (row["verdict"], row["reason"])
        return found

    def labels(self, queue: str) -> list[Label]:
        """All labels of a queue, in the order they were given."""
        sql = (
            "SELECT l.* FROM labels l JOIN cases c ON c.id=l.case_id WHERE c.queue=? ORDER BY l.id"
        )
        with self.open() as db:
            return [to_label(row) for row in db.execute(sql, (queue,))]

    def labels_of(self, number: int) -> list[Label]:
        """The labels of one case."""
        with self.open() as db:
            sql = "SELECT * FROM labels WHERE case_id=? ORDER BY id"
            return [to_label(row) for row in db.execute(sql, (number,))]

    def version(self, queue: str) -> int:
        """Grows with everything that happens to the queue; names caches."""
        with self.open() as db:
            sql = "SELECT coalesce(max(id), 0) FROM events WHERE queue=?"
            return int(db.execute(sql, (queue,)).fetchone()[0])

    def history(self, queue: str) -> list[dict[str, object]]:
        """Everything that happened, undone labels among it."""
        with self.open() as db:
            rows = db.execute("SELECT * FROM events WHERE queue=? ORDER BY id", (queue,)).fetchall()
        return [{**dict(row), "data": json.loads(row["data"])} for row in rows]


# ---- rows, shared with the other modules of this package


def stamp() -> str:
    """Now, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def log(
    db: sqlite3.Connection,
    queue: str,
    annotator: str,
    what: str,
    *,
    case: int | None = None,
    data: dict[str, object] | None = None,
) -> None:
    """Notes what happened; nothing is ever taken out of the log."""
    sql = "INSERT INTO events (at, queue, annotator, what, case_id, data) VALUES (?,?,?,?,?,?)"
    text = json.dumps(data or {}, ensure_ascii=False)
    db.execute(sql, (stamp(), queue, annotator, what, case, text))


def queue_of(db: sqlite3.Connection, name: str) -> Queue:
    """Raises WorldError(DISK) when there is none."""
    row = db.execute("SELECT * FROM queues WHERE name=?", (name,)).fetchone()
    if row is None:
        raise WorldError(Border.DISK, f"There is no queue named {name}.")
    return _queue(row)


def to_case(row: sqlite3.Row) -> Case:
    kept = {k: row[k] for k in row.keys() if k in Case.model_fields}  # noqa: SIM118  a Row is no dict
    body = _BODY.validate_json(row["body"])
    return Case.model_validate({**kept, "body": body, "is_random": bool(row["is_random"])})


def to_label(row: sqlite3.Row) -> Label:
    kept = {k: row[k] for k in row.keys() if k in Label.model_fields}  # noqa: SIM118
    more = {"case": row["case_id"], "edits": json.loads(row["edits"]), "blind": bool(row["blind"])}
    return Label.model_validate({**kept, **more})


def insert_label(db: sqlite3.Connection, label: Label) -> int:
    """Returns the number it got; `label.id` is not looked at."""
    sql = (
        "INSERT INTO labels (case_id, annotator, role, value, note, edits, guideline, seconds, leased,"
        " created, blind) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
    )
    edits = json.dumps(label.edits, ensure_ascii=False)
    row = (label.case, label.annotator, label.role.value, label.value, label.note, edits)
    more = (label.guideline, label.seconds, label.leased, label.created, label.blind)
    return int(db.execute(sql, (*row, *more)).lastrowid or 0)


def checked_name(name: str) -> str:
    """A name without odd spaces; raises WorldError(DISK) when it is none or too long."""
    plain = " ".join(name.split())
    if not plain or len(plain) > MAX_NAME or not plain.isprintable():
        raise WorldError(Border.DISK, f"A name has 1 to {MAX_NAME} printable characters.")
    return plain


def _insert_queue(db: sqlite3.Connection, queue: Queue) -> None:
    row = (queue.name, queue.kind.value, queue.policy.model_dump_json(), queue.source)
    sizes_ = json.dumps({k.value: n for k, n in queue.sizes.items()})
    sql = "INSERT INTO queues VALUES (?,?,?,?,?,?,?)"
    db.execute(sql, (*row, sizes_, queue.left_out, queue.created))


def _insert_case(
    db: sqlite3.Connection, queue: str, place: int, draft: Draft, drawn: tuple[str, bool, float]
) -> int:
    body = draft.body
    words = len(body.answer.split()) if isinstance(body, VerdictBody) else 0
    trace = zlib.compress(draft.trace.encode()) if draft.trace else b""
    film = (draft.film, draft.digest, draft.folder, draft.duration_s, words)
    sql = (
        "INSERT INTO cases (queue, key, place, stratum, is_random, probability, film, digest, folder,"
        " duration_s, answer_words, body, trace) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
    )
    row = (queue, draft.key, place, *drawn, *film, body.model_dump_json(), trace)
    number = int(db.execute(sql, row).lastrowid or 0)
    said = [(number, judge, *pair) for judge, pair in draft.verdicts.items()]
    db.executemany("INSERT INTO verdicts VALUES (?,?,?,?)", said)
    return number


def insert_cases(
    db: sqlite3.Connection, queue: Queue, cases: Iterable[tuple[Draft, tuple[str, bool, float]]]
) -> list[int]:
    """A queue with cases that were drawn elsewhere, in their order; returns their numbers."""
    _insert_queue(db, queue)
    return [_insert_case(db, queue.name, i, d, drawn) for i, (d, drawn) in enumerate(cases)]


def _queue(row: sqlite3.Row) -> Queue:
    kept = dict(row)
    kept["policy"] = json.loads(kept["policy"])
    kept["sizes"] = json.loads(kept["sizes"])
    return Queue.model_validate(kept)


def _guideline(db: sqlite3.Connection, queue: str) -> tuple[int, str]:
    sql = "SELECT version, text FROM guidelines WHERE queue=? ORDER BY version DESC LIMIT 1"
    row = db.execute(sql, (queue,)).fetchone()
    if row is None:
        raise WorldError(Border.DISK, f"There is no queue named {queue}.")
    return int(row["version"]), str(row["text"])


def _refusal(path: Path, why: str) -> str:
    return (
        f"The annotations in {path} cannot be used ({why}). Labels that were saved are kept. "
        "Free some space or name another file, then go on."
    )
