"""How questions, thoughts and tool requests are worded. Every way of asking has at least six wordings.

`{x}` is what is asked about, `{w}` where in the film; both are filled by `sage.mini.questions`.
"""

from __future__ import annotations

from collections.abc import Iterator

ASK: dict[str, tuple[str, ...]] = {
    "colour": (
        "what colour is the {x}{w}?",
        "which colour does the {x} have{w}?",
        "name the colour of the {x}{w}.",
        "the {x} is seen{w}. what is its colour?",
        "say which colour the {x} has{w}.",
        "look at the {x}{w}. what colour is it?",
        "in which colour is the {x} shown{w}?",
    ),
    "shape": (
        "which shape is {x}{w}?",
        "what shape has the colour {x}{w}?",
        "name the {x} shape{w}.",
        "there is a {x} shape{w}. which one is it?",
        "say what shape is shown in {x}{w}.",
        "look for {x}{w}. which shape has it?",
    ),
    "on_screen": (
        "which shape is seen{w}?",
        "what shape is on the screen{w}?",
        "name the shape that is shown{w}.",
        "what is the shape in the picture{w}?",
        "say which shape the film shows{w}.",
        "look at the screen{w}. which shape is there?",
    ),
    "after": (
        "which shape comes right after the {x}?",
        "what shape is shown next after the {x}?",
        "the {x} goes away. which shape comes next?",
        "name the shape that comes after the {x}.",
        "when the {x} ends, what shape begins?",
        "say which shape is next to come after the {x}.",
    ),
    "card": (
        "which word is on the card{w}?",
        "what does the card say{w}?",
        "a card is shown{w}. what is its word?",
        "read the card{w}. which word is it?",
        "name the word of the card{w}.",
        "say what is written on the card{w}.",
    ),
    "digit": (
        "which number is shown{w}?",
        "what number can be seen{w}?",
        "read the number{w}. what is it?",
        "name the number on the screen{w}.",
        "a number is shown{w}. which one?",
        "say what number the film shows{w}.",
    ),
    "shapes": (
        "how many different shapes does the film show?",
        "count the different shapes. how many are there?",
        "how many kinds of shapes are seen in the film?",
        "what is the number of different shapes in the film?",
        "say how many different shapes are shown.",
        "in all, how many different shapes can be seen?",
    ),
    "times": (
        "how many times is the {x} shown{w}?",
        "count how many times the {x} comes{w}.",
        "the {x} comes again and again{w}. how many times?",
        "how many times can the {x} be seen{w}?",
        "say how many times the film shows the {x}{w}.",
        "what is the number of times the {x} is seen{w}?",
    ),
    "said_colour": (
        "the voice tells the colour of the {x}{w}. which colour is it?",
        "what colour is the {x} in the words of the voice{w}?",
        "listen{w}: which colour is the {x}?",
        "which colour is named for the {x}{w}?",
        "somebody says what colour the {x} is{w}. what colour?",
        "by what is said{w}, what colour is the {x}?",
    ),
    "said_number": (
        "the voice tells the number of the {x}{w}. which number is it?",
        "what is the number of the {x} in the words of the voice{w}?",
        "listen{w}: which number has the {x}?",
        "which number is named for the {x}{w}?",
        "somebody says the number of the {x}{w}. what number?",
        "by what is said{w}, what is the number of the {x}?",
    ),
    "said_city": (
        "the voice says where {x} lives{w}. which city is it?",
        "where does {x} live in the words of the voice{w}?",
        "listen{w}: in which city does {x} live?",
        "which city is named for {x}{w}?",
        "somebody says where {x} lives{w}. where?",
        "by what is said{w}, where does {x} live?",
    ),
    "said_food": (
        "the voice says what {x} brings{w}. what is it?",
        "what does {x} bring in the words of the voice{w}?",
        "listen{w}: which food does {x} bring?",
        "which food is named for {x}{w}?",
        "somebody says what {x} brings{w}. what?",
        "by what is said{w}, what does {x} bring?",
    ),
    "told_colour": (
        "the voice says when the {x} comes{w}. what colour is it then?",
        "listen for when the {x} comes{w}, then look. which colour has it?",
        "the voice tells the time of the {x}{w}. name its colour.",
        "find the {x} that the voice tells us to watch for{w}. what is its colour?",
        "we are told to watch for the {x}{w}. which colour does it have?",
        "somebody says to watch for the {x}{w}. what colour is it?",
    ),
    "told_digit": (
        "the voice says when the number comes{w}. which number is it?",
        "listen for when a number comes{w}, then look. what is it?",
        "the voice tells the time of the number{w}. name the number.",
        "find the number that the voice tells us to watch for{w}. which is it?",
        "we are told to watch for the number{w}. what number is it?",
        "somebody says to watch for the number{w}. which one is shown?",
    ),
    "told_card": (
        "the voice says when the card comes{w}. which word is on it?",
        "listen for when a card comes{w}, then look. what word is it?",
        "the voice tells the time of the card{w}. name its word.",
        "find the card that the voice tells us to watch for{w}. what does it say?",
        "we are told to watch for the card{w}. which word does it have?",
        "somebody says to watch for the card{w}. what is written on it?",
    ),
    "job": (
        "what is the work of the person {p}?",
        "look up the person {p}. what is the job?",
        "which job has the person {p}?",
        "the person {p} has which job?",
        "name the job of the person {p}.",
        "say what the person {p} does for work.",
    ),
    "city": (
        "where does the person {p} live?",
        "look up the person {p}. which city is home?",
        "in which city does the person {p} live?",
        "the person {p} lives in which city?",
        "name the city of the person {p}.",
        "say where the person {p} lives.",
    ),
    "food": (
        "what does the person {p} like most?",
        "look up the person {p}. which food is liked most?",
        "which food does the person {p} like?",
        "the person {p} likes which food?",
        "name the food that the person {p} likes.",
        "say which food the person {p} likes more than any other.",
    ),
}
PERSON = {
    "sign": ("on the sign{w}", "named on the sign{w}", "whose name is on the sign{w}"),
    "guest": ("named by the voice as our guest{w}", "who is our guest{w}", "called our guest{w}"),
}
AT = (" at {a}", " when the film is at {a}", " at the time {a}")
BETWEEN = (" between {a} and {b}", " from {a} to {b}", " in the part between {a} and {b}")
START = (" at the start", " at the beginning")
FLASH = (
    "{x} that flashes",
    "{x} that is seen for a moment",
    "short {x}",
    "{x} that comes and goes",
)

