"""Kernel regression beside fine-tuning: means over splits, resamples of images and splits, the printed table."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import kernel_regression
from lib.reporting.bootstrap import Bootstrap

BOOTSTRAP = Bootstrap(resamples=400, seed=0)
RNG = np.random.default_rng(0)
METHODS = {"zero-shot": (0, 1), "kernel-sgd": (4, 3), "tuning-sgd": (4, 3), "closed-form": (4, 3)}


def rows_and_correct(task="A", n=50):
    rows, correct = [], []
    for method, (shots, splits) in METHODS.items():
        for split in range(splits):
            right = RNG.random(n) < {"kernel-sgd": 0.8}.get(method, 0.6)
            correct.append(right)
            solver = {"kernel-sgd": "cholesky", "closed-form": "cholesky+lstsq"}.get(method)
            own = {"model": "m", "task": task, "split": split, "shots": shots, "method": method, "solver": solver}
            rows.append({**own, "accuracy": right.mean(), "n": n})
    return pd.DataFrame(rows), np.array(correct)


def test_the_mean_is_over_splits_and_the_interval_around_it():
    correct = RNG.random((5, 100)) < 0.7
    found = kernel_regression.estimate(correct, "A", BOOTSTRAP)
    low, high = found.interval
    assert found.value == pytest.approx(correct.mean()) and low < found.value < high


def test_splits_are_drawn_beside_images():
    """Splits that differ by 0.5 on every image: with images alone there would be no spread at all."""
    correct = np.repeat([[True], [False]], 30, axis=1)
    found = kernel_regression.estimate(correct, "A", BOOTSTRAP)
    assert found.value == 0.5 and found.interval == (0, 1)


def test_methods_are_paired():
    """Of one that is right where the other is, and on ten images more, the difference has a narrow interval."""
    one = RNG.random((5, 100)) < 0.6
    other = one | (np.arange(100) < 10)
    gap = kernel_regression.estimate(other, "A", BOOTSTRAP) - kernel_regression.estimate(one, "A", BOOTSTRAP)
    low, high = gap.interval
    assert low > 0 and high - low < 0.12


def test_the_summary_and_the_table():
    rows, correct = rows_and_correct()
    frame = kernel_regression.summary(rows, {("m", "A"): correct}, BOOTSTRAP).set_index("method")
    for method, (shots, splits) in METHODS.items():
        own = rows[rows["method"] == method]["accuracy"]
        assert frame.loc[method, "accuracy"] == pytest.approx(own.mean()) and frame.loc[method, "splits"] == splits
        assert frame.loc[method, "shots"] == shots
        assert frame.loc[method, "std"] == pytest.approx(own.std(ddof=1), nan_ok=True)
    table = kernel_regression.table(frame.reset_index(), rows, ["A"])
    assert table.rows == ["Zero-shot", "4-shot, K SGD", "4-shot, SGD fine-tuning", "4-shot, Closed form"]
    own = rows[rows["method"] == "kernel-sgd"]["accuracy"]
    assert table.cells[1] == [f"{100 * own.mean():.1f} ± {100 * own.std(ddof=1):.1f}"]
    notes = kernel_regression.notes(frame, rows, 400)
    assert "Of 6 regressions, 3 had a kernel too ill-conditioned" in notes[1]
