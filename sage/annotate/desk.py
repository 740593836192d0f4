"""What an annotator does: take a case, label it, skip it, undo, give it back.

A case lies on one desk at a time. Taking one is a single transaction that no other writer overlaps; the lease
ends by itself when nobody renews it. A label is accepted whenever its author has none for the case yet, even
if the lease ran out meanwhile: work is never thrown away.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sage.annotate.store import (
    Store,
    checked_name,
    insert_label,
    log,
    queue_of,
    stamp,
    to_case,
    to_label,
)
from sage.annotate.types import Case, Kind, Label, Lease, Progress, QuestionBody, Queue, Role
from sage.faults import Border, WorldError

MAX_NOTE = 2000
MAX_FIELD = 20_000
SETTLED = "EXISTS (SELECT 1 FROM labels a WHERE a.case_id=c.id AND a.role='adjudication')"
N_LABELS = "(SELECT count(*) FROM labels a WHERE a.case_id=c.id AND a.role='label')"
N_VALUES = "(SELECT count(DISTINCT a.value) FROM labels a WHERE a.case_id=c.id AND a.role='label')"
FREE = "(l.case_id IS NULL OR l.expires<=:now OR l.annotator=:me)"
MINE = "EXISTS (SELECT 1 FROM labels a WHERE a.case_id=c.id AND a.annotator=:me AND a.role=:role)"
WANTED = {
    Role.LABEL: f"NOT {MINE} AND {N_LABELS} < :wanted",
    Role.ADJUDICATION: f"NOT {SETTLED} AND {N_LABELS} >= :wanted AND {N_VALUES} > 1",
}
"""Which cases there are to take, by role."""
OWN = "EXISTS (SELECT 1 FROM labels a WHERE a.case_id=c.id AND a.annotator=:me AND a.role='label')"
NEXT = (
    "SELECT c.* FROM cases c LEFT JOIN leases l ON l.case_id=c.id"
    " LEFT JOIN skips s ON s.case_id=c.id AND s.annotator=:me AND s.role=:role"
    " WHERE c.queue=:queue AND {free} AND {wanted}"
    " ORDER BY coalesce(l.annotator=:me AND l.role=:role AND l.expires>:now, 0) DESC,"
    " s.at IS NOT NULL, {last}, s.at, c.place LIMIT 1"
)
"""What one holds already comes first, what was skipped last; who adjudicates gets what others labelled first."""


class LabelledError(WorldError):
    """The label is there already: sent twice, or given on another page."""


class Taken(NamedTuple):
    """A case on the desk."""

    case: Case
    lease: Lease


class Given(NamedTuple):
    """A label that is on disk."""

    label: Label
    case: Case


class Desk:
    """The desks of all annotators of a store; `clock` tells seconds since 1970."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock

    def take(self, queue: str, annotator: str, role: Role = Role.LABEL) -> Taken | None:
        """The next case for this person, or None when there is none left; gives back what else they hold."""
        me, now = checked_name(annotator), self._clock()
        with self.store.open(write=True) as db:
            kept = queue_of(db, queue)
            row = self._next(db, kept, me, role)
            db.execute(
                "DELETE FROM leases WHERE annotator=? AND case_id<>?", (me, row["id"] if row else 0)
            )
            if row is None:
                return None
            lease = _leased(db, row["id"], me, role, now, kept.policy.lease_s)
            return Taken(to_case(row), lease)

    def _next(
        self, db: sqlite3.Connection, queue: Queue, me: str, role: Role
    ) -> sqlite3.Row | None:
        last = OWN if role == Role.ADJUDICATION else "NULL"
        sql = NEXT.format(free=FREE, wanted=WANTED[role], last=last)
        given = {"queue": queue.name, "me": me, "role": role.value, "now": self._clock()}
        row: sqlite3.Row | None = db.execute(
            sql, {**given, "wanted": queue.policy.labels}
        ).fetchone()
        return row

    def renew(self, token: str) -> bool:
        """Keeps a case for longer; False when the lease was lost."""
        now = self._clock()
        with self.store.open(write=True) as db:
            row = db.execute(
                "SELECT l.*, c.queue FROM leases l JOIN cases c ON c.id=l.case_id WHERE token=?",
                (token,),
            ).fetchone()
            if row is None:
                return False
            until = now + queue_of(db, row["queue"]).policy.lease_s
            db.execute("UPDATE leases SET expires=? WHERE token=?", (until, token))
        return True

    def give_back(self, token: str) -> bool:
        """Ends a lease; others may have the case at once."""
        with self.store.open(write=True) as db:
            return db.execute("DELETE FROM leases WHERE token=?", (token,)).rowcount > 0

    def label(
        self,
        case: int,
        annotator: str,
        value: str,
        *,
        note: str = "",
        edits: Mapping[str, str] | None = None,
        role: Role = Role.LABEL,
    ) -> Given:
        """Puts a label on disk. Raises WorldError(DISK) with what to do when it cannot be taken.

        LabelledError when this person labelled the case before.
        """
        me, now = checked_name(annotator), self._clock()
        with self.store.open(write=True) as db:
            row = db.execute("SELECT * FROM cases WHERE id=?", (case,)).fetchone()
            if row is None:
                raise WorldError(Border.DISK, "This case is no longer here; take the next one.")
            found, queue = to_case(row), queue_of(db, row["queue"])
            changed = _checked(queue, found, value, dict(edits or {}))
            _refuse_second(db, case, me, role)
            lease = db.execute(
                "SELECT * FROM leases WHERE case_id=? AND annotator=?", (case, me)
            ).fetchone()
            version = db.execute(
                "SELECT max(version) FROM guidelines WHERE queue=?", (queue.name,)
            ).fetchone()
            taken = lease["taken"] if lease else now
            draft = Label(
                id=0,
                case=case,
                annotator=me,
                role=role,
                value=value,
                note=note.strip()[:MAX_NOTE],
                edits=changed,
                guideline=version[0],
                seconds=round(max(0.0, now - taken), 3),
                leased=_iso(taken),
                created=stamp(),
                blind=_is_blind(db, queue, case, me),
            )
            kept = draft.model_copy(update={"id": insert_label(db, draft)})
            db.execute("DELETE FROM leases WHERE case_id=? AND annotator=?", (case, me))
            data: dict[str, object] = {"value": value, "label": kept.id}
            log(db, queue.name, me, role.value, case=case, data=data)
        return Given(kept, found)

    def skip(self, case: int, annotator: str, role: Role = Role.LABEL) -> None:
        """Puts a case last for this person and gives it back."""
        me = checked_name(annotator)
        with self.store.open(write=True) as db:
            row = db.execute("SELECT queue FROM cases WHERE id=?", (case,)).fetchone()
            if row is None:
                return
            db.execute(
                "INSERT OR REPLACE INTO skips VALUES (?,?,?,?)",
                (case, me, role.value, self._clock()),
            )
            db.execute("DELETE FROM leases WHERE case_id=? AND annotator=?", (case, me))
            log(db, row["queue"], me, "skip", case=case)

    def undo(self, queue: str, annotator: str, role: Role = Role.LABEL) -> Label | None:
        """Takes this person's newest label back and lays the case on their desk; None when there is none.

        Raises WorldError(DISK) when the case was settled since.
        """
        me = checked_name(annotator)
        with self.store.open(write=True) as db:
            row = db.execute(
                "SELECT l.* FROM labels l JOIN cases c ON c.id=l.case_id"
                " WHERE c.queue=? AND l.annotator=? AND l.role=? ORDER BY l.id DESC LIMIT 1",
                (queue, me, role.value),
            ).fetchone()
            if row is None:
                return None
            label = to_label(row)
            if role == Role.LABEL and _is_settled(db, label.case):
                raise WorldError(
                    Border.DISK, "Your last label was settled by adjudication; it stays as it is."
                )
            db.execute("DELETE FROM labels WHERE id=?", (label.id,))
            log(db, queue, me, "undo", case=label.case, data=label.model_dump(mode="json"))
            now = self._clock()
            if not _is_held_by_other(db, label.case, me, now):
                db.execute("DELETE FROM leases WHERE annotator=?", (me,))
                lease_s = queue_of(db, queue).policy.lease_s
                _leased(db, label.case, me, role, now, lease_s)
        return label

    def progress(self, queue: str, annotator: str = "") -> Progress:
        """Counts of the queue, and of this person's labels."""
        sql = (
            f"SELECT count(*) cases, coalesce(sum(n), 0) labels, coalesce(sum(n>=:w), 0) decided,"
            f" coalesce(sum(n>=:w AND v>1 AND NOT done), 0) disputed, coalesce(sum(done), 0) settled"
            f" FROM (SELECT {N_LABELS} n, {N_VALUES} v, {SETTLED} done FROM cases c WHERE queue=:queue)"
        )
        held = (
            "SELECT count(*) FROM leases l JOIN cases c ON c.id=l.case_id"
            " WHERE c.queue=:queue AND l.expires>:now AND l.annotator<>:me"
        )
        own = (
            "SELECT count(*) FROM labels l JOIN cases c ON c.id=l.case_id"
            " WHERE c.queue=:queue AND l.annotator=:me AND l.role='label'"
        )
        with self.store.open() as db:
            wanted = queue_of(db, queue).policy.labels
            given = {"queue": queue, "w": wanted, "me": annotator, "now": self._clock()}
            counts = dict(db.execute(sql, given).fetchone())
            others, mine = (db.execute(s, given).fetchone()[0] for s in (held, own))
        needed = counts["cases"] * wanted
        return Progress(**counts, labels_needed=needed, held=others, mine=mine)


