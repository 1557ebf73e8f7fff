"""Merging rules by hand, and the laws that every rule in the registry is held to.

A rule for which a law does not hold is named in EXCEPT, with the reason; the test then demands that it does not hold.
"""

import re
from importlib import import_module
from pathlib import Path

import pytest
import torch

from lib.editing.merging import mean
from lib.editing.merging import sum as summing
from lib.editing.merging.interface import Coefficients
from lib.editing.merging_rules import RULES
from lib.editing.task_vector import TaskVector
from lib.parameters import ParameterMismatch

ON_VECTORS = [name for name, rule in RULES.items() if not rule.statistics]  # the others have tests of their own
BLOCK = "transformer.resblocks"
SHAPES = {  # large enough that every rule leaves something of each row
    "conv1.weight": (3, 2, 2, 2),
    f"{BLOCK}.0.mlp.weight": (9, 12),
    f"{BLOCK}.1.mlp.weight": (12, 9),
    "ln.bias": (5,),
}
MATRICES = [name for name, shape in SHAPES.items() if len(shape) == 2]

# The settings by which a rule leaves every entry of every vector as it is.
NOTHING_LEFT_OUT = {
    "ties": {"density": 1.0},
    "dare": {"drop": 0.0},
    "dare-ties": {"drop": 0.0, "density": 1.0},
    "breadcrumbs": {"drop_top": 0.0, "keep": 1.0},
    "lines": {"beta": 0.0},
    "consensus": {"tasks": 0},
}
_ENTRYWISE = "it treats entries one by one, and a rotation mixes them"
_FLAT = "it makes all singular values equal"
EXCEPT = {
    "identity": {"iso-c": _FLAT, "iso-cts": _FLAT},
    "scaling": {"wudi-adam": "Adam's steps have a fixed size"},
    "orthogonal tasks": {
        "mean": "it is the sum divided by T",
        "lines": "without depth it is the sum divided by T",
        "iso-c": _FLAT,
        "iso-cts": _FLAT,
    },
    "rotations": {
        **dict.fromkeys(("ties", "dare", "dare-ties", "breadcrumbs", "consensus"), _ENTRYWISE),
        "wudi-adam": "so does Adam",
    },
}


