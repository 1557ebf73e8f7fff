"""The files of a prepared task, of images or of texts: which rows are fit and val, and all files or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from lib.data import preparing, splits
from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.errors import DataError
from lib.files import atomic
from workflow_scripts.job import adapter

Part = tuple[RawSplit, np.ndarray, Callable]  # a source's split, the rows that are taken of it, what stores a row


def write_parts(folder: Path, parts: Mapping[str, Part], *, name: str, unit: str) -> dict[str, dict[str, object]]:
    """Write .images.bin, .index.npz and .json of each part (fit, val, test) to `folder`; returns their entries for the
    manifest. name: of the task; unit: what a row is, "image" or "text".
    """
    entries = {}
    for part, (source, rows, store) in parts.items():
        bar = partial(adapter.progress, total=len(rows), what=f"{name} {part}", unit=unit)
        entries[part] = preparing.write(folder, part, source, rows, crop=store, progress=bar)
        atomic.write_json(folder / f"{part}.json", entries[part])
    return entries


def write_manifest(
    folder: Path,
    raw: RawTask,
    entries: Mapping[str, Mapping[str, object]],
    *,
    name: str,
    split: Mapping[str, object] | None,
    told: Mapping[str, object],
    deviations: Sequence[str] = (),
) -> None:
    """Write classes.json (class names and templates) and manifest.json (all of it, for people and audits).

    entries: of `write_parts`; told: how rows were stored; deviations: beside the source's.
    """
    classes = {"class_names": list(raw.class_names), "templates": list(raw.templates)}
    atomic.write_json(folder / "classes.json", classes)
    manifest = {
        "task": name,
        **classes,
        "splits": entries,
        "split_rule": dict(split) if raw.val is None else "the source's own validation split",
        **told,
        "source": dict(raw.origin),
        "deviations": [*raw.deviations, *deviations],
    }
    atomic.write_json(folder / "manifest.json", manifest)


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[None]:
    """Remove what the block wrote to `folder` if it raises: whole splits without a manifest are of no use."""
    before = set(folder.glob("*"))
    try:
        yield
    except BaseException:
        for path in set(folder.glob("*")) - before:
            path.unlink()
        raise


def fit_and_validation(raw: RawTask, split: Mapping[str, object] | None) -> tuple[np.ndarray, np.ndarray]:
    """Int64[n] each, ascending: the rows of train that are fitted on, and those of val.

    split: the rule for val, None for a source with a val of its own. Raises DataError for a source without that.
    """
    if raw.val is not None:
        return np.arange(len(raw.train)), np.arange(len(raw.val))
    if split is None:
        raise DataError(
            "validation split",
            got="a source without one",
            expected="one of its own, as the configuration of this data set says",
            next_step="check the folder: its val is missing",
        )
    fit, val = splits.fit_and_validation(len(raw.train), **split)
    return np.sort(fit), np.sort(val)  # in the source's order, in which files are read fastest


def place(config: Mapping[str, object], name: str) -> Path:
    """Where a task of the configuration is read from: the data root, or a folder of its own below it."""
    (task,) = (task for task in [*config["tasks"], config["control"]] if task["name"] == name)
    return Path(config["data_root"], task.get("options", {}).get("path", ""))
