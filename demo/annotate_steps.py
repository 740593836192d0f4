"""What the Annotation tab's events do. The page sends one kind of event; each answer is the whole state it draws.

Nothing is kept here between events: who holds what is in the store, so any number of servers and browsers agree.
"""

from __future__ import annotations

import itertools
import json
import secrets
import tempfile
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

import gradio as gr

from demo import annotate_says as says
from demo.annotate_people import annotator, has_sign_in, is_owner, require_owner
from demo.says import to_json
from demo.site import Site
from sage.annotate import export
from sage.annotate.desk import Given, LabelledError
from sage.annotate.results import Results, results
from sage.annotate.runs import HUMAN, queue_run, write_truth
from sage.annotate.types import Kind, Policy, Role
from sage.bench.run import ROOT, BenchFolder, list_bench_runs
from sage.faults import Border, WorldError
from sage.judge import Verdict

MADE_UP = 4096
"""Longest text taken from an event for a name."""
LONGEST = 200_000
Profile = Optional[gr.OAuthProfile]  # noqa: UP045  Gradio looks for this spelling


class AnnotateSteps:
    """The steps, for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.desk = site.desk
        self.store = site.desk.store
        self.media = site.case_media
        self._numbers = itertools.count(1)
        self._results: Callable[[str, int, str], Results] = lru_cache(maxsize=32)(self._count)

    # ---- events

    def load(self, profile: Profile) -> str:
        """The state of a page that was just opened."""
        return self._state({"view": "start"}, profile)

    def act(self, event: gr.EventData, profile: Profile) -> str:
        """One thing a person did: the event names it, the answer is the state to draw; refusals are in `error`."""
        asked: dict[str, Any] = event._data if isinstance(event._data, dict) else {}
        steps = {
            "start": self._start,
            "next": self._next,
            "label": self._label,
            "skip": self._skip,
            "undo": self._undo,
            "results": self._show_results,
            "make": self._make,
            "guideline": self._guideline,
            "truth": self._truth,
        }
        step = steps.get(str(asked.get("do")))
        if step is None:
            return self._state({"view": "start"}, profile)
        try:
            return self._state(step(asked, profile), profile)
        except WorldError as error:
            # What the person sees stays; only the sentence is added.
            named = {"name": _text(asked.get("queue"))}
            return to_json({"n": self._number(), "error": str(error), "queue": named})

    def take_away(self, state: str | None, is_named: bool, profile: Profile) -> list[str]:
        """Files of the queue that is shown: JSON lines, table, `datasets` folder, material for judges."""
        try:
            require_owner(self._site.is_public, profile)
            return [str(path) for path in self._files(queue_of(state), is_named)]
        except WorldError as error:
            raise gr.Error(str(error), title="Nothing was exported") from error

    # ---- steps: each gives what the page shows

    def _start(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        return {"view": "start"}

    def _next(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        me = annotator(self._site.is_public, profile, _text(asked.get("me")))
        return self._on_desk(_text(asked.get("queue")), me, says.role_of(asked.get("role")))

    def _label(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        me = annotator(self._site.is_public, profile, _text(asked.get("me")))
        role = says.role_of(asked.get("role"))
        edits = asked.get("edits")
        changed = edits.items() if isinstance(edits, dict) else ()
        try:
            given = self.desk.label(
                _whole(asked.get("case")),
                me,
                _text(asked.get("value")),
                note=_text(asked.get("note"), LONGEST),
                edits={str(name): _text(text, LONGEST) for name, text in changed},
                role=role,
            )
        except LabelledError as error:
            # A page that sends again what was saved without its hearing of it goes on.
            return {**self._on_desk(_text(asked.get("queue")), me, role), "told": str(error)}
        return self._on_desk(given.case.queue, me, role, given)

    def _skip(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        me = annotator(self._site.is_public, profile, _text(asked.get("me")))
        role = says.role_of(asked.get("role"))
        self.desk.skip(_whole(asked.get("case")), me, role)
        return {
            **self._on_desk(_text(asked.get("queue")), me, role),
            "told": "Skipped; it comes back last.",
        }

    def _undo(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        me = annotator(self._site.is_public, profile, _text(asked.get("me")))
        role, queue = says.role_of(asked.get("role")), _text(asked.get("queue"))
        undone = self.desk.undo(queue, me, role)
        if undone is None:
            raise WorldError(Border.DISK, "There is nothing of yours to undo.")
        told = "Taken back; label it again."
        return {
            **self._on_desk(queue, me, role),
            "told": told,
            "undone": {"case": undone.case, "note": undone.note, "edits": undone.edits},
        }

    def _on_desk(
        self, name: str, me: str, role: Role, given: Given | None = None
    ) -> dict[str, Any]:
        """The next case, with what was just saved."""
        queue = self.store.queue(name)
        taken = self.desk.take(name, me, role)
        shown = {
            "view": "case",
            "me": me,
            "role": role,
            "queue": says.about(queue, self.store.guideline(name)),
            "progress": self.desk.progress(name, me).model_dump(),
        }
        if taken is not None:
            others = self.store.labels_of(taken.case.id) if role == Role.ADJUDICATION else []
            trace = self.store.trace(taken.case.id)
            shown["case"] = says.case(taken, trace, self.media, others)
        if given is not None:
            said = self.store.verdicts(name, given.case.id).get(given.case.id, {})
            shown["saved"] = says.reveal(queue, given.label, given.case, said)
        return shown

    def _show_results(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        self._check_reader(profile)
        name = _text(asked.get("queue"))
        partly = "right" if asked.get("partly") == "right" else "wrong"
        found = self._results(name, self.store.version(name), partly)
        # Leases come and go without a mark in the log.
        now = found.model_copy(update={"progress": self.desk.progress(name)})
        about = says.about(found.queue, self.store.guideline(name))
        return {"view": "results", "queue": about, "results": says.counts(now), "partly": partly}

    def _make(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        require_owner(self._site.is_public, profile)
        run = self._run(_text(asked.get("run")))
        judges = [_text(judge) for judge in asked.get("judges") or [] if isinstance(judge, str)]
        try:
            policy = Policy(
                share=float(asked.get("share", 0.1)),
                seed=int(asked.get("seed", 0)),
                labels=int(asked.get("labels", 1)),
            )
        except (TypeError, ValueError) as error:
            why = "The share is 0 to 100 %, labels a case 1 to 20, the seed a whole number."
            raise WorldError(Border.DISK, why) from error
        made = queue_run(self.store, run, _text(asked.get("name")) or run.name, policy, judges)
        n, whole = self.desk.progress(made.name).cases, sum(made.sizes.values())
        return {"view": "start", "made": made.name, "told": f"{made.name}: {n} cases of {whole}."}

    def _guideline(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        require_owner(self._site.is_public, profile)
        name, text = _text(asked.get("queue")), _text(asked.get("text"), LONGEST)
        if not text.strip():
            raise WorldError(Border.DISK, "A guideline needs some text; the old one stays.")
        self.store.guideline(name)
        version = self.store.set_guideline(name, text)
        return {**self._show_results(asked, profile), "told": f"Version {version} is in force."}

    def _truth(self, asked: dict[str, Any], profile: Profile) -> dict[str, Any]:
        """People's verdicts into the run the queue came from."""
        require_owner(self._site.is_public, profile)
        queue = self.store.queue(_text(asked.get("queue")))
        if queue.kind != Kind.VERDICT or not queue.source:
            raise WorldError(Border.DISK, "This queue came from no benchmark run.")
        partly = Verdict.RIGHT if asked.get("partly") == "right" else Verdict.WRONG
        run = BenchFolder.open(Path(queue.source))
        n, unjudged = write_truth(self.store, queue.name, run, partly=partly)
        told = f"{n} verdicts of people, {unjudged} of them unjudged, are in {run.name} as the judge “{HUMAN}”."
        return {**self._show_results(asked, profile), "told": told}

    # ---- parts

    def _state(self, shown: dict[str, Any], profile: Profile) -> str:
        """What every state says: who may do what here, and the queues where one chooses."""
        signed = has_sign_in(self._site.is_public)
        shown |= {
            "n": self._number(),
            "sign_in": signed,
            "account": profile.username if signed and profile else "",
            "is_owner": is_owner(self._site.is_public, profile),
            "is_closed": self._site.is_public and not signed,
        }
        if shown["view"] == "start" and not shown["is_closed"]:
            queues = [(q, self.desk.progress(q.name)) for q in self.store.queues()]
            shown["queues"] = says.listing(queues)
            shown["runs"] = self._runs() if shown["is_owner"] else []
        return to_json(shown)

    def _number(self) -> str:
        """Makes two equal states differ, or the browser would not hear of the second."""
        return f"{next(self._numbers)}-{secrets.token_hex(4)}"

    def _check_reader(self, profile: Profile) -> None:
        if self._site.is_public:
            annotator(True, profile, "")

    def _count(self, name: str, version: int, partly: str) -> Results:
        return results(self.store, name, partly=Verdict(partly))

    def _folders(self) -> dict[str, BenchFolder]:
        """Judged runs by the name a page knows them by."""
        roots = [self._site.data / "runs" / "bench", *([] if self._site.is_public else [ROOT])]
        found: dict[str, BenchFolder] = {}
        for root in dict.fromkeys(root.resolve() for root in roots):
            for run in list_bench_runs(root):
                found.setdefault(run.name, run)
        return found

    def _runs(self) -> list[dict[str, Any]]:
        runs = [(name, run.judges()) for name, run in self._folders().items()]
        return [
            {"name": name, "judges": [j for j in judges if j != HUMAN]} for name, judges in runs
        ]

    def _run(self, name: str) -> BenchFolder:
        """A run of the list, or at this machine any folder."""
        run = self._folders().get(name)
        if run is None and name and not self._site.is_public:
            run = BenchFolder.open(Path(name).expanduser())
        if run is None:
            raise WorldError(Border.DISK, "Choose a benchmark run that was judged.")
        return run

    def _files(self, name: str, is_named: bool) -> list[Path]:
        queue = self.store.queue(name)
        folder = Path(tempfile.mkdtemp(prefix="sage-labels-"))
        made = [
            export.write_jsonl(self.store, name, folder / "labels.jsonl", names=is_named),
            export.write_csv(self.store, name, folder / "labels.csv", names=is_named),
        ]
        dataset = export.write_dataset(self.store, name, folder / "dataset", names=is_named)
        packed = folder / "dataset.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(dataset.rglob("*")):
                file.write(path, path.relative_to(folder))
        made.append(packed)
        if queue.kind == Kind.VERDICT:
            made.append(export.write_shots(self.store, name, folder / "judge-examples.jsonl"))
            made.append(export.write_thresholds(self.store, name, folder / "judge-thresholds.csv"))
        return made


def _text(value: object, most: int = MADE_UP) -> str:
    return value[:most] if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**62 else -1


def queue_of(state: str | None) -> str:
    """Name of the queue in a state that a page sends back."""
    try:
        return _text(json.loads(state or "{}").get("queue", {}).get("name"))
    except (ValueError, AttributeError):
        return ""
