"""Means over subsets by hand: two tasks and three, one and two seeds, and the matrix of pairs."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import subsets

VALUES = {  # subset -> normalized accuracy on a, b, c
    "a": (1.0, 0.5, 0.6),
    "b": (0.4, 0.8, 0.6),
    "c": (0.5, 0.5, 1.1),
    "a+b": (0.9, 0.7, 0.5),
    "a+c": (0.8, 0.5, 1.0),
    "b+c": (0.3, 0.9, 0.9),
    "a+b+c": (0.9, 0.6, 0.9),
}


def rows(model="m", seed=0, mode="linear", shift=0.0):
    return pd.DataFrame(
        [
            {
                "model": model,
                "seed": seed,
                "mode": mode,
                "subset": name,
                "size": name.count("+") + 1,
                "task": task,
                "own": task in name.split("+"),
                "normalized": value + shift,
            }
            for name, values in VALUES.items()
            for task, value in zip("abc", values, strict=True)
        ]
    )


def test_a_subset_is_measured_on_its_own_tasks_and_on_all():
    found = subsets.of_subsets(rows()).set_index("subset")
    assert found.loc["a+b", ["own", "all"]].tolist() == pytest.approx([0.8, 0.7])
    assert found.loc["c", ["own", "all"]].tolist() == pytest.approx([1.1, 0.7])
    assert found.loc["a+b+c", "own"] == found.loc["a+b+c", "all"] == pytest.approx(0.8)


def test_sizes_have_means_and_standard_deviations_over_their_subsets():
    found = subsets.by_size(subsets.of_subsets(rows())).set_index("size")
    assert found["subsets"].tolist() == [3, 3, 1]
    own = [1.0, 0.8, 1.1]
    assert found.loc[1, "own"] == pytest.approx(np.mean(own))
    assert found.loc[1, "own_std"] == pytest.approx(np.std(own, ddof=1))
    everywhere = [0.7, 2.3 / 3, 0.7]
    assert found.loc[2, "all"] == pytest.approx(np.mean(everywhere))
    assert found.loc[2, "all_std"] == pytest.approx(np.std(everywhere, ddof=1))
    assert pd.isna(found.loc[3, "own_std"])


def test_rows_keep_model_seed_and_mode_apart():
    frame = pd.concat([rows(), rows(seed=1, shift=0.1), rows(mode="standard", shift=-0.1)])
    found = subsets.by_size(subsets.of_subsets(frame)).set_index(["seed", "mode", "size"])["own"]
    assert found[1, "linear", 2] == pytest.approx(found[0, "linear", 2] + 0.1)
    assert found[0, "standard", 2] == pytest.approx(found[0, "linear", 2] - 0.1)


def test_seeds_are_averaged_by_subset_so_that_the_spread_is_over_subsets():
    """Were seeds pooled with subsets, seeds 0.2 apart would widen the spread."""
    alone = subsets.of_subsets(rows(shift=0.1))
    both = subsets.over_seeds(subsets.of_subsets(pd.concat([rows(), rows(seed=1, shift=0.2)])))
    one, two = (subsets.by_size(frame, ["model", "mode"]).drop(columns=["model", "mode"]) for frame in (alone, both))
    pd.testing.assert_frame_equal(one, two)


def test_without_a_vector_the_model_is_the_pretrained_one_against_each_modes_own_models():
    single = pd.DataFrame(
        [
            ("m", None, "pretrained", "a", "test", 0.4),
            ("m", None, "pretrained", "b", "test", 0.6),
            ("m", None, "pretrained", "control", "test", 0.9),
            ("m", 0, "linear", "a", "test", 0.8),
            ("m", 0, "linear", "b", "test", 0.8),
            ("m", 0, "linear", "a", "val", 0.1),
            ("m", 1, "linear", "a", "test", 0.4),
            ("m", 1, "linear", "b", "test", 0.6),
        ],
        columns=["model", "seed", "mode", "task", "split", "accuracy"],
    )
    found = subsets.pretrained(single, ["a", "b"])
    assert found["all"].tolist() == pytest.approx([(0.5 + 0.75) / 2, 1.0])
    assert found["seed"].tolist() == [0, 1] and set(found["mode"]) == {"linear"}


def test_the_matrix_holds_each_pair_once_below_the_diagonal():
    matrix = subsets.pair_matrix(subsets.of_subsets(rows()), ["c", "a", "b"])
    assert matrix[1, 0] == pytest.approx(0.9) and matrix[2, 0] == pytest.approx(0.9)
    assert matrix[2, 1] == pytest.approx(0.8) and np.isfinite(matrix).sum() == 3
