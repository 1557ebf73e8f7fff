"""Tables with the 95 % interval of each number: columns low, high and n beside those that they had."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from lib.reporting.bootstrap import interval
from lib.reporting.labels import PRETRAINED, RANDOM
from lib.reporting.resamples import Resampled, Who

SUM = "sum"  # the rule of rows that name none
_Row = Mapping[str, object]
_Samples = Callable[[_Row, Who], np.ndarray | None]  # of a row: its number and its resamples, Float64[1 + b]


def single_task(frame: pd.DataFrame, found: Resampled) -> pd.DataFrame:
    """Rows (model, seed, mode, task, split, accuracy, n), with low and high for split test."""

    def samples(row: _Row, who: Who) -> np.ndarray | None:
        evaluation = "zero_shot" if who.mode == PRETRAINED else "single_task"
        return found.per_task(evaluation, who, [row["task"]])[0] if row["split"] == "test" else None

    return _with(frame, {"": samples})


def addition(frame: pd.DataFrame, found: Resampled, tasks: Sequence[str]) -> pd.DataFrame:
    """Rows of `lib.reporting.tables.addition`, with low and high of absolute, normalized and single, and n."""

    def absolute(row: _Row, who: Who) -> np.ndarray:
        return found.mean(*_added(row, who), tasks, _rule(row, who))

    def normalized(row: _Row, who: Who) -> np.ndarray | None:
        return None if who.mode == PRETRAINED else found.normalized(who, tasks, _rule(row, who))

    def single(row: _Row, who: Who) -> np.ndarray | None:
        return None if who.mode == PRETRAINED else found.mean("single_task", who, tasks)

    frame = _with(frame, {"absolute": absolute, "normalized": normalized, "single": single})
    return frame.assign(n=[found.images(*_added(row, who), tasks, _rule(row, who)) for row, who in _rows(frame)])


def addition_per_task(frame: pd.DataFrame, found: Resampled) -> pd.DataFrame:
    """Rows (model, seed, mode, alpha, task, accuracy, normalized, n), with low and high of the accuracy."""
    return _with(frame, {"": lambda row, who: found.per_task("addition", who, [row["task"]], _rule(row, who))[0]})


def negation(frame: pd.DataFrame, found: Resampled, tasks: Sequence[str], control: str) -> pd.DataFrame:
    """Rows (model, seed, mode, target, control), with low and high of both; n and n_control: images behind each.

    The control images are the same ones for every negated task, and count once.
    """

    def of(side: str) -> _Samples:
        return lambda row, who: found.mean(*_negated(side, who), _negated_tasks(side, who, tasks, control))

    def images(side: str, over: Sequence[str]) -> list[int]:
        return [found.images(*_negated(side, who), _negated_tasks(side, who, over, control)) for _, who in _rows(frame)]

    made = _with(frame, {side: of(side) for side in ("target", "control")})
    return made.assign(n=images("target", tasks), n_control=images("control", tasks[:1]))


def negation_per_task(frame: pd.DataFrame, found: Resampled) -> pd.DataFrame:
    """Rows (model, seed, mode, task, alpha, target, control), with low, high and n of both."""

    def of(side: str) -> _Samples:
        return lambda row, who: found.per_task(side, who, [row["task"]])[0]

    def images(side: str) -> list[int]:
        return [found.images(side, who, [row["task"]]) for row, who in _rows(frame)]

    made = _with(frame, {side: of(side) for side in ("target", "control")})
    return made.assign(n=images("target"), n_control=images("control"))


def random_init(frame: pd.DataFrame, found: Resampled, tasks: Sequence[str]) -> pd.DataFrame:
    """Rows of `lib.reporting.random_init`, with low and high of single and multi, and n."""

    def single(row: _Row, who: Who) -> np.ndarray:
        return found.mean(*_own(row, who), tasks)

    def multi(row: _Row, who: Who) -> np.ndarray | None:
        return None if row["mode"] == RANDOM else found.mean("addition", who, tasks, SUM)

    made = _with(frame, {"single": single, "multi": multi})
    return made.assign(n=[found.images(*_own(row, who), tasks) for row, who in _rows(frame)])


def _own(row: _Row, who: Who) -> tuple[str, Who]:
    """Of random weights before fine-tuning, predictions are stored as those of a model's first weights."""
    return ("zero_shot", Who.pretrained(who.model)) if row["mode"] == RANDOM else ("single_task", who)


def widest(frame: pd.DataFrame) -> float | None:
    """The greatest distance of a number from an end of its interval, as a fraction; None without intervals.

    `low` and `high` are of the first column that has none of its own: an accuracy, not the normalized one beside it.
    """
    numbers = ("accuracy", "absolute", "normalized", "normalized_standard", "single", "multi", "target", "control")
    present = [name for name in numbers if name in frame]
    ends = {name: f"{name}_" for name in present if f"{name}_low" in frame}
    if "low" in frame:
        ends |= dict.fromkeys([name for name in present if name not in ends][:1], "")
    reach = [(frame[name] - frame[f"{own}{end}"]).abs().max() for name, own in ends.items() for end in ("low", "high")]
    known = [value for value in reach if pd.notna(value)]
    return max(known) if known else None


def _with(frame: pd.DataFrame, columns: Mapping[str, _Samples]) -> pd.DataFrame:
    """The frame with {name}_low and {name}_high of each column that it has; with low and high for the name ""."""
    made = frame.copy()
    for name, samples in columns.items():
        if name and name not in frame:
            continue
        ends = [_ends(samples(row, who)) for row, who in _rows(frame)]
        prefix = f"{name}_" if name else ""
        made[f"{prefix}low"], made[f"{prefix}high"] = ([end[i] for end in ends] for i in range(2))
    return made


def _ends(samples: np.ndarray | None) -> tuple[float, float]:
    return (np.nan, np.nan) if samples is None else tuple(map(float, interval(samples[1:])))


def _rows(frame: pd.DataFrame) -> list[tuple[_Row, Who]]:
    return [
        (row, Who(row["model"], None if pd.isna(row["seed"]) else int(row["seed"]), row["mode"]))
        for row in frame.to_dict("records")
    ]


def _rule(row: _Row, who: Who) -> str | None:
    return None if who.mode == PRETRAINED else row.get("rule", SUM)


def _added(row: _Row, who: Who) -> tuple[str, Who]:
    return ("zero_shot" if who.mode == PRETRAINED else "addition"), who


def _negated(side: str, who: Who) -> tuple[str, Who]:
    return ("zero_shot" if who.mode == PRETRAINED else side), who


def _negated_tasks(side: str, who: Who, tasks: Sequence[str], control: str) -> Sequence[str]:
    """The tasks that a row's mean is over: of the pre-trained model's control accuracy, the control itself."""
    return [control] if who.mode == PRETRAINED and side == "control" else tasks
