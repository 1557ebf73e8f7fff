"""Claims on frames made by hand: where they hold, where they do not, and the mean error by hand."""

import numpy as np
import pytest

from lib.reporting import findings
from lib.reporting.estimates import Estimate

SPREAD = 0.004  # half of the width of an interval of a difference, about


def estimate(value, spread=SPREAD, seed=0):
    """A number whose resamples lie within `spread` of it."""
    return Estimate(np.concatenate([[value], value + np.random.default_rng(seed).uniform(-spread, spread, 200)]))


def measured(model="tiny", *, linear=(0.8, 0.9), target=0.1, control=0.97, errors=(0.4, 0.1), mode="linear"):
    values = {
        ("pretrained", "absolute"): 0.5,
        ("standard", "absolute"): 0.7,
        (mode, "absolute"): linear[0],
        ("standard", "normalized"): 0.8,
        (mode, "normalized"): linear[1],
        ("pretrained", "target"): 0.5,
        ("standard", "target"): 0.2,
        (mode, "target"): target,
        ("pretrained", "control"): 1.0,
        ("standard", "control"): 0.95,
        (mode, "control"): control,
        ("standard", "error"): errors[0],
        (mode, "error"): errors[1],
    }
    return {(model, *key): estimate(value, seed=i) for i, (key, value) in enumerate(values.items())}


def judged(**values):
    found = findings.findings(measured(**values), floor=0.95)
    return {row.claim.partition(", ")[2] or row.claim: row for row in found}


def verdicts(found):
    return {claim: row.verdict for claim, row in found.items()}


HIGHER = "addition: Linear FT has higher {} accuracy than non-linear FT"
FORGETS = "negation: {} forgets its target and keeps 95% of the control accuracy"


def test_claims_hold_where_the_numbers_say_so():
    found = judged()
    assert len(found) == 6
    standard = FORGETS.format("Non-linear FT")  # its control is at the floor
    assert verdicts(found) == {**dict.fromkeys(found, "holds"), standard: "within noise"}
    better = found[HIGHER.format("normalized")]
    assert better.ours == "90.0 against 80.0" and better.paper == "85.4 against 76.5"
    assert better.difference.startswith("+10.0 [+9.")


def test_claims_fail_where_the_numbers_say_so():
    found = verdicts(judged(linear=(0.6, 0.7), target=0.3, errors=(0.1, 0.4)))
    assert found[HIGHER.format("normalized")] == found[HIGHER.format("absolute")] == "does not hold"
    assert found["negation: Linear FT forgets more than non-linear FT"] == "does not hold"
    assert next(value for claim, value in found.items() if "disentanglement" in claim) == "does not hold"


@pytest.mark.parametrize("difference", [0.0, 0.002, -0.002])
def test_a_difference_whose_interval_holds_zero_is_noise(difference):
    found = verdicts(judged(linear=(0.7 + difference, 0.8), errors=(0.3, 0.3 + difference)))
    assert found[HIGHER.format("absolute")] == found[HIGHER.format("normalized")] == "within noise"
    assert next(value for claim, value in found.items() if "disentanglement" in claim) == "within noise"


@pytest.mark.parametrize(("control", "told"), [(0.97, "holds"), (0.95, "within noise"), (0.94, "does not hold")])
def test_negation_must_keep_the_control_above_its_floor(control, told):
    row = judged(control=control)[FORGETS.format("Linear FT")]
    assert row.verdict == told
    assert row.paper == "target 48.4 → 10.9, control 63.4 → 60.8"
    assert "target lower by +40.0" in row.difference and "control above its floor by" in row.difference


def test_a_claim_of_two_parts_fails_with_one_of_them():
    assert judged(target=0.6)[FORGETS.format("Linear FT")].verdict == "does not hold"


def test_a_mode_that_did_not_run_is_not_spoken_of():
    assert not any("Post-hoc" in claim or "Linear layers" in claim for claim in judged())


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
    found = judged(model=model)
    assert len(found) == 6 and {row.reference for row in found.values()} == {reference}
    assert found["addition: Linear FT has higher normalized accuracy than non-linear FT"].paper == addition
    assert found["negation: Linear FT forgets its target and keeps 95% of the control accuracy"].paper == negation


