"""Heatmaps of the disentanglement error: one scale, axes and titles that say what they show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.reporting.figures.heatmaps import disentanglement
from workflow_scripts.reporting.heatmaps import main


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
    axes = np.array(disentanglement(grids, modes, columns, (0, 1)).axes[:4]).reshape(2, 2)
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
    grid |= {"representation_a": np.zeros((3, 3)), "representation_b": np.full((3, 3), 2.0)}
    files = {(model, pair): tmp_path / f"{model}_{pair}.npz" for model in models for pair in pairs}
    for (model, pair), file in files.items():
        np.savez(file, model=model, seed=0, mode="linear", pair=pair.split("--"), **grid)
    for folder, shown in (("both", models), ("one", models[:1])):
        main([file for (model, _), file in files.items() if model in shown], tmp_path / folder, (0, 1))
        found = {path.stem for path in (tmp_path / folder).iterdir()}
        names = [*shown, *(pairs if len(shown) > 1 else [])]
        assert found == {f"{kind}_{name}" for kind in ("disentanglement", "representation") for name in names}


def test_colours_are_named():
    shown = {("linear", "m", "A--B"): (np.array([0.0, 1.0]), np.eye(2))}
    for label in (r"disentanglement error $\xi$", "another distance"):
        figure = disentanglement(shown, ["linear"], [("m", "A--B")], (0.0, 1.0), label=label)
        assert figure.axes[-1].get_ylabel() == label
    plt.close("all")


def test_the_first_alpha_runs_to_the_right_and_the_search_space_is_framed():
    alphas, xi = np.array([-1.0, 0.0, 1.0]), np.zeros((3, 3))
    xi[2, 0] = 0.5  # a1 = 1, a2 = -1
    axes = disentanglement({("linear", "m", "A--B"): (alphas, xi)}, ["linear"], [("m", "A--B")], (0.0, 1.0)).axes[0]
    (image,) = axes.images
    rows, columns = np.nonzero(np.asarray(image.get_array()))
    left, right, bottom, top = image.get_extent()
    assert image.origin == "lower" and (left, right, bottom, top) == (-1.5, 1.5, -1.5, 1.5)
    assert (left + columns[0] + 0.5, bottom + rows[0] + 0.5) == (1.0, -1.0)
    (box,) = axes.patches
    assert (*box.get_xy(), box.get_width(), box.get_height()) == (0, 0, 1, 1)
    plt.close("all")
