"""What a tool may touch: one film and one run's folder.

A tool is a typed, documented function `f(workspace, *, ...) -> Observation`; the registry derives its schema,
validation and prompt text from the signature. Names of media come from a model and are looked up among the
media this run made; no such name is ever opened, so a refusal tells nothing of what exists elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from sage.faults import Border, FaultError, StopSignal, crossing
from sage.models.base import Model
from sage.timecode import SLACK_S, Window, format_clock, format_time, parse_window
from sage.tools.page_text import clean
from sage.types import Clip, FaultKind, FilmInfo, Frame, Setup, Span, Usage
from sage.video.cache import place, unfinished

if TYPE_CHECKING:
    from sage.tools.providers import SearchProvider
    from sage.video.frames import Picture

MAX_TEXT = 12_000
"""Characters of a result that the model is told; ten minutes of fast speech fit."""
JPEG_QUALITY = 88
_VIDEO_NAMES = ("", "video", "the video", "film", "the film")
_FOLDERS = ("frames", "clips", "pages")
_LABEL = re.compile(r"([A-Za-z_-]{3,40}?)[_\s]*#?\s*(\d{1,4})")


class Media(NamedTuple):
    """Frames and clips a name stands for."""

    frames: tuple[Frame, ...] = ()
    clips: tuple[Clip, ...] = ()
    is_film: bool = False
    """The film itself was named."""


@dataclass
class Workspace:
    """The film, settings and folder of one run, and whom to tell and obey meanwhile."""

    folder: Path
    """The run's folder; whatever is made here lies under it."""
    film: FilmInfo
    setup: Setup
    tool_model: Callable[[], Model]
    """The model behind ground and analyze; opened at the first use."""
    stop: StopSignal
    on_progress: Callable[[str, float | None], None]
    """Told what is being done and, where known, how far it is, 0 to 1."""
    provider: SearchProvider | None = None
    """Who is asked by web-search; `None`: whom the setup names."""
    _made: dict[str, Frame | Clip] = field(default_factory=dict, init=False, repr=False)
    _labelled: dict[str, Media] = field(default_factory=dict, init=False, repr=False)
    _labels: list[str] = field(default_factory=list, init=False, repr=False)
    _lines: tuple[Span, ...] | None = field(default=None, init=False, repr=False)

    def lines(self) -> tuple[Span, ...]:
        """Caption lines of the film in order, read once; empty when there are none."""
        from sage.video.captions import read_captions  # noqa: PLC0415

        if self._lines is None:
            lines = read_captions(self.film, self.setup.captions, stop=self.stop)
            self._lines = tuple(
                line.model_copy(update={"note": clean(line.note)}) for line in lines
            )
        return self._lines

    def pictures(self, times: Sequence[float], *, long_side: int = 448) -> Iterator[Picture]:
        """Pictures of the film at given instants; see `sage.video.frames.read_frames`."""
        from sage.video.frames import read_frames  # noqa: PLC0415

        return read_frames(self.film, times, long_side=long_side, stop=self.stop)

    def cut(self, start_s: float, end_s: float) -> Clip:
        """Cuts a stretch of the film into a clip of this run."""
        from sage.video.cut import cut_clip  # noqa: PLC0415

        out = self.clip_path(start_s, end_s)
        return self.add_clip(out, cut_clip(self.film, start_s, end_s, out=out, stop=self.stop))

    def save_frames(self, pictures: Iterable[Picture]) -> tuple[Frame, ...]:
        """Keeps pictures as JPEG files of the run, named by time and size; WorldError(DISK)."""
        return tuple(self._save_frame(picture) for picture in pictures)

    def clip_path(self, start_s: float, end_s: float) -> Path:
        """Where a cut of the film is to be written."""
        return self.folder / "clips" / f"{start_s:08.3f}-{end_s:08.3f}.mp4"

    def add_clip(self, path: Path, span: Span) -> Clip:
        """Makes a written cut known as media of this run; `span` is its true extent."""
        clip = Clip(
            path=path.relative_to(self.folder).as_posix(), start_s=span.start_s, end_s=span.end_s
        )
        self._made[clip.path] = clip
        return clip

    def add_label(
        self, label: str, frames: tuple[Frame, ...], clips: tuple[Clip, ...], *, alias: str = ""
    ) -> None:
        """Lets later calls name media together by a label such as `extract-video-parts_#1`."""
        if frames or clips:
            media = Media(frames, clips)
            self._labelled |= {_label_key(name): media for name in (label, alias) if name}
            self._labels.append(label)

    def path_of(self, name: str) -> Path:
        """The path of a file of this run, which need not exist; FaultError(FORBIDDEN) for all else."""
        relative = self._inside(name)
        if relative is None:
            raise self._forbidden(name)
        path = (self.folder / relative).resolve()
        if not path.is_relative_to(self.folder.resolve() / relative.parts[0]):
            raise self._forbidden(name)
        return path

    def check_video(self, name: str) -> None:
        """Accepts the names of this run's film; FaultError(FORBIDDEN) for any other."""
        if not self._is_film(name):
            raise FaultError(
                FaultKind.FORBIDDEN,
                f"video_path may only name the video of this question ('{self.video_name}'); "
                "leave it empty to mean that.",
            )

    def media(self, name: str) -> Media:
        """Media by path (`frames/...`, `clips/...`), by label (`extract-video-parts_#1`), or the film.

        FaultError: NOT_FOUND for a plain name this run did not make, FORBIDDEN for what lies outside it.
        """
        if self._is_film(name) and name.strip():
            return Media(is_film=True)
        if (label := _label_key(name)) in self._labelled:
            return self._labelled[label]
        relative = self._inside(name)
        made = self._made.get(relative.as_posix()) if relative else None
        if isinstance(made, Clip):
            return Media(clips=(made,))
        if made:
            return Media(frames=(made,))
        if relative or (label and _LABEL.fullmatch(name.strip())):
            raise FaultError(
                FaultKind.NOT_FOUND, f"'{name[:80]}' was not extracted in this run; {self._known()}"
            )
        raise self._forbidden(name)

    def window(self, start: str, end: str, *, limit_s: float, tool: str) -> Window:
        """The stretch two timestamps name; FaultError(BAD_ARGUMENTS) when unreadable or too long.

        A few seconds over the limit are cut off, with a note; more is told back with a window that fits.
        """
        try:
            window = parse_window(start, end, self.film.duration_s)
        except ValueError as error:
            raise FaultError(FaultKind.BAD_ARGUMENTS, f"{error}.") from None
        over = window.length_s - limit_s
        if over <= 1e-6:
            return window
        shorter = Window(window.start_s, window.start_s + limit_s)
        if over <= SLACK_S:
            note = f"cut to {shorter}, the longest window {tool} takes"
            return shorter._replace(notes=(*window.notes, note))
        raise FaultError(
            FaultKind.BAD_ARGUMENTS,
            f"The window {window} is longer than the {format_time(limit_s)} {tool} takes at a time; "
            f"ask for a shorter one, for example {format_clock(shorter.start_s)} to "
            f"{format_clock(shorter.end_s)}, and go on from there if needed.",
        )

    @property
    def video_name(self) -> str:
        """The film's title, else its file name: how models are told to name it."""
        return self.film.title or Path(self.film.path).name

    def _save_frame(self, picture: Picture) -> Frame:
        from PIL import Image  # noqa: PLC0415

        height, width = picture.rgb.shape[:2]
        name = f"frames/{picture.at_s:08.3f}-{width}x{height}.jpg"
        path = self.folder / name
        if not path.exists():
            with crossing(Border.DISK, "A frame could not be saved", OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                # Whole or not at all: folders are shared by runs, and one may be killed.
                with unfinished(path.parent, ".jpg") as part:
                    Image.fromarray(picture.rgb).save(part, quality=JPEG_QUALITY)
                    place(part, path)
        frame = Frame(path=name, at_s=round(picture.at_s, 3), width=width, height=height)
        self._made[name] = frame
        return frame

    def _is_film(self, name: str) -> bool:
        path = Path(self.film.path)
        names = {self.film.path, path.name, path.stem, self.film.title, *_VIDEO_NAMES}
        return name.strip() in names or name.strip().lower() in _VIDEO_NAMES

    def _inside(self, name: str) -> PurePosixPath | None:
        """`name` as a path relative to the run, judged by its letters alone; `None` if outside."""
        text = name.strip().replace("\\", "/")
        root = self.folder.as_posix().rstrip("/") + "/"
        path = PurePosixPath(text.removeprefix(root))
        if not text.isprintable() or path.is_absolute() or ".." in path.parts:
            return None
        fits = len(path.parts) == 2 and path.parts[0] in _FOLDERS and ":" not in text
        return path if fits else None

    def _forbidden(self, name: str) -> FaultError:
        del name  # not repeated: it may be an attempt to have something printed
        return FaultError(
            FaultKind.FORBIDDEN,
            f"Only the video and media extracted from it in this run may be named; {self._known()}",
        )

    def _known(self) -> str:
        if not self._labels:
            return "so far none was extracted: call extract-video-parts first."
        return f"known are: {', '.join(self._labels[-8:])}."


def add_usage(usages: Iterable[Usage]) -> Usage:
    """Sum of what several model calls used."""
    total = Usage()
    for usage in usages:
        total = total.plus(usage)
    return total


def _label_key(name: str) -> str:
    """`extract-video-parts_#1` however a model spells it; text that is no label stays as it is."""
    match = _LABEL.fullmatch(name.strip())
    return f"{match[1].replace('_', '-').strip('-').lower()}_#{int(match[2])}" if match else ""