def _leased(
    db: sqlite3.Connection, case: int, me: str, role: Role, now: float, lease_s: float
) -> Lease:
    """Writes the lease; one that this person has already keeps the time it was taken."""
    row = db.execute(
        "SELECT taken FROM leases WHERE case_id=? AND annotator=? AND role=? AND expires>?",
        (case, me, role.value, now),
    ).fetchone()
    lease = Lease(
        case=case,
        annotator=me,
        role=role,
        token=secrets.token_urlsafe(12),
        taken=row["taken"] if row else now,
        expires=now + lease_s,
    )
    values = (case, me, role.value, lease.token, lease.taken, lease.expires)
    db.execute("INSERT OR REPLACE INTO leases VALUES (?,?,?,?,?,?)", values)
    return lease


def _checked(queue: Queue, case: Case, value: str, edits: dict[str, str]) -> dict[str, str]:
    """The fields that really changed; refuses what the queue's labels do not allow."""
    schema = queue.schema_
    if value not in {choice.value for choice in schema.choices}:
        raise WorldError(Border.DISK, f"{value!r} is no label of this queue; nothing was saved.")
    if value != schema.editing or not isinstance(case.body, QuestionBody):
        return {}
    fields = case.body.fields
    changed = {
        name: text[:MAX_FIELD]
        for name, text in edits.items()
        if name in fields and text.strip() != fields[name].strip()
    }
    if not changed:
        raise WorldError(
            Border.DISK, "Nothing was changed. Change a field and save it, or accept the question."
        )
    return changed


