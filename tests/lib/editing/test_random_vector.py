"""Random vectors: as long as the task vector in every tensor, and the same whenever they are drawn."""

import numpy as np
import pytest
import torch

from lib.editing.random_vector import random_vector
from lib.editing.task_vector import TaskVector

SHAPES = {"conv1.weight": (8, 3, 4, 4), "proj": (32, 16), "ln_post.bias": (32,), "scale": ()}


def tau(scale=1.0):
    generator = torch.Generator().manual_seed(0)
    tensors = {name: scale * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    return TaskVector(tensors | {"frozen": torch.zeros(5, 7)})


def drawn(vector=None, **key):
    return random_vector(vector or tau(), **{"seed": 3, "run": 1, "task": "Signs"} | key)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
def test_every_tensor_has_the_norm_of_the_task_vectors(scale):
    known = tau(scale)
    found = drawn(known)
    for name in SHAPES:
        assert found[name].shape == known[name].shape and found[name].dtype == torch.float32
        torch.testing.assert_close(found[name].double().norm(), known[name].double().norm(), rtol=1e-6, atol=0)
    assert found.norm() == pytest.approx(known.norm(), rel=1e-6)


def test_zero_tensors_stay_zero():
    assert not drawn()["frozen"].any()


def test_the_same_key_gives_the_same_vector_and_any_other_key_another():
    first = drawn()
    assert all(torch.equal(first[name], drawn()[name]) for name in first)
    for key in ({"seed": 4}, {"run": 2}, {"task": "Scenes"}):
        assert not torch.equal(drawn(**key)["proj"], first["proj"])


def test_a_tensor_depends_on_its_own_name_and_not_on_the_others():
    known = tau()
    alone = drawn(TaskVector({"proj": known["proj"]}))
    torch.testing.assert_close(alone["proj"], drawn()["proj"])
    renamed = drawn(TaskVector({"other": known["proj"]}))
    assert not torch.equal(renamed["other"], alone["proj"])


def test_directions_are_those_of_independent_normals():
    """Cosines with the task vector and between draws are within five standard deviations, 1 / sqrt(n), of zero."""
    known = TaskVector({"weight": torch.randn(200, 500, generator=torch.Generator().manual_seed(1))})
    draws = [drawn(known, seed=seed) for seed in range(4)]
    cosines = [known.cosine(one) for one in draws] + [draws[0].cosine(one) for one in draws[1:]]
    assert np.abs(cosines).max() < 5 / np.sqrt(100_000)
    values = draws[0]["weight"].double().flatten()
    kurtosis = (values**4).mean() / (values**2).mean() ** 2
    assert kurtosis.item() == pytest.approx(3, abs=0.1)
