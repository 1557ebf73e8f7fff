"""Scalar fields over the image, Float[LARGE, LARGE] in [0, 1]: noise and regular patterns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

Field = np.ndarray
Pattern = Callable[[np.ndarray, np.ndarray, np.random.Generator], Field]

_TAU = 2 * np.pi


def cloudy(rng: np.random.Generator, cells: int, side: int) -> Field:
    """Smooth noise with about `cells` blobs a side."""
    coarse = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32) / 255


def _edge(distance: np.ndarray, width: float) -> Field:
    return np.clip(1.5 - np.abs(distance) / width, 0, 1)


def _square_wave(phase: np.ndarray) -> Field:
    return np.clip(0.5 + 2.5 * np.sin(_TAU * phase), 0, 1)


def _triangle_wave(phase: np.ndarray) -> np.ndarray:
    return np.abs(phase % 1 - 0.5)


def _staggered(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = np.floor(v)
    return (u + 0.5 * (row % 2)) % 1 - 0.5, v % 1 - 0.5


def striped(u, v, rng) -> Field:
    return _square_wave(4 * u)


def zigzagged(u, v, rng) -> Field:
    return _square_wave(4 * v + 1.3 * _triangle_wave(3 * u))


def wavy(u, v, rng) -> Field:
    return _square_wave(4 * v + 0.4 * np.sin(_TAU * 2 * u))


def chequered(u, v, rng) -> Field:
    return np.clip(0.5 + 4 * np.sin(_TAU * 2 * u) * np.sin(_TAU * 2 * v), 0, 1)


def polka_dotted(u, v, rng) -> Field:
    x, y = _staggered(4 * u, 4 * v)
    return np.clip(3.5 - 10 * np.hypot(x, y), 0, 1)


def grid(u, v, rng) -> Field:
    x, y = (4 * u) % 1 - 0.5, (4 * v) % 1 - 0.5
    return np.maximum(_edge(x, 0.08), _edge(y, 0.08))


def bricks(u, v, rng) -> Field:
    x, y = _staggered(2.5 * u, 5 * v)
    return 1 - np.maximum(_edge(np.abs(x) - 0.5, 0.06), _edge(np.abs(y) - 0.5, 0.12))


def honeycombed(u, v, rng) -> Field:
    x, y = 3.5 * u, 3.5 * v / np.sqrt(3)
    nearest = np.minimum(_to_side(x, y), _to_side(x + 0.5, y + 0.5))
    return _edge(nearest - 0.5, 0.09)


def _to_side(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.abs(x % 1 - 0.5), np.sqrt(3) * np.abs(y % 1 - 0.5)
    return np.maximum(x, 0.5 * x + np.sqrt(3) / 2 * y)


def scaly(u, v, rng) -> Field:
    x, y = _staggered(4 * u, 4 * v)
    return np.clip(np.hypot(x, (y + 0.5) * 0.9) * 2.2 - 0.55, 0, 1) ** 2


def woven(u, v, rng) -> Field:
    x, y = 4 * u, 4 * v
    over = (np.floor(x) + np.floor(y)) % 2
    profile = np.where(over > 0, np.abs(x % 1 - 0.5), np.abs(y % 1 - 0.5))
    return np.clip(1.2 - 2.4 * profile, 0, 1) * np.where(over > 0, 1.0, 0.6)


def cracked(u, v, rng) -> Field:
    points = rng.uniform(-0.1, 1.1, (14, 2))
    distance = np.hypot(u[..., None] - points[:, 0], v[..., None] - points[:, 1])
    nearest = np.partition(distance, 1, axis=-1)
    return _edge(nearest[..., 1] - nearest[..., 0], 0.025)


def spiralled(u, v, rng) -> Field:
    x, y = u - 0.5, v - 0.5
    return _square_wave(4 * np.hypot(x, y) + np.arctan2(y, x) / _TAU)


def ringed(u, v, rng) -> Field:
    return _square_wave(4.5 * np.hypot(u - 0.5, v - 0.5))


def marbled(u, v, rng) -> Field:
    warp = cloudy(rng, 5, u.shape[0])
    return np.abs(np.sin(_TAU * (1.2 * u + 1.5 * warp))) ** 0.7


def crosshatched(u, v, rng) -> Field:
    return np.maximum(_edge((5 * (u + v)) % 1 - 0.5, 0.09), _edge((5 * (u - v)) % 1 - 0.5, 0.09)) * 0.9


def sprinkled(u, v, rng) -> Field:
    share = np.zeros_like(u)
    for x, y in rng.uniform(0, 1, (20, 2)):
        share = np.maximum(share, np.clip(2.0 - np.hypot(u - x, v - y) / 0.028, 0, 1))
    return share


def bubbly(u, v, rng) -> Field:
    share = np.zeros_like(u)
    for x, y, r in rng.uniform((0, 0, 0.07), (1, 1, 0.17), (9, 3)):
        share = np.maximum(share, _edge(np.hypot(u - x, v - y) - r, 0.022))
    return share


PATTERNS: dict[str, Pattern] = {
    "striped": striped,
    "zigzagged": zigzagged,
    "wavy": wavy,
    "chequered": chequered,
    "polka-dotted": polka_dotted,
    "grid": grid,
    "brick": bricks,
    "honeycombed": honeycombed,
    "scaly": scaly,
    "woven": woven,
    "cracked": cracked,
    "spiralled": spiralled,
    "ringed": ringed,
    "marbled": marbled,
    "crosshatched": crosshatched,
    "sprinkled": sprinkled,
    "bubbly": bubbly,
}
