"""A model whose every call goes through the ledger, the budget and the pace of its service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sage.data.ledger import Entry, Ledger
from sage.data.pace import Pace
from sage.faults import StopSignal, WorldError
from sage.models.base import Model, Request
from sage.models.gemini import (
    AUDIO_TOKENS_A_SECOND,
    LOW_TOKENS_A_SECOND,
    NO_THOUGHTS,
    THINKING_ROOM,
    TOKENS_A_SECOND,
    clip_seconds,
    is_low,
)
from sage.models.prices import Rate, cost, find_price
from sage.models.transport import is_this_machine
from sage.text import encodable
from sage.types import FramesPart, Reply, TextPart, Usage

BYTES_A_TOKEN = 3.0
"""Of text, at least; in scripts with three bytes a sign a sign is a token."""
MARGIN = 1.05
FRAME_TOKENS = 300
"""A picture of 448 pixels, generously."""


@dataclass(frozen=True)
class Tariff:
    """What calls of one model cost."""

    spec: str
    own: Rate | None = None
    """Given in the settings; else the table counts."""

    @property
    def is_free(self) -> bool:
        """Runs on this machine, so that money is no question."""
        kind, _, rest = self.spec.partition(":")
        if kind == "openai" and "@" in rest:
            return self.own is None and is_this_machine(rest.partition("@")[2])
        return self.own is None and kind not in ("openai", "gemini")

    @property
    def name(self) -> str:
        """The model's name as the table has it."""
        return self.spec.partition(":")[2].partition("@")[0]

    @property
    def is_known(self) -> bool:
        return self.is_free or self.own is not None or find_price(self.name) is not None

    def usd(self, usage: Usage, audio_tokens: int = 0) -> float | None:
        """`None` when price or tokens are not known."""
        if self.is_free:
            return 0.0
        if self.own and usage.input_tokens is not None and usage.output_tokens is not None:
            rate = self.own
            return (usage.input_tokens * rate.input + usage.output_tokens * rate.output) / 1e6
        return None if self.own else cost(self.name, usage, audio_tokens=audio_tokens)


def tariff(spec: str, prices: Mapping[str, Rate]) -> Tariff:
    """The tariff of a spec; `prices` are those of the settings."""
    return Tariff(spec, prices.get(spec))


def guess_tokens(request: Request, spec: str) -> tuple[Usage, int]:
    """What a call will take at most, and how much of it is sound."""
    parts = [part for message in request.messages for part in message.parts]
    size = sum(
        len(part.text.encode("utf-8", "replace")) for part in parts if isinstance(part, TextPart)
    )
    frames = sum(len(part.frames) for part in parts if isinstance(part, FramesPart))
    seconds = clip_seconds(request)
    rate = LOW_TOKENS_A_SECOND if is_low(seconds) else TOKENS_A_SECOND
    sent = MARGIN * (size / BYTES_A_TOKEN + frames * FRAME_TOKENS + seconds * rate)
    kind, _, model = spec.partition(":")
    thinks = kind == "gemini" and not NO_THOUGHTS.match(model)
    got = request.max_tokens + (THINKING_ROOM if thinks else 0)
    usage = Usage(input_tokens=round(sent) + 100, output_tokens=got)
    return usage, round(seconds * AUDIO_TOKENS_A_SECOND)


class Purpose(NamedTuple):
    """What calls are made for."""

    step: str
    """write, solve, tools, judge, blind."""
    scope: str
    """Tells calls apart that look the same: the film by its digest, and the trajectory."""


class PaidModel:
    """`model` for one purpose; implements `sage.models.base.Model` and does not close what it was given."""

    def __init__(
        self,
        model: Model,
        ledger: Ledger,
        pace: Pace,
        price: Tariff,
        *,
        purpose: Purpose,
        stop: StopSignal,
    ) -> None:
        """Opens nothing and sends nothing yet."""
        self.model, self.name, self.can_see = model, model.name, model.can_see
        self._ledger, self._pace, self._price = ledger, pace, price
        self._step, self._scope = purpose
        self._stop = stop

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """BudgetError before a call that might exceed the budget; else as the model itself."""
        return [self._one(request) for request in requests]

    def close(self) -> None:
        """The model belongs to the run."""

    def _one(self, request: Request) -> Reply:
        key = call_key(request, self._price.spec, self._scope)
        known = self._ledger.find(key)
        if known:
            return known
        request = replace(request, stop=self._stop)
        guess, audio = guess_tokens(request, self._price.spec)
        most_usd = self._price.usd(guess, audio) or 0.0
        with self._ledger.reserved(most_usd, self._stop):
            self._pace.wait(guess.input_tokens or 0, self._stop)
            line = Entry(type="sent", key=key, step=self._step, model=self._price.spec)
            self._ledger.add(line)
            try:
                reply = self.model.generate([request])[0]
            except WorldError:
                # What a stop broke off stays open instead: the service may have charged it.
                self._ledger.add(line.model_copy(update={"type": "failed"}))
                raise
            reply, is_estimate = self._priced(reply, most_usd)
            paid = {"type": "paid", "usd": reply.usd, "reply": reply, "is_estimate": is_estimate}
            self._ledger.add(line.model_copy(update=paid))
        used = reply.usage.input_tokens
        if used is not None:
            self._pace.correct(guess.input_tokens or 0, used)
        return reply

    def _priced(self, reply: Reply, most_usd: float) -> tuple[Reply, bool]:
        """The reply with its price, and whether that is only what was set aside."""
        reply = reply.model_copy(update={"text": encodable(reply.text)})
        if reply.usd is None or self._price.own:
            reply = reply.model_copy(update={"usd": self._price.usd(reply.usage)})
        if reply.usd is not None or not self._price.is_known:
            return reply, False
        return reply.model_copy(update={"usd": most_usd}), True


def call_key(request: Request, spec: str, scope: str) -> str:
    """32 hex digits for what a call depends on; media count by their names, which tell time and size."""
    content = [
        spec,
        scope,
        [message.model_dump(mode="json") for message in request.messages],
        request.schema,
        request.max_tokens,
        request.temperature,
        request.seed,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
