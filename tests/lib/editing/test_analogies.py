"""The algebra of analogies, in float64 by hand and in its limits."""

import pytest
import torch

from lib.editing.analogies import analogy
from lib.editing.task_vector import TaskVector
from lib.parameters import ParameterMismatch


@pytest.fixture
def vectors():
    generator = torch.Generator().manual_seed(0)
    shapes = {"weight": (4, 3), "bias": (4,)}
    return [
        TaskVector({n: torch.randn(s, generator=generator, dtype=torch.float64) for n, s in shapes.items()})
        for _ in range(3)
    ]


def test_it_is_the_third_vector_plus_the_difference_of_the_others(vectors):
    a, b, c = vectors
    found = analogy(a, b, c)
    for name in found:
        torch.testing.assert_close(found[name], c[name] + b[name] - a[name], rtol=1e-15, atol=1e-15)


def test_if_a_is_b_then_d_is_c_to_the_bit(vectors):
    a, _, c = vectors
    found = analogy(a, a, c)
    assert all(torch.equal(found[name], c[name]) for name in found)


def test_if_c_is_a_then_d_is_b(vectors):
    a, b, _ = vectors
    found = analogy(a, b, a)
    for name in found:
        torch.testing.assert_close(found[name], b[name], rtol=1e-15, atol=1e-15)


def test_two_steps_that_share_a_side_close_a_parallelogram(vectors):
    """What b is to a is undone by what a is to b."""
    a, b, c = vectors
    there_and_back = analogy(b, a, analogy(a, b, c))
    for name in c:
        torch.testing.assert_close(there_and_back[name], c[name], rtol=1e-14, atol=1e-14)


def test_vectors_of_different_models_are_refused(vectors):
    a, b, _ = vectors
    with pytest.raises(ParameterMismatch):
        analogy(a, b, TaskVector({"weight": torch.zeros(4, 3)}))
