"""Checkpoints come back to the bit, and what is none is refused with the next step."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError
from lib.files.own_files import NotFinite


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


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("framework", ["pt", "np"])
def test_values_that_are_not_finite_are_neither_read_nor_written(tmp_path, framework, value):
    tensors = {
        "whole": np.arange(3),
        "good": np.ones(2, np.float32),
        "bad": np.array([[1, value], [value, 2]], np.float32),
    }
    if framework == "pt":
        tensors = {name: torch.from_numpy(array) for name, array in tensors.items()}
    path = tmp_path / "a.safetensors"
    with pytest.raises(
        NotFinite, match=r"a\.safetensors: got 2 of 4 values of 'bad' not finite, expected none; nothing"
    ):
        checkpoints.save(path, tensors)
    assert list(tmp_path.iterdir()) == []
    save_file({name: torch.as_tensor(tensor) for name, tensor in tensors.items()}, path)
    with pytest.raises(NotFinite, match=r"a\.safetensors: got 2 of 4 values of 'bad' not finite.*; delete it and run"):
        checkpoints.load(path, framework=framework)
    assert checkpoints.load(path, framework=framework, finite=False).keys() == tensors.keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_finite_values_whose_sum_overflows_come_back(tmp_path, dtype):
    largest = torch.full((9,), torch.finfo(dtype).max, dtype=dtype)
    checkpoints.save(tmp_path / "a.safetensors", {"a": largest})
    assert torch.equal(checkpoints.load(tmp_path / "a.safetensors")["a"], largest)
    if dtype != torch.bfloat16:
        checkpoints.save(tmp_path / "a.safetensors", {"a": largest.numpy()})
        assert np.array_equal(checkpoints.load(tmp_path / "a.safetensors", framework="np")["a"], largest.numpy())


def test_a_tensor_that_is_asked_for_must_be_there(tmp_path):
    checkpoints.save(tmp_path / "a.safetensors", {"bias": torch.ones(2)})
    with pytest.raises(CheckpointError, match=r"a\.safetensors has the tensors bias, expected also weight"):
        checkpoints.load(tmp_path / "a.safetensors", names=["weight"])


def test_arrays_need_no_torch(tmp_path):
    checkpoints.save(tmp_path / "a.safetensors", {"a": np.ones(2)})
    code = "import sys; from lib.files.checkpoints import load; load(sys.argv[1], framework='np')"
    told = f"{code}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told, tmp_path / "a.safetensors"], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
