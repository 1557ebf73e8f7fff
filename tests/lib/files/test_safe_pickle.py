"""Files of torch.save: nothing that they ask for is executed, and nothing outside them is read."""

import operator
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lib.files import safe_pickle
from lib.files.checkpoints import CheckpointError
from tests.lib.files.pickles import archive, calls, rebuilt

ROOT = Path(__file__).resolve().parents[3]
SHARED = b"K\x01\x85" + b"2\x86" * 60  # t = (t, t), 60 deep: 2**60 steps to hash, compare or print
# what a file may ask for, and what is said of it; each is read in a process of little time and memory
HOSTILE = {
    "key": (b"\x80\x02}" + SHARED + b"K\x01s.", "a tuple is a key"),
    "value of a set": (b"\x80\x04\x8f(" + SHARED + b"\x90.", "0 tensors"),
    "frozenset": (b"\x80\x04(" + SHARED + b"\x91.", "0 tensors"),
    "set": (b"\x80\x02cbuiltins\nset\n]" + SHARED + b"a\x85R.", "0 tensors"),
    "two values": (b"\x80\x02}(X\x01\0\0\0a" + SHARED + b"X\x01\0\0\0b" + SHARED + b"u.", "0 tensors"),
    "state": (b"\x80\x02csrc\nA\n)\x81}" + SHARED + b"K\x01sb.", "a tuple is a key"),
    "storage": (b"\x80\x02" + SHARED + b"Q.", "a storage has 2 parts"),
    "storage's key": (
        b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\n" + SHARED + b"X\x03\0\0\0cpuK\x04tQ.",
        "no name or no length",
    ),
    "size": (b"\x80\x02ctorch\nSize\n" + SHARED + b"\x85R.", "0 tensors"),
    "name": (b"\x80\x02" + SHARED + b"X\x01\0\0\0a\x93.", "names a function by something other than text"),
    "bytearray": (b"\x80\x02c__builtin__\nbytearray\n\x8a\x06\0\x10\xa5\xd4\xe8\0\x85R.", "names builtins.bytearray"),
    "range": (b"\x80\x02c__builtin__\nlist\nc__builtin__\nrange\nJ\xff\xff\xff\x7f\x85R\x85R.", "names builtins.range"),
    "copies": (
        b"\x80\x02cbuiltins\nlist\nq\0](" + b"N" * 20_000 + b"e\x85q\x010" + b"h\0h\x01R" * 100_000 + b".",
        "more than 2000000 steps",
    ),
    "marks": (b"\x80\x02" + b"(" * 5_000_000, "more than 2000000 steps"),
    "nested": (b"\x80\x02" + b"]" * 400_000 + b"a" * 399_999 + b".", "longer than 1000 characters"),
    "tuples": (b"\x80\x02)" + b"\x85" * 900_000 + b".", "longer than 1000 characters"),
    "long text": (b"\x80\x02X\xff\xff\xff\x7fa.", "expected 2147483647 bytes"),
    "long number": (b"\x80\x02\x8b\xff\xff\xff\x7fa.", "not enough data"),
    "memo": (b"\x80\x02Nr\xff\xff\xff\xff.", "0 tensors"),
    "one hash": (
        b"\x80\x02}("
        + b"".join(b"\x8a\x0d" + (i * (2**61 - 1)).to_bytes(13, "little") + b"N" for i in range(1, 9000))
        + b"u.",
        "a int is a key",
    ),
}
LIMITED = """
import resource, sys, torch
from lib.files import safe_pickle
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 1_000_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for file in sys.argv[1:]:
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    try:
        said = f"{len(safe_pickle.named_tensors(file))} tensors"
    except safe_pickle.CheckpointError as error:
        said = str(error)
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_utime - begun, 1), said.replace(chr(10), " "))
"""


def test_no_file_hangs_or_exhausts_its_reader(tmp_path):
    files = [archive(tmp_path / f"{i}.pt", program) for i, (program, _) in enumerate(HOSTILE.values())]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, files)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (done.stdout[-500:], done.stderr[-1000:])
    for line, (name, (_, message)) in zip(done.stdout.splitlines(), HOSTILE.items(), strict=True):
        seconds, said = line.split(" ", 1)
        assert message in said and len(said) < 900, (name, said)
        assert float(seconds) < 20, name


def test_views_may_repeat_values_only_within_bounds(tmp_path):
    def read(program):
        return safe_pickle.named_tensors(archive(tmp_path / "a.pt", program, **{"data/0": b"\0" * 16}))

    assert read(rebuilt((4, 1), (1, 0)))["a"].shape == (4, 1)
    for size, stride in (((10**12,), (0,)), ((2**40, 2**40), (0, 0)), ((8,), (0,))):
        with pytest.raises(CheckpointError, match="its storage 0 holds 4"):
            read(rebuilt(size, stride))
    for size, stride in (((2**70,), (0,)), ((2.0,), (1,)), ((True,), (1,)), ((1,) * 17, (1,) * 17), ((1,), ())):
        with pytest.raises(CheckpointError, match="of a tensor is no whole number|a tensor has"):
            read(rebuilt(size, stride))
    with pytest.raises(CheckpointError, match="a storage has 16 bytes, expected 4611686018427387904 values"):
        read(rebuilt((4,), (1,), count=2**62))


def test_a_storage_under_too_many_names_is_refused(tmp_path, monkeypatch):
    shared = torch.ones(1000)
    torch.save({str(i): shared for i in range(8)}, tmp_path / "a.pt")
    assert len(safe_pickle.named_tensors(tmp_path / "a.pt")) == 8
    torch.save({str(i): shared for i in range(9)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="have 36000 bytes, more than 8 times the 4000"):
        safe_pickle.named_tensors(tmp_path / "a.pt")
    monkeypatch.setattr(safe_pickle, "MOST_TENSORS", 5)
    with pytest.raises(CheckpointError, match="holds more than 5 tensors"):
        safe_pickle.named_tensors(tmp_path / "a.pt")


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float8_e4m3fn, torch.uint16])
def test_values_that_are_no_weights_are_refused_by_their_kind(tmp_path, dtype):
    torch.save({"a": torch.ones(3).to(dtype)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"storage of an unknown kind \(torch\..*\), expected one of Double"):
        safe_pickle.named_tensors(tmp_path / "a.pt")


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_every_protocol_that_torch_writes_is_read(tmp_path, protocol):
    state = {"state_dict": torch.nn.Linear(2, 3).state_dict(), "losses": [0.5, 0.25], "epoch": 3, "args": {1: None}}
    torch.save(state, tmp_path / "a.pt", pickle_protocol=protocol)
    found = safe_pickle.named_tensors(tmp_path / "a.pt")
    assert list(found) == ["state_dict.weight", "state_dict.bias"]
    assert all(torch.equal(found[f"state_dict.{name}"], value) for name, value in state["state_dict"].items())


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
