"""Sets of the hub: only their names are looked at here; what is on disk stays as it is."""

import pytest

from sage.faults import WorldError
from sage.train.grpo_settings import Films, GrpoSettings
from sage.train.hub import fetch_sets
from sage.train.settings import Data, SftSettings


def quiet(_):
    """Told, and tells nobody."""


def test_what_is_on_disk_stays_as_it_is():
    settings = SftSettings(out="x", data=Data(file="rows.jsonl"))
    assert fetch_sets(settings, quiet) is settings
    grpo = GrpoSettings(out="x", model="m", films=Films(folder="data"))
    assert fetch_sets(grpo, quiet) == grpo


def test_a_set_that_cannot_be_fetched_is_told_in_a_sentence():
    settings = SftSettings(out="x", data=Data(file="hf://datasets/nobody/nothing-here/a.jsonl"))
    with pytest.raises(WorldError, match="nobody/nothing-here of the hub could not be fetched"):
        fetch_sets(settings, quiet)
