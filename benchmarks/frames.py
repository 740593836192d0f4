"""How fast, how true and how frugal frames are read, against decord and the reader of qwen-vl-utils.

    python -m benchmarks.frames

builds two films once (an hour at 640x360, three hours at 1080p; ten minutes and 3.3 GB, in the cache folder), then
reads them with every reader, each time in a process of its own, opening the film included, ours probing
it too. qwen-vl-utils is no dependency of ours; to have it measured:

    pip install --no-deps --target ~/.cache/sage/bench/qwen qwen-vl-utils requests

Exit status 1 when a target is missed: 8 times faster than decord's exact get_batch, faster than qwen-vl-utils,
labels true to one frame, and under 600 MB for the long film.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.film_for_frames import FPS, SEGMENT_S, hour_film, three_hour_film
from sage.video.cache import cache_folder
from sage.video.frames import read_frames
from sage.video.probe import probe
from sage.video.sampling import plan
from tests.films import read_number

SIZE = (448, 252)
QWEN = "qwen"
PLANS: dict[str, Callable[[float], Sequence[float]]] = {
    "glance": plan,
    "close": lambda _: [1000 + 0.5 * i for i in range(20)],
    "window": lambda _: [1000 + 10.0 * i for i in range(20)],
}


class Reading(NamedTuple):
    """What a reader brought: label in seconds and picture, pairwise."""

    labels: list[float]
    pictures: list[np.ndarray]


class Cost(NamedTuple):
    """Of one run in its own process."""

    seconds: float
    cpu_s: float
    rss_mb: float
    n: int
    off_frames: int
    """Largest distance between a label and what its picture shows, in frames; -1: not labelled."""


def ours(film: Path, times: Sequence[float]) -> Reading:
    """Probe and read_frames, as the agent does it."""
    pictures = list(read_frames(probe(film), times))
    return Reading([p.at_s for p in pictures], [p.rgb for p in pictures])


def decord_exact(film: Path, times: Sequence[float]) -> Reading:
    """get_batch with decord's default number of threads, scaled by decord."""
    import decord

    reader = decord.VideoReader(str(film), width=SIZE[0], height=SIZE[1])
    indices = [min(len(reader) - 1, int(t * FPS)) for t in times]
    return Reading([i / FPS for i in indices], list(reader.get_batch(indices).asnumpy()))


def decord_keys(film: Path, times: Sequence[float]) -> Reading:
    """decord's fastest: one thread, nearest keyframes only."""
    import decord

    reader = decord.VideoReader(str(film), num_threads=1, width=SIZE[0], height=SIZE[1])
    keys = np.array(reader.get_key_indices())
    reading = Reading([], [])
    for at_s in times:
        key = int(keys[np.abs(keys - at_s * FPS).argmin()])
        reader.seek(key)
        reading.pictures.append(reader.next().asnumpy())
        reading.labels.append(key / FPS)
    return reading


def qwen(film: Path, times: Sequence[float]) -> Reading:
    """fetch_video with as many frames, evenly spread (it takes no plan), at the same size."""
    from qwen_vl_utils.vision_process import fetch_video

    size = {"resized_height": SIZE[1], "resized_width": SIZE[0]}
    request = {"video": str(film), "nframes": len(times), **size}
    return Reading([], list(fetch_video(request).numpy()))


READERS = {"ours": ours, "decord exact": decord_exact, "decord keys": decord_keys, QWEN: qwen}


def run_here(reader: str, film: Path, plan_name: str) -> Cost:
    """One reading in this process."""
    if reader == QWEN:
        sys.path.append(str(cache_folder("bench") / QWEN))
        import qwen_vl_utils.vision_process  # noqa: F401
    elif reader.startswith("decord"):
        import decord  # noqa: F401
    else:
        import av  # noqa: F401
    times = PLANS[plan_name](10_800 if film == three_hour_film(cache_folder("bench")) else 3600)
    begun, cpu = time.perf_counter(), time.process_time()
    reading = READERS[reader](film, times)
    seconds, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(seconds, cpu_s, rss_mb, len(reading.pictures), worst_label(film, reading))


def worst_label(film: Path, reading: Reading) -> int:
    """Compares labels with the frame numbers that the pictures show."""
    if not reading.labels:
        return -1
    period = SEGMENT_S * FPS if "1080p" in film.name else 1 << 20
    pairs = zip(reading.labels, reading.pictures, strict=True)
    return max(abs(round(label * FPS) % period - read_number(picture)) for label, picture in pairs)


def run_apart(reader: str, film: Path, plan_name: str) -> Cost | str:
    """One reading in a process of its own, or why it could not be done."""
    command = [sys.executable, "-m", "benchmarks.frames", "--one", reader, str(film), plan_name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return Cost(*json.loads(done.stdout.strip().splitlines()[-1]))


def compare(film: Path, plan_name: str, readers: Sequence[str], repeats: int) -> dict[str, Cost]:
    """Prints a table of medians; readers take turns, so that a busy minute hits all of them."""
    costs: dict[str, list[Cost]] = {reader: [] for reader in readers}
    for _ in range(repeats):
        for reader in readers:
            cost = run_apart(reader, film, plan_name)
            if isinstance(cost, str):
                print(f"{reader}: not measured: {cost}")
            else:
                costs[reader].append(cost)
    medians = {
        reader: Cost(*(statistics.median(values) for values in zip(*runs, strict=True)))
        for reader, runs in costs.items()
        if runs
    }
    base = medians["ours"]
    print(f"\n{film.name}, plan “{plan_name}”, median of {repeats}")
    print("reader        seconds  x ours   cpu s  x ours  peak MB  frames  label off (frames)")
    for reader, cost in medians.items():
        print(
            f"{reader:13} {cost.seconds:7.2f} {cost.seconds / base.seconds:7.1f} {cost.cpu_s:7.2f} "
            f"{cost.cpu_s / base.cpu_s:7.1f} {cost.rss_mb:8.0f} {cost.n:7.0f}  "
            f"{'-' if cost.off_frames < 0 else f'{cost.off_frames:.0f}'}"
        )
    return medians


def main(repeats: int) -> int:
    """Runs everything; 0 when every target that could be measured is met."""
    folder = cache_folder("bench")
    hour, long = hour_film(folder), three_hour_film(folder)
    glance = compare(hour, "glance", ["ours", "decord exact", "decord keys", QWEN], repeats)
    compare(hour, "close", ["ours", "decord exact"], repeats)
    compare(hour, "window", ["ours", "decord exact"], repeats)
    three = compare(long, "glance", ["ours", "decord keys"], 1)
    targets = {
        "8x faster than decord exact": (
            "decord exact" in glance
            and glance["decord exact"].seconds >= 8 * glance["ours"].seconds
        ),
        "labels true to one frame": max(glance["ours"].off_frames, three["ours"].off_frames) <= 1,
        "three hours of 1080p under 600 MB": three["ours"].rss_mb < 600,
    }
    if QWEN in glance:
        targets["faster than qwen-vl-utils"] = glance[QWEN].seconds > glance["ours"].seconds
    else:
        print("qwen-vl-utils is not installed for this: see the top of benchmarks/frames.py")
    print()
    for target, met in targets.items():
        print(f"{'met   ' if met else 'MISSED'} {target}")
    return 0 if all(targets.values()) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measures how frames are read.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("READER", "FILM", "PLAN"))
    given = parser.parse_args()
    if given.one:
        print(json.dumps(run_here(given.one[0], Path(given.one[1]), given.one[2])))
    else:
        sys.exit(main(given.repeats))
