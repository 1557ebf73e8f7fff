"""A pickle's program, carried out on plain data by a small machine: it imports and calls nothing, and it ends.

Python's own unpickler hashes what a program makes a key of: a tuple of tuples of the same tuple, 60 deep, is 60
instructions and 2**60 steps. It also calls, copies and allocates as it is told. Here keys are single values, and
instructions and copied elements count against a budget. Imports no torch.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lib.files.torch_archive import Damaged

STEPS = 2_000_000  # a CLIP with its optimizer's state takes 60,000; a list of a million losses fits, too


@dataclass(frozen=True, eq=False, repr=False)
class Named:
    """What a name in a pickle stands for: `call` takes the place of the function or class."""

    name: str
    call: Callable[..., object]


@dataclass(eq=False, repr=False, slots=True)
class Inert:
    """Stands for an object of a class that is not imported: it keeps what would be its __dict__ and does nothing."""

    state: dict | None = None


def run(program: bytes, *, named: Callable[[str, str], object], storage: Callable[[object], object]) -> object:
    """The object that a pickle builds.

    named: (module, name) -> Named, or a plain value; storage: a persistent id -> what it stands for. Raises Damaged for
    an instruction that plain data does not need, a key that is no single value, or more than STEPS.
    """
    try:
        return _Machine(named, storage).run(program)
    except (IndexError, KeyError) as error:
        raise Damaged("its pickle takes a value that it has not made") from error


def elements(value: object) -> Sequence:
    """The elements of a list or tuple. Raises Damaged for anything else."""
    if type(value) in (list, tuple):
        return value
    raise Damaged(f"it takes the elements of a {type(value).__name__}")


class _Machine:
    """The stack is that of Python's unpickler: lists above marks, values above them."""

    def __init__(self, named: Callable[[str, str], object], storage: Callable[[object], object]):
        self.find, self.storage = named, storage
        self.stack: list = []
        self.marked: list[list] = []
        self.memo: dict[int, object] = {}
        self.steps = 0

    def run(self, program: bytes) -> object:
        literal, actions, table = _LITERALS, _ACTIONS, _CONSTANTS
        for opcode, argument, _ in pickletools.genops(program):
            name = opcode.name
            self.steps += 1
            if self.steps > STEPS:
                break
            if name in literal:
                self.stack.append(argument)
            elif name in actions:
                actions[name](self, argument)
            elif name in table:
                self.stack.append(table[name]())
            elif name == "STOP":
                return self.stack.pop()
            else:
                raise Damaged(f"its pickle holds the instruction {name}, which plain data does not need")
        raise Damaged(f"its pickle takes more than {STEPS} steps")

    def spend(self, count: int) -> None:
        self.steps += count
        if self.steps > STEPS:
            raise Damaged(f"its pickle takes more than {STEPS} steps")

    def put(self, index: int | None) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    def mark(self, _) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def since_mark(self) -> list:
        found, self.stack = self.stack, self.marked.pop()
        return found

    def closed(self, made: Callable[[list], object]) -> None:
        """What is made of the values since the mark."""
        values = self.since_mark()
        self.stack.append(made(values))

    def pop(self, _) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def packed(self, count: int) -> None:
        """The last values, as a tuple."""
        values = [self.stack.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(values)))

    def extend(self, values: list) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(values)
        elif not isinstance(target, Inert):  # a subclass of list or set: its elements are dropped
            raise Damaged(f"it appends to a {type(target).__name__}")

    def append(self, _) -> None:
        value = self.stack.pop()
        self.extend([value])

    def set_items(self, values: list) -> None:
        target = self.stack[-1]
        if type(target) is dict:
            _fill(target, values)
        elif not isinstance(target, Inert):
            raise Damaged(f"it sets an item of a {type(target).__name__}")

    def set_item(self, _) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(self.find(module, name))

    def stacked_name(self, _) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (type(name) is str and type(module) is str):
            raise Damaged("it names a function by something other than text")
        self.stack.append(self.find(module, name))

    def call(self, _) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Named):
            raise Damaged(f"it calls a {type(function).__name__}")
        arguments = elements(arguments)
        sizes = [len(value) for value in arguments if isinstance(value, list | tuple | dict)]
        self.spend(len(arguments) + sum(sizes))
        try:
            self.stack.append(function.call(*arguments))
        except TypeError as error:
            raise Damaged(f"it calls {function.name} with {len(arguments)} arguments that do not fit") from error

    def call_with_keywords(self, _) -> None:
        self.stack.pop()
        self.call(None)

    def build(self, _) -> None:
        """An object's __dict__; its slots, and attributes of dictionaries such as _metadata, are dropped."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Inert):
            if type(state) is dict:
                self.spend(len(state))
                target.state = {} if target.state is None else target.state
                target.state.update(state)
        elif type(target) is not dict:
            raise Damaged(f"it sets attributes of a {type(target).__name__}")

    def persistent(self, _) -> None:
        self.stack.append(self.storage(self.stack.pop()))


def mapping(*arguments: object) -> dict:
    """What dict or OrderedDict make of a mapping, of pairs, or of nothing."""
    made: dict = {}
    for argument in arguments:
        if type(argument) is dict:
            made.update(argument)
            continue
        for pair in elements(argument):
            if len(elements(pair)) != 2:
                raise Damaged(f"it makes a dictionary of {len(pair)} values")
            _fill(made, pair)
    return made


def _fill(target: dict, values: Sequence) -> dict:
    """Keys and values by turns; only what is quickly hashed and compared is a key."""
    if len(values) % 2:
        raise Damaged("it sets a key without a value")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if type(key) not in _KEYS or (type(key) is int and abs(key) > _LARGEST_KEY):
            raise Damaged(f"a {type(key).__name__} is a key, expected text or a number of at most 60 bits")
        target[key] = value
    return target


_KEYS = {str, int, float, bool, bytes, type(None), Inert, Named}  # the last two are compared by identity
_LARGEST_KEY = 1 << 60  # larger ones can be chosen to have one hash, all of them
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: Mapping[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": Inert,  # no tensor is looked for in a set, so it needs no elements
}
_ACTIONS: Mapping[str, Callable[[_Machine, object], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, _: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.closed(tuple),
    "LIST": lambda machine, _: machine.closed(list),
    "DICT": lambda machine, _: machine.closed(lambda values: _fill({}, values)),
    "FROZENSET": lambda machine, _: machine.closed(lambda values: Inert()),
    "TUPLE1": lambda machine, _: machine.packed(1),
    "TUPLE2": lambda machine, _: machine.packed(2),
    "TUPLE3": lambda machine, _: machine.packed(3),
    "APPEND": _Machine.append,
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": _Machine.set_item,
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stacked_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
}
