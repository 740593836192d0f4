"""Gemini through google-genai: frames inline, clips by the Files API, replies held to a schema.

An uploaded clip is known by its content and used again until shortly before it expires; `close`
deletes what this object uploaded, unless a shelf keeps it for the next. Long films are looked at in few pixels, or
they would not fit. The SDK's own retries are off, so that every one is told.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sage.faults import WorldError
from sage.models import images
from sage.models.base import Request
from sage.models.gemini_files import GeminiFiles, Upload, find_upload
from sage.models.prices import cost
from sage.models.transport import (
    FEWER_FRAMES,
    Patience,
    TransientError,
    final,
    persist,
    read_retry_after,
    read_status,
    run_all,
    run_briefly,
    scrub,
)
from sage.types import Clip, ClipPart, FramesPart, Message, Reply, TextPart, Usage

if TYPE_CHECKING:
    from google.genai import errors, types

API_VERSION = "v1beta"
"""Takes everything used here: system instructions, JSON schemas, files."""
THINKING_ROOM = 8192
"""Thoughts count as output; without room for them a long thought leaves no reply."""
NO_THOUGHTS = re.compile(r"gemini-(1|2\.0)")
UPLOAD_S = 1800.0
POLL_S = 1.0
LOW_FROM_S = 2700.0
"""From so many seconds of film in a prompt on, pictures are taken in a quarter of the tokens: a million are not more
than an hour in full."""
TOKENS_A_SECOND, LOW_TOKENS_A_SECOND = 300.0, 100.0
AUDIO_TOKENS_A_SECOND = 32.0
"""What a second of film takes, sound included; and of that, sound."""
FINISHES = {
    "MAX_TOKENS": "length",
    "SAFETY": "safety",
    "RECITATION": "safety",
    "BLOCKLIST": "safety",
    "PROHIBITED_CONTENT": "safety",
    "SPII": "safety",
    "IMAGE_SAFETY": "safety",
    "MODEL_ARMOR": "safety",
}
LENGTH_WORDS = re.compile(r"token count|number of tokens|too many tokens|context length", re.I)


class GeminiModel:
    """One Gemini model with one key."""

    can_see = True

    def __init__(
        self,
        model: str,
        *,
        key: str = "",
        base_url: str = "",
        patience: Patience | None = None,
        shelf: Path | None = None,
    ) -> None:
        """Opens no connection yet; WorldError(MODEL) without a key. `shelf` is a file that remembers uploads."""
        self.model = model.removeprefix("models/")
        self.name = f"gemini:{self.model}"
        if not key:
            raise final(f"There is no key for {self.name}", "Set GEMINI_API_KEY, or type a key.")
        import httpx  # noqa: PLC0415  heavy
        from google import genai  # noqa: PLC0415  heavy
        from google.genai import types  # noqa: PLC0415  heavy

        self._key = key
        self._patience = patience or Patience()
        self._takes_schema = True
        timeout = httpx.Timeout(self._patience.timeout_s, connect=self._patience.connect_s)
        self._http = httpx.AsyncClient(timeout=timeout, follow_redirects=True)
        options = types.HttpOptions(
            base_url=base_url or None,
            api_version=API_VERSION,
            timeout=int(self._patience.timeout_s * 1000),
            httpx_async_client=self._http,
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        self._client = genai.Client(api_key=key, vertexai=False, http_options=options)
        poll_s = min(POLL_S, self._patience.base_s)
        self._files = GeminiFiles(self._client, poll_s=poll_s, shelf=shelf)

    def __repr__(self) -> str:
        return f"GeminiModel({self.name!r})"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        return run_all(requests, self._one, self._patience.at_once)

    def close(self) -> None:
        """Deletes the uploads that no shelf keeps, as far as that works within seconds; they expire by themselves."""
        run_briefly(self._clean_up(), 5.0)

    def delete_uploads(self) -> None:
        """Deletes all uploads, those that a shelf keeps too, as far as that works within a minute."""
        run_briefly(self._files.clean_up(everything=True), 60.0)

    async def _clean_up(self) -> None:
        await self._files.clean_up()
        await self._http.aclose()

    def _one(self, request: Request, gave_up: threading.Event) -> Reply:
        request.stop.check()
        started = time.monotonic()
        system, turns = prepare(request)
        has_clips = any(isinstance(part, Upload) for _, parts in turns for part in parts)
        patience = self._patience
        if has_clips:
            patience = replace(patience, timeout_s=patience.timeout_s + UPLOAD_S)
        reply = persist(
            lambda: self._attempt(request, system, turns), request, patience, gave_up=gave_up
        )
        return reply.model_copy(update={"seconds": time.monotonic() - started})

    async def _attempt(
        self, request: Request, system: str, turns: list[tuple[str, list[Any]]]
    ) -> Reply:
        contents = [await self._content(role, parts) for role, parts in turns]
        has_schema = bool(request.schema) and self._takes_schema
        outcome = await self._call(request, system, contents, has_schema)
        if has_schema and _is_about_schema(outcome):
            outcome = await self._call(request, system, contents, False)
            self._takes_schema = isinstance(outcome, Exception)
        if isinstance(outcome, Exception):
            raise self._explain(outcome)
        return self._read(outcome)

    async def _call(
        self, request: Request, system: str, contents: Any, has_schema: bool
    ) -> types.GenerateContentResponse | Exception:
        """The SDK's error is returned, not raised: chained, it could carry the key into a log."""
        import httpx  # noqa: PLC0415  heavy
        from google.genai import errors, types  # noqa: PLC0415  heavy

        room = 0 if NO_THOUGHTS.match(self.model) else THINKING_ROOM
        low = types.MediaResolution.MEDIA_RESOLUTION_LOW
        config = types.GenerateContentConfig(
            system_instruction=system or None,
            temperature=request.temperature,
            seed=request.seed,
            max_output_tokens=request.max_tokens + room,
            response_mime_type="application/json" if has_schema else None,
            response_json_schema=request.schema if has_schema else None,
            media_resolution=low if is_low(clip_seconds(request)) else None,
        )
        try:
            return await self._client.aio.models.generate_content(
                model=self.model, contents=contents, config=config
            )
        except (errors.APIError, httpx.HTTPError, ValueError) as error:
            return error  # ValueError: a body that is no JSON, or not of the expected shape

    async def _content(self, role: str, parts: list[Any]) -> types.Content:
        from google.genai import types  # noqa: PLC0415  heavy

        sent = [await self._upload(p) if isinstance(p, Upload) else p for p in parts]
        return types.Content(role=role, parts=sent)

    async def _upload(self, upload: Upload) -> types.Part:
        """The clip as a part. The SDK's error is told anew, not chained: it could carry the key into a log."""
        import httpx  # noqa: PLC0415  heavy
        from google.genai import errors  # noqa: PLC0415  heavy

        try:
            return await self._files.part(upload, self.name)
        except (errors.APIError, httpx.HTTPError, ValueError, KeyError) as error:
            trouble = self._explain(error)
        raise trouble

    def _read(self, response: types.GenerateContentResponse) -> Reply:
        blocked = response.prompt_feedback and response.prompt_feedback.block_reason
        if not response.candidates and not blocked:
            raise TransientError(f"{self.name} sent no readable reply")
        text, finish = "", "safety"
        if response.candidates:
            candidate = response.candidates[0]
            reason = candidate.finish_reason.value if candidate.finish_reason else "STOP"
            finish = FINISHES.get(reason, "stop")
            parts = (candidate.content and candidate.content.parts) or []
            text = "".join(part.text for part in parts if part.text and not part.thought)
        usage = read_usage(response.usage_metadata)
        return Reply(
            text="" if finish == "safety" else text,
            finish=finish,
            usage=usage,
            model=response.model_version or self.model,
            usd=cost(self.model, usage, audio_tokens=count_audio(response.usage_metadata)),
        )

    def _explain(self, error: Exception) -> TransientError | WorldError:
        import httpx  # noqa: PLC0415  heavy
        from google.genai import errors  # noqa: PLC0415  heavy

        if isinstance(error, errors.APIError):
            return self._explain_status(error)
        if isinstance(error, httpx.TimeoutException):
            limit = f"{self._patience.timeout_s:g} s"
            return TransientError(f"No reply came from {self.name} within {limit}")
        if isinstance(error, httpx.HTTPError):
            reason = scrub(str(error) or type(error).__name__, self._key)
            return TransientError(
                f"The connection to {self.name} failed: {reason}", "Check the network."
            )
        return TransientError(f"{self.name} sent no readable reply ({type(error).__name__})")

    def _explain_status(self, error: errors.APIError) -> TransientError | WorldError:
        is_api = isinstance(error.details, dict) and "error" in error.details
        detail = str(error.message or "") if is_api else ""
        shown = scrub(detail, self._key)
        whole = json.dumps(error.details, default=str)
        if error.code == 400 and ("API_KEY_INVALID" in whole or "API key not valid" in whole):
            return read_status(401, "", who=self.name)
        if error.code == 400 and "location is not supported" in detail:
            return final(f"{self.name} is not offered in this region", "Choose another model.")
        if error.code == 400 and LENGTH_WORDS.search(detail):
            return final(f"The prompt is too long for {self.name}: {shown}", FEWER_FRAMES)
        if error.code in (400, 403, 404) and self._files and re.search(r"\bfiles?\b", detail, re.I):
            self._files.forget()
            return TransientError(f"{self.name} no longer has the uploaded clip")
        after_s = _read_delay(whole)
        if after_s is None and error.response is not None:
            after_s = read_retry_after(error.response.headers)
        return read_status(error.code, shown, who=self.name, after_s=after_s, is_api=is_api)


