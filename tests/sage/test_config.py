import pytest

from sage.config import ConfigError, load_config, save_config
from sage.types import Mode, Setup


def test_overrides_lie_over_the_file(tmp_path):
    path = tmp_path / "ask.yaml"
    path.write_text("frames: 64\nlimits: {turns: 3, seconds: 60}\n")
    setup = load_config(Setup, path, ["limits.turns=6", "mode=direct", "focus=false"])
    assert (setup.frames, setup.limits.turns, setup.limits.seconds) == (64, 6, 60)
    assert (setup.mode, setup.focus) == (Mode.DIRECT, False)


def test_the_file_in_the_repository_holds_the_defaults():
    from pathlib import Path

    assert load_config(Setup, Path(__file__).parents[2] / "configs" / "ask.yaml") == Setup()


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("frame=3", "'frame' is not a setting; known are: model"),
        ("limits.turn=3", "'limits.turn' is not a setting"),
        ("frames=many", "'frames'"),
        ("frames=0", "'frames'"),
        ("temperature=.nan", "'temperature'"),
        ("limits.seconds=.inf", "'limits.seconds'"),
        ("frames", "name=value"),
        ("mode.x=1", "'mode'"),
        ("seed=[1", "no valid YAML"),
    ],
)
def test_a_mistake_names_the_setting(override, told):
    with pytest.raises(ConfigError) as error:
        load_config(Setup, None, [override])
    assert told in str(error.value)


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(Setup, tmp_path / "absent.yaml")


def test_settings_come_back_as_saved(tmp_path):
    setup = load_config(Setup, None, ["limits.usd=0.5", "captions=a.srt"])
    save_config(setup, tmp_path / "resolved.yaml")
    assert load_config(Setup, tmp_path / "resolved.yaml") == setup
