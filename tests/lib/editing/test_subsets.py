"""Laws of the enumeration of subsets, hand-made choices, and tangent models against direct evaluation."""

from itertools import combinations
from math import comb

import pytest
import torch

from lib.editing import subsets, tangent_models
from lib.editing.coefficients import SweepError
from lib.editing.merging import sum as sum_rule
from lib.editing.task_vector import TaskVector
from lib.models.encoders.tangent import tangent_of

TASKS = ["Cars", "DTD", "EuroSAT", "GTSRB", "MNIST", "RESISC45", "SUN397", "SVHN"]


def by_size(found):
    sizes = {}
    for subset in found:
        sizes.setdefault(len(subset), []).append(subset)
    return sizes


def sets(found):
    return {frozenset(subset) for subset in found}


@pytest.mark.parametrize("count", range(1, 9))
def test_every_subset_is_there_once_by_size_and_in_the_order_of_tasks(count):
    tasks = TASKS[:count]
    found = subsets.every_subset(tasks)
    assert len(found) == len(sets(found)) == 2**count - 1
    assert {size: len(listed) for size, listed in by_size(found).items()} == subsets.counts(count)
    assert found == sorted(found, key=lambda subset: (len(subset), [tasks.index(task) for task in subset]))


@pytest.mark.parametrize("sampled", [1, 4, 30, 1000])
def test_a_sample_has_every_task_every_pair_the_whole_and_so_many_of_each_other_size(sampled):
    found = by_size(subsets.sampled_subsets(TASKS, sampled=sampled, seed=0))
    assert found[1] == [(task,) for task in TASKS] and found[8] == [tuple(TASKS)]
    assert found[2] == list(combinations(TASKS, 2)) and len(found[2]) == 28
    assert {size: len(sets(listed)) for size, listed in found.items()} == subsets.counts(8, sampled)
    assert all(len(found[size]) == min(sampled, comb(8, size)) for size in range(3, 8))


def test_a_sample_that_takes_all_is_every_subset():
    assert subsets.sampled_subsets(TASKS, sampled=70, seed=3) == subsets.every_subset(TASKS)


def test_a_sample_is_a_function_of_its_seed_and_of_the_names_alone():
    """The same again, in any order of the tasks; another seed draws another one."""
    drawn = subsets.sampled_subsets(TASKS, sampled=4, seed=0)
    assert drawn == subsets.sampled_subsets(list(TASKS), sampled=4, seed=0)
    assert sets(drawn) == sets(subsets.sampled_subsets(TASKS[::-1], sampled=4, seed=0))
    assert sets(drawn) != sets(subsets.sampled_subsets(TASKS, sampled=4, seed=1))


def test_a_larger_sample_contains_a_smaller_one():
    samples = [sets(subsets.sampled_subsets(TASKS, sampled=sampled, seed=0)) for sampled in range(1, 9)]
    assert all(small < large for small, large in zip(samples, samples[1:], strict=False))


def test_every_subset_of_a_size_is_drawn_alike_often():
    """Over many seeds: 56 triples, 4 of them drawn at a time."""
    seeds = 700
    drawn = [s for seed in range(seeds) for s in subsets.sampled_subsets(TASKS, sampled=4, seed=seed) if len(s) == 3]
    counts = [drawn.count(triple) for triple in combinations(TASKS, 3)]
    mean = seeds * 4 / 56  # 50, with a standard deviation of 6.8
    assert sum(counts) == seeds * 4 and all(0.4 * mean < count < 1.7 * mean for count in counts)


def test_two_tasks_have_three_subsets():
    assert subsets.sampled_subsets(["b", "a"], sampled=4, seed=0) == [("b",), ("a",), ("b", "a")]
    assert subsets.joined(("b", "a")) == "b+a"


def vector(*values):
    return TaskVector({"theta": torch.tensor(values)})