def vector(seed, shapes=SHAPES, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return TaskVector({n: torch.randn(s, generator=generator, dtype=dtype) for n, s in shapes.items()})


def orthogonal(size, seed):
    return torch.linalg.qr(vector(seed, {"q": (size, size)})["q"])[0]


@pytest.fixture
def taus():
    return {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


def apart(tau, position, tasks=3):
    """The task's own share of a matrix's rows and columns, the rest zero: orthogonal to the others' and disjoint."""
    kept = {}
    for name in MATRICES:
        rows, columns = (torch.arange(n).mul(tasks).div(n, rounding_mode="floor") == position for n in tau[name].shape)
        kept[name] = tau[name] * rows[:, None] * columns
    return TaskVector({**dict(tau.items()), **kept})


def merge(rule, taus, **settings):
    """A rule's vector; of one that returns coefficients, the sum that they mean."""
    merged = import_module(RULES[rule].module).merge(taus, {}, {**RULES[rule].settings, **settings})
    if isinstance(merged, Coefficients):
        return sum(c * taus[task] for task, c in merged.by_task.items())
    return merged


def close(found, expected, names=None):
    assert found.keys() == expected.keys()
    for name in names or expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-9, atol=1e-10)


def hold(law, rule, found, expected, names=None):
    if rule not in EXCEPT[law]:
        close(found, expected, names)
        return
    with pytest.raises(AssertionError, match="not close"):
        close(found, expected, names)


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


@pytest.mark.parametrize("rule", ON_VECTORS)
class TestEveryRule:
    def test_of_one_task_it_is_its_vector(self, rule, taus):
        tau = taus["DTD"]
        hold("identity", rule, merge(rule, {"DTD": tau}, **NOTHING_LEFT_OUT.get(rule, {})), tau)

    def test_the_order_of_tasks_does_not_matter(self, rule, taus):
        close(merge(rule, dict(reversed(taus.items()))), merge(rule, taus))

    def test_it_draws_the_same_again(self, rule, taus):
        first, second = merge(rule, taus), merge(rule, taus)
        assert all(torch.equal(first[name], second[name]) for name in first)

    def test_longer_vectors_give_a_longer_one(self, rule, taus):
        hold("scaling", rule, merge(rule, {t: 2.5 * tau for t, tau in taus.items()}), 2.5 * merge(rule, taus))

    def test_of_tasks_that_share_no_direction_it_is_their_sum(self, rule, taus):
        """Of their matrices; with nothing left out."""
        taus = {task: apart(tau, position) for position, (task, tau) in enumerate(taus.items())}
        found = merge(rule, taus, **NOTHING_LEFT_OUT.get(rule, {}))
        hold("orthogonal tasks", rule, found, sum(taus.values()), MATRICES)

    def test_rotations_of_rows_and_columns_pass_through(self, rule, taus):
        turns = {name: [orthogonal(size, seed) for seed, size in enumerate(SHAPES[name])] for name in MATRICES}

        def turned(tau):
            return TaskVector({n: turns[n][0] @ v @ turns[n][1] if n in turns else v for n, v in tau.items()})

        found = merge(rule, {task: turned(tau) for task, tau in taus.items()})
        hold("rotations", rule, found, turned(merge(rule, taus)), MATRICES)

    def test_where_no_task_moved_neither_does_the_sum(self, rule, taus):
        """As the tensors that a mode does not train."""
        still = {task: TaskVector({n: 0 * v if "0" in n else v for n, v in tau.items()}) for task, tau in taus.items()}
        merged = merge(rule, still)
        assert all(value.isfinite().all() for value in merged.values())
        assert not any(value.any() for name, value in merged.items() if "0" in name)
        assert merged[MATRICES[1]].any()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_names_shapes_and_precision_stay(self, rule, taus, dtype):
        merged = merge(rule, {task: vector(seed, dtype=dtype) for seed, task in enumerate(taus)})
        assert {name: (value.shape, value.dtype) for name, value in merged.items()} == {
            name: (shape, dtype) for name, shape in SHAPES.items()
        }

    def test_vectors_of_other_models_are_refused(self, rule, taus):
        tau = taus["DTD"]
        for other in ({"ln.bias": tau["ln.bias"]}, {**dict(tau.items()), "ln.bias": tau["ln.bias"][:-1]}):
            with pytest.raises(ParameterMismatch):
                merge(rule, taus | {"SVHN": TaskVector(other)})

    def test_it_changes_no_vector(self, rule, taus):
        before = {task: {name: value.clone() for name, value in tau.items()} for task, tau in taus.items()}
        merge(rule, taus)
        assert all(torch.equal(taus[task][name], before[task][name]) for task in taus for name in taus[task])


@pytest.mark.parametrize("rule", ["dare", "breadcrumbs", "consensus"])
def test_with_nothing_left_out_it_is_task_arithmetic(rule, taus):
    close(merge(rule, taus, **NOTHING_LEFT_OUT[rule]), summing.merge(taus, {}, {}))


def test_the_rule_of_the_walkthrough(taus):
    """docs/methods.md: of half the rank, and of all of it the sum."""
    text = Path("docs/methods.md").read_text()
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def truncated" in block)
    exec(code, module := {})
    half, whole = (module["merge"](taus, {}, {"share": share}) for share in (0.5, 1.0))
    close(whole, sum(taus.values()), MATRICES)
    assert [int(torch.linalg.matrix_rank(half[name])) for name in MATRICES] == [4, 4]


def test_the_documentation_lists_every_rule_and_its_settings():
    text = Path("docs/methods.md").read_text()
    assert all(f"`{name}`" in text for name in RULES)
    for name, rule in ((name, RULES[name]) for name in ON_VECTORS):
        (row,) = re.findall(rf"^\| `{name}` \|.*$", text, re.MULTILINE)
        assert name == "dare-ties" or all(f"`{key}`" in row for key in rule.settings), name
        assert rule.alphas is None or f"{max(rule.alphas):g} |" in row, name


def test_the_registry_names_each_rule_by_its_key():
    assert all(RULES[name].name == name for name in RULES)
    assert RULES["sum"].alphas is None and RULES["mean"].alphas == (1.0,)


def test_exceptions_are_of_rules_that_exist():
    assert {rule for law in EXCEPT.values() for rule in law} | NOTHING_LEFT_OUT.keys() <= RULES.keys()


def test_grids_reach_beyond_the_alphas_that_papers_chose():
    """Of Iso, 1.3 to 1.9; of TIES as a mean, 1; of WUDI, 1."""
    reached = {"iso-c": 1.9, "iso-cts": 1.9, "ties": 1.0, "dare-ties": 1.0, "wudi": 1.0, "wudi-adam": 1.0}
    for rule, alpha in reached.items():
        assert alpha in RULES[rule].alphas and max(RULES[rule].alphas) > alpha, rule
