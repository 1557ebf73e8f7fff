"""Checkpoints come back to the bit, and what is none is refused with the next step."""

import numpy as np
import pytest
import torch

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError


def test_tensors_and_metadata_come_back(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {"b": torch.randn(3, 2).T, "a": torch.arange(3), "c": torch.ones(2, requires_grad=True)}
    checkpoints.save(path, tensors, {"note": "of a test"})
    found = checkpoints.load(path)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
    assert checkpoints.metadata(path) == {"note": "of a test"}
    arrays = checkpoints.load(path, framework="np")
    assert all(np.array_equal(arrays[name], value.detach().numpy()) for name, value in tensors.items())


def test_arrays_are_written_as_tensors_are(tmp_path):
    arrays = {"a": np.arange(6.0, dtype=np.float32).reshape(2, 3)}
    checkpoints.save(tmp_path / "np.safetensors", arrays)
    checkpoints.save(tmp_path / "pt.safetensors", {"a": torch.from_numpy(arrays["a"])})
    assert np.array_equal(checkpoints.load(tmp_path / "np.safetensors", framework="np")["a"], arrays["a"])
    assert torch.equal(checkpoints.load(tmp_path / "pt.safetensors")["a"], torch.from_numpy(arrays["a"]))
    assert checkpoints.metadata(tmp_path / "np.safetensors") == {}


def test_absent_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*a\.safetensors\. Run the rule that makes it"):
        checkpoints.load(path)
    checkpoints.save(path, {"a": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:-1])
    for read in (checkpoints.load, checkpoints.metadata):
        with pytest.raises(CheckpointError, match="no complete safetensors file .*Delete it and run its rule again"):
            read(path)
