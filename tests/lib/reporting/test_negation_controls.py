"""The editing paper's table of negation: its rows in its order, means over tasks, the paper's numbers, intervals."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import tables
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.negation_controls import negation_controls, with_intervals
from lib.reporting.resamples import Key, Outcomes, Resampled

COLUMNS = {"target": "Targ. (↓)", "control": "Cont. (↑)"}
TASKS, CONTROL = ["A", "B"], "C"
METHODS = {"fine-tuned": 0.9, "gradient-ascent": 0.1, "random-vector": 0.5}


def single_task(model):
    values = {"A": 0.4, "B": 0.6, "C": 0.8}
    rows = [(model, None, "pretrained", task, "test", value) for task, value in values.items()]
    return pd.DataFrame(rows, columns=["model", "seed", "mode", "task", "split", "accuracy"])


def measured(model="small", seed=0):
    """Accuracies of controls and of negation; task B is two points above task A."""
    modes = dict.fromkeys(METHODS, "standard") | {"gradient-ascent": "gradient-ascent"}
    found = [
        (model, seed, modes[method], method, task, value + more, value)
        for task, more in (("A", 0.0), ("B", 0.02))
        for method, value in METHODS.items()
    ]
    columns = ["model", "seed", "mode", "method", "task", "target", "control"]
    negated = [(model, seed, "standard", task, 0.2, 0.7) for task in TASKS]
    return pd.DataFrame(found, columns=columns), pd.DataFrame(negated, columns=[c for c in columns if c != "method"])


def test_rows_are_means_in_the_order_of_the_paper():
    frame = negation_controls(*measured(), single_task("small"), TASKS, CONTROL)
    assert list(frame.columns) == ["model", "seed", "mode", "method", "target", "control"]
    assert list(zip(frame["mode"], frame["method"], strict=True)) == [
        ("pretrained", "pretrained"),
        ("standard", "fine-tuned"),
        ("gradient-ascent", "gradient-ascent"),
        ("standard", "random-vector"),
        ("standard", "negative"),
    ]
    assert frame["target"].tolist() == pytest.approx([0.5, 0.91, 0.11, 0.51, 0.2])
    assert frame["control"].tolist() == pytest.approx([0.8, 0.9, 0.1, 0.5, 0.7])


def test_the_printed_table_has_the_papers_numbers_beside_ours():
    frame = negation_controls(*measured("ViT-B-32"), single_task("ViT-B-32"), TASKS, CONTROL)
    shown = frame.assign(mode=frame["method"])
    table = tables.paper_table(shown, COLUMNS, caption="Negation", compared="editing_negation")
    assert table.rows == ["Pre-trained", "Fine-tuned", "Gradient ascent", "Random vector", "Negative task vector"]
    assert [row[:3] for row in table.cells] == [
        ["50.0", "-", "-"],
        ["91.0", "90.2", "+0.8"],
        ["11.0", "2.7", "+8.3"],
        ["51.0", "45.7", "+5.3"],
        ["20.0", "24.0", "-4.0"],
    ]
    assert "Ilharco et al. 2023, Table 1" in table.markdown()


def test_intervals_are_those_of_the_images_behind_each_row():
    draw = np.random.default_rng(0)
    bootstrap, images = Bootstrap(resamples=400, seed=0), {"A": 80, "B": 120, "C": 200}

    def outcome(side, mode, task, share, evaluation=None, seed=0):
        on = CONTROL if side == "control" else task
        key = Key(evaluation or side, "small", seed, mode, None, on if evaluation else task)
        return Outcomes(key, on, draw.random(images[on]) < share)

    others = [outcome("target", "pretrained", task, 0.5, "zero_shot", None) for task in images]
    others += [outcome(side, "standard", task, 0.2) for task in TASKS for side in ("target", "control")]
    own = [outcome(s, m, t, share) for t in TASKS for m, share in METHODS.items() for s in ("target", "control")]
    found = [Resampled.of(listed, bootstrap) for listed in (others, own)]
    frame = with_intervals(negation_controls(*measured(), single_task("small"), TASKS, CONTROL), *found, TASKS, CONTROL)
    assert frame["mode"].tolist()[:2] == ["pretrained", "standard"] and "method" in frame
    assert set(frame["n"]) == {200} and set(frame["n_control"]) == {200}
    means = [outcome.correct.mean() for outcome in own if outcome.key[:4] == ("target", "small", 0, "fine-tuned")]
    row = frame[frame["method"] == "fine-tuned"].iloc[0]
    assert row["target_low"] < np.mean(means) < row["target_high"]
    assert 0.01 < row["target_high"] - row["target_low"] < 0.2