def _refuse_second(db: sqlite3.Connection, case: int, me: str, role: Role) -> None:
    if role == Role.ADJUDICATION and _is_settled(db, case):
        raise WorldError(Border.DISK, "Somebody settled this case a moment ago; take the next one.")
    sql = "SELECT 1 FROM labels WHERE case_id=? AND annotator=? AND role=?"
    if db.execute(sql, (case, me, role.value)).fetchone():
        raise LabelledError(
            Border.DISK,
            "You labelled this case already, perhaps on another page; that label is kept.",
        )


def _is_settled(db: sqlite3.Connection, case: int) -> bool:
    sql = "SELECT 1 FROM labels WHERE case_id=? AND role='adjudication'"
    return db.execute(sql, (case,)).fetchone() is not None


def _is_held_by_other(db: sqlite3.Connection, case: int, me: str, now: float) -> bool:
    sql = "SELECT 1 FROM leases WHERE case_id=? AND annotator<>? AND expires>?"
    return db.execute(sql, (case, me, now)).fetchone() is not None


def _is_blind(db: sqlite3.Connection, queue: Queue, case: int, me: str) -> bool:
    """The judges' verdicts are shown after a label: whoever gave one, undone or not, has seen them."""
    if queue.kind != Kind.VERDICT:
        return True
    sql = (
        "SELECT 1 FROM events WHERE case_id=? AND annotator=? AND what IN ('label', 'adjudication')"
    )
    return db.execute(sql, (case, me)).fetchone() is None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
