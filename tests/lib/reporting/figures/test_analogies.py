"""Figures of analogies: curves are the rows' means, whiskers their intervals, and everything can be read."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.analogies import ALL
from lib.reporting.figures.analogies import few_shot_curves
from tests.lib.reporting.figures.legibility import faults

QUADRUPLES = ["PhotosA--SketchesA--PhotosB--SketchesB", "PhotosB--SketchesB--PhotosA--SketchesA"]
SHOTS = ["0", "1", "16"]


def rows(mode="standard", quadruple=QUADRUPLES[0], seed=0, shift=0.0):
    known = {"model": "m", "seed": seed, "mode": mode, "quadruple": quadruple}
    found = [
        {"start": start, "shots": shots, "accuracy": base + 0.1 * i + shift}
        for start, base in (("pretrained", 0.4), ("analogy", 0.5))
        for i, shots in enumerate(SHOTS)
    ]
    found.append({"start": "pretrained", "shots": ALL, "accuracy": 0.9 + shift})
    frame = pd.DataFrame([{**known, **row} for row in found])
    return frame.assign(low=frame["accuracy"] - 0.02, high=frame["accuracy"] + 0.04)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_curves_go_through_the_accuracies_with_their_intervals():
    (axes,) = few_shot_curves(rows()).axes
    before, edited = axes.containers
    assert before.lines[0].get_ydata().tolist() == pytest.approx([40, 50, 60])
    assert edited.lines[0].get_ydata().tolist() == pytest.approx([50, 60, 70])
    (bars,) = edited.lines[2]
    assert bars.get_segments()[0][:, 1].tolist() == pytest.approx([48, 54])
    assert [text.get_text() for text in axes.get_xticklabels()] == SHOTS
    assert any(line.get_ydata()[0] == pytest.approx(90) for line in axes.lines)  # d's own model


def test_several_seeds_are_means_with_their_standard_deviation():
    (axes,) = few_shot_curves(pd.concat([rows(), rows(seed=1, shift=0.02)])).axes
    edited = axes.containers[1]
    assert edited.lines[0].get_ydata()[0] == pytest.approx(51)
    (bars,) = edited.lines[2]
    low, high = bars.get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(2**0.5)


@pytest.mark.parametrize("modes", [["standard"], ["standard", "posthoc"]])
def test_it_can_be_read(modes):
    figure = few_shot_curves(pd.concat([rows(mode, quadruple) for mode in modes for quadruple in QUADRUPLES]))
    assert len(figure.axes) == 2 * len(modes) and not faults(figure)
