"""Every value that travels. Frozen, JSON round trip, no behaviour beyond derived properties; imports nothing of ours.

Glossary, one word per concept:

Question     what is asked of one video; never contains the answer
Example      a Question with its reference answer (data sets, benchmarks)
FilmInfo     what is known of a video file without looking at its content
Frame, Clip  references to media inside a run's folder, not pixels
Span         a stretch of the film, in seconds
Message      one message of a prompt: role and parts
Reply        what a model printed, and what that cost
Action       what a reply means: Call, Answer or Invalid
Observation  what a tool brought back
Turn         one decision: thought, action, observation
Trace        the record of a run; prompt, timeline, metrics and training rows are views of it
Score        a value given to a trace by a rule, as a reward or in a benchmark
Fault        a mistake of the model's, told back to it
Stop         why a run ended

All times are float seconds from the start of the video.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TRACE_VERSION = 1


class Value(BaseModel):
    """Base of all values: immutable, unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Mode(StrEnum):
    """How the orchestrator may act."""

    AUTO = "auto"
    """The model decides at stage 1 whether to look further (any-horizon)."""
    AGENT = "agent"
    """Stage 1 describes and must call a tool; stage 2 goes on from there."""
    DIRECT = "direct"
    """One turn over the sampled frames, no tools."""


class Decision(StrEnum):
    """What a person sees a turn as."""

    SKIP = "skip"
    """Answered or moved on without looking further."""
    ZOOM = "zoom"
    """ground-event, extract-video-parts, analyze."""
    TRANSCRIBE = "transcribe"
    SEARCH = "search"
    """web-search, parse-website."""
    ANSWER = "answer"


class Stop(StrEnum):
    """Why a run ended."""

    ANSWERED = "answered"
    """The model answered by itself."""
    FORCED = "forced"
    """A limit was reached; the answer was given from what there was."""
    MALFORMED = "malformed"
    """No valid action after all retries."""
    STOPPED = "stopped"
    """A person stopped it."""
    FAILED = "failed"
    """The world failed: no server, no memory, unreadable film."""
    INTERRUPTED = "interrupted"
    """The process that ran it died; only readers of a run folder say this."""


class FaultKind(StrEnum):
    """What the model did wrong, or what a tool could not do for it."""

    NOT_JSON = "not_json"
    BAD_SHAPE = "bad_shape"
    """JSON, but not an action: keys missing, no answer and no call."""
    UNKNOWN_TOOL = "unknown_tool"
    BAD_ARGUMENTS = "bad_arguments"
    FORBIDDEN = "forbidden"
    """A path outside the run, an address that is not public."""
    NOT_FOUND = "not_found"
    """The tool worked and found nothing."""
    REPEATED = "repeated"
    """The same call failed before; it was not run again."""
    UNAVAILABLE = "unavailable"
    """The world: no captions and no speech model, a site that refuses, no network."""


class Fault(Value):
    """A mistake, as told back to the model and counted."""

    kind: FaultKind
    message: str
    """One sentence, addressed to the model, readable by a person."""


class Span(Value):
    """A stretch of the film with what is there."""

    start_s: float
    end_s: float
    note: str = ""


class Source(Value):
    """A page that was found or read."""

    url: str
    title: str = ""
    text: str = ""


class CaptionTrack(Value):
    """A caption track: inside the file, or a file beside it."""

    source: str
    """Stream index as text for an embedded track, else the file's path."""
    language: str = ""
    codec: str = ""


class FilmInfo(Value):
    """What probing tells of a video file."""

    path: str
    digest: str
    """Content hash; names caches."""
    duration_s: float
    fps: float = 0.0
    """Mean frame rate; 0 when there is no picture."""
    width: int = 0
    """As displayed, after rotation."""
    height: int = 0
    rotation: int = 0
    """Degrees clockwise the stored picture must be turned: 0, 90, 180, 270."""
    codec: str = ""
    pixel_format: str = ""
    has_picture: bool = True
    has_audio: bool = False
    captions: tuple[CaptionTrack, ...] = ()
    title: str = ""
    """Name to show a person: the original file name or the page's title."""
    is_mini: bool = False
    """A film of the miniature world, by its own word."""


class Question(Value):
    """What is asked of one video."""

    id: str = ""
    video: str = ""
    """Path or link as the user gave it."""
    text: str
    choices: tuple[str, ...] = ()


class Example(Value):
    """A question with its truth; the answer lives only here, so neither prompt nor tool can leak it."""

    question: Question
    answer: str
    modality: Literal["visual", "verbal", "both", ""] = ""
    kind: Literal["mcq", "open-ended", ""] = ""
    difficulty: str = ""
    evidence: tuple[Span, ...] = ()
    source: str = ""


class Frame(Value):
    """A picture of the film, kept as a JPEG in the run's folder."""

    path: str
    """Relative to the run's folder, `/` as separator."""
    at_s: float
    """The true time of the picture, not the one asked for."""
    width: int = 0
    height: int = 0


