"""Laws of task-vector algebra."""

import numpy as np
import pytest
import torch

from lib.editing.task_vector import TaskVector
from lib.parameters import ParameterMismatch


def vector(seed, framework="torch"):
    generator = np.random.default_rng(seed)
    arrays = {"a": generator.normal(size=(3, 2)), "b": generator.normal(size=4)}
    return TaskVector({n: torch.from_numpy(v) if framework == "torch" else v for n, v in arrays.items()})


def same(x, y):
    return all(np.allclose(np.asarray(x[n]), np.asarray(y[n])) for n in x) and x.keys() == y.keys()


@pytest.mark.parametrize("framework", ["torch", "numpy"])
class TestAlgebra:
    def test_vector_space(self, framework):
        a, b, c = (vector(s, framework) for s in range(3))
        assert same(a + b, b + a)
        assert same((a + b) + c, a + (b + c))
        assert same(a - a, 0 * a)
        negated = -a
        assert same(-negated, a)
        assert same(2 * (a + b), 2 * a + 2 * b)
        assert same(a * 0.5, 0.5 * a)
        assert same(a / 2, 0.5 * a)
        assert same(np.float64(0.5) * a, a * 0.5)
        assert same(sum([a, b, c]), a + b + c)

    def test_inner_product(self, framework):
        a, b = vector(1, framework), vector(2, framework)
        assert a.dot(b) == pytest.approx(b.dot(a))
        assert (2 * a).dot(b) == pytest.approx(2 * a.dot(b))
        assert a.norm() ** 2 == pytest.approx(a.dot(a))
        assert a.cosine(3 * a) == pytest.approx(1)

    def test_difference_and_application_are_inverse(self, framework):
        theta_0, theta = dict(vector(3, framework)), dict(vector(4, framework))
        tau = TaskVector.between(theta_0, theta)
        assert same(tau.apply(theta_0), theta)
        assert same(tau.apply(theta_0, 0.0), theta_0)
        assert same(tau.apply(theta_0, -1.0), (-tau).apply(theta_0))


@pytest.mark.parametrize("operation", [lambda a, b: a + b, lambda a, b: a - b, TaskVector.dot, TaskVector.between])
def test_other_names_or_shapes_are_refused(operation):
    a = vector(0)
    with pytest.raises(ParameterMismatch, match="missing 1 .b."):
        operation(a, TaskVector({"a": a["a"]}))
    with pytest.raises(ParameterMismatch, match="shape"):
        operation(a, TaskVector({"a": a["a"].T, "b": a["b"]}))


def test_nonsense_is_refused():
    with pytest.raises(TypeError):
        vector(0) + 1
    with pytest.raises(TypeError):
        vector(0) * "2"
    with pytest.raises(ValueError, match="zero task vector"):
        vector(0).cosine(0 * vector(1))
