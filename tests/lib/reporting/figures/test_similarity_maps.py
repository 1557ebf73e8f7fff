"""Heatmaps of cosines: one scale off the diagonal, cells that say their values, norms beside."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.reporting.figures.similarity_maps import similarity_maps

TASKS = ["Cars", "DTD", "MNIST"]


def cosines(value):
    return np.where(np.eye(3, dtype=bool), 1.0, value) + np.triu(np.full((3, 3), 0.01), 1)


@pytest.fixture
def axes():
    found = {
        mode: (cosines(value), np.array([1.0, 2.0, 3.0]))
        for mode, value in (("standard", 0.2), ("linear", -0.4), ("linear-2", 0))
    }
    yield similarity_maps(found, TASKS).axes
    plt.close("all")


def test_every_mode_has_a_heatmap_on_one_scale_about_zero(axes):
    maps = [axis for axis in axes if axis.images]
    assert [axis.get_title() for axis in maps] == ["Non-linear FT", "Linear FT", "Linear layers FT"]
    for axis, value in zip(maps, (0.2, -0.4, 0), strict=True):
        (image,) = axis.images
        assert image.get_clim() == (pytest.approx(-0.4), pytest.approx(0.4))
        shown = image.get_array()
        assert shown.mask.diagonal().all() and shown.mask.sum() == 3
        np.testing.assert_array_equal(shown.compressed(), cosines(value)[~np.eye(3, dtype=bool)])
        assert [label.get_text() for label in axis.get_xticklabels()] == TASKS
    assert [label.get_text() for label in maps[0].get_yticklabels()] == TASKS


def test_cells_say_their_values(axes):
    maps = [axis for axis in axes if axis.images]
    texts = {tuple(map(int, text.get_position())): text.get_text() for text in maps[0].texts}
    assert len(texts) == 6 and texts[1, 0] == ".21" and texts[0, 1] == ".20"
    assert {text.get_text() for text in maps[2].texts} == {".01", ".00"}
    assert {text.get_text() for text in maps[1].texts} == {"-.39", "-.40"}


def test_norms_stand_beside_the_rows_of_their_tasks(axes):
    bars = [axis.child_axes[0] for axis in axes if axis.images]
    assert len(bars) == 3 and len({axis.get_xlim() for axis in bars}) == 1
    for bar, length in zip(bars[0].patches, (1, 2, 3), strict=True):
        assert bar.get_width() == length
    assert bars[0].get_ylim() == axes[0].get_ylim() == (2.5, -0.5)
    assert [text.get_text() for text in bars[0].texts] == ["1.00", "2.00", "3.00"]


def test_many_tasks_print_no_values():
    tasks = [f"task {i}" for i in range(13)]
    figure = similarity_maps({"linear": (np.eye(13), np.ones(13))}, tasks)
    assert not figure.axes[0].texts and figure.axes[0].images[0].get_clim() == (-0.01, 0.01)
    plt.close("all")