def test_models_have_their_own_rows_and_references():
    both = {**measured("ViT-L-14"), **measured("tiny", errors=(0.2, 0.3))}
    found = findings.findings(both, floor=0.95)
    assert [row.reference for row in found] == ["ViT-L-14"] * 6 + ["ViT-B-32"] * 6
    assert [row.claim.startswith("tiny") for row in found] == [False] * 6 + [True] * 6
    assert found[-1].verdict == "does not hold" and found[-1].ours == "0.300 against 0.200"
    assert found[-1].difference.startswith("-0.100 [-0.10")


@pytest.mark.parametrize("mode", ["gradient-ascent", "my_mode"])
def test_a_mode_that_the_papers_do_not_report_makes_no_claim(mode):
    found = findings.findings(measured(mode=mode), floor=0.95)
    assert [row.claim for row in found] == [f"tiny, {FORGETS.format('Non-linear FT')}"]


def test_random_weights_are_held_against_the_same_model_pretrained():
    single = {("m", mode, "single"): estimate(0.9, seed=20) for mode in ("standard", "linear")}
    of_random = {
        ("m-random", "standard", "absolute"): 0.1,
        ("m-random", "standard", "single"): 0.5,
        ("m-random", "linear", "absolute"): 0.45,
        ("m-random", "linear", "single"): 0.5,
    }
    both = {
        **measured("m"),
        **single,
        **{key: estimate(value, seed=i) for i, (key, value) in enumerate(of_random.items())},
    }
    found = findings.findings(both, floor=0.95, random={"m-random": "m"})
    standard, linear = found[-2:]
    assert len(found) == 8 and standard.claim.startswith("m-random, addition: after Non-linear FT from random weights")
    assert (standard.ours, standard.paper, standard.reference) == (
        "sum 10.0, single 50.0",
        "sum 5.5, single 48.5",
        "ViT-B-32",
    )
    assert standard.margins[0].estimate.value == pytest.approx(0.7 / 0.9 - 0.1 / 0.5)
    assert (standard.verdict, linear.verdict) == ("holds", "does not hold")


def made(*references):
    margins = [(findings.Margin(estimate(0.1 if i % 2 == 0 else -0.1, spread=0.0)),) for i in range(len(references))]
    return [
        findings.Finding(f"claim {i}", f"{i}.0", reference, f"{i}.5", margins[i])
        for i, reference in enumerate(references)
    ]


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


@pytest.mark.parametrize(("reference", "name"), [("ViT-B-32", "ViT-B/32"), ("ViT-L-14", "ViT-L/14")])
def test_one_model_of_the_papers_stands_in_the_header(reference, name):
    header, _, *lines = cells(findings.markdown(made(reference, reference)))
    assert header == ["finding", f"paper ({name})", "this run", "margin [95 %]", "verdict"]
    assert lines == [
        ["claim 0", "0.0", "0.5", "+10.0 [+10.0, +10.0]", "holds"],
        ["claim 1", "1.0", "1.5", "-10.0 [-10.0, -10.0]", "does not hold"],
    ]


def test_several_models_of_the_papers_stand_in_their_rows():
    header, _, *lines = cells(findings.markdown(made("ViT-B-32", "ViT-L-14")))
    assert header == ["finding", "paper", "this run", "margin [95 %]", "verdict"]
    assert [line[1] for line in lines] == ["0.0 (ViT-B/32)", "1.0 (ViT-L/14)"]


def test_without_a_claim_there_is_a_table_without_rows():
    header, *_ = cells(findings.markdown([]))
    assert header == ["finding", "paper", "this run", "margin [95 %]", "verdict"]


def test_claims_of_subsets_and_analogies_are_held_against_the_editing_papers_model():
    edits = {
        ("m", "linear", "one vector"): estimate(0.6),
        ("m", "linear", "all vectors"): estimate(0.8, seed=1),
        ("m", "standard", "zero-shot d"): estimate(0.5),
        ("m", "standard", "analogy"): estimate(0.3, seed=1),
    }
    subsets, analogy = findings.findings(edits, floor=0.95)
    assert subsets.claim.startswith("m, subsets: with all Linear FT task vectors") and subsets.verdict == "holds"
    assert subsets.ours == "80.0 against 60.0" and subsets.difference.startswith("+20.0 [+19.")
    assert analogy.claim.startswith("m, analogies: c + (b - a) of Non-linear FT") and analogy.verdict == "does not hold"
    assert analogy.ours == "30.0 against 50.0" and {subsets.reference, analogy.reference} == {"ViT-L-14"}
