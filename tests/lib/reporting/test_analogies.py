"""The table and the figure of analogies: rows in order, a hand-written table, curves with their whiskers."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.analogies import analogies, analogies_table, equation
from lib.reporting.figures.analogies import few_shot_curves

NAME = "PhotosA--SketchesA--PhotosB--SketchesB"


def rows(mode="standard", quadruple=NAME, seeds=(0,), shots=(1, 4, 16), model="small"):
    """Rows as they are measured: those without images of d first, then few-shot ones, from 30 % up."""
    found = []
    for seed in seeds:
        known = [("pretrained", "0", 0.30), ("analogy", "0", 0.45), ("pretrained", "all", 0.94)]
        known += [("pretrained", str(k), 0.3 + k / 40) for k in shots] + [
            ("analogy", str(k), 0.45 + k / 50) for k in shots
        ]
        for start, number, accuracy in known:
            value = accuracy + seed / 100
            found.append(
                (model, seed, mode, quadruple, "SketchesB", start, number, value, value - 0.02, value + 0.03, 700)
            )
    columns = ["model", "seed", "mode", "quadruple", "task", "start", "shots", "accuracy", "low", "high", "n"]
    return pd.DataFrame(found, columns=columns)


def test_rows_of_a_run_stand_together_with_shots_ascending():
    shuffled = pd.concat([rows(shots=(16, 4, 1)), rows("posthoc", shots=())]).sample(frac=1, random_state=0)
    frame = analogies(pd.concat([shuffled[shuffled["mode"] == mode] for mode in ("standard", "posthoc")]))
    assert list(zip(frame["mode"], frame["start"], frame["shots"], strict=True)) == [
        *(("standard", "pretrained", shots) for shots in ("0", "1", "4", "16", "all")),
        *(("standard", "analogy", shots) for shots in ("0", "1", "4", "16")),
        ("posthoc", "pretrained", "0"),
        ("posthoc", "pretrained", "all"),
        ("posthoc", "analogy", "0"),
    ]
    assert frame["accuracy"].iloc[2] == pytest.approx(0.4)


def test_markdown_is_this():
    frame = analogies(pd.concat([rows(shots=(1, 16)), rows("posthoc", shots=())]))
    table = analogies_table(frame, caption="Analogies (%)").markdown()
    what = "PhotosA : SketchesA = PhotosB : SketchesB"
    assert table.splitlines()[2:] == [
        f"| {'Method':74} |   0 shots |   1 shot |   16 shots |   all images |",
        f"|:{'-' * 75}|----------:|---------:|-----------:|-------------:|",
        f"| Non-linear FT, {what}, from pre-trained |      30.0 |     32.5 |       70.0 |         94.0 |",
        f"| Non-linear FT, {what}, from analogy     |      45.0 |     47.0 |       77.0 |            - |",
        f"| Post-hoc lin., {what}, from pre-trained |      30.0 |        - |          - |         94.0 |",
        f"| Post-hoc lin., {what}, from analogy     |      45.0 |        - |          - |            - |",
    ]  # fmt: skip


def test_several_seeds_and_models_are_told_apart():
    frame = analogies(pd.concat([rows(seeds=(0, 2)), rows(model="large", seeds=(0, 2))]))
    table = analogies_table(frame, caption="")
    assert [row.split(",")[0] for row in table.rows] == ["small", "small", "large", "large"]
    assert table.cells[0][0] == "31.0 ± 1.4"


def test_an_analogy_is_written_as_an_equation():
    assert equation("a--b--c--d") == "a : b = c : d"


@pytest.fixture
def drawn():
    frame = pd.concat([rows(), rows(quadruple="SketchesA--PhotosA--SketchesB--PhotosB")])
    yield few_shot_curves(analogies(frame))
    plt.close("all")


def test_the_figure_has_a_panel_per_quadruple_with_labels_and_units(drawn):
    assert len(drawn.axes) == 2
    for axis in drawn.axes:
        assert axis.get_xlabel() == "images per class of d"
        assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "1", "4", "16"]
    assert drawn.get_supylabel() == "test accuracy on d (%)"
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["all images of d", "from pre-trained", "from analogy"]


def test_curves_and_whiskers_are_those_of_the_rows(drawn):
    pretrained, edited = drawn.axes[0].containers
    assert list(pretrained.lines[0].get_ydata()) == pytest.approx([30, 32.5, 40, 70])
    assert list(edited.lines[0].get_ydata()) == pytest.approx([45, 47, 53, 77])
    (bars,) = edited.lines[2]
    assert [end[1] for end in bars.get_segments()[0]] == pytest.approx([43, 48])
    own = next(line for line in drawn.axes[0].lines if line.get_label() == "all images of d")
    assert own.get_ydata()[0] == pytest.approx(94)


def test_over_seeds_curves_are_means_and_whiskers_standard_deviations():
    figure = few_shot_curves(analogies(rows(seeds=(0, 2))))
    edited = figure.axes[0].containers[1]
    assert edited.lines[0].get_ydata()[0] == pytest.approx(46)
    (bars,) = edited.lines[2]
    low, high = (end[1] for end in bars.get_segments()[0])
    assert (high - low) / 2 == pytest.approx(2**0.5)
    plt.close("all")
