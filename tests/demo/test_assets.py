"""Scripts and styles reach the page whole, and no component runs data as code."""

import pytest

from demo.assets import css, head
from demo.cards import cards
from demo.timeline import timeline


def test_the_scripts_are_one_element_that_nothing_inside_can_close():
    assert head().count("</") == 1
    assert "sage.define" in head()


def test_styles_ask_no_other_host():
    assert "url(" not in css()
    assert "@import" not in css()


@pytest.mark.parametrize("make", [timeline, cards])
def test_templates_are_constant(make):
    template = make().html_template
    assert "value" not in template
    assert "$" not in template
    assert "{" not in template


def test_scripts_never_parse_markup():
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ):
        assert word not in head(), word
