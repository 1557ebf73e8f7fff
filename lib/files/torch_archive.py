"""The zip file that torch.save writes: one pickle, and one record of plain bytes for each storage of tensors.

A directory of a zip file may claim anything: sizes, places and names are believed only as far as the file's own size
bears them out. Imports no torch.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

from lib.files.checkpoints import CheckpointError

DIRECTORY_BYTES = 8_000_000  # some 80,000 records; a CLIP with its optimizer's state has 2,000
PICKLE_BYTES = 64_000_000  # a state dict's pickle has 0.1 MB
_PART = 1 << 30
_HEADER = struct.Struct("<26xHH")  # the lengths of the name and of the extra field behind it


class Damaged(ValueError):
    """What is wrong inside an archive or its pickle; whoever reads the file names it and says what to do."""


class TorchArchive:
    """The records of an open archive. Raises CheckpointError for a zip file of another kind, Damaged for a lie."""

    def __init__(self, path: str | os.PathLike):
        self._file = _Bounded(path)
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._file.limit = None
            self._entries = self._believed()
            self._root = self._one_root(path)
            if self._root + "constants.pkl" in self._entries:
                raise CheckpointError(
                    f"{path} is a TorchScript archive, expected a state dict or module. Where you trust it, load it "
                    "with torch.jit.load and save its state_dict() as safetensors"
                )
            if self._root + "byteorder" in self._entries and self.read("byteorder", 16) != b"little":
                raise CheckpointError(
                    f"{path} was written on a big-endian machine: save its state_dict() as safetensors there"
                )
            self._entry("data.pkl", PICKLE_BYTES)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> TorchArchive:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def pickle(self) -> bytes:
        """The program that builds the saved object."""
        return bytes(self.read("data.pkl", PICKLE_BYTES))

    def read(self, name: str, limit: int | None = None) -> bytearray:
        """A record's bytes, which the caller may keep. Raises Damaged if they are more than `limit`, or not those.

        They are read into their place: the values of a checkpoint are in memory once.
        """
        entry = self._entry(name, limit)
        self._zip.open(entry).close()  # compares the entry with the header before its bytes
        self._file.seek(entry.header_offset)
        header = self._file.read(_HEADER.size)
        self._file.seek(sum(_HEADER.unpack(header)), os.SEEK_CUR)
        data, done = bytearray(entry.file_size), 0
        with memoryview(data) as room:
            while done < len(data) and (read := self._file.readinto(room[done : done + _PART])):
                done += read
        if done != len(data) or zlib.crc32(data) != entry.CRC:
            raise Damaged(f"the record {_brief(name)} has lost or changed bytes")
        return data

    def _entry(self, name: str, limit: int | None) -> zipfile.ZipInfo:
        entry = self._entries.get(self._root + name)
        if entry is None:
            raise Damaged(f"it holds no record {_brief(name)}")
        if entry.compress_type != zipfile.ZIP_STORED:  # torch never compresses; a bomb would
            raise Damaged(f"the record {_brief(name)} is compressed")
        if limit is not None and entry.file_size > limit:
            raise Damaged(f"the record {_brief(name)} has {entry.file_size} bytes, expected at most {limit}")
        return entry

    def _believed(self) -> dict[str, zipfile.ZipInfo]:
        """The entries by name, which together are no longer than the file: no two share their bytes."""
        entries = self._zip.infolist()
        claimed, size = sum(entry.file_size for entry in entries if not entry.compress_type), self._file.size
        if claimed > size:
            raise Damaged(f"its records claim {claimed} bytes, but the file has {size}")
        return {entry.filename: entry for entry in entries}

    def _one_root(self, path: str | os.PathLike) -> str:
        roots = [name.removesuffix("data.pkl") for name in self._entries if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise CheckpointError(
                f"{path} is a zip file, but torch.save did not write it: expected one data.pkl in a folder, got "
                f"{len(roots)}; name the checkpoint inside it"
            )
        return roots[0]


class _Bounded(io.FileIO):
    """A file of which, as long as there is a limit, no more is read at once: zipfile takes its directory whole."""

    limit: int | None = DIRECTORY_BYTES

    def __init__(self, path: str | os.PathLike):
        super().__init__(path)
        self.size = os.fstat(self.fileno()).st_size

    def read(self, size: int = -1) -> bytes:
        wanted = min(size if size >= 0 else self.size, max(self.size - self.tell(), 0))
        if self.limit is not None and wanted > self.limit:
            raise Damaged(f"its directory has {wanted} bytes, expected at most {self.limit}")
        return super().read(size)


def _brief(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:80] + "...")
