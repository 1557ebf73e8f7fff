"""Archives of torch.save: their records come back, and what their directory claims beyond the file is refused."""

import struct
import zipfile

import pytest
import torch

from lib.files import torch_archive
from lib.files.checkpoints import CheckpointError
from lib.files.torch_archive import Damaged, TorchArchive
from tests.lib.files.pickles import archive


def test_records_come_back(tmp_path):
    with TorchArchive(archive(tmp_path / "a.pt", b"program", **{"data/0": b"\1" * 70_000})) as found:
        assert found.pickle() == b"program" and found.read("data/0") == b"\1" * 70_000
        with pytest.raises(Damaged, match="no record 'data/1'"):
            found.read("data/1")
        with pytest.raises(Damaged, match="has 70000 bytes, expected at most 9"):
            found.read("data/0", 9)


def test_torchs_own_files_open(tmp_path):
    torch.save({"a": torch.arange(5)}, tmp_path / "a.pt")
    with TorchArchive(tmp_path / "a.pt") as found:
        assert bytes(found.read("data/0")) == torch.arange(5).numpy().tobytes()


def claiming(path, size):
    """An archive whose directory says that data.pkl has `size` bytes."""
    archive(path, b"program")
    data = path.read_bytes()
    at = data.index(b"PK\1\2") + 20
    path.write_bytes(data[:at] + struct.pack("<II", size, size) + data[at + 8 :])
    return path


def test_a_size_beyond_the_file_is_refused(tmp_path):
    with pytest.raises(Damaged, match="claim 4000000000 bytes"):
        TorchArchive(claiming(tmp_path / "a.pt", 4_000_000_000))
    with pytest.raises(Damaged, match="lost or changed bytes"), TorchArchive(claiming(tmp_path / "a.pt", 6)) as found:
        found.pickle()


def test_many_names_for_the_same_bytes_are_refused(tmp_path):
    archive(tmp_path / "a.pt", b"program", **{f"data/{i}": b"\0" * (50_000 if not i else 0) for i in range(9)})
    data = (tmp_path / "a.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pt") as file:
        first = file.getinfo("archive/data/0")
    start = data.index(b"PK\1\2")
    head, directory = data[:start], bytearray(data[start:])
    for i in range(9):
        at = directory.index(f"archive/data/{i}".encode()) - 46
        struct.pack_into("<III", directory, at + 16, first.CRC, first.file_size, first.file_size)
        struct.pack_into("<I", directory, at + 42, first.header_offset)
    (tmp_path / "b.pt").write_bytes(head + directory)
    with pytest.raises(Damaged, match="its records claim 4500"):
        TorchArchive(tmp_path / "b.pt")


def test_changed_bytes_and_compressed_records_are_refused(tmp_path):
    path = archive(tmp_path / "a.pt", b"program", **{"data/0": b"values"})
    path.write_bytes(path.read_bytes().replace(b"values", b"walues"))
    with TorchArchive(path) as found, pytest.raises(Damaged, match="'data/0' has lost or changed bytes"):
        found.read("data/0")
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\0" * 10_000_000)
    with pytest.raises(Damaged, match="'data.pkl' is compressed"):
        TorchArchive(tmp_path / "b.pt")


def test_a_large_directory_or_pickle_is_refused_unread(tmp_path, monkeypatch):
    path = archive(tmp_path / "a.pt", b"program" * 100)
    monkeypatch.setattr(torch_archive, "PICKLE_BYTES", 100)
    with pytest.raises(Damaged, match="'data.pkl' has 700 bytes, expected at most 100"):
        TorchArchive(path)
    monkeypatch.setattr(torch_archive._Bounded, "limit", 50)
    with pytest.raises(Damaged, match=r"its directory has \d+ bytes, expected at most 50"):
        TorchArchive(path)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"a.txt": b""}, "torch.save did not write it: .* got 0"),
        ({"a/data.pkl": b"", "b/data.pkl": b""}, "got 2"),
        ({"a/data.pkl": b"", "a/constants.pkl": b""}, "TorchScript archive"),
        ({"a/data.pkl": b"", "a/byteorder": b"big"}, "big-endian"),
    ],
)
def test_zip_files_of_other_kinds_are_refused(tmp_path, records, message):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as file:
        for name, data in records.items():
            file.writestr(name, data)
    with pytest.raises(CheckpointError, match=message):
        TorchArchive(tmp_path / "a.pt")
