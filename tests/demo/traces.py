"""Runs to draw: a lecture on optics with every kind of decision, and a film with very many turns."""

from __future__ import annotations

from sage.types import (
    Answer,
    Call,
    Clip,
    Decision,
    Evidence,
    Fault,
    FaultKind,
    FilmInfo,
    Frame,
    Invalid,
    Observation,
    Question,
    Reply,
    Setup,
    Source,
    Span,
    Stop,
    Thought,
    Trace,
    Turn,
    Usage,
)

DURATION_S = 4360.0
PRISMS = "At what angle does the lecturer put the second prism, and who first described it?"


def film(duration_s: float = DURATION_S) -> FilmInfo:
    return FilmInfo(
        path="film.mp4",
        digest="d",
        duration_s=duration_s,
        fps=1,
        width=160,
        height=90,
        title="Optics 4",
    )


def frames(n: int, duration_s: float = DURATION_S, start: int = 0) -> tuple[Frame, ...]:
    step = duration_s / max(1, n)
    return tuple(
        Frame(path=f"frame{(start + i) % 100:03d}.jpg", at_s=step * (i + 0.5)) for i in range(n)
    )


def turn(index: int, action, decision: Decision, **more) -> Turn:
    reply = Reply(
        text="{}", model="sage-mm", usd=0.0004, usage=Usage(input_tokens=800, output_tokens=100)
    )
    given = {"stage": 2, "replies": (reply,), "seconds": 3.1, **more}
    return Turn(index=index, action=action, decision=decision, **given)


def call(tool: str, why: str = "", **arguments) -> Call:
    return Call(tool=tool, arguments=arguments, rationale=why)


def seen(tool: str, text: str = "", *, looked=(), **more) -> Observation:
    return Observation(
        tool=tool, text=text, looked=tuple(Span(start_s=s, end_s=e) for s, e in looked), **more
    )


def lecture() -> Trace:
    """Five turns: listen, look, search, one fault, answer."""
    pages = (
        Source(url="https://example.org/crucis", title="Experimentum crucis"),
        Source(url="javascript:alert(1)", title="no web page"),
    )
    near = tuple(Frame(path=f"frame{70 + i:03d}.jpg", at_s=2460.0 + 3 * i) for i in range(10))
    spoken = (
        Span(start_s=2462.0, end_s=2466.0, note="has to stand at the angle of least deviation"),
    )
    turns = (
        turn(
            1,
            call(
                "transcribe-speech",
                "The frames show two demonstrations with prisms; the words will tell.",
            ),
            Decision.TRANSCRIBE,
            stage=1,
            thought=Thought(
                video_context="A lecture on optics.", query_intent="The angle and the origin."
            ),
            frames=frames(64),
            observation=seen(
                "transcribe-speech",
                "“… has to stand at the angle of least deviation …” at 41:02.",
                looked=[(2280.0, 2760.0)],
                spans=spoken,
            ),
        ),
        turn(
            2,
            call("extract-video-parts", "Read the protractor beside the second prism."),
            Decision.ZOOM,
            observation=seen(
                "extract-video-parts", "10 frames", looked=[(2460.0, 2490.0)], frames=near
            ),
            repaired=True,
        ),
        turn(
            3,
            call("ground-event", "Find where the protractor is in sight.", event="protractor"),
            Decision.ZOOM,
            observation=seen(
                "ground-event",
                "Seen at 41:19–41:26: it points to 52°.",
                looked=[(2400.0, 2580.0)],
                spans=(Span(start_s=2479.0, end_s=2486.0, note="protractor at 52°"),),
                usd=None,
            ),
        ),
        turn(
            4,
            call(
                "web-search",
                "Who described it first?",
                query="two prism experiment least deviation",
            ),
            Decision.SEARCH,
            observation=seen("web-search", "3 pages · first: Experimentum crucis", sources=pages),
        ),
        turn(
            5,
            Answer(text=ANSWER),
            Decision.ANSWER,
            thought=Thought(reasoning="All is there.", answerable=True),
        ),
    )
    evidence = (
        Evidence(
            turn=1,
            start_s=2462.0,
            end_s=2466.0,
            note="has to stand at the angle of least deviation",
        ),
        Evidence(turn=3, start_s=2479.0, end_s=2486.0, note="protractor at 52°"),
        Evidence(turn=4, url="https://example.org/crucis", note="Experimentum crucis"),
    )
    return Trace(
        run="20261126-120000-0123456789abcdef",
        question=Question(text=PRISMS),
        film=film(),
        setup=Setup(model="hf:sage-mm"),
        frames=frames(64),
        turns=turns,
        stop=Stop.ANSWERED,
        answer=ANSWER,
        evidence=evidence,
    )


