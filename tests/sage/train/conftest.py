"""What trainings of one process share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_precision_a_run() -> Iterator[None]:
    """accelerate keeps the precision of a process's first run; the next test may want another."""
    yield
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
