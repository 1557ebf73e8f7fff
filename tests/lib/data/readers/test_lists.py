"""Lists and tables of official data sets that are odd or hostile: refused by name before any image is decoded."""

import os

import pytest

from lib.data import tasks
from lib.data.datasets import open_task
from lib.data.readers.errors import DataError
from tests import miniatures

LISTS = {
    "resisc45": "resisc45/resisc45-test.txt",
    "dtd": "dtd/labels/test1.txt",
    "sun397": "SUN397/Partitions/Testing_01.txt",
}


def built(name, root):
    build = miniatures.archive if name in ("dtd", "sun397") else miniatures.folder
    return build(name, root)


def refused(name, root, counts, text):
    with pytest.raises(DataError, match=text) as error:
        open_task(name, "folder", root=root, options={"expected_counts": counts})
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("added", "text"),
    [
        (b"caf\xe9.jpg\n", "got UnicodeDecodeError.*expected lines of printable UTF-8 text"),
        (b"a\0b.jpg\n", r"the line 'a\\x00b.jpg'"),
        (b"../../../../etc/a.jpg\n", r"'../../../../etc/a.jpg', expected names below the data set's own folder"),
        (b"//etc/a.jpg\n", "expected names below the data set's own folder"),
        (b"x/../y.jpg\n", "expected names below the data set's own folder"),
    ],
)
def test_lists_of_other_bytes_and_places_are_refused(name, added, text, tmp_path):
    counts = built(name, tmp_path)
    with open(tmp_path / LISTS[name], "ab") as file:
        file.write(added)
    refused(name, tmp_path, counts, text)


@pytest.mark.parametrize("name", LISTS)
def test_lists_with_a_line_twice_are_refused_and_marks_are_not(name, tmp_path):
    counts = built(name, tmp_path)
    file = tmp_path / LISTS[name]
    lines = file.read_text().splitlines()
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, ""]).encode())
    task = open_task(name, "folder", root=tmp_path, options={"expected_counts": counts})
    assert len(task.test) == counts["test"]
    file.write_text("\n".join([*lines, lines[0], ""]))
    refused(name, tmp_path, counts, "images listed more than once: got 1")


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_are_fifos_or_huge_are_refused(name, tmp_path):
    counts, file = built(name, tmp_path), tmp_path / LISTS[name]
    file.unlink()
    os.mkfifo(file)
    refused(name, tmp_path, counts, "is not a regular file")
    file.unlink()
    with open(file, "wb") as sparse:
        sparse.truncate(2**40)
    refused(name, tmp_path, counts, "got ValueError: 1099511627776 bytes")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("9.ppm;1;1;1;1;1;1;" + "9" * 5000, "line 45 that is not whole"),
        ("9.ppm;1;1;1;1;1;1;²", "line 45 that is not whole"),
        ("9.ppm;1;1;1;1;1;1;-1", "line 45 that is not whole"),
        ("9.ppm;1;1;1;1;1;1;99", "labels of test out of range|absent: 9.ppm"),
        ("../9.ppm;1;1;1;1;1;1;1", "names below the data set's own folder"),
        ("/etc/9.ppm;1;1;1;1;1;1;1", "names below the data set's own folder"),
        ("00000.ppm;1;1;1;1;1;1;1", "images listed more than once: got 1: 00000.ppm"),
        ("a\0.ppm;1;1;1;1;1;1;1", "expected lines of printable UTF-8 text"),
        ('"' + "x" * 200_000, "csv.Error"),
    ],
)
def test_gtsrb_tables(row, text, tmp_path):
    counts = miniatures.folder("gtsrb", tmp_path)
    with open(tmp_path / "gtsrb/GT-final_test.csv", "a", encoding="utf-8") as file:
        file.write(row + "\n")
    refused("gtsrb", tmp_path, counts, text)


def test_gtsrb_tables_that_are_fifos_or_no_text(tmp_path):
    counts = miniatures.folder("gtsrb", tmp_path)
    table = tmp_path / "gtsrb/GT-final_test.csv"
    table.write_bytes(b"Filename;ClassId\ncaf\xe9.ppm;1\n")
    refused("gtsrb", tmp_path, counts, "UnicodeDecodeError")
    table.unlink()
    os.mkfifo(table)
    refused("gtsrb", tmp_path, counts, "is not a regular file")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fname": "../00001.jpg"}, "names below the data set's own folder"),
        ({"fname": "/etc/passwd"}, "names below the data set's own folder"),
        ({"fname": "00002.jpg"}, "images listed more than once: got 1: 00002.jpg"),
        ({"class": 1.5}, "classes: got 1.5, expected whole numbers from 1"),
        ({"class": "one"}, "classes: got 'one', expected whole numbers"),
        ({"class": float("nan")}, "classes: got nan"),
        ({"class": [1, 2]}, "classes: got array"),
        ({"class": 197}, "labels of test out of range: got 196"),
    ],
)
def test_cars_tables(change, text, tmp_path):
    from scipy.io import savemat

    counts = miniatures.folder("cars", tmp_path)
    classes = len(tasks.read("cars").class_names)
    rows = [{"fname": f"{row + 1:05d}.jpg", "class": classes - row} for row in range(classes)]
    rows[0].update(change)
    values = [tuple(row.values()) for row in rows]
    table = np_struct(values, tuple(rows[0]))
    savemat(tmp_path / "stanford_cars/cars_test_annos_withlabels.mat", {"annotations": table})
    refused("cars", tmp_path, counts, text)


def np_struct(values, fields):
    import numpy as np

    return np.array([values], dtype=[(field, object) for field in fields])
