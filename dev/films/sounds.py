"""Sounds made from sines and noise, float32 mono at the reel's rate."""

from __future__ import annotations

import numpy as np

from films.reel import RATE


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def clock(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def noise(seconds: float, low: float, high: float, seed: int = 1) -> np.ndarray:
    """Noise between two frequencies, loudest sample 1."""
    n = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    freq = np.fft.rfftfreq(n, 1 / RATE)
    spectrum *= 1 / (1 + (freq / high) ** 4) * (1 - 1 / (1 + (freq / low) ** 4))
    sound = np.fft.irfft(spectrum, n)
    return (sound / np.abs(sound).max()).astype(np.float32)


def fade(sound: np.ndarray, rise_s: float, fall_s: float) -> np.ndarray:
    shape = np.ones(len(sound))
    up, down = round(rise_s * RATE), round(fall_s * RATE)
    shape[:up] = np.linspace(0, 1, up)
    shape[len(shape) - down :] *= np.linspace(1, 0, down)
    return (sound * shape).astype(np.float32)


def bell(pitch: float, seconds: float = 1.2) -> np.ndarray:
    t = clock(seconds)
    parts = [(1, 1.0), (2.76, 0.5), (5.4, 0.25), (8.9, 0.12)]
    tone = sum(a * np.sin(2 * np.pi * pitch * k * t) * np.exp(-t * (3 + k)) for k, a in parts)
    return np.asarray(0.35 * tone, np.float32)


def tone(pitch: float, seconds: float) -> np.ndarray:
    """A soft struck string."""
    t = clock(seconds)
    wave = sum(
        np.sin(2 * np.pi * pitch * k * t) / k**1.6 * np.exp(-t * (1.5 + k)) for k in (1, 2, 3, 4, 5)
    )
    return fade(np.asarray(0.3 * wave, np.float32), 0.004, 0.05)


def bark() -> np.ndarray:
    t = clock(0.2)
    pitch = 430 - 900 * t
    buzz = (
        np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE)) * 0.4 + noise(0.2, 300, 1500, 5) * 0.6
    )
    return fade(np.asarray(buzz * np.exp(-t * 9) * 0.5, np.float32), 0.008, 0.05)


def thunder() -> np.ndarray:
    t = clock(4.5)
    roll = 0.6 + 0.4 * np.sin(2 * np.pi * 0.9 * t + np.sin(3 * t))
    return fade(np.asarray(noise(4.5, 25, 110, 9) * roll * np.exp(-t * 0.55), np.float32), 0.3, 1.2)


def snap() -> np.ndarray:
    crack = noise(0.09, 900, 6000, 3) * np.exp(-clock(0.09) * 60)
    return np.concatenate([silence(1.0), crack.astype(np.float32) * 0.9, silence(1.6)])


def mix(seconds: float, parts: list[tuple[float, np.ndarray, float]]) -> np.ndarray:
    """Sounds laid over one another: when they begin, what, how loud."""
    out = silence(seconds)
    for start, sound, loud in parts:
        at = round(start * RATE)
        room = out[at : at + len(sound)]
        room += sound[: len(room)] * loud
    return np.clip(out, -1, 1)
