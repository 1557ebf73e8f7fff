"""Resampled test accuracies of a run, and the means and ratios that the tables show of them.

All accuracies on one task's test images are resampled together (`lib.reporting.bootstrap`), so differences between
models, modes and seeds are paired; tasks are drawn independently of each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lib.files import atomic
from lib.files.own_files import OwnFileError, read_npz
from lib.reporting.bootstrap import Bootstrap, ratio
from lib.reporting.labels import PRETRAINED

_TEXT = ("evaluation", "model", "mode", "rule", "task")
_NONE = ""  # no rule


class Key(NamedTuple):
    """Which accuracy: of an evaluation of a model's edit, on a task. seed and rule are None where there is none.

    evaluation: zero_shot, single_task, addition, or the two sides of negation, target and control; task: of negation,
    the negated one.
    """

    evaluation: str
    model: str
    seed: int | None
    mode: str
    rule: str | None
    task: str


@dataclass(frozen=True)
class Outcomes:
    """Whether each test image was classified correctly, Bool[n]. images: the task whose images they are."""

    key: Key
    images: str
    correct: np.ndarray


@dataclass(frozen=True)
class Resampled:
    """A row per accuracy: keys, n Int64[m] (test images), values Float64[m, 1 + b]: as measured, then its resamples."""

    keys: tuple[Key, ...]
    n: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, outcomes: Sequence[Outcomes], bootstrap: Bootstrap) -> Resampled:
        """Resample all outcomes, those on the same images together."""
        values = np.empty((len(outcomes), 1 + bootstrap.resamples))
        for images in dict.fromkeys(outcome.images for outcome in outcomes):
            rows = [row for row, outcome in enumerate(outcomes) if outcome.images == images]
            correct = np.stack([outcomes[row].correct for row in rows])
            values[rows, 0] = correct.mean(1)
            values[rows, 1:] = bootstrap.means(correct, images)
        n = np.array([len(outcome.correct) for outcome in outcomes])
        return cls(tuple(outcome.key for outcome in outcomes), n, values)

    @property
    def resamples(self) -> int:
        """How often the test images were drawn anew."""
        return self.values.shape[1] - 1

    @cached_property
    def _rows(self) -> Mapping[Key, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def row(self, key: Key) -> int:
        """The row of an accuracy. Raises KeyError if it was not resampled."""
        return self._rows[key]

    def runs(self, evaluation: str, model: str, rule: str | None = None) -> dict[str, list[int]]:
        """Mode -> seeds of a model in an evaluation (by a merging rule), in order."""
        found: dict[str, list[int]] = {}
        for key in self.keys:
            if (key.evaluation, key.model, key.rule) == (evaluation, model, rule):
                found.setdefault(key.mode, []).append(key.seed)
        return {mode: list(dict.fromkeys(seeds)) for mode, seeds in found.items()}

    def per_task(self, evaluation: str, who: Who, tasks: Sequence[str], rule: str | None = None) -> np.ndarray:
        """Float64[t, 1 + b]: the accuracies on tasks."""
        return self.values[[self.row(Key(evaluation, *who, rule, task)) for task in tasks]]

    def images(self, evaluation: str, who: Who, tasks: Sequence[str], rule: str | None = None) -> int:
        """The number of test images behind a mean over tasks."""
        return int(self.n[[self.row(Key(evaluation, *who, rule, task)) for task in tasks]].sum())

    def mean(self, evaluation: str, who: Who, tasks: Sequence[str], rule: str | None = None) -> np.ndarray:
        """Float64[1 + b]: the mean accuracy over tasks."""
        return self.per_task(evaluation, who, tasks, rule).mean(0)

    def normalized(self, who: Who, tasks: Sequence[str], rule: str) -> np.ndarray:
        """Float64[1 + b]: the mean over tasks of accuracy over single-task accuracy; NaN where one of these is zero."""
        single = self.per_task("single_task", who, tasks)
        return ratio(self.per_task("addition", who, tasks, rule), single).mean(0)

    def write(self, path: str | os.PathLike) -> None:
        """Write all rows to an npz file, whole or not at all."""
        columns = dict(zip(Key._fields, zip(*self.keys, strict=True), strict=True))
        with atomic.whole(path) as temporary:
            np.savez_compressed(
                temporary,
                **{name: np.array([_NONE if value is None else value for value in columns[name]]) for name in _TEXT},
                seed=np.array([-1 if value is None else value for value in columns["seed"]], np.int64),
                n=self.n,
                values=self.values,
            )

    @classmethod
    def read(cls, path: str | os.PathLike) -> Resampled:
        """What `write` wrote. Raises OwnFileError for a damaged file."""
        arrays = read_npz(path, (*Key._fields, "n", "values"))
        shapes = {name: values.shape for name, values in arrays.items()}
        m, columns = arrays["values"].shape if arrays["values"].ndim == 2 else (0, 0)
        if not m or shapes != {**dict.fromkeys(arrays, (m,)), "values": (m, columns)}:
            raise OwnFileError(path, got=f"the shapes {shapes}", expected="a row per accuracy in each array")
        if not ((arrays["values"] >= 0) & (arrays["values"] <= 1)).all():
            raise OwnFileError(path, got="accuracies outside", expected="0 to 1")
        told = {name: [value if value != _NONE else None for value in arrays[name].tolist()] for name in _TEXT}
        told["seed"] = [value if value >= 0 else None for value in arrays["seed"].tolist()]
        keys = [Key(*row) for row in zip(*(told[name] for name in Key._fields), strict=True)]
        if len(set(keys)) != m:
            raise OwnFileError(path, got=f"{m} rows of {len(set(keys))} accuracies", expected="each once")
        return cls(tuple(keys), arrays["n"], arrays["values"])


class Who(NamedTuple):
    """A model, its seed (None for the pre-trained one) and its mode."""

    model: str
    seed: int | None
    mode: str

    @classmethod
    def pretrained(cls, model: str) -> Who:
        return cls(model, None, PRETRAINED)
