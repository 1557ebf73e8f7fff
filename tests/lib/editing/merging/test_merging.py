"""Merging rules by hand, and what all of them share."""

from importlib import import_module

import pytest
import torch

from lib.editing.merging import mean
from lib.editing.merging import sum as summing
from lib.editing.merging_rules import RULES
from lib.editing.task_vector import TaskVector
from lib.parameters import ParameterMismatch


def vector(seed):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a": (3, 2), "b": (4,)}
    return TaskVector({n: torch.randn(s, generator=generator, dtype=torch.float64) for n, s in shapes.items()})


@pytest.fixture
def taus():
    return {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


def close(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-13, atol=1e-13)


def by_hand(rows):
    return TaskVector({"a": torch.tensor(rows, dtype=torch.float64)})


def test_sum_by_hand():
    taus = {"Cars": by_hand([1.0, -2.0]), "DTD": by_hand([0.5, 4.0]), "MNIST": by_hand([-3.0, 1.0])}
    assert summing.merge(taus, {}, {})["a"].tolist() == [-1.5, 3.0]


def test_mean_by_hand():
    taus = {"Cars": by_hand([1.0, -2.0]), "DTD": by_hand([0.5, 4.0]), "MNIST": by_hand([-3.0, 1.0])}
    assert mean.merge(taus, {}, {})["a"].tolist() == [-0.5, 1.0]


def test_the_mean_is_the_sum_divided_by_the_number_of_tasks(taus):
    close(mean.merge(taus, {}, {}), summing.merge(taus, {}, {}) / 3)


def test_at_alpha_one_the_mean_is_that_of_the_fine_tuned_weights(taus):
    theta_0 = vector(9)
    edited = mean.merge(taus, {}, {}).apply(theta_0, 1.0)
    weights = [tau.apply(theta_0) for tau in taus.values()]
    close(edited, {name: torch.stack([theta[name] for theta in weights]).mean(0) for name in theta_0})


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if not rule.statistics])
class TestEveryRule:
    def merge(self, rule, taus):
        return import_module(RULES[rule].module).merge(taus, {}, RULES[rule].settings)

    def test_of_one_task_it_is_its_vector(self, rule, taus):
        close(self.merge(rule, {"DTD": taus["DTD"]}), taus["DTD"])

    def test_the_order_of_tasks_does_not_matter(self, rule, taus):
        close(self.merge(rule, dict(reversed(taus.items()))), self.merge(rule, taus))

    def test_vectors_of_other_models_are_refused(self, rule, taus):
        with pytest.raises(ParameterMismatch):
            self.merge(rule, taus | {"SVHN": TaskVector({"a": taus["DTD"]["a"]})})

    def test_it_changes_no_vector(self, rule, taus):
        before = {task: {name: value.clone() for name, value in tau.items()} for task, tau in taus.items()}
        self.merge(rule, taus)
        assert all(torch.equal(taus[task][name], before[task][name]) for task in taus for name in taus[task])


def test_the_registry_names_each_rule_by_its_key():
    assert all(RULES[name].name == name for name in RULES)
    assert RULES["sum"].alphas is None and RULES["mean"].alphas == (1.0,)
