"""Resampled accuracies of a run that is made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lib.reporting.bootstrap import Bootstrap
from lib.reporting.resamples import Key, Outcomes, Resampled, Who

N = 100  # images of each task


def write(file: Path, single: pd.DataFrame, added: pd.DataFrame, negated: pd.DataFrame, control: str) -> None:
    """The file that the rule `bootstrap` writes, for rows of accuracies on test as its inputs have them."""
    rows = [*_single(single), *_added(added), *_negated(negated, control)]
    Resampled.of(rows, Bootstrap(resamples=200, seed=0)).write(file)


def _single(frame: pd.DataFrame):
    for row in frame[frame["split"] == "test"].to_dict("records"):
        evaluation = "zero_shot" if row["mode"] == "pretrained" else "single_task"
        yield _outcomes(Key(evaluation, *_who(row), None, row["task"]), row["task"], row["accuracy"])


def _added(frame: pd.DataFrame):
    for row in frame.to_dict("records"):
        yield _outcomes(Key("addition", *_who(row), row["rule"], row["task"]), row["task"], row["accuracy"])


def _negated(frame: pd.DataFrame, control: str):
    for row in frame.to_dict("records"):
        for side, images in (("target", row["task"]), ("control", control)):
            yield _outcomes(Key(side, *_who(row), None, row["task"]), images, row[side])


def _who(row) -> Who:
    return Who(row["model"], None if pd.isna(row["seed"]) else int(row["seed"]), row["mode"])


def _outcomes(key: Key, images: str, accuracy: float) -> Outcomes:
    return Outcomes(key, images, np.arange(N) < round(N * accuracy))
