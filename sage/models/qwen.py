"""Messages -> inputs of a Qwen-VL model, through its official processor, with every frame's true time.

Both families read `<12.5 seconds>` and then the picture, which holds however unevenly the frames lie. Qwen3-VL's
processor writes those labels itself, from the metadata of one video. Qwen2.5-VL's own clock is one step per video, cut
down to whole seconds, so there each frame is a video of its own behind a label of ours.
The towers fold two pictures into one patch: each frame is given twice, because two frames of a long film are
seconds apart and their mean is a time at which nothing was seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sage.faults import StopSignal
from sage.models.images import media_path, read_picture
from sage.types import ClipPart, Frame, FramesPart, Message, TextPart

if TYPE_CHECKING:
    import numpy as np

FRAME_TOKENS = 256
"""Most tokens a single frame costs."""
PROMPT_TOKENS = 16384
"""All frames of a prompt together: 128 of 448 x 252 pixels fit unscaled (112 tokens each)."""
CLIP_FRAMES = 64
CLIP_FPS = 2.0
START, END = "<|vision_start|>", "<|vision_end|>"
TICKS = 1000
"""The frame rate told to the processor, so that a frame's index is its time in milliseconds."""


class Film(NamedTuple):
    """One video for the processor: pictures, and the true time of each."""

    pictures: np.ndarray
    """uint8, (frames, height, width, 3); height and width are multiples of the tower's patch."""
    times: tuple[float, ...]


class Prompt(NamedTuple):
    """A rendered request: the chat as text, and the videos its placeholders stand for, in order."""

    text: str
    films: tuple[Film, ...]


