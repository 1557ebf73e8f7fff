"""GTSRB as torchvision unpacks it: PPM files in numbered folders, and a table for the test set."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError, some
from lib.data.readers.folders import class_directories, image_names, images_by_class
from lib.data.readers.images import split_of_files
from lib.data.readers.listed_images import check_listed
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task

_TABLES = ("GT-final_test.csv", "GTSRB/GT-final_test.csv", "GTSRB/Final_Test/Images/GT-final_test.csv")
_CLASS = re.compile("[0-9]{1,5}")


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train by folder, test by table. Raises DataError for absent files and for tables that contradict the folders."""
    training = home / "GTSRB" / "Training"
    paths, labels = images_by_class(training, task.folders, task.title)
    _check_class_tables(training, task)
    return {"train": split_of_files(paths, labels), "test": _test(home)}


def _check_class_tables(training: Path, task: Task) -> None:
    """Each class's own table, where it is there, must give the number of its folder."""
    for name, folder in class_directories(training, task.title).items():
        table = folder / f"GT-{name}.csv"
        numbers = {int(row["ClassId"]) for row in _rows(table)} if table.exists() else set()
        if numbers - {int(name)}:
            raise DataError(
                f"{task.title}: {table}",
                got=f"classes {sorted(numbers)}",
                expected=f"only {int(name)}, as the folder's name says",
                next_step="unpack the training archive again",
            )


def _test(home: Path) -> RawSplit:
    images = home / "GTSRB" / "Final_Test" / "Images"
    table = next((home / name for name in _TABLES if (home / name).exists()), home / _TABLES[0])
    rows = _rows(table)
    names = [row["Filename"] for row in rows]
    check_listed(f"GTSRB: {table}", names)
    present = image_names(images)
    absent = [name for name in names if name not in present]
    if absent:
        raise DataError(
            f"GTSRB: images in {images}",
            got=f"{len(absent)} of {len(rows)} absent: {some(absent)}",
            expected=f"all files that {table.name} lists",
            next_step="unpack the archive of the test images again",
        )
    return split_of_files([str(images / name) for name in names], [int(row["ClassId"]) for row in rows])


def _rows(table: Path) -> list[dict[str, str]]:
    rows, columns = _table(table) if table.exists() else ([], [])
    known = {"Filename", "ClassId"} <= set(columns)
    broken = next((n for n, row in enumerate(rows, start=2) if not _whole(row)), 0) if known else 0
    if not known or broken:
        got = f"columns {columns}" if table.exists() else "no file"
        raise DataError(
            f"GTSRB: table {table}",
            got=f"line {broken} that is not whole" if broken else got,
            expected="whole rows with Filename and ClassId, divided by semicolons",
            next_step="fetch the archive of the test labels (GTSRB_Final_Test_GT) and unpack it there",
        )
    return rows


def _table(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    reader = csv.DictReader(text_lines(path, "GTSRB: table"), delimiter=";", skipinitialspace=True)
    try:
        return list(reader), list(reader.fieldnames or ())
    except csv.Error as error:
        raise DataError(
            f"GTSRB: table {path}",
            got=f"csv.Error: {error}",
            expected="rows divided by semicolons",
            next_step="fetch the archive that holds this table again",
        ) from error


def _whole(row: dict[str, str]) -> bool:
    return bool(row["Filename"]) and _CLASS.fullmatch(row["ClassId"] or "") is not None
