"""Any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, and compatible ones.

Frames are sent as JPEG data URLs, each after a text with its time; clips as `video_url` data, which
vLLM and others take and OpenAI does not. Servers differ in the parameters they know: what a server
refuses by name is left out from then on (see `Habits`), so one model object fits them all.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from sage.faults import WorldError
from sage.models import images
from sage.models.base import Request
from sage.models.prices import cost
from sage.models.transport import (
    FEWER_FRAMES,
    Patience,
    TransientError,
    final,
    is_this_machine,
    persist,
    read_retry_after,
    read_status,
    run_all,
    run_briefly,
    scrub,
)
from sage.types import ClipPart, FramesPart, Message, Reply, TextPart, Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion
    from openai.types.chat.chat_completion import Choice

FINISHES = {"length": "length", "content_filter": "safety"}
OPTIONAL = ("response_format", "max_completion_tokens", "max_tokens", "temperature", "seed")
SCHEMA_WORDS = re.compile(r"response_format|json_schema|schema|structured|guided|grammar", re.I)
LENGTH_WORDS = re.compile(
    r"context.?length|context window|max_model_len|too many tokens|prompt is too long"
    r"|longer than the maximum",
    re.I,
)
MEDIA_WORDS = re.compile(
    r"at most \d+ (image|video)|too many images|limit.mm.per.prompt|maximum number of images", re.I
)
BLIND_WORDS = re.compile(
    r"not a multimodal model|does not support (image|vision)|image.{0,20}not supported"
    r"|unknown part type|invalid content type.{0,30}image|no endpoints.{0,40}image",
    re.I,
)
ROOM = re.compile(
    r"maximum context length is (\d+).*?(?:(\d+) in the messages|has (\d+) input tokens"
    r"|prompt contains (\d+))",
    re.I | re.S,
)
NO_ROOM = re.compile(r"even without any output", re.I)
ROOM_UNKNOWN = re.compile(r"prompt contains at least \d+", re.I)
SMALLEST_REPLY = 64


class OpenAIModel:
    """One model behind one base URL."""

    can_see = True

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        key: str = "",
        patience: Patience | None = None,
        write: Callable[[Request], list[dict[str, Any]]] | None = None,
        keep_tokens: bool = False,
    ) -> None:
        """Opens no connection yet; WorldError(MODEL) when OpenAI itself is named without a key.

        `write` puts messages on the wire in another way. `keep_tokens` wants token_ids and logprobs of what was
        said on the replies, which vLLM gives.
        """
        import httpx  # noqa: PLC0415  heavy
        import openai  # noqa: PLC0415  heavy

        self.model = model
        self.base_url = base_url.rstrip("/")
        self.is_openai = urlsplit(base_url).hostname == "api.openai.com"
        self.name = f"openai:{model}" + ("" if self.is_openai else f"@{self.base_url}")
        if self.is_openai and not key:
            raise final(f"There is no key for {self.name}", "Set OPENAI_API_KEY, or type a key.")
        shown = Shown(not self.is_openai, bool(READS_SECONDS.search(model)))
        self._write = write or (lambda request: write_messages(request, shown))
        self._keep_tokens = keep_tokens
        self._key = key
        self._patience = patience or Patience()
        self._habits: frozenset[str] = frozenset()
        is_local = is_this_machine(self.base_url)
        timeout = httpx.Timeout(self._patience.timeout_s, connect=self._patience.connect_s)
        self._client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=self.base_url,
            max_retries=0,  # so that every retry is told to `on_retry`
            http_client=httpx.AsyncClient(timeout=timeout, trust_env=not is_local),
        )

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r})"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return run_all(requests, self._one, self._patience.at_once)

    def close(self) -> None:
        run_briefly(self._client.close(), 2.0)

    def _one(self, request: Request, gave_up: threading.Event) -> Reply:
        request.stop.check()
        started = time.monotonic()
        draft = Draft(self.model, self._write(request), request, keep_tokens=self._keep_tokens)
        reply = persist(lambda: self._attempt(draft), request, self._patience, gave_up=gave_up)
        return reply.model_copy(update={"seconds": time.monotonic() - started})

    async def _attempt(self, draft: Draft) -> Reply:
        """One reply; a parameter the server refuses is dropped and the call made again."""
        draft = replace(draft, without=self._habits)
        while True:
            outcome = await self._call(draft)
            if not isinstance(outcome, Exception):
                self._habits = self._habits | draft.without
                return self._read(outcome)
            milder = soften(draft, outcome)
            if milder is None:
                raise self._explain(outcome)
            draft = milder

    async def _call(self, draft: Draft) -> ChatCompletion | Exception:
        """The SDK's error is returned, not raised: chained, it could carry the key into a log."""
        import openai  # noqa: PLC0415  heavy

        try:
            return await self._client.chat.completions.create(**draft.parameters())
        except (openai.OpenAIError, json.JSONDecodeError, UnicodeDecodeError) as error:
            return error

    def _read(self, completion: ChatCompletion) -> Reply:
        # A server that answers 200 with something else yields a text, or a value without choices.
        choices = getattr(completion, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            detail = scrub(str(getattr(completion, "error", None) or ""), self._key)
            raise TransientError(f"{self._who} sent no readable reply" + (detail and f": {detail}"))
        choice = choices[0]
        finish = FINISHES.get(choice.finish_reason or "stop", "stop")
        if choice.message.refusal:
            finish = "safety"
        counts = completion.usage
        usage = Usage(
            input_tokens=counts.prompt_tokens if counts else None,
            output_tokens=counts.completion_tokens if counts else None,
        )
        return Reply(
            text=choice.message.content or "",
            finish=finish,
            usage=usage,
            model=completion.model or self.model,
            usd=price(self.base_url, self.model, usage),
            **(read_tokens(choice) if self._keep_tokens else {}),
        )

    @property
    def _who(self) -> str:
        return f"{self.model} at {urlsplit(self.base_url).netloc}"

    def _explain(self, error: Exception) -> TransientError | WorldError:
        import openai  # noqa: PLC0415  heavy

        if isinstance(error, openai.APITimeoutError):
            return TransientError(
                f"No reply came from {self._who} within {self._patience.timeout_s:g} s"
            )
        if isinstance(error, openai.APIConnectionError):
            return TransientError(
                f"The connection to {self._who} failed: {scrub(str(error.__cause__ or error), self._key)}",
                "Start the server, or check the address and the network.",
            )
        if isinstance(error, openai.APIStatusError):
            return self._explain_status(error)
        return TransientError(f"{self._who} sent no readable reply ({type(error).__name__})")

    def _explain_status(self, error: openai.APIStatusError) -> TransientError | WorldError:
        detail = read_detail(error)
        shown = scrub(detail, self._key)
        if error.status_code in (400, 422) and LENGTH_WORDS.search(detail):
            return final(f"The prompt is too long for {self._who}: {shown}", FEWER_FRAMES)
        if error.status_code in (400, 422) and MEDIA_WORDS.search(detail):
            return final(f"{self._who} takes fewer pictures or clips: {shown}", "Lower --frames.")
        if error.status_code in (400, 404, 422, 500) and BLIND_WORDS.search(detail):
            return final(f"{self._who} cannot see pictures: {shown}", "Choose a vision model.")
        if error.status_code == 429 and error.code == "insufficient_quota":
            return final(f"The account behind the key of {self._who} has no credit left", "Add it.")
        return read_status(
            error.status_code,
            shown,
            who=self._who,
            after_s=read_retry_after(error.response.headers),
            is_api=isinstance(error.body, dict),
        )


@dataclass(frozen=True)
class Draft:
    """A call before it is made: everything wanted, minus what this server does not take."""

    model: str
    messages: list[dict[str, Any]]
    request: Request
    without: frozenset[str] = frozenset()
    max_tokens: int = 0
    """When the server told that less room is left than asked for."""
    keep_tokens: bool = False

    def parameters(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "max_completion_tokens": self.max_tokens or self.request.max_tokens,
            "temperature": self.request.temperature,
            "seed": self.request.seed,
        }
        if "max_tokens" not in self.without:
            wanted["max_tokens"] = wanted.pop("max_completion_tokens")
        if self.request.schema:
            wanted["response_format"] = write_format(self.request.schema)
        if self.keep_tokens:
            wanted |= {"logprobs": True, "extra_body": {"return_token_ids": True}}
        kept = {name: value for name, value in wanted.items() if name not in self.without}
        return {"model": self.model, "messages": self.messages, **kept}


def soften(draft: Draft, error: Exception) -> Draft | None:
    """A milder call after a refusal that names what was too much; `None`: nothing to give up."""
    import openai  # noqa: PLC0415  heavy

    if not isinstance(error, openai.APIStatusError) or error.status_code not in (400, 422):
        return None
    detail = read_detail(error)
    if LENGTH_WORDS.search(detail):
        room = _find_room(detail, draft.max_tokens or draft.request.max_tokens)
        return replace(draft, max_tokens=room) if room else None
    sent = draft.parameters()
    named = [name for name in OPTIONAL if name in sent and name in (error.param, *_words(detail))]
    if not named and "response_format" in sent and SCHEMA_WORDS.search(detail):
        named = ["response_format"]
    return replace(draft, without=draft.without | {named[0]}) if named else None


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _find_room(detail: str, asked: int) -> int:
    """Tokens to ask for instead, so that prompt and reply fit together; 0 if it is the prompt."""
    if NO_ROOM.search(detail):
        return 0
    if ROOM_UNKNOWN.search(detail):
        return asked // 2 if asked // 2 >= SMALLEST_REPLY else 0
    found = ROOM.search(detail)
    if not found:
        return 0
    limit, *counts = (int(number) for number in found.groups() if number)
    room = limit - counts[0]
    return room if SMALLEST_REPLY <= room < asked else 0


def read_detail(error: openai.APIStatusError) -> str:
    """The server's own words, from whichever of the usual places it put them."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        source = inner if isinstance(inner, dict) else body
        words = source.get("message") or source.get("detail") or inner
        return words if isinstance(words, str) else json.dumps(words)
    return ""


def read_tokens(choice: Choice) -> dict[str, Any]:
    """What was said token by token; TransientError when the server does not tell it."""
    ids = getattr(choice, "token_ids", None)
    told = choice.logprobs.content if choice.logprobs else None
    if ids is None or told is None or len(ids) != len(told):
        raise TransientError("The server does not tell the tokens of its reply, as vLLM does")
    return {"token_ids": tuple(ids), "logprobs": tuple(token.logprob for token in told)}


def price(base_url: str, model: str, usage: Usage) -> float | None:
    """USD: nothing on this machine, else by the table, else unknown."""
    return 0.0 if is_this_machine(base_url) else cost(model, usage)


def write_format(schema: dict[str, Any]) -> dict[str, Any]:
    """The `response_format`; strict only if the schema keeps OpenAI's rules for that."""
    spec = {"name": "action", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": spec}


def is_strict(schema: Any) -> bool:
    """Whether every object is closed and requires all of its properties."""
    if isinstance(schema, list):
        return all(is_strict(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    is_object = schema.get("type") == "object"
    properties = schema.get("properties", {})
    if is_object and schema.get("additionalProperties") is not False:
        return False
    if is_object and set(schema.get("required", ())) != set(properties):
        return False
    return all(is_strict(part) for part in schema.values())


READS_SECONDS = re.compile(r"qwen[\w.-]*-?vl|sage-", re.IGNORECASE)
"""Names of models that were trained with times as `<12.5 seconds>`."""


class Shown(NamedTuple):
    """How a server is shown a film."""

    takes_clips: bool = False
    in_seconds: bool = False
    """Frames behind `<12.5 seconds>`, as Qwen-VL models are trained; else behind a sentence."""


def write_messages(request: Request, shown: Shown) -> list[dict[str, Any]]:
    """Messages on the wire. Plain text stays a plain string: text-only servers take no parts."""
    return [
        {"role": message.role, "content": _write_content(message, request, shown)}
        for message in request.messages
    ]


def _write_content(message: Message, request: Request, shown: Shown) -> str | list[dict[str, Any]]:
    texts = [part.text for part in message.parts if isinstance(part, TextPart)]
    if len(texts) == len(message.parts):
        return "\n\n".join(texts)
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            content.append(_text(part.text))
        elif isinstance(part, FramesPart):
            content += _write_frames(part, request, shown)
        else:
            content += _write_clip(part, request, shown)
    return content


def _write_frames(part: FramesPart, request: Request, shown: Shown) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for frame in part.frames:
        url = images.data_url("image/jpeg", images.read_media(request.folder, frame))
        told = f"<{frame.at_s:.1f} seconds>" if shown.in_seconds else images.label(frame)
        content += [_text(told), {"type": "image_url", "image_url": {"url": url}}]
    return content


def _write_clip(part: ClipPart, request: Request, shown: Shown) -> list[dict[str, Any]]:
    told = images.label(part.clip)
    if not shown.takes_clips:
        return [_text(f"{told} (not shown: this model takes frames, not clips)")]
    url = images.data_url("video/mp4", images.read_media(request.folder, part.clip))
    return [_text(told), {"type": "video_url", "video_url": {"url": url}}]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
