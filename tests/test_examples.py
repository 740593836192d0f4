"""The bundled films: small, playable in browsers, captioned, and really answerable."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import av
import pytest
import yaml

from sage.evidence import gather_evidence
from sage.faults import StopSignal
from sage.models.base import Situation
from sage.models.offline import OfflineModel
from sage.models.offline_policy import decide
from sage.store import RunFolder
from sage.tools.base import Workspace
from sage.tools.registry import check_call, run_call
from sage.types import Answer, Call, Decision, Evidence, FilmInfo, Mode, Question, Setup, Span, Turn
from sage.video.captions import read_captions
from sage.video.probe import probe

FOLDER = Path(__file__).parents[1] / "assets" / "examples"
LISTING = yaml.safe_load((FOLDER / "examples.yaml").read_text(encoding="utf-8"))
EXAMPLES = {entry["id"]: entry for entry in LISTING["examples"]}
REAL = [name for name, entry in EXAMPLES.items() if entry.get("captions")]
"""Films about something, with captions beside them, too; the others are of the miniature world."""
MAX_BYTES = 3_000_000
MAX_RUN_BYTES = 1_500_000

QUESTIONS = [
    ("lighthouse", "What is the password for the quiz?", "Kittiwake", "password is kittiwake"),
    ("lighthouse", "How tall was the Pharos?", "One hundred metres", "roughly one hundred metres"),
    ("lighthouse", "When was the lighthouse of Alexandria finished?", "280 BC", "280 BC"),
    ("lighthouse", "Which is the oldest lighthouse still in use?", "", "Tower of Hercules"),
    ("lighthouse", "Who built the first lighthouse on the Eddystone rocks?", "Henry Winstanley", "In 1698"),
    ("lighthouse", "How far from Plymouth are the Eddystone rocks?", "Fourteen miles", "fourteen miles"),
    ("lighthouse", "How was the second Eddystone tower destroyed?", "", "burned down in 1755"),
    ("lighthouse", "Where does Smeaton's tower stand today?", "On Plymouth Hoe", "Its upper part still stands"),
    ("lighthouse", "When was Fresnel's lens first used?", "July 1823", "first lit in July 1823"),
    ("lighthouse", "In which tower was the Fresnel lens first lit?", "Tower of Cordouan", "tower of Cordouan"),
    ("lighthouse", "What did the lens float in?", "", "trough of mercury"),
    ("lighthouse", "Why are the mercury baths being removed?", "", "is a poison"),
    ("lighthouse", "What does occulting mean?", "", "light is longer than the dark"),
    ("lighthouse", "How many flashes a minute has a quick light?", "Fifty or sixty flashes", "fifty or sixty"),
    ("lighthouse", "What should you do when you see red?", "", "turn, until it is white again"),
    ("lighthouse", "Who patented the sun valve?", "Gustaf Dalén", "patented a valve"),
    ("lighthouse", "How long could a lamp burn without a visit?", "A year", "up to a year"),
    ("lighthouse", "How old was Grace Darling?", "Twenty-two", "She was twenty-two"),
    ("lighthouse", "How many people were rescued?", "Nine people", "Nine people"),
    ("lighthouse", "When did the Forfarshire break on the rocks?", "The seventh of September", "Forfarshire broke"),
    ("lighthouse", "What is the name of the steamer that was wrecked?", "Forfarshire", "the steamer Forfarshire"),
    ("lighthouse", "Who heard his daughter play the piano?", "Robert Foulis", "Robert Foulis"),
    ("lighthouse", "Where was the first steam fog horn?", "On Partridge Island", "Partridge Island"),
    ("lighthouse", "When did the last keepers leave North Foreland?", "November 1998", "November 1998"),
    ("chocolate", "How many grams of chocolate are chopped first?", "Three hundred grams", "First, chop"),
    ("chocolate", "What is the seed?", "", "called the seed"),
    ("chocolate", "At what temperature should the melting stop?", "Forty-eight degrees", "Stop at forty-eight"),
    ("chocolate", "In how many portions is the seed added?", "Three portions", "in three portions"),
    ("chocolate", "At what temperature does the fifth form melt?", "Thirty-four degrees", "thirty-four degrees"),
    ("chocolate", "How long must the mould rest?", "Two hours", "two hours"),
    ("chocolate", "What is the most common mistake?", "Water", "common mistake is water"),
    ("chocolate", "What should I do if I see grey streaks?", "", "temper it once more"),
    ("street", "How often does the dog bark?", "Three times", "a dog barks three times"),
    ("street", "From which side does the tram come?", "", "coming from the left"),
    ("street", "When does the thunder come?", "At [00:30]", "thunder, far away"),
]  # fmt: skip


@lru_cache(maxsize=8)
def film_of(name: str) -> FilmInfo:
    return probe(FOLDER / EXAMPLES[name]["file"])


def answer(
    name: str, question: str, folder: Path, **settings: str
) -> tuple[str, tuple[Evidence, ...]]:
    """The offline model's turns with the real tools, without the glance."""
    film = film_of(name)
    setup = Setup.model_validate({"model": "offline", "speech": "off", **settings})
    workspace = Workspace(folder, film, setup, OfflineModel, StopSignal(), lambda text, done: None)
    turns: list[Turn] = []
    while len(turns) < 10:
        stage = 2 if turns else 1
        facts = Situation(Question(text=question), film, setup, Mode.AUTO, stage, tuple(turns))
        action, _ = decide(facts, workspace.lines())
        if isinstance(action, Answer):
            return action.text, gather_evidence(action.text, turns, (), film.duration_s)
        assert isinstance(action, Call)
        seen = run_call(check_call(action, workspace), workspace, 1)
        turns.append(
            Turn(
                index=len(turns) + 1,
                stage=stage,
                action=action,
                decision=Decision.TRANSCRIBE,
                observation=seen,
            )
        )
    raise AssertionError("no answer in ten turns")


