"""Merging with coefficients from a file: of vectors, of tensors, of others."""

import json

import pytest
import torch

from lib.editing.merging.interface import Coefficients
from lib.editing.merging.learned import merge
from lib.editing.task_vector import TaskVector
from lib.files.own_files import OwnFileError

TAUS = {
    "a": TaskVector({"w": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0])}),
    "b": TaskVector({"w": torch.tensor([-1.0, 4.0]), "b": torch.tensor([5.0])}),
}


def merged(folder, coefficients):
    file = folder / "coefficients.json"
    file.write_text(json.dumps({"coefficients": coefficients}))
    return merge(TAUS, {"coefficients": dict.fromkeys(TAUS, file)}, {})


def test_of_whole_vectors_they_stay_coefficients(tmp_path):
    assert merged(tmp_path, {"b": -0.25, "a": 1.0}) == Coefficients({"a": 1.0, "b": -0.25})


def test_of_tensors_they_give_a_vector(tmp_path):
    found = merged(tmp_path, {"a": {"w": 2.0, "b": 0.0}, "b": {"w": 0.5, "b": 1.0}})
    assert found["w"].tolist() == [1.5, 6.0] and found["b"].tolist() == [5.0]


@pytest.mark.parametrize("wrong", [{"a": 1.0}, {"a": {"w": 1.0}, "b": {"w": 1.0}}])
def test_those_of_other_tasks_or_tensors_are_refused(tmp_path, wrong):
    with pytest.raises(OwnFileError, match="coefficients of"):
        merged(tmp_path, wrong)
