"""Files of the kernel view that are cut, empty, absent or not finite.

Each script that reads one refuses it by name, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib.data.prepared import FIELDS
from lib.files import local_energies, predictions, rows, squared_lengths, trajectories
from lib.files.own_files import NotFinite, OwnFileError
from tests.lib.files.test_local_energies import energies
from tests.lib.files.test_squared_lengths import lengths
from tests.lib.files.test_trajectories import drawn
from workflow_scripts.reporting import (
    drift_table,
    kernel_regression_table,
    laziness_table,
    localization_table,
    wide_networks_table,
)

TASKS, BOOTSTRAP, LABELS = ["A", "B"], {"resamples": 20, "seed": 0}, [0, 1, 1, 0, 1, 0]
MEASURES = ("parameters", "features", "kernel")


def _localization(root: Path) -> None:
    local_energies.write(root / "energies.npz", energies())


def _wide_networks(root: Path) -> None:
    trajectories.write(root / "trajectories.npz", drawn())


def _laziness(root: Path) -> None:
    own = {"model": "m", "seed": 0, "mode": "linear"}
    rows.write(root / "laziness.csv", [{**own, "task": t, **dict.fromkeys(MEASURES, 0.1), "n": 4} for t in TASKS])


def _drift(root: Path) -> None:
    own = {"model": "m", "seed": 0, "mode": "linear"}
    stored = lengths(images=dict.fromkeys(TASKS, 4))
    squared_lengths.write(root / "images.npz", stored)
    pairs = [
        {**own, "vector": vector, "task": task, "exact": 0.5, "predicted": 0.4, "norm": 1.0, "n": 4}
        for vector in TASKS
        for task in TASKS
    ]
    rows.write(root / "pairs.csv", pairs)


def _read_drift(root: Path) -> None:
    files = [str(root / "pairs.csv")], [str(root / "images.npz")]
    drift_table.main(*files, root / "tables", tasks=TASKS, bootstrap=BOOTSTRAP)


def _regression(root: Path) -> None:
    own = {"model": "m", "task": "A", "split": 0}
    lines = [
        {**own, "shots": 0, "method": "zero-shot", "regularization": None, "initial_scale": None, "solver": None},
        {**own, "shots": 1, "method": "kernel-sgd", "regularization": 0.1, "initial_scale": 0.0, "solver": "cholesky"},
    ]
    rows.write(
        root / "tested.csv", [{**line, "learning_rate": None, "accuracy": 0.5, "n": len(LABELS)} for line in lines]
    )
    predicted = {("A", "test"): np.zeros((len(lines), len(LABELS)), np.int64)}
    predictions.write(root / "predictions.npz", predicted, {"A": 2}, {"model": "m", "task": "A"})
    np.savez(root / "A.index.npz", **dict.fromkeys(FIELDS, np.array(LABELS)))


def _read_regression(root: Path) -> None:
    kernel_regression_table.main(
        [str(root / "tested.csv")], [str(root / "predictions.npz")], {"A": str(root / "A.index.npz")}, root / "tables",
        test=len(LABELS), seed=0, bootstrap=BOOTSTRAP,
    )  # fmt: skip


# file -> how it is written, and the scripts that read it
READ: list[tuple[str, Callable[[Path], None], Callable[[Path], None]]] = [
    ("energies.npz", _localization, lambda root: localization_table.main(
        [str(root / "energies.npz")], root / "tables", bootstrap=BOOTSTRAP)),
    ("trajectories.npz", _wide_networks, lambda root: wide_networks_table.main(
        str(root / "trajectories.npz"), root / "tables")),
    ("laziness.csv", _laziness, lambda root: laziness_table.main(
        [str(root / "laziness.csv")], root / "tables", tasks=TASKS)),
    ("pairs.csv", _drift, _read_drift),
    ("images.npz", _drift, _read_drift),
    ("tested.csv", _regression, _read_regression),
    ("predictions.npz", _regression, _read_regression),
    ("A.index.npz", _regression, _read_regression),
]  # fmt: skip


def refused(read: Callable[[Path], None], root: Path, file: str, *words: str, error: type = OwnFileError) -> None:
    with pytest.raises(error) as raised:
        read(root)
    told = str(raised.value)
    assert told.startswith(f"{root / file}: got ") and ", expected " in told, told
    assert "run the same command again" in told and all(word in told for word in words), told
    assert not (root / "tables").exists()


@pytest.mark.parametrize(("file", "write", "read"), READ)
def test_a_whole_file_is_read(tmp_path, file, write, read):
    write(tmp_path)
    read(tmp_path)
    assert len(list((tmp_path / "tables").iterdir())) == 3  # csv, md, tex


@pytest.mark.parametrize(("file", "write", "read"), READ)
def test_a_file_that_is_cut_or_empty_or_absent_is_refused(tmp_path, file, write, read):
    write(tmp_path)
    content = (tmp_path / file).read_bytes()
    for part in (content[:-3], content[: len(content) // 2 + 1], b""):
        (tmp_path / file).write_bytes(part)
        refused(read, tmp_path, file)
    (tmp_path / file).unlink()
    refused(read, tmp_path, file, "got no file")


@pytest.mark.parametrize(("file", "write", "read"), [row for row in READ if row[0].endswith(".csv")])
def test_a_csv_file_without_its_last_row_is_refused(tmp_path, file, write, read):
    write(tmp_path)
    lines = (tmp_path / file).read_text().splitlines(keepends=True)
    (tmp_path / file).write_text("".join(lines[:-1]))
    with pytest.raises(OwnFileError, match="rows|predictions"):  # of an accuracy the predictions beside it tell
        read(tmp_path)


@pytest.mark.parametrize("value", ["nan", "inf", ""])
@pytest.mark.parametrize(
    ("file", "column"), [("laziness.csv", "kernel"), ("pairs.csv", "predicted"), ("tested.csv", "accuracy")]
)
def test_a_number_that_is_not_finite_is_refused(tmp_path, file, column, value):
    write, read = next((write, read) for name, write, read in READ if name == file)
    write(tmp_path)
    header, *lines = (tmp_path / file).read_text().splitlines()
    cells = lines[-1].split(",")
    cells[header.split(",").index(column)] = value
    (tmp_path / file).write_text("\n".join([header, *lines[:-1], ",".join(cells)]) + "\n")
    refused(read, tmp_path, file, f"values of {column}", error=NotFinite)


@pytest.mark.parametrize("name", ["energy", "values"])
def test_energies_that_are_not_finite_are_refused(tmp_path, name):
    _localization(tmp_path)
    found = local_energies.read(tmp_path / "energies.npz")
    local_energies.write(
        tmp_path / "energies.npz", replace(found, **{name: np.full_like(getattr(found, name), np.nan)})
    )
    refused(READ[0][2], tmp_path, "energies.npz", f"values of {name}", error=NotFinite)


def test_images_of_another_mode_than_their_pairs_are_refused(tmp_path):
    _drift(tmp_path)
    squared_lengths.write(tmp_path / "images.npz", replace(squared_lengths.read(tmp_path / "images.npz"), mode="other"))
    with pytest.raises(OwnFileError, match=r"images.npz: got .*'other'.*pairs.csv beside it"):
        _read_drift(tmp_path)