@pytest.mark.parametrize("name", EXAMPLES)
def test_films_are_small_and_play_in_browsers(name: str) -> None:
    entry = EXAMPLES[name]
    path = FOLDER / entry["file"]
    film = film_of(name)
    head = path.read_bytes()
    assert len(head) <= MAX_BYTES
    assert head.index(b"moov") < head.index(b"mdat")
    assert film.duration_s == pytest.approx(entry["duration_s"], abs=0.5)
    assert (film.width, film.height) == ((640, 360) if name in REAL else (384, 384))
    assert (film.codec, film.pixel_format) == ("h264", "yuv420p")
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.streams.audio[0].codec_context.channels == 1


@pytest.mark.parametrize("name", REAL)
def test_captions_inside_and_beside_the_film_agree(name: str) -> None:
    film = film_of(name)
    side = read_captions(film, str(FOLDER / EXAMPLES[name]["captions"]))
    inside = tuple(t for t in film.captions if t.source.isdigit())
    assert inside
    embedded = read_captions(film.model_copy(update={"captions": inside}))
    assert [_line(s) for s in side] == [_line(s) for s in embedded]
    rows = (FOLDER / EXAMPLES[name]["captions"]).read_text(encoding="utf-8").splitlines()
    assert max(len(row) for row in rows if "-->" not in row) <= 42


def _line(span: Span) -> tuple[float, str]:
    return round(span.start_s, 1), " ".join(span.note.split())


@pytest.mark.parametrize("name", EXAMPLES)
def test_entries_are_complete(name: str) -> None:
    entry = EXAMPLES[name]
    assert all(entry[key] for key in ("title", "about", "licence"))
    needs = [question["needs"] for question in entry["questions"]]
    assert needs == ["captions", "pages", "vision"] or (len(needs) == 3 and name not in REAL)
    assert 3 <= len(list((FOLDER / entry["pages"]).glob("*.html"))) <= 6


@pytest.mark.parametrize(("name", "question", "short", "quote"), QUESTIONS)
def test_offline_answers(tmp_path: Path, name: str, question: str, short: str, quote: str) -> None:
    text, evidence = answer(name, question, tmp_path)
    lines = [s for s in read_captions(film_of(name)) if _meets(s.note, quote)]
    assert text.startswith(short or "Said at")
    assert quote in text
    assert len(evidence) == 1
    assert evidence[0].start_s is not None
    assert lines
    assert min(abs(evidence[0].start_s - s.start_s) for s in lines) <= 12


def _meets(line: str, quote: str) -> bool:
    """Whether a line holds the quotation or, cut by a line end, its beginning or end."""
    words, wanted = " ".join(line.split()), quote.split()
    return (
        quote in words
        or words.endswith(" ".join(wanted[:2]))
        or words.startswith(" ".join(wanted[-2:]))
    )


@pytest.mark.parametrize(
    ("name", "fact", "page"),
    [
        ("lighthouse", "Nobel Prize in Physics", "gustaf-dalen"),
        ("chocolate", "Mary the Jewess", "bain-marie"),
        ("street", "Emmy Noether", "emmy-noether"),
    ],
)
def test_page_questions_are_answered_from_the_pages(
    tmp_path: Path, name: str, fact: str, page: str
) -> None:
    question = EXAMPLES[name]["questions"][1]["text"]
    text, evidence = answer(name, question, tmp_path, pages=str(FOLDER / EXAMPLES[name]["pages"]))
    assert fact in text
    assert any(page in e.url for e in evidence)
    assert any(e.start_s is not None for e in evidence)


@pytest.mark.parametrize("name", REAL)
def test_vision_questions_are_admitted_to_be_out_of_reach(tmp_path: Path, name: str) -> None:
    text, _ = answer(name, EXAMPLES[name]["questions"][2]["text"], tmp_path)
    assert "cannot read pictures without a vision model" in text


@pytest.mark.parametrize("name", [n for n, e in EXAMPLES.items() if e["saved"]])
def test_saved_runs_are_whole_small_and_free_of_paths(name: str) -> None:
    folder = FOLDER / EXAMPLES[name]["saved"]
    trace = RunFolder.open(folder).trace()
    text = (folder / "events.jsonl").read_text(encoding="utf-8")
    assert trace.answer
    assert trace.evidence or (name not in REAL and len(trace.turns) > 1)
    assert all((folder / f.path).is_file() for f in trace.frames)
    assert '"/' not in text
    assert str(Path.home()) not in text
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) <= MAX_RUN_BYTES
