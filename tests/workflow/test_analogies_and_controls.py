"""What the scripts of analogies and of controls of negation write, for models whose predictions can be worked out."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from lib.editing.random_vector import random_vector
from lib.editing.task_vector import TaskVector
from lib.files import predictions
from workflow_scripts.editing import analogy, negation_controls

ALPHAS = [0.0, 0.25, 0.5, 0.75, 1.0]
SIZES = {"val": 120, "test": 200}
TASKS = "ABCD"
CLASSES, WIDTH = 4, 6


class Linear:
    """An Evaluation of models that predict argmax_c (W x)_c, with weights theta_0 + sum_j a_j tau_j."""

    def __init__(self, **vectors):
        draw = torch.Generator().manual_seed(0)
        self.theta_0 = {"weight": torch.randn(CLASSES, WIDTH, generator=draw)}
        self.vectors = {
            name: TaskVector({"weight": torch.randn(CLASSES, WIDTH, generator=draw)}) for name in (*TASKS, "ascent")
        } | vectors
        self.heads = dict.fromkeys((*TASKS, "Control"), torch.zeros(CLASSES, 2))
        self.images = {
            (task, split): torch.randn(n, WIDTH, generator=draw) for task in self.heads for split, n in SIZES.items()
        }
        noise = {key: torch.randn(len(x), CLASSES, generator=draw) for key, x in self.images.items()}
        self.labels = {key: (x @ self.theta_0["weight"].T + 3 * noise[key]).argmax(1) for key, x in self.images.items()}

    def vector(self, path):
        return self.vectors[path]

    def predictions(self, taus, coefficients, task, split):
        rows = []
        for row in coefficients:
            edited = self.theta_0["weight"] + sum(a * tau["weight"] for a, tau in zip(row, taus, strict=True))
            rows.append((self.images[task, split] @ edited.T).argmax(1))
        return torch.stack(rows), self.labels[task, split]

    def accuracy(self, tau, alpha, task, split="test"):
        found, labels = self.predictions([tau], [[alpha]], task, split)
        return (found[0] == labels).double().mean().item()


def by_analogy(folder, evaluation, alphas=ALPHAS, **names):
    """Write an analogy's files; names: a, b, c or d -> the vector that stands for it."""
    taus = {task: names.get(task.lower(), task) for task in TASKS}
    identity = {"model": "m", "seed": 3, "mode": "standard", "quadruple": "A--B--C--D"}
    analogy.main(evaluation, taus, folder, alphas=alphas, identity=identity)
    sweep, test = (pd.read_csv(folder / f"{name}.csv") for name in ("sweep_val", "test"))
    return sweep, test.set_index(["start", "shots"]), json.loads((folder / "choice.json").read_text())


def test_accuracies_are_those_of_the_edited_models(tmp_path):
    evaluation = Linear()
    sweep, test, choice = by_analogy(tmp_path, evaluation)
    a, b, c, d = (evaluation.vectors[task] for task in TASKS)
    edit = c + (b - a)
    assert sweep["accuracy"].tolist() == [evaluation.accuracy(edit, alpha, "D", "val") for alpha in ALPHAS]
    best = sweep["accuracy"].max()
    assert choice == {"alpha": ALPHAS[sweep["accuracy"].tolist().index(best)], "accuracy_val": best}
    expected = {
        ("pretrained", "0"): evaluation.accuracy(edit, 0.0, "D"),
        ("analogy", "0"): evaluation.accuracy(edit, choice["alpha"], "D"),
        ("pretrained", "all"): evaluation.accuracy(d, 1.0, "D"),
    }
    assert test["accuracy"].to_dict() == expected and set(test["n"]) == {SIZES["test"]}
    assert test.loc[("analogy", "0"), "alpha"] == choice["alpha"]


def test_alpha_zero_is_zero_shot(tmp_path):
    evaluation = Linear()
    sweep, test, choice = by_analogy(tmp_path, evaluation, alphas=[0.0, 1e-9])
    zero_shot = evaluation.accuracy(evaluation.vectors["A"], 0.0, "D", "val")
    assert choice["alpha"] == 0.0 and sweep["accuracy"].tolist()[0] == zero_shot  # of equal ones, the smallest
    assert test["accuracy"]["analogy", "0"] == test["accuracy"]["pretrained", "0"]


def test_if_a_is_b_the_analogy_is_c_itself(tmp_path):
    evaluation = Linear()
    sweep, _, _ = by_analogy(tmp_path, evaluation, b="A")
    c = evaluation.vectors["C"]
    assert sweep["accuracy"].tolist() == [evaluation.accuracy(c, alpha, "D", "val") for alpha in ALPHAS]