ANSWER = (
    "At the angle of least deviation [41:02], about 52° [41:19]; "
    "the arrangement goes back to Newton’s two-prism experiment."
)
HOSTILE = (
    "${alert(1)} {{value}} <img src=x onerror=alert(2)> \\unit </script> ‮reversed‬ مرحبا 😀 "
    + "w" * 20_000
)


def hostile() -> Trace:
    """Markup, templates, direction marks and an endless word in every text a stranger may write."""
    fault = Fault(kind=FaultKind.NOT_FOUND, message=HOSTILE)
    thought = Thought(video_context=HOSTILE, query_intent=HOSTILE, reasoning=HOSTILE)
    page = Source(url="https://example.org/" + "x" * 200, title=HOSTILE)
    observation = Observation(
        tool="ground-event",
        text=HOSTILE,
        looked=(Span(start_s=10, end_s=20),),
        spans=(Span(start_s=12, end_s=14, note=HOSTILE),),
        sources=(page,),
        notes=(HOSTILE[:300],),
        fault=fault,
    )
    first = turn(
        1,
        call("ground-event", HOSTILE, event=HOSTILE),
        Decision.ZOOM,
        observation=observation,
        thought=thought,
    )
    broken = turn(2, Invalid(fault=fault), Decision.SKIP)
    last = turn(3, Answer(text=HOSTILE), Decision.ANSWER, thought=thought, forced=True)
    return Trace(
        run="20261126-120000-00000000000000aa",
        question=Question(text=HOSTILE),
        film=film().model_copy(update={"title": HOSTILE}),
        turns=(first, broken, last),
        stop=Stop.FORCED,
        limit="turns",
        answer=HOSTILE,
        evidence=(
            Evidence(turn=1, start_s=12, end_s=14, note=HOSTILE),
            Evidence(turn=1, url=HOSTILE),
        ),
    )


def long_run(n_turns: int = 120, n_frames: int = 900) -> Trace:
    """A film of three hours with very many turns and pictures."""
    duration_s = 10_800.0
    kinds = [
        ("transcribe-speech", Decision.TRANSCRIBE),
        ("ground-event", Decision.ZOOM),
        ("web-search", Decision.SEARCH),
    ]
    turns = []
    for i in range(1, n_turns + 1):
        tool, decision = kinds[i % 3]
        at_s = (i * 1777.0) % (duration_s - 700)
        looked = [] if decision == Decision.SEARCH else [(at_s, at_s + 60 + 5 * (i % 90))]
        text = f"Result of step {i}. " * 12
        action = call(tool, f"Reason of step {i}", query=f"query {i}", event=f"event {i}")
        turns.append(turn(i, action, decision, observation=seen(tool, text, looked=looked)))
    return Trace(
        run="20261126-120000-00000000000000bb",
        question=Question(text="What happens?"),
        film=film(duration_s),
        frames=frames(n_frames, duration_s),
        turns=tuple(turns),
    )


def clip_turn() -> Turn:
    """A turn that cut a clip."""
    cut = Clip(path="clips/a.mp4", start_s=5, end_s=9)
    return turn(
        1,
        call("extract-video-parts"),
        Decision.ZOOM,
        observation=seen("extract-video-parts", looked=[(5, 9)], clips=(cut,)),
    )
