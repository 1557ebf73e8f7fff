"""Claims on frames made by hand: where they hold, where they do not, and the mean error by hand."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import findings

NAN = float("nan")


def frames(model="tiny", *, linear=(0.8, 0.9), target=0.1, control=0.96):
    addition = pd.DataFrame(
        [("pretrained", 0.5, NAN), ("standard", 0.7, 0.8), ("linear", *linear)],
        columns=["mode", "absolute", "normalized"],
    ).assign(model=model, seed=0)
    negation = pd.DataFrame(
        [("pretrained", 0.5, 1.0), ("standard", 0.2, 0.95), ("linear", target, control)],
        columns=["mode", "target", "control"],
    ).assign(model=model, seed=0)
    return addition, negation


def judged(errors=None, **values):
    found = findings.findings(*frames(**values), errors or {}, floor=0.95)
    return {row.claim.partition(", ")[2] or row.claim: row for row in found}


def test_claims_hold_where_the_numbers_say_so():
    found = judged({("tiny", "standard"): 0.4, ("tiny", "linear"): 0.1})
    assert len(found) == 6 and all(row.holds for row in found.values())
    better = found["addition: Linear FT has higher normalized accuracy than non-linear FT"]
    assert better.ours == "90.0 against 80.0" and better.paper == "85.4 against 76.5"


def test_claims_fail_where_the_numbers_say_so():
    found = judged({("tiny", "standard"): 0.1, ("tiny", "linear"): 0.4}, linear=(0.6, 0.7), target=0.3)
    assert not found["addition: Linear FT has higher normalized accuracy than non-linear FT"].holds
    assert not found["addition: Linear FT has higher absolute accuracy than non-linear FT"].holds
    assert not found["negation: Linear FT forgets more than non-linear FT"].holds
    assert not next(row for claim, row in found.items() if "disentanglement" in claim).holds


@pytest.mark.parametrize(("control", "holds"), [(0.95, True), (0.949, False)])
def test_negation_must_keep_the_control_above_its_floor(control, holds):
    found = judged(control=control)
    row = found["negation: Linear FT forgets its target and keeps 95% of the control accuracy"]
    assert row.holds == holds
    assert row.paper == "target 48.4 → 10.9, control 63.4 → 60.8"


def test_equal_is_not_better():
    assert not judged(linear=(0.7, 0.8))["addition: Linear FT has higher absolute accuracy than non-linear FT"].holds


def test_claims_take_means_over_seeds():
    addition, negation = frames()
    second = addition.assign(seed=1, absolute=addition["absolute"] - 0.05)
    (row, *_) = [
        row
        for row in findings.findings(pd.concat([addition, second]), negation, {}, floor=0.95)
        if "absolute" in row.claim
    ]
    assert row.ours == "77.5 against 67.5"


def test_a_mode_that_did_not_run_is_not_spoken_of():
    assert not any("Post-hoc" in claim or "Linear layers" in claim for claim in judged())


def test_mean_error_by_hand():
    alphas = np.array([-1.0, 0.0, 0.5, 1.0])
    xi = np.arange(16.0).reshape(4, 4)
    # rows and columns of 0, 0.5 and 1: 5 6 7, 9 10 11, 13 14 15
    assert findings.mean_error(alphas, xi, 0.0, 1.0) == 10.0
    assert findings.mean_error(alphas, xi, -1.0, -1.0) == 0.0
    with pytest.raises(ValueError, match="no point"):
        findings.mean_error(alphas, xi, 2.0, 3.0)


def test_markdown_says_yes_and_no():
    rows = [findings.Finding("a", "1.0", "2.0", True), findings.Finding("b", "-", "3.0", False)]
    text = findings.markdown(rows)
    assert text.splitlines()[0].startswith("| finding") and text.count("yes") == 1 and text.count(" no ") == 1