WANTED = {
    "colour": "the colour of the {x}",
    "shape": "the shape in {x}",
    "on_screen": "the shape",
    "after": "the shape after the {x}",
    "card": "the word of the card",
    "digit": "the number",
    "shapes": "the number of shapes",
    "times": "the number of times of the {x}",
    "said_colour": "the colour of the {x}",
    "said_number": "the number of the {x}",
    "said_city": "the city of {x}",
    "said_food": "the food of {x}",
    "told_colour": "the colour of the {x}",
    "told_digit": "the number",
    "told_card": "the word of the card",
    "job": "the job of the person",
    "city": "the city of the person",
    "food": "the food of the person",
}
"""What each way of asking is for. What to look up comes last, next to the answer: a small network finds it there."""
INTENT = {
    "scene": "a look at the film",
    "count": "the number of times",
    "moment": "a look at one time",
    "find": "a short event",
    "listen": "the words of the voice",
    "listen_look": "the words of the voice, then a look",
    "web": "a person and then a page",
}
WHY = {
    "transcribe-speech": "listen to the voice",
    "ground-event": "find the time of it",
    "extract-video-parts": "take frames from that time",
    "analyze": "look at the frames",
    "web-search": "search for the name",
    "parse-website": "read the page",
}
REASON = {
    "found": "the results tell it",
    "more": "the results do not tell it yet",
    "guess": "it is only a guess",
}
QUERY = {
    "colour": "what colour is the {x}?",
    "digit": "which number is shown?",
    "card": "which word is on the card?",
    "name": "which name is on the sign?",
}
SEEN = ("{x} {y}", "card {x}", "number {x}", "sign {x}", "nothing")
NOT_SHOWN = "it is not shown"


def intent(kind: str, wanted: str) -> str:
    """What a question is for: where that is looked for, and what it is."""
    return f"{INTENT[kind]}: {wanted}"


def reason(why: str, quote: str = "") -> str:
    """Why an answer can be given or not, with what the results say."""
    return f"{REASON[why]}: {quote}" if quote else REASON[why]


def all_phrases() -> Iterator[str]:
    """Every text of this module."""
    for wordings in (*ASK.values(), *PERSON.values(), AT, BETWEEN, START, FLASH, SEEN):
        yield from wordings
    for table in (WANTED, INTENT, WHY, REASON, QUERY):
        yield from table.values()
    yield NOT_SHOWN
