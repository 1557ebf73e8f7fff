"""The tensors of a torch.save file, read without executing anything that the file asks for.

A pickle is a program: it names functions and has them called. Here a name becomes one of a few constructors of plain
data, or, for the classes that model code consists of, an inert object that is never imported; any other name is
refused. Tensors are plain records until the pickle has ended.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lib.files.checkpoints import CheckpointError


class UnsafePickle(CheckpointError):
    """A pickle that names what no checkpoint needs."""


def named_tensors(path: str | os.PathLike) -> dict[str, Tensor]:
    """All tensors of a file that torch.save wrote (torch 1.6 or later), under dotted names.

    A state dict gives its own names; nested mappings and lists are joined by dots; a pickled module gives the names of
    its parameters and buffers, as state_dict() would, whether or not its class still exists. Raises UnsafePickle if the
    file names a global other than tensors, containers and model code, CheckpointError if it is damaged or no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            records = _Records(archive, path)
            found = dict(_named(_Unpickler(records.pickle(), path).load(), "", set()))
            return {name: records.tensor(value) for name, value in found.items()}
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        raise CheckpointError(
            f"{path} cannot be read as a file of torch.save ({type(error).__name__}: {error}). "
            "Likely cause: an incomplete download or copy. Compare its size with its source's and fetch it again."
        ) from error


class Inert:
    """Stands for an object of a class that is not imported: it keeps the object's __dict__ and does nothing."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)

    def _ignore(self, *args) -> None:
        pass

    append = extend = add = __setitem__ = _ignore  # for subclasses of list, set and dict


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


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, path: str | os.PathLike):
        super().__init__(io.BytesIO(data))
        self._path = path
        # made anew for each file: a pickle may set attributes of what it names
        self._known = {
            ("torch._utils", "_rebuild_tensor"): lambda *state: _Strided(*state[:4]),
            ("torch._utils", "_rebuild_tensor_v2"): lambda *state: _Strided(*state[:4]),
            ("torch._utils", "_rebuild_parameter"): lambda data, *rest: data,
            ("torch._utils", "_rebuild_parameter_with_state"): lambda data, *rest: data,
            ("torch", "Size"): tuple,
            ("collections", "OrderedDict"): OrderedDict,
            **{("builtins", kind.__name__): kind for kind in (list, tuple, dict, set, frozenset)},
            **{("torch", name): dtype for name, dtype in _DTYPES.items()},
        }

    def find_class(self, module: str, name: str) -> object:
        """What a name in the pickle stands for; nothing is imported."""
        module = _RENAMED.get(module, module)
        if (module, name) not in self._known:
            if module.partition(".")[0] not in _INERT_PACKAGES:
                raise self._refused(f"{module}.{name}")
            self._known[module, name] = type("Inert", (Inert,), {})
        return self._known[module, name]

    def persistent_load(self, saved: object) -> _Storage:
        """A storage: its values lie in a record of their own."""
        kind, dtype, key, _, count = saved
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise CheckpointError(
                f"{self._path} holds a storage of an unknown kind: save its tensors as safetensors instead"
            )
        return _Storage(dtype, str(key), int(count))

    def _refused(self, name: str) -> UnsafePickle:
        return UnsafePickle(
            f"{self._path} names {name}, expected only tensors, containers and classes of models; nothing was run. "
            "Likely causes: a pickle made to run code when it is loaded, or a module with unusual attributes. "
            "If you trust its source, load it there and save its state_dict() as safetensors."
        )


class _Records:
    """The records of a torch archive: one pickle, and the values of each storage."""

    def __init__(self, archive: zipfile.ZipFile, path: str | os.PathLike):
        self._archive, self._path, self._storages = archive, path, {}
        names = archive.namelist()
        roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise CheckpointError(
                f"{path} is a zip file, but torch.save did not write it: name the checkpoint inside it"
            )
        self._root = roots[0]
        if f"{self._root}constants.pkl" in names:
            raise CheckpointError(
                f"{path} is a TorchScript archive, expected a state dict or module: save its state_dict as safetensors"
            )
        if f"{self._root}byteorder" in names and self._read("byteorder") != b"little":
            raise CheckpointError(
                f"{path} was written on a big-endian machine: save its state_dict() as safetensors there"
            )

    def pickle(self) -> bytes:
        return self._read("data.pkl")

    def tensor(self, record: _Strided) -> Tensor:
        """A view of a storage; torch checks that it lies inside."""
        return torch.as_strided(self._storage(record.storage), record.size, record.stride, record.offset)

    def _storage(self, storage: _Storage) -> Tensor:
        if storage not in self._storages:
            data = bytearray(self._read(f"data/{storage.key}"))
            if len(data) != storage.count * storage.dtype.itemsize:
                raise ValueError(f"a storage has {len(data)} bytes, expected {storage.count} values of {storage.dtype}")
            empty = torch.empty(0, dtype=storage.dtype)
            self._storages[storage] = torch.frombuffer(data, dtype=storage.dtype) if data else empty
        return self._storages[storage]

    def _read(self, name: str) -> bytes:
        entry = self._archive.getinfo(self._root + name)
        if entry.compress_type != zipfile.ZIP_STORED:  # torch never compresses; a bomb would
            raise ValueError(f"the record {name} is compressed")
        return self._archive.read(entry)


def _named(value: object, name: str, seen: set[int]) -> Iterator[tuple[str, _Strided]]:
    """Depth first, each container once, so that a cycle ends."""
    if isinstance(value, _Strided):
        yield name, value
    elif id(value) not in seen:
        seen.add(id(value))
        for key, child in _children(value):
            yield from _named(child, f"{name}.{key}" if name else str(key), seen)


def _children(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Inert):
        for kind in ("_parameters", "_buffers", "_modules"):
            yield from _children(vars(value).get(kind))
