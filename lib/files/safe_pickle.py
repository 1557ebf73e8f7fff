"""The tensors of a torch.save file, read without executing anything that the file asks for.

A pickle is a program: it names functions and has them called. Here a name becomes one of a few constructors of plain
data, or, for the classes that model code consists of, an inert object that is never imported; any other name is
refused. Tensors are plain records until the pickle has ended. Whatever a file asks for, time and memory are bounded:
by `plain_pickle.STEPS`, and by the bytes that the file really has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lib.files import plain_pickle
from lib.files.checkpoints import CheckpointError
from lib.files.plain_pickle import Inert, Named
from lib.files.torch_archive import Damaged, TorchArchive

MOST_TENSORS = 50_000  # a CLIP with its optimizer's state has 2,000
MOST_DIMENSIONS = 16
LONGEST_NAME = 1000  # characters
REPEATS = 8  # times the bytes of all storages: weights that several names share
_SHOWN = 200  # characters of a reason


class UnsafePickle(CheckpointError):
    """A pickle that names what no checkpoint needs."""


def named_tensors(path: str | os.PathLike) -> dict[str, Tensor]:
    """All tensors of a file that torch.save wrote (torch 1.6 or later), under dotted names.

    A state dict gives its own names; nested mappings and lists are joined by dots; a pickled module gives the names of
    its parameters and buffers, as state_dict() would, whether or not its class still exists. Raises UnsafePickle if the
    file names a global other than tensors, containers and model code, CheckpointError if it is damaged, no such file,
    or claims more than it holds: more steps, tensors or values than the bounds above.
    """
    try:
        with TorchArchive(path) as archive:
            names = _Names(path)
            saved = plain_pickle.run(archive.pickle(), named=names.meaning, storage=names.storage)
            found = dict(_counted(_named(saved)))
            return _Storages(archive).tensors(found)
    except CheckpointError:
        raise
    except Exception as error:  # a damaged file may fail in any way
        reason = str(error) if isinstance(error, Damaged) else f"{type(error).__name__}: {error}"
        raise CheckpointError(
            f"{path} cannot be read as a file of torch.save ({reason[:_SHOWN]}). Likely causes: an incomplete download "
            "or copy, or a file made to exhaust its reader. Compare its size with its source's and fetch it again."
        ) from error


class _Storage(NamedTuple):
    dtype: torch.dtype
    key: str
    count: int


class _Strided(NamedTuple):
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_INERT_PACKAGES = {
    *("src", "__main__", "torch", "torchvision", "functorch", "open_clip", "clip", "timm", "transformers"),
    *("numpy", "PIL", "argparse", "pathlib"),  # attributes of modules: transforms, arguments, folders
}
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # Python 2's names, in the protocol that torch.save uses


def _strided(storage: object, offset: object, size: object, stride: object, *_) -> _Strided:
    """A tensor that lies inside its storage and has no more elements than it."""
    if not (isinstance(storage, _Storage) and isinstance(size, tuple) and isinstance(stride, tuple)):
        raise Damaged("a tensor has no storage, size or stride")
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in (offset, *size, *stride)):
        raise Damaged("a size, stride or offset of a tensor is no whole number from 0 on")
    if len(size) != len(stride) or len(size) > MOST_DIMENSIONS:
        raise Damaged(f"a tensor has {len(size)} sizes and {len(stride)} strides, expected {MOST_DIMENSIONS} at most")
    elements, end = _elements(size), offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if elements and (end >= storage.count or elements > storage.count):
        raise Damaged(
            f"a tensor has {elements} elements and ends at {end}, but its storage {storage.key} holds {storage.count}"
        )
    return _Strided(storage, offset, size, stride)


def _elements(size: tuple[int, ...]) -> int:
    product = 1
    for n in size:
        product *= n
    return product


def _parameter(data: object, *_) -> object:
    return data


_INERT_KINDS = ("set", "frozenset")  # no tensor is looked for in them
_CONSTRUCTORS = {
    ("torch._utils", "_rebuild_tensor"): _strided,
    ("torch._utils", "_rebuild_tensor_v2"): _strided,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): lambda *values: tuple(v for value in values for v in plain_pickle.elements(value)),
    ("builtins", "tuple"): lambda *values: tuple(v for value in values for v in plain_pickle.elements(value)),
    ("builtins", "list"): lambda *values: [v for value in values for v in plain_pickle.elements(value)],
    ("builtins", "dict"): plain_pickle.mapping,
    ("collections", "OrderedDict"): plain_pickle.mapping,
    **{("builtins", name): lambda *_: Inert() for name in _INERT_KINDS},
}


class _Names:
    """What the names and storages of one file's pickle stand for."""

    def __init__(self, path: str | os.PathLike):
        self._path = path
        self._known: dict[tuple[str, str], object] = {("torch", name): dtype for name, dtype in _DTYPES.items()}

    def meaning(self, module: str, name: str) -> object:
        """What a name in the pickle stands for; nothing is imported."""
        key = (_RENAMED.get(module, module), name)
        if key not in self._known:
            self._known[key] = self._new(*key)
        return self._known[key]

    def _new(self, module: str, name: str) -> Named:
        full = f"{module}.{name}"[:_SHOWN]
        if (module, name) in _CONSTRUCTORS:
            return Named(full, _CONSTRUCTORS[module, name])
        if module.partition(".")[0] in _INERT_PACKAGES:
            return Named(full, lambda *_: Inert())
        raise UnsafePickle(
            f"{self._path} names {full}, expected only tensors, containers and classes of models; nothing was run. "
            "Likely causes: a pickle made to run code when it is loaded, or a module with unusual attributes. "
            "If you trust its source, load it there and save its state_dict() as safetensors."
        )

    def storage(self, saved: object) -> _Storage:
        """A storage: its values lie in a record of their own."""
        parts = plain_pickle.elements(saved)
        if len(parts) != 5:
            raise Damaged(f"a storage has {len(parts)} parts, expected 5")
        kind, dtype, key, _, count = parts
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            got = dtype.name if isinstance(dtype, Named) else type(dtype).__name__
            raise CheckpointError(
                f"{self._path} holds a storage of an unknown kind ({got}), expected one of {', '.join(_DTYPES)}: save "
                "its tensors as safetensors instead, in float32, float16 or bfloat16"
            )
        if type(key) is not str or type(count) is not int or count < 0:
            raise Damaged("a storage has no name or no length")
        return _Storage(dtype, key, count)


