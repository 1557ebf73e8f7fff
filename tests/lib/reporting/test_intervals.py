"""Tables with intervals: what they had stays as it was, and every number lies within its own interval's columns."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import intervals
from lib.reporting.bootstrap import Bootstrap, interval
from lib.reporting.resamples import Key, Outcomes, Resampled, Who

TASKS, CONTROL = ["A", "B"], "C"
WHO = Who("tiny", 0, "standard")
SIZES = {"A": 80, "B": 60, "C": 50}
NAN = float("nan")


@pytest.fixture
def found():
    rng = np.random.default_rng(0)

    def outcome(evaluation, who, task, images=None, rule=None):
        images = images or task
        return Outcomes(Key(evaluation, *who, rule, task), images, rng.random(SIZES[images]) < 0.7)

    rows = [outcome("zero_shot", Who.pretrained("tiny"), task) for task in SIZES]
    for task in TASKS:
        rows += [outcome("single_task", WHO, task), outcome("addition", WHO, task, rule="sum")]
        rows += [outcome("target", WHO, task), outcome("control", WHO, task, images=CONTROL)]
    return Resampled.of(rows, Bootstrap(resamples=200, seed=0))


def pretrained(**columns):
    return {"model": "tiny", "seed": pd.NA, "mode": "pretrained", **columns}


def edited(**columns):
    return {"model": "tiny", "seed": 0, "mode": "standard", **columns}


def test_addition(found):
    frame = pd.DataFrame(
        [
            pretrained(alpha=NAN, absolute=0.7, normalized=NAN, single=NAN),
            edited(alpha=0.3, absolute=0.7, normalized=0.9, single=0.8),
        ]
    )
    made = intervals.addition(frame, found, TASKS)
    pd.testing.assert_frame_equal(made[list(frame)], frame)
    assert made["n"].tolist() == [140, 140]
    low, high = interval(found.normalized(WHO, TASKS, "sum")[1:])
    assert made.loc[1, ["normalized_low", "normalized_high"]].tolist() == [low, high]
    low, high = interval(found.mean("single_task", WHO, TASKS)[1:])
    assert made.loc[1, ["single_low", "single_high"]].tolist() == [low, high]
    low, high = interval(found.mean("zero_shot", Who.pretrained("tiny"), TASKS)[1:])
    assert made.loc[0, ["absolute_low", "absolute_high"]].tolist() == [low, high]
    assert made.loc[0, ["normalized_low", "normalized_high", "single_low", "single_high"]].isna().all()


def test_negation(found):
    frame = pd.DataFrame([pretrained(target=0.7, control=0.7), edited(target=0.3, control=0.6)])
    made = intervals.negation(frame, found, TASKS, CONTROL)
    pd.testing.assert_frame_equal(made[list(frame)], frame)
    assert made["n"].tolist() == [140, 140] and made["n_control"].tolist() == [50, 50]
    low, high = interval(found.mean("control", WHO, TASKS)[1:])
    assert made.loc[1, ["control_low", "control_high"]].tolist() == [low, high]
    low, high = interval(found.mean("zero_shot", Who.pretrained("tiny"), [CONTROL])[1:])
    assert made.loc[0, ["control_low", "control_high"]].tolist() == [low, high]


def test_tables_by_task(found):
    single = pd.DataFrame(
        [
            pretrained(task="A", split="test", accuracy=0.7, n=80),
            edited(task="A", split="val", accuracy=0.7, n=20),
            edited(task="B", split="test", accuracy=0.7, n=60),
        ]
    )
    made = intervals.single_task(single, found)
    low, high = interval(found.per_task("single_task", WHO, ["B"])[0, 1:])
    assert made.loc[2, ["low", "high"]].tolist() == [low, high] and made.loc[1, ["low", "high"]].isna().all()
    added = intervals.addition_per_task(pd.DataFrame([edited(task="B", accuracy=0.7, n=60)]), found)
    low, high = interval(found.per_task("addition", WHO, ["B"], "sum")[0, 1:])
    assert added.loc[0, ["low", "high"]].tolist() == [low, high]
    negated = intervals.negation_per_task(pd.DataFrame([edited(task="B", target=0.7, control=0.7)]), found)
    low, high = interval(found.per_task("control", WHO, ["B"])[0, 1:])
    assert negated.loc[0, ["control_low", "control_high", "n", "n_control"]].tolist() == [low, high, 60, 50]


def test_the_widest_reach_by_hand():
    frame = pd.DataFrame({"accuracy": [0.5, 0.9], "low": [0.4, 0.85], "high": [0.55, NAN]})
    assert intervals.widest(frame) == pytest.approx(0.1)
    assert intervals.widest(frame[["accuracy"]]) is None
    assert intervals.widest(frame.assign(normalized=[0.9, 1.0])) == pytest.approx(0.1)  # has no interval
    of_another = frame.assign(normalized=[0.9, 1.0], normalized_low=[0.7, 0.9], normalized_high=[1.0, 1.0])
    assert intervals.widest(of_another) == pytest.approx(0.2)