class Clip(Value):
    """A cut of the film, kept as an MP4 in the run's folder."""

    path: str
    start_s: float
    end_s: float


class TextPart(Value):
    type: Literal["text"] = "text"
    text: str


class FramesPart(Value):
    """Pictures in order of time; a backend labels each with its time, or sends them as a video with timestamps."""

    type: Literal["frames"] = "frames"
    frames: tuple[Frame, ...]


class ClipPart(Value):
    type: Literal["clip"] = "clip"
    clip: Clip


Part = Annotated[TextPart | FramesPart | ClipPart, Field(discriminator="type")]


class Message(Value):
    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


class Usage(Value):
    """Tokens of one or more model calls; `None` is "not told", never 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None

    def plus(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=add_known(self.input_tokens, other.input_tokens),
            output_tokens=add_known(self.output_tokens, other.output_tokens),
        )

    @property
    def total_tokens(self) -> int | None:
        return add_known(self.input_tokens, self.output_tokens)


class Reply(Value):
    """What a model printed."""

    text: str
    finish: str = "stop"
    """stop, length, safety; loop: it went round in circles."""
    usage: Usage = Usage()
    seconds: float = 0.0
    model: str = ""
    usd: float | None = None
    """Price from the table; `None` when unknown. Models that run on this machine cost 0."""
    prompt_ids: tuple[int, ...] = ()
    token_ids: tuple[int, ...] = ()
    """Tokens as sampled, never re-tokenised; empty unless asked for."""
    logprobs: tuple[float, ...] = ()


class Call(Value):
    """The model wants a tool run."""

    type: Literal["call"] = "call"
    tool: str
    """Paper name: web-search, parse-website, transcribe-speech, ground-event, extract-video-parts, analyze."""
    arguments: dict[str, Any] = {}
    rationale: str = ""


class Answer(Value):
    type: Literal["answer"] = "answer"
    text: str


class Invalid(Value):
    """The reply was no action."""

    type: Literal["invalid"] = "invalid"
    fault: Fault


Action = Annotated[Call | Answer | Invalid, Field(discriminator="type")]


class Thought(Value):
    """What the model says beside its action. Stage 1 fills the first two, stage 2 the last two."""

    video_context: str = ""
    query_intent: str = ""
    answerable: bool | None = None
    reasoning: str = ""


class Observation(Value):
    """What a tool brought back."""

    tool: str
    label: str = ""
    """`<tool>_#<n>`, n counting this tool's calls in the run from 1."""
    text: str = ""
    """What the model is told."""
    looked: tuple[Span, ...] = ()
    """Stretches of the film this call inspected; drawn on the timeline, counted as coverage."""
    spans: tuple[Span, ...] = ()
    """Findings in film time: spoken lines, grounded events."""
    frames: tuple[Frame, ...] = ()
    clips: tuple[Clip, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    """What was repaired on the way in, e.g. a shifted timestamp."""
    fault: Fault | None = None
    seconds: float = 0.0
    usage: Usage = Usage()
    usd: float | None = 0.0


class Evidence(Value):
    """What the answer rests on: a stretch of the film or a page, and the turn that found it."""

    turn: int
    """1-based."""
    start_s: float | None = None
    end_s: float | None = None
    note: str = ""
    url: str = ""


class Turn(Value):
    """One decision of the orchestrator."""

    index: int
    """1-based."""
    stage: Literal[1, 2]
    thought: Thought = Thought()
    action: Action
    decision: Decision
    replies: tuple[Reply, ...] = ()
    """Every attempt, the last one is the one acted on."""
    repaired: bool = False
    """The JSON had to be repaired to be read."""
    forced: bool = False
    """Only an answer was allowed, because a limit was reached."""
    frames: tuple[Frame, ...] = ()
    """Pictures shown to the orchestrator in this turn's prompt."""
    observation: Observation | None = None
    seconds: float = 0.0

    @property
    def usage(self) -> Usage:
        total = self.observation.usage if self.observation else Usage()
        for reply in self.replies:
            total = total.plus(reply.usage)
        return total

    @property
    def usd(self) -> float | None:
        parts = [reply.usd for reply in self.replies]
        if self.observation:
            parts.append(self.observation.usd)
        return add_all_or_none(parts)


class Limits(Value):
    """Where a run has to end; a reached limit forces an answer."""

    turns: int = Field(default=11, ge=1)
    """N_max of the paper: stage 1 and up to 10 more."""
    seconds: float | None = Field(default=None, allow_inf_nan=False)
    usd: float | None = Field(default=None, allow_inf_nan=False)


class Setup(Value):
    """All settings a run was started with; together with the question and film it can be run again."""

    model: str = "auto"
    tool_model: str = ""
    """Model behind ground and analyze; empty: the same."""
    mode: Mode = Mode.AUTO
    frames: int = Field(default=128, ge=1, le=1024)
    """Budget of sampled frames at stage 1."""
    focus: bool = True
    """Spend a part of the budget around times the question names."""
    limits: Limits = Limits()
    captions: str = ""
    """A caption file beside the film."""
    pages: str = ""
    """Folder of local pages that web-search looks in instead of the web."""
    search: str = "auto"
    """ddgs, serper, brave, tavily, pages; auto: pages if a folder is given, else the first with a key, else ddgs."""
    speech: str = "auto"
    """faster-whisper size, or off."""
    prompts: str = ""
    """Folder of templates that replace the bundled ones."""
    temperature: float = Field(default=0.0, allow_inf_nan=False)
    retries: int = Field(default=4, ge=0)
    """A malformed action is asked for again this often."""
    retry_temperature: float = Field(default=0.7, allow_inf_nan=False)
    max_tokens: int = Field(default=4096, ge=256)
    """Longest reply of the orchestrator."""
    is_bounded: bool = False
    """Bound every text of a constrained reply, so that it closes within `max_tokens` whatever the model; costs a
    server some seconds of compilation for each schema."""
    names: Literal["auto", "paper", "released"] = "auto"
    """Tool names in the prompt: the paper's, or those the released checkpoints were trained with; auto: by model."""
    seed: int = 0


class Trace(Value):
    """The record of a run; everything else is derived."""

    version: int = TRACE_VERSION
    run: str = ""
    created: str = ""
    """ISO 8601, UTC."""
    question: Question
    film: FilmInfo | None = None
    setup: Setup = Setup()
    frames: tuple[Frame, ...] = ()
    """The glance: frames sampled for stage 1."""
    turns: tuple[Turn, ...] = ()
    stop: Stop | None = None
    """`None` while it runs."""
    answer: str | None = None
    evidence: tuple[Evidence, ...] = ()
    limit: str = ""
    """turns, seconds or usd when `stop` is forced."""
    error: str = ""
    """The world's error: what failed, what was kept, what to do."""
    seconds: float = 0.0

    @property
    def usage(self) -> Usage:
        total = Usage()
        for turn in self.turns:
            total = total.plus(turn.usage)
        return total

    @property
    def usd(self) -> float | None:
        return add_all_or_none([turn.usd for turn in self.turns])

    @property
    def coverage(self) -> float:
        """Share of the film inspected beyond the glance, 0 to 1."""
        if not self.film or self.film.duration_s <= 0:
            return 0.0
        looked = [s for t in self.turns if t.observation for s in t.observation.looked]
        seen = sum(s.end_s - s.start_s for s in merge_spans(looked))
        return min(1.0, seen / self.film.duration_s)


class Score(Value):
    """What a rule thinks of a trace, or of one of its turns."""

    name: str
    value: float | None
    """`None` is "not scored": no verdict could be had. It is never counted as 0."""
    weight: float = 1.0
    """The value counts this many times in a sum."""
    reason: str = ""
    turn: int = 0
    """1-based index of the turn it belongs to; 0: the whole trace."""


class Event(Value):
    """One line of a run's events.jsonl. Folding all of them gives the Trace.

    `type` is one of: started, sampled, thinking, retried, progress, turned, answered, failed, stopped.
    """

    type: Literal[
        "started",
        "sampled",
        "thinking",
        "retried",
        "progress",
        "turned",
        "answered",
        "failed",
        "stopped",
    ]
    at: float = 0.0
    """Seconds since the run started."""
    turn: int = 0
    """1-based index of the turn it belongs to; 0: none."""
    text: str = ""
    """For a person: what is being done, why it is retried, why it failed."""
    done: float | None = None
    """Progress 0 to 1."""
    trace: Trace | None = None
    """started: question, film and setup; no turns yet."""
    film: FilmInfo | None = None
    """sampled: the probed film."""
    frames: tuple[Frame, ...] = ()
    """sampled: the glance."""
    record: Turn | None = None
    """turned: the finished turn. thinking with a record: the decided action whose tool now runs."""
    answer: str | None = None
    evidence: tuple[tuple[float, float], ...] = ()
    """Last event: spans of the film, seconds."""
    references: tuple[Evidence, ...] = ()
    """Last event: the same with turns, notes and pages."""
    stop: Stop | None = None
    limit: str = ""


def add_known(a: int | None, b: int | None) -> int | None:
    """Sum of two counts of which either may be unknown; unknown only if both are."""
    if a is None or b is None:
        return a if b is None else b
    return a + b


def add_all_or_none(parts: list[float | None]) -> float | None:
    """Sum, or `None` as soon as one part is unknown."""
    known = [p for p in parts if p is not None]
    return sum(known) if len(known) == len(parts) else None


def merge_spans(spans: list[Span]) -> list[Span]:
    """Union of stretches as sorted, disjoint spans without notes."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start_s):
        if merged and span.start_s <= merged[-1].end_s:
            last = merged.pop()
            merged.append(Span(start_s=last.start_s, end_s=max(last.end_s, span.end_s)))
        elif span.end_s > span.start_s:
            merged.append(Span(start_s=span.start_s, end_s=span.end_s))
    return merged
