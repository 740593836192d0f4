"""Example 1: an illustrated lecture, "How a lighthouse speaks". Story and order of the scenes."""

from __future__ import annotations

from films.lighthouse_art import (
    alphabet,
    colours,
    darling,
    eddystone,
    farewell,
    fog,
    horizon,
    keepers,
    lens,
    mercury,
    pharos,
    quiz,
    sun_valve,
    title,
)
from films.reel import Beat, Cut, Scene, assemble

TITLE = "How a lighthouse speaks"

SCENES = (
    Scene(
        "title",
        title,
        (
            Beat(
                "Good evening, and welcome. | Tonight's lecture is called: How a lighthouse speaks. | "
                "A lighthouse cannot shout a word. | It has one lamp, perhaps two colours, and the "
                "dark between the flashes. | And yet a sailor who has never seen this coast can "
                "watch a light for ten seconds, "
                "and say: I know who you are.",
                moves=True,
            ),
            Beat(
                "We will see how that is done. | There is a short quiz at the end, and it has a "
                "password. | The password is kittiwake, like the small gull. | "
                "Write it down, because I will say it only once.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "pharos",
        pharos,
        (
            Beat(
                "Let us begin in Egypt. | The most famous of the early lights stood before the "
                "harbour of Alexandria, on the island of Pharos. | It was finished in about "
                "{280 BC/280 B C}, and it was roughly one hundred metres high."
            ),
            Beat(
                "A fire burned at the top, and the tower stood for well over a thousand years, "
                "until earthquakes brought it down. | The island gave its name to the thing itself: "
                "in French a lighthouse is still called un phare."
            ),
            Beat(
                "The oldest lighthouse that still works is the Tower of Hercules, "
                "at {A Coruña/A Corunya} in Spain. | The Romans built it, and it warns ships to this "
                "day.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "eddystone",
        eddystone,
        (
            Beat(
                "Now to a worse place. | About fourteen miles from Plymouth, the Eddystone rocks "
                "just break the surface. | In 1698 Henry {Winstanley/Winstanly} lit a lighthouse "
                "there: the first one on a rock in the open sea."
            ),
            Beat(
                "He was so sure of his work that he wished to be inside it during the greatest "
                "storm there ever was. | He got his wish. | In November 1703 the Great Storm took the "
                "tower and its builder in a single night."
            ),
            Beat(
                "The second tower was made of wood, and burned down in 1755. | The third was built by "
                "John {Smeaton/Smeeton}. | He shaped it like the trunk of an oak, and locked its "
                "stones together with dovetails, as a carpenter joins a drawer. | It was lit in 1759."
            ),
            Beat(
                "After more than a century the rock beneath it began to wear away, and a fourth tower "
                "took its place. | But the people of Plymouth would not let {Smeaton's/Smeeton's} "
                "tower go. | Its upper part still stands, on dry land, on Plymouth Hoe.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "horizon",
        horizon,
        (
            Beat(
                "How far can a light be seen? | The earth is round, so however bright the lamp is, "
                "at some distance it sinks below the horizon."
            ),
            Beat(
                "The rule that sailors use fits on a postcard. | The distance in nautical miles is "
                "about {2.08/two point oh eight} times the square root of the height of the lamp, "
                "plus the square root of the height of your eye. | Both heights are in metres."
            ),
            Beat(
                "Take a lamp thirty-six metres above the sea. | Its root is six. | "
                "Your eye is four metres up, on the bridge. | Its root is two. | Six and two are "
                "eight, and eight times {2.08/two point oh eight} is between sixteen and seventeen "
                "nautical miles."
            ),
            Beat(
                "Plain geometry would give a little less. | The air bends the light gently downward, "
                "around the curve of the sea, and makes us a present of another mile.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "lens",
        lens,
        (
            Beat(
                "But a flame shines in all directions. | Most of its light is wasted on the sky and "
                "on the floor. | To gather it you want a very large lens, and a very large lens is "
                "thick, heavy, and dark."
            ),
            Beat(
                "The answer came from a French engineer, {Augustin Fresnel/Augustin Fray nel}. | "
                "Only the surface of a lens bends light, he said. | So cut the lens into rings, keep "
                "the curved faces, and throw away the glass between them."
            ),
            Beat(
                "In the middle, the rings bend the light. | Above and below, prisms catch what would "
                "have escaped, and reflect it back to the level of the sea."
            ),
            Beat(
                "His lens was first lit in July 1823, in the tower of Cordouan, at the mouth of the "
                "Gironde. | The largest common size was called the first order: it stands more than "
                "two and a half metres tall. A keeper could step inside it to trim the lamp.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "mercury",
        mercury,
        (
            Beat(
                "To make a flash, the lens must turn. | And several tonnes of glass and brass do not "
                "like to turn. | Around 1890 the French set the whole lens afloat, in a "
                "trough of mercury."
            ),
            Beat(
                "It turned so easily that a push with one finger would set it going. | A falling "
                "weight drove it, like the weight of a tall clock, and every few hours the keeper "
                "wound the weight up again by hand."
            ),
            Beat(
                "There was a price. | The vapour of mercury is a poison, and today most of these "
                "baths are being taken out.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "alphabet",
        alphabet,
        (
            Beat(
                "Now to the language itself. | Every light has a character, and there are only a "
                "few letters in this alphabet."
            ),
            Beat("Fixed: the light never changes."),
            Beat("Flashing: the dark is longer than the light."),
            Beat("Occulting is the opposite: the light is longer than the dark."),
            Beat("Isophase: light and dark are equal, like calm breathing."),
            Beat("And quick: fifty or sixty flashes in a minute."),
            Beat(
                "On the chart it is written very short. | Read this line with me: a group of three "
                "flashes, white, repeated every ten seconds. | The lamp is thirty-six metres above "
                "the water, and in clear weather it is seen for sixteen miles."
            ),
            Beat(hold_s=10.0, moves=True),
            Beat(
                "No other light on this coast does that. | So when you count three, and then the "
                "long dark, you know where you are.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "colours",
        colours,
        (
            Beat(
                "Some lights speak in colour as well. | A pane of red glass before the lamp paints "
                "one slice of the sea red, and that slice is laid over the rocks."
            ),
            Beat(
                "The rule is simple. | If you see white, you are in safe water. | If you see red, "
                "turn, until it is white again."
            ),
            Beat(
                "Look at this bay for a moment, and say nothing.",
            ),
            Beat(hold_s=8.0, moves=True),
            Beat("Good. We go on.", hold_s=0.4),
        ),
    ),
    Scene(
        "sun valve",
        sun_valve,
        (
            Beat(
                "Who lights the lamp when nobody is there? | In 1907 the Swedish engineer "
                "{Gustaf Dalén/Goostahv Dalain} patented a valve that is worked by the sun."
            ),
            Beat(
                "A black rod hangs between three rods of polished metal. | By day the black rod "
                "takes in more light, warms, grows longer by a hair, and shuts the gas. | At dusk it "
                "shrinks, and the gas opens, and a small pilot flame lights the lamp."
            ),
            Beat(
                "With this valve a lamp could burn for up to a year without anybody visiting it.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "darling",
        darling,
        (
            Beat(
                "Not all that lighthouses did was done with light. | On the seventh of September "
                "1838 the steamer Forfarshire broke on the rocks of the Farne Islands."
            ),
            Beat(
                "From the {Longstone/Long stone} lighthouse, {Grace Darling/Grace Darling}, the "
                "keeper's daughter, saw people moving on a rock. | She was twenty-two. | She and her "
                "father rowed out through the storm in an open boat."
            ),
            Beat(
                "Nine people were brought off that rock alive, in two trips. | Within weeks every "
                "newspaper in England had her name.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "fog",
        fog,
        (
            Beat(
                "In fog a light is mute. | Then the lighthouse needs a voice. | They tried bells, "
                "cannon and gongs."
            ),
            Beat(
                "The story goes that {Robert Foulis/Robert Fowlis}, walking home on a foggy night in "
                "Saint John, Canada, heard his daughter play the piano, and noticed that only the "
                "low notes reached him."
            ),
            Beat(
                "From his idea came the first steam fog horn. It began to sound on Partridge Island "
                "in 1859. | Low notes carry. | Every fog horn since has been a bass.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "keepers",
        keepers,
        (
            Beat(
                "And who keeps the lights today? | Almost nobody. | In Britain the last keepers left "
                "the North Foreland lighthouse in November 1998, and a computer took over."
            ),
            Beat(
                "Ships find their way by satellite. | But satellites can be jammed, and screens go "
                "dark. | A light on a rock needs no password and no network. You only need to "
                "count.",
                hold_s=0.6,
            ),
        ),
    ),
    Scene(
        "quiz",
        quiz,
        (
            Beat(
                "Here is the quiz, as I promised. | There are three questions on the screen. | Take "
                "your time.",
                hold_s=12.0,
            ),
        ),
    ),
    Scene(
        "farewell",
        farewell,
        (
            Beat(
                "Thank you for listening. | If you ever stand at the sea at night, look for a light, "
                "and count. | Good night.",
                hold_s=3.0,
                moves=True,
            ),
        ),
    ),
)


def make() -> Cut:
    return assemble(SCENES)