def prepare(request: Request) -> tuple[str, list[tuple[str, list[Any]]]]:
    """System text, and role with parts for the rest; clips are `Upload`s, still to be sent."""
    system = [m for m in request.messages if m.role == "system"]
    texts = [part.text for m in system for part in m.parts if isinstance(part, TextPart)]
    turns = [
        ("model" if message.role == "assistant" else "user", _parts(message, request.folder))
        for message in request.messages
        if message.role != "system"
    ]
    return "\n\n".join(texts), turns


def _parts(message: Message, folder: Path) -> list[Any]:
    from google.genai import types  # noqa: PLC0415  heavy

    parts: list[Any] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append(types.Part.from_text(text=part.text))
        elif isinstance(part, FramesPart):
            for frame in part.frames:
                picture = images.read_media(folder, frame)
                parts.append(types.Part.from_text(text=images.label(frame)))
                parts.append(types.Part.from_bytes(data=picture, mime_type="image/jpeg"))
        elif isinstance(part, ClipPart):
            parts.append(types.Part.from_text(text=images.label(part.clip)))
            parts.append(_find_clip(folder, part.clip))
    return parts


def _find_clip(folder: Path, clip: Clip) -> Upload:
    return find_upload(images.media_path(folder, clip), clip.end_s - clip.start_s)