def test_the_own_vector_of_d_decides_nothing(tmp_path):
    (tmp_path / "other").mkdir()
    first, other = Linear(), Linear(D=TaskVector({"weight": torch.full((CLASSES, WIDTH), 9.0)}))
    (sweep, test, choice), (again, tested, chosen) = by_analogy(tmp_path, first), by_analogy(tmp_path / "other", other)
    assert sweep.equals(again) and choice == chosen
    rows = [("pretrained", "0"), ("analogy", "0")]
    assert test.loc[rows].equals(tested.loc[rows])


def test_predictions_stand_behind_every_accuracy(tmp_path):
    evaluation = Linear()
    sweep, test, _ = by_analogy(tmp_path, evaluation)
    found = predictions.read(tmp_path / "predictions.npz")
    assert list(found) == [("D", "val"), ("D", "test")]
    for split, frame in (("val", sweep), ("test", test)):
        shares = (found["D", split] == evaluation.labels["D", split].numpy()).mean(1)
        np.testing.assert_allclose(shares, frame["accuracy"])
    told = {"model": "m", "seed": 3, "mode": "standard", "quadruple": "A--B--C--D"}
    assert predictions.read_identity(tmp_path / "predictions.npz") == told


MODES = {"fine-tuned": "standard", "gradient-ascent": "gradient-ascent"}


@pytest.fixture
def controls(tmp_path):
    evaluation = Linear()
    negation_controls.main(
        evaluation,
        {"fine-tuned": "A", "gradient-ascent": "ascent"},
        tmp_path,
        modes=MODES,
        task="A",
        control="Control",
        alphas=ALPHAS,
        control_floor=0.8,
        seed=7,
        identity={"model": "m", "seed": 3},
    )
    drawn = random_vector(evaluation.vectors["A"], seed=7, run=3, task="A")
    read = {name: pd.read_csv(tmp_path / f"{name}.csv") for name in ("sweep_val", "test")}
    choice = json.loads((tmp_path / "choice.json").read_text())
    return SimpleNamespace(folder=tmp_path, evaluation=evaluation, drawn=drawn, choice=choice, **read)


def test_controls_are_models_as_trained_and_a_negated_random_vector(controls):
    rows = controls.test.set_index("method")
    assert list(rows.index) == ["fine-tuned", "gradient-ascent", "random-vector"]
    assert rows["mode"].tolist() == ["standard", "gradient-ascent", "standard"]
    assert rows["alpha"].tolist() == [1.0, 1.0, controls.choice["alpha"]]
    edits = {
        "fine-tuned": (controls.evaluation.vectors["A"], 1.0),
        "gradient-ascent": (controls.evaluation.vectors["ascent"], 1.0),
        "random-vector": (controls.drawn, -controls.choice["alpha"]),
    }
    for method, (tau, scale) in edits.items():
        expected = [controls.evaluation.accuracy(tau, scale, task) for task in ("A", "Control")]
        assert rows.loc[method, ["target", "control"]].tolist() == expected


def test_the_random_vectors_alpha_is_chosen_as_a_task_vectors(controls):
    wide = controls.sweep_val.pivot(index="alpha", columns="task", values="accuracy")
    for task in ("A", "Control"):
        expected = [controls.evaluation.accuracy(controls.drawn, -alpha, task, "val") for alpha in ALPHAS]
        assert wide[task].tolist() == expected
    allowed = wide[wide["Control"] >= 0.8 * wide.loc[0.0, "Control"]]
    assert controls.choice["alpha"] == allowed["A"].idxmin() and controls.choice["target_val"] == allowed["A"].min()
    told = controls.sweep_val[["model", "seed", "mode", "method"]].drop_duplicates().values.tolist()
    assert told == [["m", 3, "standard", "random-vector"]]


def test_predictions_of_controls_stand_behind_their_accuracies(controls):
    found = predictions.read(controls.folder / "predictions.npz")
    rows = {("A", "val"): 5, ("Control", "val"): 5, ("A", "test"): 3, ("Control", "test"): 3}
    assert {key: len(values) for key, values in found.items()} == rows
    for task, column in (("A", "target"), ("Control", "control")):
        shares = (found[task, "test"] == controls.evaluation.labels[task, "test"].numpy()).mean(1)
        np.testing.assert_allclose(shares, controls.test[column])
