"""What evaluation scripts write of predictions that are given: accuracies, and the predictions themselves."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from lib.files import predictions
from workflow_scripts.editing import negation

SIZES, CLASSES = {"val": 40, "test": 50}, 5
IDENTITY = {"model": "m", "seed": 0, "mode": "standard"}


class Given:
    """An Evaluation whose models predict other classes than 0, the label of every image, the more of them the larger
    their coefficient is.
    """

    heads = dict.fromkeys("AC", torch.zeros(CLASSES, 2))

    def vector(self, path):
        return SimpleNamespace()

    def predictions(self, taus, coefficients, task, split):
        n = SIZES[split]
        wrong = [round(abs(row[0]) * n / 4) for row in coefficients]
        return torch.tensor([[3] * k + [0] * (n - k) for k in wrong]), torch.zeros(n, dtype=torch.int64)


@pytest.mark.parametrize("alphas", [[0.0, 0.5, 1.0], [0.5, 1.0]])
def test_a_control_is_predicted_at_alpha_0_whatever_the_grid(tmp_path, alphas):
    given = {"alphas": alphas, "control_floor": 0.8, "forgetting": -1, "identity": IDENTITY}
    negation.main(Given(), tmp_path / "tau", tmp_path, task="A", control="C", **given)
    found = predictions.read(tmp_path / "predictions.npz")
    assert {key: len(values) for key, values in found.items()} == {
        ("A", "val"): len(alphas), ("C", "val"): 3, ("A", "test"): 1, ("C", "test"): 1
    }  # fmt: skip
    shares = {key: (values == 0).mean(1).tolist() for key, values in found.items()}
    sweep = pd.read_csv(tmp_path / "sweep_val.csv").set_index(["task", "alpha"])["accuracy"]
    assert sweep["A"].tolist() == shares["A", "val"]
    assert sweep["C"].tolist() == shares["C", "val"][-len(alphas) :]
    assert json.loads((tmp_path / "choice.json").read_text())["control_pretrained_val"] == shares["C", "val"][0] == 1
    (tested,) = pd.read_csv(tmp_path / "test.csv").to_dict("records")
    assert [tested["target"]] == shares["A", "test"] and [tested["control"]] == shares["C", "test"]
    assert predictions.read_identity(tmp_path / "predictions.npz") == {**IDENTITY, "task": "A"}
    assert np.array_equal(found["A", "test"], found["C", "test"])
