"""The machine builds what Python's own unpickler builds of plain data, and ends on any program."""

import pickle
import time

import pytest

from lib.files import plain_pickle
from lib.files.plain_pickle import Inert, Named
from lib.files.torch_archive import Damaged
from tests.lib.files.pickles import Calls

SHARED = [1, 2]
PLAIN = {
    "numbers": [0, 1, -1, 255, 65_536, 2**40, -(2**70), 0.5, float("inf"), True, None],
    "texts": ["", "a" * 300, "ä", "\n"],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    1: {2.5: {None: {True: "deep"}}},
    "shared": [SHARED, SHARED],
}
NAMES = {
    "list": lambda values: list(plain_pickle.elements(values)),
    "dict": plain_pickle.mapping,
    "Calls": lambda *_: Inert(),
}


def run(program):
    return plain_pickle.run(
        program, named=lambda module, name: Named(name, NAMES[name]), storage=lambda saved: ("storage", saved)
    )


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_are_what_python_makes_of_them(protocol):
    found = run(pickle.dumps(PLAIN, protocol))
    assert found == PLAIN and list(found) == list(PLAIN)
    assert found["shared"][0] is found["shared"][1]


@pytest.mark.parametrize("protocol", [2, 4])
def test_cycles_bytes_and_sets(protocol):
    cycle = [1]
    cycle.append(cycle)
    found = run(pickle.dumps(cycle, protocol))
    assert found[1] is found
    assert isinstance(run(b"\x80\x04\x8f(K\x01K\x02\x90."), Inert)  # a set
    assert run(pickle.dumps(b"abc", 4)) == b"abc"


def test_an_object_keeps_its_state_and_nothing_else():
    found = run(b"\x80\x02c__main__\nCalls\n)\x81}X\x01\x00\x00\x00aK\x01sb.")
    assert found.state == {"a": 1}
    assert run(b"\x80\x02c__main__\nCalls\n)\x81.").state is None


def deep(levels, start=b"K\x01\x85"):
    """t = (t, t), again and again: as many instructions, and 2**levels steps to hash, compare or print it."""
    return b"\x80\x02" + start + b"2\x86" * levels


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"}" + deep(60)[2:] + b"K\x01s.", "a tuple is a key"),
        (b"(" + deep(60)[2:] + b"K\x01d.", "a tuple is a key"),
        (b"cx\ndict\n(" + deep(60)[2:] + b"K\x01\x86\x85" + b"tR.", "a tuple is a key"),
        (b"}\x8a\x09" + b"\0" * 8 + b"\x20K\x01s.", "a int is a key"),
        (b"K\x01)R.", "calls a int"),
        (b"cx\nlist\nK\x01R.", "takes the elements of a int"),
        (b"cx\nlist\nK\x01\x85R.", "takes the elements of a int"),
        (b"cx\nlist\n}b.", "sets attributes of a Named"),
        (b"K\x01K\x02a.", "appends to a int"),
        (b"K\x01K\x02K\x03s.", "sets an item of a int"),
        (b"(K\x01d.", "a key without a value"),
        (b"h\x07.", "takes a value that it has not made"),
        (b"a.", "takes a value that it has not made"),
        (b"t.", "takes a value that it has not made"),
        (b"\x82\x01.", "instruction EXT1"),
        (b"X\x01\0\0\0ax\x93.", "instruction|unknown|names a function"),
    ],
)
def test_odd_programs_end_at_once(program, message):
    begun = time.monotonic()
    with pytest.raises((Damaged, ValueError), match=message):
        run(program)
    assert time.monotonic() - begun < 5


def test_a_deep_value_is_carried_along_unread():
    assert len(run(deep(60) + b".")) == 2
    assert len(run(b"]" + deep(60)[2:] + b"a.")) == 1


def test_steps_and_copies_are_counted(monkeypatch):
    monkeypatch.setattr(plain_pickle, "STEPS", 1000)
    assert run(b"N" * 999 + b".") is None
    doubling = b"cx\nlist\nq\x00]q\x01(" + b"N" * 200 + b"e0" + b"h\x00h\x01\x85R0" * 5 + b"N."
    for program in (b"N" * 1000 + b".", doubling):
        with pytest.raises(Damaged, match="more than 1000 steps"):
            run(program)


def test_nothing_is_called(tmp_path):
    mark = tmp_path / "mark"
    program = pickle.dumps(Calls(open, str(mark), "w"))
    found = plain_pickle.run(program, named=lambda *name: Named(" ".join(name), lambda *given: given), storage=id)
    assert found == (str(mark), "w") and not mark.exists()
