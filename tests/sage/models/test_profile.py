import pytest

from sage.faults import WorldError
from sage.models.profile import FILE, Profile, read_profile, write_profile
from sage.types import Setup

TINY = Profile(frames=16, focus=False, prompts="mini", max_tokens=512)


def test_a_profile_comes_back_as_written(tmp_path):
    assert read_profile(tmp_path) is None
    write_profile(TINY, tmp_path)
    assert read_profile(tmp_path) == TINY


def test_it_prescribes_and_never_adds_frames():
    found = TINY.lay_over(Setup(model="sage-tiny", frames=128, seed=3))
    assert (found.frames, found.prompts, found.focus, found.seed) == (16, "mini", False, 3)
    assert TINY.lay_over(Setup(frames=4)).frames == 4


@pytest.mark.parametrize("text", ["frames: 16", "frames: [", "prompts: /etc", "- 1", ""])
def test_a_broken_one_is_told(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(WorldError, match="no profile"):
        read_profile(tmp_path)


def test_a_checkpoint_cannot_name_a_folder_of_prompts(tmp_path):
    (tmp_path / FILE).write_text("frames: 16\nfocus: false\nprompts: /tmp\nmax_tokens: 512\n")
    with pytest.raises(WorldError):
        read_profile(tmp_path)