def clip_seconds(request: Request) -> float:
    """Seconds of film in a prompt."""
    parts = [part for message in request.messages for part in message.parts]
    return sum(p.clip.end_s - p.clip.start_s for p in parts if isinstance(p, ClipPart))


def is_low(seconds: float) -> bool:
    """Whether so many seconds of film are taken in few pixels."""
    return seconds > LOW_FROM_S


def read_usage(counts: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    """Tokens as they are billed: thoughts are output."""
    if counts is None:
        return Usage()
    written = [counts.candidates_token_count, counts.thoughts_token_count]
    known = [count for count in written if count is not None]
    return Usage(
        input_tokens=counts.prompt_token_count, output_tokens=sum(known) if known else None
    )


def count_audio(counts: types.GenerateContentResponseUsageMetadata | None) -> int:
    """Tokens of the prompt that were sound, as far as they are told: they have a price of their own."""
    told = (counts and counts.prompt_tokens_details) or []
    return sum(d.token_count or 0 for d in told if d.modality and d.modality.value == "AUDIO")


def _is_about_schema(outcome: object) -> bool:
    return getattr(outcome, "code", 0) == 400 and "schema" in str(outcome).lower()


def _read_delay(details: str) -> float | None:
    """Seconds of the RetryInfo that comes with a 429."""
    found = re.search(r'"retryDelay": "(\d+(?:\.\d+)?)s"', details)
    return float(found[1]) if found else None