def test_edits_are_the_same_models_together_and_one_by_one():
    """theta_0 + alpha sum of the subset's vectors, whatever the vectors are that coefficients are told of."""
    taus = {"a": vector(1.0, 0.0), "b": vector(0.0, 10.0), "c": vector(100.0, 100.0)}
    listed = subsets.every_subset(list(taus))
    alphas = [[0.0, 0.5, 1.0]] * len(listed)
    (all_at_once,) = subsets.together(taus, listed)
    rows = iter(all_at_once.rows(alphas))
    for edits in subsets.one_by_one(taus, listed):
        (subset,) = edits.subsets
        for alpha, (one,) in zip([0.0, 0.5, 1.0], edits.rows([[0.0, 0.5, 1.0]]), strict=True):
            expected = alpha * sum(taus[task]["theta"] for task in subset)
            joint = sum(c * tau["theta"] for c, tau in zip(next(rows), all_at_once.vectors, strict=True))
            assert torch.equal(one * edits.vectors[0]["theta"], expected) and torch.equal(joint, expected)
    assert next(rows, None) is None


def test_the_subsets_that_contain_a_task_keep_their_units():
    taus = {"a": vector(1.0), "b": vector(2.0)}
    (edits,) = subsets.together(taus, subsets.every_subset(list(taus)))
    own = edits.containing("b")
    assert own.subsets == [("b",), ("a", "b")] and own.units == [[0.0, 1.0], [1.0, 1.0]]
    assert own.rows([[0.5], [2.0]]) == [[0.0, 0.5], [2.0, 2.0]]


def test_alpha_is_chosen_by_the_mean_normalized_accuracy_over_the_tasks_of_the_subset():
    """By hand: at 0.5 the ratios are 0.5 and 1.0, at 1 they are 1.0 and 0.25; b alone would take alpha 0.5."""
    alphas, single = [0.0, 0.5, 1.0], {"a": 0.8, "b": 0.4}
    sweep = {"a": [0.1, 0.4, 0.8], "b": [0.1, 0.4, 0.1]}
    choice = subsets.choose(alphas, sweep, single)
    assert choice.alpha == 0.5 and choice.score == pytest.approx(0.75)
    assert subsets.choose(alphas, {"a": sweep["a"]}, {"a": 0.8}).alpha == 1.0


def test_of_equal_scores_the_smallest_alpha_is_chosen():
    single = {"a": 0.8, "b": 0.4}
    assert subsets.choose([0.0, 0.5, 1.0], {"a": [0.2, 0.8, 0.4], "b": [0.1, 0.0, 0.2]}, single).alpha == 0.5
    assert subsets.choose([0.5, 0.0], {"a": [0.4, 0.4]}, {"a": 0.8}).alpha == 0.0


def test_a_sweep_that_no_alpha_can_be_chosen_from_is_refused():
    with pytest.raises(ValueError, match="tasks differ"):
        subsets.choose([0.0], {"a": [0.1]}, {"a": 0.8, "b": 0.4})
    with pytest.raises(ValueError, match="zero on a"):
        subsets.choose([0.0], {"a": [0.1]}, {"a": 0.0})
    with pytest.raises(SweepError, match="not finite"):
        subsets.choose([0.0, 0.5], {"a": [0.1, float("nan")]}, {"a": 0.5})


@pytest.fixture
def taus(setting):
    generator = torch.Generator().manual_seed(1)
    more = [
        TaskVector({n: 0.05 * torch.randn(v.shape, generator=generator) for n, v in setting.theta_0.items()})
        for _ in range(2)
    ]
    return dict(zip(["a", "b", "c", "d"], [*setting.taus, *more], strict=True))


def test_a_tangent_models_subsets_are_its_merged_models(setting, taus):
    """All 15 subsets at three alphas from one pass, against the merged vector of each, as addition takes
    it: the same prediction on every image.
    """
    _, theta_0, _, batches, head = setting
    encoder = tangent_of(setting.encoder)
    alphas, listed = [0.0, 0.35, 1.0], subsets.every_subset(list(taus))
    (edits,) = subsets.together(taus, listed)
    coefficients = torch.tensor(edits.rows([alphas] * len(listed)))
    found = tangent_models.predictions(encoder, theta_0, edits.vectors, coefficients, batches, head)
    assert len(found) == 45 and len({tuple(row) for row in found.tolist()}) > 15
    for i, subset in enumerate(listed):
        merged = sum_rule.merge({task: taus[task] for task in subset}, {}, {})
        rows = torch.tensor([[alpha] for alpha in alphas])
        direct = tangent_models.predictions(encoder, theta_0, [merged], rows, batches, head)
        assert torch.equal(found[3 * i : 3 * i + 3], direct), subset
