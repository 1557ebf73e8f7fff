"""xi in numbers: its mean over the red box of the heatmaps, the search space of alpha, with intervals over images.

That mean is a mean over the images of each task, summed over the two: it is drawn anew like an accuracy, and the
resamples of a task's images are the same for all pairs, modes and models, so a difference of two has an interval, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.files.outcomes import Outcomes
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.labels import KEYS, MEAN, title
from lib.reporting.tables import PaperTable

DISTANCES = {"error": "Prediction error", "representation": "Representation"}
Key = tuple[str, int, str, str]  # model, seed, mode, pair


@dataclass(frozen=True)
class Xi:
    """One number and what it could have been: halves are the terms of its two tasks, samples Float64[b] its resamples.

    images: the tasks whose images it rests on, and how many.
    """

    halves: tuple[float, float]
    samples: np.ndarray
    images: Mapping[str, int]

    @property
    def value(self) -> float:
        return sum(self.halves)


def measure(found: Outcomes, search_space: tuple[float, float], bootstrap: Bootstrap) -> dict[str, Xi]:
    """xi of one pair in the red box, by DISTANCES: of predictions in [0, 2], of the representation in [0, 4].

    Raises ValueError if no point of the grid lies in the search space.

    ASSUME: the mean over the red box stands for the papers' heatmaps, of which no number is printed.
    """
    box = np.ix_(*[_inside(found.alphas, *search_space)] * 2)
    images = {task: values.shape[-1] for task, values in zip(found.pair, found.differs, strict=True)}
    of_tasks = []
    for task, differs, distance in zip(found.pair, found.differs, found.distance, strict=True):
        values = np.stack([kind[box].mean((0, 1), dtype=np.float64) for kind in (differs, distance)])
        of_tasks.append((values.mean(1), bootstrap.means(values, task)))
    return {
        distance: Xi(tuple(float(means[row]) for means, _ in of_tasks), sum(s[row] for _, s in of_tasks), images)
        for row, distance in enumerate(DISTANCES)
    }


def mean(measured: Sequence[Xi]) -> Xi:
    """The mean of several, such as the pairs or the seeds of a mode, resampled together."""
    halves = np.mean([xi.halves for xi in measured], axis=0).tolist()
    images = {task: n for xi in measured for task, n in xi.images.items()}
    return Xi(tuple(halves), np.mean([xi.samples for xi in measured], axis=0), images)


def with_means(measured: Mapping[Key, Mapping[str, Xi]]) -> dict[Key, dict[str, Xi]]:
    """The same with the mean over pairs behind each model, seed and mode."""
    found = {}
    for run in dict.fromkeys(key[:-1] for key in measured):
        of_pairs = {key: xi for key, xi in measured.items() if key[:-1] == run}
        found |= of_pairs
        found[*run, MEAN] = {distance: mean([xi[distance] for xi in of_pairs.values()]) for distance in DISTANCES}
    return found


def frame(measured: Mapping[Key, Mapping[str, Xi]], bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows (model, seed, mode, pair; of each distance d: d, d_low, d_high, d_a, d_b; n).

    d is the mean of xi in the red box, d_a and d_b its terms of both tasks, d_low and d_high the interval of d; n: the
    number of images behind it.
    """
    rows = []
    for key, found in measured.items():
        row = dict(zip([*KEYS, "pair"], key, strict=True))
        for distance, xi in found.items():
            low, high = bootstrap.interval(xi.samples)
            names = [distance, *(f"{distance}_{part}" for part in ("low", "high", "a", "b"))]
            row |= dict(zip(names, (xi.value, float(low), float(high), *xi.halves), strict=True))
        rows.append(row | {"n": sum(next(iter(found.values())).images.values())})
    return pd.DataFrame(rows)


def table(measured: Mapping[Key, Mapping[str, Xi]], bootstrap: Bootstrap, *, caption: str) -> PaperTable:
    """A row per model, mode and pair: xi and its interval, and the terms of the pair's first and second task.

    Of several seeds: mean ± standard deviation, and the interval of the mean over seeds.
    """
    of_seeds: dict[tuple[str, str, str], list[Mapping[str, Xi]]] = {}
    for (model, _, mode, pair), found in measured.items():
        of_seeds.setdefault((model, mode, pair), []).append(found)
    several = len({model for model, _, _ in of_seeds}) > 1
    names = [
        ", ".join([*([model] if several else []), title(mode), pair.replace("--", " - ")])
        for model, mode, pair in of_seeds
    ]
    heads = [(group, name) for group in DISTANCES.values() for name in ("both tasks", "95 %", "first", "second")]
    cells = []
    for seeds in of_seeds.values():
        row = [cell for distance in DISTANCES for cell in _cells([found[distance] for found in seeds], bootstrap)]
        cells.append([*row, str(sum(seeds[0]["error"].images.values()))])
    return PaperTable(caption, [*heads, ("", "n")], names, cells)


def _inside(alphas: np.ndarray, low: float, high: float) -> np.ndarray:
    inside = np.flatnonzero((alphas >= low - 1e-9) & (alphas <= high + 1e-9))
    if not inside.size:
        raise ValueError(f"no point of the disentanglement grid {alphas.tolist()} lies in [{low}, {high}]")
    return inside


def _cells(seeds: Sequence[Xi], bootstrap: Bootstrap) -> list[str]:
    low, high = bootstrap.interval(mean(seeds).samples)
    halves = [_number([xi.halves[half] for xi in seeds]) for half in (0, 1)]
    return [_number([xi.value for xi in seeds]), f"{low:.3f} to {high:.3f}", *halves]


def _number(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
