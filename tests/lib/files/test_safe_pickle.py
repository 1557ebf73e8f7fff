"""Files of torch.save: nothing that they ask for is executed, and nothing outside them is read."""

import operator
import os

import pytest
import torch

from lib.files import safe_pickle
from lib.files.checkpoints import CheckpointError
from tests.lib.files.pickles import archive, calls, rebuilt


def test_a_path_through_model_code_calls_nothing(tmp_path):
    """torch.serialization's os.system, by a dotted name: inert, as are all names of model code."""
    mark = tmp_path / "mark"
    name, command = b"torch.serialization", f"touch {mark}".encode()
    program = b"\x80\x04\x8c" + bytes([len(name)]) + name + b"\x8c\x09os.system\x93"
    program += b"\x8c" + bytes([len(command)]) + command + b"\x85R."
    assert safe_pickle.named_tensors(archive(tmp_path / "a.pt", program)) == {}
    assert not mark.exists()
    assert operator.attrgetter("os.system")(torch.serialization) is os.system
    assert calls(program) == [("torch.serialization", "os.system", command.decode())]  # the program is a working one


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02ccollections\nOrderedDict\n}(X\x01\x00\x00\x00aK\x01ub.",  # sets an attribute of OrderedDict
        b"\x80\x02ctorch\nFloatStorage\n)R.",  # calls a data type
        b"\x80\x02X\x01\x00\x00\x00aQ.",  # a storage that is a letter
        b"\x80\x02.",
        b"",
    ],
)
def test_odd_programs_end_in_an_error(tmp_path, program):
    with pytest.raises(CheckpointError, match="cannot be read as a file of torch.save"):
        safe_pickle.named_tensors(archive(tmp_path / "a.pt", program))


def test_tensors_lie_inside_their_storage(tmp_path):
    def read(program, data=b"\0" * 16):
        return safe_pickle.named_tensors(archive(tmp_path / "a.pt", program, **{"data/0": data}))

    assert read(rebuilt((2, 2), (2, 1)))["a"].shape == (2, 2)
    for program in (rebuilt((2, 4), (4, 1)), rebuilt((2,), (-1,)), rebuilt((4,), (1,), key="../data.pkl")):
        with pytest.raises(CheckpointError, match="cannot be read"):
            read(program)
    with pytest.raises(CheckpointError, match="has 16 bytes, expected 9 values"):
        read(rebuilt((2, 2), (2, 1), count=9))


def test_names_shared_and_cyclic_containers_end(tmp_path):
    shared = {"weight": torch.ones(2)}
    cycle = {"a": shared, "b": shared}
    cycle["self"] = cycle
    torch.save(cycle, tmp_path / "a.pt")
    assert list(safe_pickle.named_tensors(tmp_path / "a.pt")) == ["a.weight"]


def test_tensors_of_every_kind_come_back_to_the_bit(tmp_path):
    state = {
        "floats": torch.randn(3, 4),
        "transposed": torch.randn(3, 4).T,
        "a part": torch.arange(10)[2:7:2],
        "half": torch.randn(3).half(),
        "brain": torch.randn(3).bfloat16(),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(7.0),
    }
    torch.save({"nested": [state, torch.nn.Parameter(torch.ones(2))]}, tmp_path / "a.pt")
    found = safe_pickle.named_tensors(tmp_path / "a.pt")
    assert list(found) == [*(f"nested.0.{name}" for name in state), "nested.1"]
    for name, value in state.items():
        assert found[f"nested.0.{name}"].dtype is value.dtype and torch.equal(found[f"nested.0.{name}"], value)