class Renderer:
    """Renders messages for one loaded processor."""

    def __init__(
        self, processor: Any, family: str, *, read: Callable[[Path, Frame], Any] = read_picture
    ) -> None:
        """`read` gives the picture of a frame of a folder; training may draw what is in no file."""
        self.processor = processor
        self.read = read
        self.writes_times = family.startswith("qwen3")
        video = processor.video_processor
        self.factor: int = video.patch_size * video.merge_size
        largest = processor.image_processor.size["longest_edge"] // self.factor**2
        self.frame_tokens = max(1, min(FRAME_TOKENS, largest))
        self.fold: int = video.temporal_patch_size
        special = sorted(processor.tokenizer.get_added_vocab(), key=len, reverse=True)
        self.special = re.compile("|".join(map(re.escape, special)) or r"(?!)")

    def render(self, messages: Sequence[Message], folder: Path, stop: StopSignal) -> Prompt:
        """Reads the pictures; paths inside `messages` are relative to `folder`. Raises StoppedError."""
        shares = sum(_pictures_in(part) for message in messages for part in message.parts)
        tokens = min(self.frame_tokens, PROMPT_TOKENS // max(1, shares))
        films: list[Film] = []
        chat = []
        for message in messages:
            content: list[dict[str, str]] = []
            for part in message.parts:
                if isinstance(part, TextPart):
                    content.append({"type": "text", "text": self.plain(part.text)})
                    continue
                for film in self._films(part, folder, tokens, stop):
                    if not self.writes_times:
                        content.append({"type": "text", "text": f"<{film.times[0]:.1f} seconds>"})
                    content.append({"type": "video"})
                    films.append(film)
            chat.append({"role": message.role, "content": content})
        text = self.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        if self.writes_times:
            # The template brackets a video, then the processor brackets each of its frames; the models
            # were trained with the inner brackets alone.
            text = text.replace(
                f"{START}{self.processor.video_token}{END}", self.processor.video_token
            )
        return Prompt(text, tuple(films))

    def encode(self, prompts: Sequence[Prompt]) -> Any:
        """A left-padded batch of tensors."""
        films = [film for prompt in prompts for film in prompt.films]
        return self.processor(
            text=[prompt.text for prompt in prompts],
            padding=True,
            padding_side="left",
            return_tensors="pt",
            **(self._video_options(films) if films else {}),
        )

    def tokens(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens of one prompt, as `encode` gives them, without the work on its pictures."""
        import numpy as np  # noqa: PLC0415

        patch = self.processor.video_processor.patch_size
        grids = [
            (len(film.times), *(side // patch for side in film.pictures.shape[1:3]))
            for film in prompt.films
        ]
        told = {
            "video_grid_thw": np.array(grids),
            "video_metadata": self._video_options(prompt.films)["video_metadata"],
        }
        shown = [self.processor.replace_video_token(told, i) for i in range(len(grids))]
        text, _ = self.processor.get_text_with_replacements([prompt.text], [], shown)
        return tuple(self.processor.tokenizer(text[0])["input_ids"])

    def encode_films(self, films: Sequence[Film]) -> dict[str, Any]:
        """What the tower reads of films, in order, as in `encode`; nothing when there are none."""
        if not films:
            return {}
        encoded = self.processor.video_processor(**self._video_options(films), return_tensors="pt")
        return {name: encoded[name] for name in ("pixel_values_videos", "video_grid_thw")}

    def plain(self, text: str) -> str:
        """Text from films, pages and people must not end a turn or stand for a picture."""
        return self.special.sub(lambda found: f"{found.group()[0]} {found.group()[1:]}", text)

    def _films(
        self, part: FramesPart | ClipPart, folder: Path, tokens: int, stop: StopSignal
    ) -> Iterator[Film]:
        if isinstance(part, ClipPart):
            pictures, times = _read_clip(part, folder, stop)
        else:
            pictures, times = self._read_frames(part.frames, folder, stop)
        if not times:
            return
        width, height = fit(pictures[0].size, tokens, self.factor)
        sized = _stack(pictures, (width, height))
        if self.writes_times:
            yield Film(sized, times)
            return
        for index, at_s in enumerate(times):
            yield Film(sized[index : index + 1], (at_s,))

    def _video_options(self, films: Sequence[Film]) -> dict[str, Any]:
        from transformers.video_utils import VideoMetadata  # noqa: PLC0415

        return {
            "videos": [self._folded(film.pictures) for film in films],
            "video_metadata": [self._metadata(VideoMetadata, film) for film in films],
            # Pictures come sized to the budget already.
            "do_resize": False,
            "do_sample_frames": False,
            "cap_pixels_per_frame": False,
        }

    def _read_frames(
        self, frames: Sequence[Frame], folder: Path, stop: StopSignal
    ) -> tuple[list[Any], tuple[float, ...]]:
        pictures = []
        for frame in frames:
            stop.check()
            pictures.append(self.read(folder, frame))
        return pictures, tuple(frame.at_s for frame in frames)

    def _folded(self, pictures: np.ndarray) -> np.ndarray:
        return pictures.repeat(self.fold, axis=0)

    def _metadata(self, metadata: Any, film: Film) -> Any:
        indices = [round(at_s * TICKS) for at_s in film.times for _ in range(self.fold)]
        return metadata(total_num_frames=indices[-1] + 1, fps=TICKS, frames_indices=indices)


def fit(size: tuple[int, int], tokens: int, factor: int) -> tuple[int, int]:
    """The width and height to scale to: multiples of `factor`, at most `tokens` cells, never much enlarged."""
    width, height = size
    shrink = min(1.0, (tokens * factor * factor / (width * height)) ** 0.5)
    columns, rows = (max(1, round(side * shrink / factor)) for side in size)
    while columns * rows > tokens and max(columns, rows) > 1:
        if columns >= rows:
            columns -= 1
        else:
            rows -= 1
    return columns * factor, rows * factor


def _pictures_in(part: Any) -> int:
    if isinstance(part, FramesPart):
        return len(part.frames)
    return CLIP_FRAMES if isinstance(part, ClipPart) else 0


def _read_clip(
    part: ClipPart, folder: Path, stop: StopSignal
) -> tuple[list[Any], tuple[float, ...]]:
    """Frames of a clip with their times in the film it was cut from."""
    from PIL import Image  # noqa: PLC0415

    from sage.video.frames import read_frames  # noqa: PLC0415
    from sage.video.probe import probe  # noqa: PLC0415

    film = probe(media_path(folder, part.clip))
    count = max(1, min(CLIP_FRAMES, round(film.duration_s * CLIP_FPS)))
    wanted = [film.duration_s * (index + 0.5) / count for index in range(count)]
    read = list(read_frames(film, wanted, stop=stop))
    times = tuple(part.clip.start_s + picture.at_s for picture in read)
    return [Image.fromarray(picture.rgb) for picture in read], times


def _stack(pictures: Sequence[Any], size: tuple[int, int]) -> np.ndarray:
    import numpy as np  # noqa: PLC0415

    return np.stack([np.asarray(picture.resize(size)) for picture in pictures])
