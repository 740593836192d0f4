"""Media of a run become bytes, and nothing outside the run's folder does."""

import os

import pytest
from PIL import Image

from sage.faults import Border, WorldError
from sage.models.images import data_url, label, media_path, read_media, read_picture
from sage.types import Clip, Frame


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / "run"
    (run / "frames").mkdir(parents=True)
    Image.new("L", (6, 4), 255).save(run / "frames" / "a.jpg")
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    return run


def test_reads_what_is_there(folder):
    frame = Frame(path="frames/a.jpg", at_s=1.0)
    assert read_media(folder, frame)[:2] == b"\xff\xd8"
    picture = read_picture(folder, frame)
    assert (picture.mode, picture.size) == ("RGB", (6, 4))


@pytest.mark.parametrize(
    "path", ["../outside.jpg", "/etc/passwd", "link.jpg", "frames/../../outside.jpg"]
)
def test_nothing_outside(folder, path):
    os.symlink(folder.parent / "outside.jpg", folder / "link.jpg")
    with pytest.raises(WorldError, match="outside") as caught:
        media_path(folder, Frame(path=path, at_s=0))
    assert caught.value.border is Border.DISK


@pytest.mark.parametrize("path", ["frames/none.jpg", "frames"])
def test_missing_media_is_a_sentence(folder, path):
    with pytest.raises(WorldError, match="missing from the run's folder"):
        read_media(folder, Clip(path=path, start_s=0, end_s=1))


def test_a_broken_picture_is_a_sentence(folder):
    (folder / "b.jpg").write_bytes(b"\xff\xd8 broken")
    with pytest.raises(WorldError, match="not a readable picture"):
        read_picture(folder, Frame(path="b.jpg", at_s=0))


def test_labels_tell_the_time():
    assert label(Frame(path="a.jpg", at_s=83.5)) == "Frame at 01:23.5:"
    assert label(Clip(path="a.mp4", start_s=3600, end_s=3661)) == "Clip from 1:00:00 to 1:01:01:"


def test_data_url():
    assert data_url("image/jpeg", b"\xff\xd8") == "data:image/jpeg;base64,/9g="
