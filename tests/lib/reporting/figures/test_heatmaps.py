"""What a figure must show for its marks to be readable."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting import figures
from workflow_scripts.reporting.figures import heatmaps

TASKS = ["Cars", "DTD"]


@pytest.mark.parametrize("models", [["ViT-B-32"], ["ViT-B-32", "ViT-L-14"]])
def test_a_scatter_of_several_models_says_which_marker_is_which(models):
    keys = [(model, mode, task, "test", 0.7) for model in models for mode in ("standard", "linear") for task in TASKS]
    frame = pd.DataFrame(keys, columns=["model", "mode", "task", "split", "accuracy"])
    axes = figures.single_task_scatter(frame, "linear", tasks=TASKS).axes[0]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == (TASKS if len(models) == 1 else [*TASKS, *models])
    drawn = {line.get_marker() for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())}
    assert len(drawn) == len(models)
    plt.close("all")


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        ([("ViT-B-32", "Cars--DTD"), ("ViT-B-32", "DTD--MNIST")], ["", ""]),
        ([("ViT-B-32", "Cars--DTD"), ("ViT-L-14", "Cars--DTD")], ["ViT-B-32", "ViT-L-14"]),
    ],
)
def test_heatmaps_name_models_where_columns_differ_in_them_and_share_one_scale(columns, titles):
    alphas, modes = np.linspace(-1, 1, 3), ["standard", "linear"]
    grids = {
        (mode, *column): (alphas, np.full((3, 3), 0.1 * (i + 2 * j + 1)))
        for i, mode in enumerate(modes)
        for j, column in enumerate(columns)
    }
    axes = np.array(figures.disentanglement(grids, modes, columns, (0, 1)).axes[:4]).reshape(2, 2)
    assert [axis.get_title() for axis in axes[0]] == titles
    for i, mode in enumerate(modes):
        for j, (model, pair) in enumerate(columns):
            (image,) = axes[i, j].images
            np.testing.assert_array_equal(image.get_array(), grids[mode, model, pair][1])
            assert image.get_clim() == (0, pytest.approx(0.4))
            assert axes[i, j].get_xlabel() == rf"$\alpha$ ({pair.split('--')[0]})"
    plt.close("all")


def test_several_models_have_a_figure_each_and_one_a_pair(tmp_path):
    pairs, models = ["Cars--DTD", "DTD--MNIST"], ["ViT-B-32", "ViT-L-14"]
    grid = {"alphas": np.linspace(-1, 1, 3), "error_a": np.zeros((3, 3)), "error_b": np.ones((3, 3))}
    np.savez(tmp_path / "grid.npz", **grid)
    for folder, shown in (("both", models), ("one", models[:1])):
        (tmp_path / folder).mkdir()
        paths = {(model, "linear", pair): [str(tmp_path / "grid.npz")] for model in shown for pair in pairs}
        heatmaps(paths, tmp_path / folder, (0, 1))
        found = {path.stem.removeprefix("disentanglement_") for path in (tmp_path / folder).iterdir()}
        assert found == {*shown, *(pairs if len(shown) > 1 else [])}
