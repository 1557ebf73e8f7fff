"""Claims about kernels, as findings: in the direction of the claim, with paired intervals, where there is something."""

import numpy as np

from lib.reporting.estimates import Estimate
from lib.reporting.findings import findings, frame, markdown


def estimate(value, spread=0.01):
    return Estimate(value + spread * np.concatenate([[0.0], np.linspace(-1, 1, 99)]))


def test_eigenfunctions_are_held_against_those_of_random_weights():
    measured = {
        ("m", "pretrained", "localization"): estimate(0.9),
        ("r", "pretrained", "localization"): estimate(0.7, -0.01),
    }
    (row,) = findings(measured, floor=0.95, random={"r": "m"})
    assert row.ours == "90.0 against 70.0" and row.verdict == "holds" and row.difference.startswith("+20.0 [+18.")
    swapped = {("m", *key): measured["r", *key] for key in [("pretrained", "localization")]} | {
        ("r", "pretrained", "localization"): measured["m", "pretrained", "localization"]
    }
    (row,) = findings(swapped, floor=0.95, random={"r": "m"})
    assert row.verdict == "does not hold"


def test_regression_is_held_against_the_kernels_own_optimizer():
    measured = {
        ("m", "kernel-sgd", "4-shot"): estimate(0.8),
        ("m", "kernel-a-signgd", "4-shot"): estimate(0.6),
        ("m", "tuning-sgd", "4-shot"): estimate(0.8, -0.01),
        ("m", "tuning-adam", "4-shot"): estimate(0.7),
        ("m", "kernel-sgd", "16-shot"): estimate(0.9),
    }
    rows = findings(measured, floor=0.95)
    assert [row.claim for row in rows] == [
        "m, 4-shot: regression with K SGD is as accurate as SGD fine-tuning, or more",
        "m, 4-shot: regression with K A-SignGD is as accurate as Adam fine-tuning, or more",
    ]
    assert [row.verdict for row in rows] == ["within noise", "does not hold"]
    assert set(frame(rows)["reference"]) == {"RoBERTa-base"} and "paper (RoBERTa-base)" in markdown(rows)


def test_without_a_counterpart_nothing_is_claimed():
    assert findings({("m", "pretrained", "localization"): estimate(0.9)}, floor=0.95, random={}) == []
