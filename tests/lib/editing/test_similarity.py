"""Gram matrix, cosines and norms against the algebra of task vectors, two at a time."""

import numpy as np
import pytest

from lib.editing import similarity
from lib.editing.task_vector import TaskVector
from lib.parameters import ParameterMismatch

SHAPES = {"conv1.weight": (4, 3, 2, 2), "ln.bias": (5,), "scale": (), "untrained": (2, 2)}


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    made = [{name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()} for _ in range(3)]
    for vector in made:
        vector["untrained"][:] = 0
    return [TaskVector(vector) for vector in made]


def test_products_are_those_of_two_vectors_at_a_time(vectors):
    inner = similarity.gram(vectors)
    expected = [[one.dot(other) for other in vectors] for one in vectors]
    np.testing.assert_allclose(inner, expected, rtol=1e-12)
    np.testing.assert_allclose(similarity.norms(inner), [vector.norm() for vector in vectors], rtol=1e-12)
    cosines = [[one.cosine(other) for other in vectors] for one in vectors]
    np.testing.assert_allclose(similarity.cosines(inner), cosines, rtol=1e-12)


def test_products_are_those_of_flat_float64_vectors(vectors):
    flat = np.stack([np.concatenate([v.ravel().astype(np.float64) for v in vector.values()]) for vector in vectors])
    np.testing.assert_allclose(similarity.gram(vectors), flat @ flat.T, rtol=1e-12)


def test_cosines_are_symmetric_and_one_on_the_diagonal(vectors):
    found = similarity.cosines(similarity.gram(vectors))
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 1)


@pytest.mark.parametrize(("factor", "cosine"), [(3.7, 1), (-1e-3, -1)])
def test_a_multiple_is_parallel_whatever_its_length(vectors, factor, cosine):
    inner = similarity.gram([vectors[0], factor * vectors[0]])
    assert (
        similarity.cosines(inner)[0, 1] == pytest.approx(cosine, abs=1e-7) and abs(similarity.cosines(inner)).max() <= 1
    )
    assert similarity.norms(inner)[1] == pytest.approx(abs(factor) * vectors[0].norm(), rel=1e-6)


def test_vectors_on_other_tensors_are_orthogonal(vectors):
    one = TaskVector({name: value * (name == "ln.bias") for name, value in vectors[0].items()})
    other = TaskVector({name: value * (name != "ln.bias") for name, value in vectors[0].items()})
    assert similarity.cosines(similarity.gram([one, other]))[0, 1] == 0


def test_one_tensor_of_each_vector_is_held_at_a_time(vectors):
    asked = []

    class Reading(TaskVector):
        def __getitem__(self, name):
            asked.append(name)
            return super().__getitem__(name)

    similarity.gram([Reading(vector) for vector in vectors])
    assert asked == [name for name in SHAPES for _ in vectors]


def test_vectors_that_differ_in_names_or_shapes_are_refused(vectors):
    fewer = {name: value for name, value in vectors[1].items() if name != "scale"}
    with pytest.raises(ParameterMismatch, match="similarity of task vectors: .*missing 1 .scale."):
        similarity.gram([vectors[0], fewer])
    other = {**vectors[1], "ln.bias": np.zeros((5, 1), np.float32)}
    with pytest.raises(ParameterMismatch, match=r"ln.bias has shape \(5, 1\), expected \(5,\)"):
        similarity.gram([vectors[0], vectors[1], other])


def test_a_zero_vector_has_no_cosine(vectors):
    inner = similarity.gram([vectors[0], 0 * vectors[0]])
    assert similarity.norms(inner)[1] == 0
    with pytest.raises(ValueError, match=r"vectors \[1\] are zero"):
        similarity.cosines(inner)
