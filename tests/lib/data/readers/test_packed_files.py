"""Packed and binary tables that are bombs, fifos or of another kind: refused by name, with bounded memory."""

import gzip
import os
import resource
import struct
import zlib

import numpy as np
import pytest

from lib.data.datasets import open_task
from lib.data.readers.errors import DataError
from lib.data.readers.matlab import NUMBERS, load_mat
from tests import miniatures


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB


def refused(name, root, counts, text):
    with pytest.raises(DataError, match=text):
        open_task(name, "folder", root=root, options={"expected_counts": counts})


def idx(shape, data=b"", magic=b"\0\0\10"):
    return magic + bytes((len(shape),)) + struct.pack(f">{len(shape)}I", *shape) + data


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((2**32 - 1, 2**32 - 1, 2**32 - 1), "expected magic 00000803, a shape .n, 28, 28. with n up to 100000"),
        ((2**31, 28, 28), "shape .2147483648, 28, 28."),
        ((20, 14, 56), "shape .20, 14, 56."),
        ((1, 1, 3000), "shape .1, 1, 3000."),
        ((20, 28, 28), "15681 bytes of data or more"),
        ((2, 28, 28), "1569 bytes of data or more"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_reads_no_more_than_its_header_says(packed, shape, text, tmp_path):
    counts = miniatures.folder("mnist", tmp_path, train=2)
    place = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    place.unlink()
    data = idx(shape, bytes(400 * 2**20 if packed else 2**20))
    before = peak()
    if packed:
        place.with_name(place.name + ".gz").write_bytes(gzip.compress(data, 1))
    else:
        place.write_bytes(data)
    del data
    refused("mnist", tmp_path, counts, text)
    assert peak() - before < 150_000


def test_special_files_are_not_opened(tmp_path):
    places = {
        "mnist": "MNIST/raw/train-images-idx3-ubyte",
        "svhn": "svhn/test_32x32.mat",
        "cars": "stanford_cars/devkit/cars_meta.mat",
    }
    for name, place in places.items():
        counts = miniatures.folder(name, tmp_path)
        (tmp_path / place).unlink()
        os.mkfifo(tmp_path / place)
        refused(name, tmp_path, counts, f"{place} is not a regular file")
        (tmp_path / place).unlink()
        (tmp_path / place).symlink_to("/dev/zero")
        refused(name, tmp_path, counts, f"{place} is not a regular file")


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind, shape, name, *parts):
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name) + b"".join(parts))


def write(path, *elements, packed=True):
    data = b"MATLAB 5.0".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    for each in elements:
        body = zlib.compress(each, 9)
        data += struct.pack("<II", 15, len(body)) + body if packed else each
    path.write_bytes(data)


TEXT = matrix(4, (1, 2), b"", element(16, b"ab"))
LOAD = {"kinds": frozenset({"cell", "struct"}), "at_most": 2**22}


@pytest.mark.parametrize("packed", [True, False])
def test_plain_cells_and_structs_are_read(packed, tmp_path):
    write(tmp_path / "a.mat", matrix(1, (1, 2), b"a", TEXT, TEXT), packed=packed)
    assert load_mat(tmp_path / "a.mat", "a", **LOAD).tolist() == ["ab", "ab"]
    fields = element(5, struct.pack("<i", 8)), element(1, b"fname\0\0\0class\0\0\0")
    write(tmp_path / "a.mat", matrix(2, (1, 2), b"a", *fields, TEXT, TEXT, TEXT, TEXT), packed=packed)
    assert load_mat(tmp_path / "a.mat", "a", **LOAD)["fname"].tolist() == ["ab", "ab"]


