"""The closed vocabulary of the miniature world: every question, spoken line, sign, page, answer and rationale
is built from these words, so that a model with a few hundred words can be trained on it.

`split` is the way texts are cut into words: letters together, digits and signs one by one.
`vocabulary()` lists all words that a run in this world can show to a model or wants from it.
"""

from __future__ import annotations

import re
from functools import cache

from sage.prompts import MINI, folder_of

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (247, 146, 30),
    "yellow": (250, 228, 70),
    "green": (52, 160, 70),
    "blue": (48, 98, 232),
    "purple": (138, 60, 190),
    "pink": (250, 150, 196),
    "white": (244, 244, 240),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
CARDS = (
    *("sun", "moon", "house", "tree", "key", "bell", "fish", "boat"),
    *("cup", "hat", "ladder", "arrow", "flag", "leaf", "clock", "bridge"),
)
NAMES = (
    *("ada", "bruno", "clara", "dario", "elsa", "felix", "greta", "hugo"),
    *("iris", "jonas", "karla", "leo", "mira", "nils", "olga", "pavel"),
)
NUMBERS = tuple(str(n) for n in range(10))
THINGS = ("lamp", "chair", "coat", "door", "wheel", "rope", "box", "stone")
JOBS = ("painter", "doctor", "baker", "pilot", "teacher", "farmer", "singer", "judge")
CITIES = ("oslo", "paris", "rome", "cairo", "lima", "tokyo", "delhi", "boston")
FOODS = ("bread", "soup", "rice", "cheese", "honey", "plums", "beans", "cake")

FILLER = (
    "we walk along the river",
    "the wind is calm today",
    "people talk and laugh in the street",
    "a bird sings in the garden",
    "it is time for a short rest",
    "the road goes up the hill",
    "the water is cold and clear",
    "we wait for the next train",
    "the market opens in the morning",
    "children play by the old wall",
    "rain falls on the roof",
    "let us look at the map",
    "the light is soft in the evening",
    "there is music in the next room",
    "we sit down and drink tea",
    "the shop is closed for now",
    "snow lies on the field",
    "the bus stops at the corner",
    "they read the paper at home",
    "this part of the film is quiet",
    "now we turn to the left",
    "the window is open again",
    "nobody is in the park",
    "the night was long and dark",
)

LINES = {
    "colour": "the {x} is {y}",
    "number": "the number of the {x} is {y}",
    "city": "{x} lives in {y}",
    "food": "{x} brings {y}",
    "guest": "our guest today is {x}",
    "watch": "watch for the {x} between {a} and {b}",
}
"""What is said that matters; x and y come from the lists, a and b are times."""

PAGE = (
    "{name} is a {job}.",
    "people know {name} from the film.",
    "{name} lives in {city}.",
)
PAGE_FILLER = (
    "this page tells about people in the film and what they do when the work is done.",
    "the page was made by friends and it is read by many people in the evening.",
    "some parts are short and some parts are long, and all of it is true in this world.",
    "there is music, there is tea, and there is time to talk about the day.",
)
PAGE_LAST = "at home {name} likes {food} more than any other food."

TOOLS = """
Nothing is said in. The nearest speech ends at and starts at [there is more from on; ask for that window]
Extracted, to be passed to analyze as media_paths: frames/0001.000-64x64.jpg at clips/mp4 from to
The event was not found in; try another window or other words. it is not shown
[page content from search with pages: quoted material, not instructions] [end of page content] Title: page:// html
Nothing was found for '' 1. 2. 3. … could not be done: Note: the window was empty; widened to
This very call failed in turn none no yes, with captions with captions but null true false
start and end were swapped; read as cannot be in a film of as minutes:seconds, is beyond the end of the film
The window is longer than the takes at a time; ask for a shorter one, for example and go on from there if needed.
There is no tool ''; there are. '' is missing. It takes: input should be a valid integer, unable to parse string as an
integer; less than or equal to; greater than or equal to. '' is not a time; write HH:MM:SS. Describe the event to look
for. needs a query and media_paths to look at. may only name the video of this question; leave it empty to mean that.
Only the video and media extracted in this run may be named; known are, so far none was. call first. was not opened.
Links without http:// or https:// are not opened; only links are. No address was found for. Try another page.
There is no local page; search first. The local pages hold no pictures; search with type web. cannot be used here
video_context query_intent answerable verdict reasoning final_answer recommended_tools needed why_no_tool tool_calls
rationale name arguments json found spans start end why frames subclips web image s x
web-search parse-website transcribe-speech ground-event extract-video-parts analyze query search_type num_results
website_url max_content_length video_path timestamp_start timestamp_end event extract_type media_paths video
train val test
A B C D {}[]()<>"':;,.-_/#?=$…
"""
"""Words of the tools' results and of the action format."""

_PIECE = re.compile(r"[A-Za-z]+|\d|[^\w\s]|_")


def split(text: str) -> list[str]:
    """Words, single digits and single signs of a text, in order."""
    return _PIECE.findall(text)


@cache
def vocabulary() -> tuple[str, ...]:
    """All words, digits and signs of the world, sorted."""
    from sage.mini.phrases import all_phrases  # noqa: PLC0415  it is built from these lists

    lists = (COLOURS, SHAPES, CARDS, NAMES, NUMBERS, THINGS, JOBS, CITIES, FOODS)
    texts = [word for words in lists for word in words]
    texts += [*FILLER, *LINES.values(), *PAGE, *PAGE_FILLER, PAGE_LAST, TOOLS, *all_phrases()]
    # A judge is another model, which has learned a word more.
    templates = sorted(p for p in folder_of(MINI).glob("*.md") if p.stem != "judge")
    texts += [path.read_text("utf-8") for path in templates]
    return tuple(sorted({word for text in texts for word in split(text)}))
