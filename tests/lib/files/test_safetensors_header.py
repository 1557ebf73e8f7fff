"""Headers of safetensors: those of real files pass, those that cannot be believed are refused before any value."""

import json
import struct

import pytest
import torch
from safetensors.torch import save_file

from lib.files.checkpoints import CheckpointError
from lib.files.safetensors_header import ITEM_BYTES, require_header

ONE = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def written(path, header, values=b"\0" * 8, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + values)
    return path


def test_real_files_pass(tmp_path):
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
    tensors = {str(kind): torch.ones(3, 2).to(kind) for kind in kinds}
    save_file(
        {**tensors, "empty": torch.zeros(0, 3), "scalar": torch.tensor(1.0)}, tmp_path / "a", {"note": "of a test"}
    )
    require_header(tmp_path / "a")
    require_header(written(tmp_path / "b", ONE))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{", "header has 1"),
        (b"{]", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        ([1, 2], "is a list"),
        ({}, "holds no tensors"),
        ({"__metadata__": {"a": "b"}}, "holds no tensors"),
        ({"a": 3}, "lacks its dtype, shape or data_offsets"),
        ({"a": {**ONE["a"], "shape": [2.0]}}, "lacks its dtype"),
        ({"a": {**ONE["a"], "shape": [True]}}, "lacks its dtype"),
        ({"a": {**ONE["a"], "shape": [-2]}}, "lacks its dtype"),
        ({"a": {**ONE["a"], "data_offsets": [0]}}, "lacks its dtype"),
        ({"a": {**ONE["a"], "dtype": "F8_E4M3"}}, "has the type 'F8_E4M3', expected one of F64, F32"),
        ({"a": {**ONE["a"], "shape": [3]}}, "its shape needs 12"),
        ({"a": {**ONE["a"], "shape": [1 << 40, 1 << 40]}}, "its shape needs"),
        ({**ONE, "b": ONE["a"]}, "'b' begin at byte 0, those before them end at 8"),
        ({"a": {**ONE["a"], "data_offsets": [4, 12]}}, "begin at byte 4"),
        ({"a": {**ONE["a"], "shape": [1], "data_offsets": [0, 4]}}, "have 4 bytes, the file holds 8"),
        ({"a": {**ONE["a"], "shape": [4], "data_offsets": [0, 16]}}, "have 16 bytes, the file holds 8"),
    ],
)
def test_headers_that_cannot_be_believed_are_refused(tmp_path, header, message):
    with pytest.raises(CheckpointError, match=message):
        require_header(written(tmp_path / "a", header))


@pytest.mark.parametrize("length", [0, 1, 1000, 2**40, 2**64 - 1])
def test_absurd_lengths_are_refused(tmp_path, length):
    with pytest.raises(CheckpointError, match=f"says that its header has {length}, expected"):
        require_header(written(tmp_path / "a", ONE, length=length))


def test_every_type_has_its_size():
    assert ITEM_BYTES["BF16"] == 2 and set(ITEM_BYTES.values()) == {1, 2, 4, 8}
