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


@pytest.mark.parametrize(
    ("model", "reference", "addition", "negation"),
    [
        ("ViT-L-14", "ViT-L-14", "93.5 against 88.8", "target 64.4 → 7.9, control 75.5 → 72.5"),
        ("ViT-B-16", "ViT-B-16", "86.0 against 80.0", "target 55.2 → 11.3, control 68.3 → 64.8"),
        ("ViT-B-32", "ViT-B-32", "85.4 against 76.5", "target 48.4 → 10.9, control 63.4 → 60.8"),
        ("tiny", "ViT-B-32", "85.4 against 76.5", "target 48.4 → 10.9, control 63.4 → 60.8"),
    ],
)
def test_a_model_of_the_papers_is_held_against_itself_and_any_other_against_the_smallest(
    model, reference, addition, negation
):
    errors = {(model, "standard"): 0.4, (model, "linear"): 0.1}
    found = judged(errors, model=model)
    assert len(found) == 6 and {row.reference for row in found.values()} == {reference}
    assert found["addition: Linear FT has higher normalized accuracy than non-linear FT"].paper == addition
    assert found["negation: Linear FT forgets its target and keeps 95% of the control accuracy"].paper == negation


def test_models_have_their_own_rows_and_references():
    pairs = [frames(model) for model in ("ViT-L-14", "tiny")]
    addition, negation = (pd.concat(parts, ignore_index=True) for parts in zip(*pairs, strict=True))
    found = findings.findings(addition, negation, {("tiny", "standard"): 0.2, ("tiny", "linear"): 0.3}, floor=0.95)
    assert [row.reference for row in found] == ["ViT-L-14"] * 5 + ["ViT-B-32"] * 6
    assert [row.claim.startswith("tiny") for row in found] == [False] * 5 + [True] * 6
    assert not found[-1].holds and found[-1].ours == "0.300 against 0.200"


@pytest.mark.parametrize("mode", ["gradient-ascent", "my_mode"])
def test_a_mode_that_the_papers_do_not_report_makes_no_claim(mode):
    addition, negation = (frame.replace({"mode": {"linear": mode}}) for frame in frames())
    errors = {("tiny", "standard"): 0.4, ("tiny", mode): 0.1}
    found = findings.findings(addition, negation, errors, floor=0.95)
    assert [row.claim for row in found] == [
        "tiny, negation: Non-linear FT forgets its target and keeps 95% of the control accuracy"
    ]


def made(*references):
    return [
        findings.Finding(f"claim {i}", f"{i}.0", reference, f"{i}.5", i % 2 == 0)
        for i, reference in enumerate(references)
    ]


def test_markdown_says_yes_and_no():
    text = findings.markdown(made("ViT-B-32", "ViT-B-32"))
    assert text.splitlines()[0].startswith("| finding") and text.count("yes") == 1 and text.count(" no ") == 1


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


@pytest.mark.parametrize(("reference", "name"), [("ViT-B-32", "ViT-B/32"), ("ViT-L-14", "ViT-L/14")])
def test_one_model_of_the_papers_stands_in_the_header(reference, name):
    header, _, *lines = cells(findings.markdown(made(reference, reference)))
    assert header == ["finding", f"paper ({name})", "this run", "holds?"]
    assert lines == [["claim 0", "0.0", "0.5", "yes"], ["claim 1", "1.0", "1.5", "no"]]


def test_several_models_of_the_papers_stand_in_their_rows():
    header, _, *lines = cells(findings.markdown(made("ViT-B-32", "ViT-L-14")))
    assert header == ["finding", "paper", "this run", "holds?"]
    assert [line[1] for line in lines] == ["0.0 (ViT-B/32)", "1.0 (ViT-L/14)"]


def test_without_a_claim_there_is_a_table_without_rows():
    header, *_ = cells(findings.markdown([]))
    assert header == ["finding", "paper", "this run", "holds?"]
