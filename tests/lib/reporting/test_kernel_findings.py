"""Claims about kernels, as findings: in the direction of the claim, with paired intervals, where there is something."""

import numpy as np

from lib.reporting.estimates import Estimate
from lib.reporting.findings import findings, frame, markdown
from lib.reporting.kernel_findings import CORRELATION, DRIFT, NORM


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


def drifts(tak, correlation):
    return {
        ("m", "linear", DRIFT): estimate(0.4),
        ("m", "linear-tak", DRIFT): tak,
        ("m", "linear", NORM): estimate(3.0, 0),
        ("m", "linear-tak", NORM): estimate(2.5, 0),
        ("m", "linear", CORRELATION): correlation,
    }


def test_taks_drift_is_held_against_that_of_linear_fine_tuning_and_ranks_against_chance():
    lower, ranks = findings(drifts(estimate(0.1), estimate(0.9)), floor=0.95)
    assert lower.claim.startswith("m, drift: Linear FT + TAK moves the embeddings of other tasks' images less than")
    assert lower.ours == "0.1 against 0.4; norms 2.5 against 3" and lower.verdict == "holds"
    assert lower.difference.startswith("log ratio +1.386 [") and lower.margins[0].estimate.value == np.log(0.4 / 0.1)
    assert ranks.ours == "rank correlation 0.90" and ranks.difference.startswith("+0.900 [+0.8")
    lower, ranks = findings(drifts(estimate(0.5), estimate(0.001)), floor=0.95)
    assert (lower.verdict, ranks.verdict) == ("does not hold", "within noise")


def test_without_tak_no_drift_is_compared():
    measured = {key: value for key, value in drifts(estimate(0.1), estimate(0.9)).items() if "linear" in key}
    assert [row.ours for row in findings(measured, floor=0.95)] == ["rank correlation 0.90"]


def test_taks_disentanglement_error_is_held_against_that_of_linear_fine_tuning():
    measured = {("m", "linear", "error"): estimate(0.3), ("m", "linear-tak", "error"): estimate(0.2)}
    (row,) = findings(measured, floor=0.95)
    assert "Linear FT + TAK has less disentanglement error than Linear FT (" in row.claim and row.verdict == "holds"
