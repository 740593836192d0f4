"""When an alarm is raised."""

import pytest

from sage.train.watch import find_alarms


def log(name, *values):
    return [{"step": step, name: value} for step, value in enumerate(values)]


TABLE = [
    ("tool_rate", [0.6] * 10, ""),
    ("tool_rate", [0.6] * 5 + [0.1] * 5, "Tool use collapses: 10%"),
    ("tool_rate", [0.6] * 5 + [0.21] * 5, ""),
    ("tool_rate", [0.6] * 5 + [0.0] * 4, ""),
    ("tool_rate", [0.6] * 9 + [0.0], ""),
    ("tool_rate", [0.02] * 5 + [0.0] * 5, ""),
    ("tool_rate", [0.0] * 5 + [0.6] * 5, ""),
    ("format_rate", [0.99] * 10, ""),
    ("format_rate", [0.99] * 5 + [0.8] * 5, "Format collapses: 80%"),
    ("format_rate", [0.99] * 5 + [0.9] * 5, ""),
    ("format_rate", [0.6] * 5 + [0.48] * 5, "Format collapses"),
    ("format_rate", [0.1] * 5 + [0.3] * 5, ""),
    ("drift", [2e-7, 0.03], ""),
    ("drift", [0.01, 0.4], "0.4 nats a token apart"),
    ("failed", [1.0, 0.4], ""),
    ("failed", [0.0, 0.5], "The world ends 50% of episodes"),
    ("accuracy", [1.0] * 5 + [0.0] * 5, ""),
]


@pytest.mark.parametrize(("name", "values", "alarm"), TABLE)
def test_collapses_are_told(name, values, alarm):
    found = find_alarms(log(name, *values))
    assert bool(found) == bool(alarm)
    assert alarm in "".join(found)


def test_lines_of_other_kinds_are_passed_over():
    history = [{"event": "resumed"}, *log("tool_rate", *[0.6] * 5), {}, {"tool_rate": None}]
    history += log("tool_rate", *[0.0] * 5)
    assert len(find_alarms(history)) == 1
    assert find_alarms([]) == []