def test_matlab_files_nested_more_deeply_than_scipy_can_follow(tmp_path):
    """Scipy follows cells in cells without a bound, until the process dies."""
    heads, size = [], 0
    for depth in range(100_000):
        name = b"a" if depth == 99_999 else b""
        head = matrix(1, (1, 1), name)[8:]
        heads.append(struct.pack("<II", 14, len(head) + size) + head)
        size += len(heads[-1])
    write(tmp_path / "a.mat", b"".join(reversed(heads)))
    with pytest.raises(DataError, match="4194304 bytes without compression"):
        load_mat(tmp_path / "a.mat", "a", **LOAD)
    with pytest.raises(DataError, match="more deeply nested"):
        load_mat(tmp_path / "a.mat", "a", **{**LOAD, "at_most": 2**26})


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ([matrix(1, (1, 1), b"a", matrix(1, (1, 1), b"", TEXT))], "more deeply nested"),
        ([matrix(1, (1, 3), b"a", TEXT, TEXT)], "more deeply nested"),
        (
            [matrix(3, (1, 1), b"a", element(1, b"class"), element(5, b"\4\0\0\0"), element(1, b"abc\0"), TEXT)],
            "deeply",
        ),
        ([matrix(17, (1, 1), b"a", TEXT)], "more deeply nested"),
        ([TEXT[:-8]], "longer than what holds it"),
        ([matrix(4, (1, 2), b"a", element(16, b"ab"))], "a is char, expected cell or struct"),
        ([matrix(4, (1, 2), b"b", element(16, b"ab"))], "a is absent, expected cell or struct"),
        (
            [matrix(1, (1, 1), b"a", TEXT), matrix(6, (1, 1), b"a", element(9, bytes(8)))],
            "a is .* and .*, expected cell",
        ),
        ([element(14, b"")], "a is absent|Error"),
    ],
)
def test_other_matlab_files_are_refused(elements, text, tmp_path):
    write(tmp_path / "a.mat", *elements)
    with pytest.raises(DataError, match=text):
        load_mat(tmp_path / "a.mat", "a", **LOAD)


def test_matlab_bombs_are_not_unpacked(tmp_path):
    """Half a megabyte that claims to hold 500."""
    body = zlib.compress(matrix(9, (500, 2**20), b"X", element(2, bytes(500 * 2**20))), 9)
    (tmp_path / "a.mat").write_bytes(
        b"MATLAB 5.0".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + struct.pack("<II", 15, len(body)) + body
    )
    del body
    before = peak()
    with pytest.raises(DataError, match="more than 1048576 bytes without compression"):
        load_mat(tmp_path / "a.mat", "X", kinds=NUMBERS, at_most=2**20)
    with open(tmp_path / "b.mat", "wb") as sparse:
        sparse.write(b"MATLAB 5.0".ljust(124) + struct.pack("<H", 0x0100) + b"IM")
        sparse.truncate(2**40)
    with pytest.raises(DataError, match="a file of more than 1048576 bytes"):
        load_mat(tmp_path / "b.mat", "X", kinds=NUMBERS, at_most=2**20)
    (tmp_path / "c.mat").write_bytes(struct.pack("<5I", 0, 2**30, 2**30, 0, 2) + b"X\0")
    with pytest.raises(DataError, match="not a MATLAB file of version 5"):
        load_mat(tmp_path / "c.mat", "X", kinds=NUMBERS, at_most=2**20)
    assert peak() - before < 20_000


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((32, 32, 3, 20)), np.arange(20) % 10),
        (np.zeros((32, 32, 3, 20), np.uint8), np.full(20, 1.5)),
        (np.zeros((32, 32, 3, 20), np.uint8), np.full(20, 257)),
        (np.zeros((32, 32, 3, 20), np.uint8), np.ones((20, 2))),
    ],
)
def test_svhn_of_other_numbers_is_refused(images, labels, tmp_path):
    from scipy.io import savemat

    counts = miniatures.folder("svhn", tmp_path, train=2)
    savemat(tmp_path / "svhn/train_32x32.mat", {"X": images, "y": labels[:, None]})
    refused("svhn", tmp_path, counts, r"expected X \(32, 32, 3, n\) uint8 and y \(n\), whole numbers")


def test_svhn_of_objects_is_refused(tmp_path):
    from scipy.io import savemat

    counts = miniatures.folder("svhn", tmp_path)
    savemat(tmp_path / "svhn/train_32x32.mat", {"X": np.array(["a", "bc"], object), "y": np.arange(2)})
    refused("svhn", tmp_path, counts, "X is cell, expected double or")
