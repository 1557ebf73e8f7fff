"""Tensors read one by one are those of the file; damage is refused as when all are read."""

import numpy as np
import pytest

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError
from lib.files.own_files import NotFinite
from lib.files.tensor_reading import TensorsOnDisk


def test_tensors_are_those_of_the_file(tmp_path):
    tensors = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "a": np.float32([1.5]),
        "scale": np.full((), 2, np.float32),
    }
    checkpoints.save(tmp_path / "tau.safetensors", tensors)
    found = TensorsOnDisk(tmp_path / "tau.safetensors")
    assert set(found) == set(tensors) and len(found) == 3
    for name, value in tensors.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], value)


def test_a_missing_or_truncated_file_is_refused(tmp_path):
    file = tmp_path / "tau.safetensors"
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        TensorsOnDisk(file)
    checkpoints.save(file, {"a": np.ones(100, np.float32)})
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match="no complete safetensors file"):
        TensorsOnDisk(file)


def test_values_that_are_not_finite_are_refused_where_they_are_read(tmp_path):
    from safetensors.numpy import save_file

    file = tmp_path / "tau.safetensors"
    save_file({"good": np.ones(3, np.float32), "bad": np.float32([1, np.nan, np.inf])}, file)
    found = TensorsOnDisk(file)
    assert found["good"].tolist() == [1, 1, 1]
    with pytest.raises(NotFinite, match="2 of 3 values of 'bad' not finite"):
        found["bad"]