class _Storages:
    """The values of storages, each read once."""

    def __init__(self, archive: TorchArchive):
        self._archive, self._data = archive, {}

    def tensors(self, found: dict[str, _Strided]) -> dict[str, Tensor]:
        used = {record.storage for record in found.values()}
        held = sum(storage.count * storage.dtype.itemsize for storage in used)
        asked = sum(_elements(record.size) * record.storage.dtype.itemsize for record in found.values())
        if asked > REPEATS * held:
            raise Damaged(f"its tensors have {asked} bytes, more than {REPEATS} times the {held} of their storages")
        return {name: self._tensor(record) for name, record in found.items()}

    def _tensor(self, record: _Strided) -> Tensor:
        return torch.as_strided(self._values(record.storage), record.size, record.stride, record.offset)

    def _values(self, storage: _Storage) -> Tensor:
        if storage.key not in self._data:
            self._data[storage.key] = self._archive.read(f"data/{storage.key}")
        data = self._data[storage.key]
        if len(data) != storage.count * storage.dtype.itemsize:
            raise Damaged(f"a storage has {len(data)} bytes, expected {storage.count} values of {storage.dtype}")
        return torch.frombuffer(data, dtype=storage.dtype) if data else torch.empty(0, dtype=storage.dtype)


def _counted(tensors: Iterator[tuple[str, _Strided]]) -> Iterator[tuple[str, _Strided]]:
    for index, (name, record) in enumerate(tensors):
        if index >= MOST_TENSORS:
            raise Damaged(f"it holds more than {MOST_TENSORS} tensors")
        yield name, record


def _named(value: object) -> Iterator[tuple[str, _Strided]]:
    """Depth first, each container once, so that a cycle ends; without recursion, so that no depth is too much."""
    seen: set[int] = set()
    open_ends = [iter([("", value)])]
    while open_ends:
        name, value = next(open_ends[-1], (None, None))
        if name is None:
            open_ends.pop()
        elif isinstance(value, _Strided):
            yield name, value
        elif id(value) not in seen:
            seen.add(id(value))
            open_ends.append(_children(value, name))


def _children(value: object, name: str) -> Iterator[tuple[str, object]]:
    """The tensors and containers in a container, under their dotted names."""
    for key, child in _items(value):
        if isinstance(child, _Strided | dict | list | tuple | Inert):
            if len(name) + (len(key) if isinstance(key, str | bytes) else 0) > LONGEST_NAME:
                raise Damaged(f"the name of a tensor or container is longer than {LONGEST_NAME} characters")
            yield f"{name}.{key}" if name else str(key), child


def _items(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Inert):
        for kind in ("_parameters", "_buffers", "_modules"):
            yield from _items((value.state or {}).get(kind))
