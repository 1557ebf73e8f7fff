"""The data sets: by which module each is read, from which sources, with which options.

A registry for the edge. The workflow turns a data set into values and hands those to its jobs, which never import this
module: a further data set is one reader in `lib/data/readers/` and one entry here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.data import opening
from lib.data.raw_task import RawTask
from lib.data.readers.errors import DataError

_COUNTS = frozenset({"expected_counts"})
_HUB = frozenset({"expected_counts", "revision", "label_order"})


@dataclass(frozen=True)
class DataSet:
    """One data set. reader: a module of lib/data/readers, of its folder or its code.

    official: whether `lib.data.tasks` holds its class names, templates and counts; it can then be read from the hub,
    too. needed, known: options. side: the longest shorter side of its images in pixels, None where it is not known.
    own_validation: whether the folder has a validation split of its own. from_folder: whether a data set that is not
    official is read from a folder of its own below the data root, the option `path`; else it comes from code. total:
    the number of all its images, of which the option `test` are for testing.
    """

    name: str
    reader: str
    meaning: str
    official: bool = True
    needed: frozenset[str] = frozenset()
    known: frozenset[str] = _HUB
    side: int | None = None
    own_validation: bool = False
    from_folder: bool = False
    total: int | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it can be read from: "folder", "hub" or "code"."""
        if self.official:
            return ("folder", "hub")
        return ("folder",) if self.from_folder else ("code",)

    def counts(self, options: Mapping[str, object]) -> dict[str, int] | None:
        """Images by split of a data set that is not official, None if they are not known before it is read."""
        if {"train", "test"} <= options.keys():
            return {split: options[split] for split in ("train", "test")}
        return None if self.total is None else {"train": self.total - options["test"], "test": options["test"]}


def _official(name: str, reader: str, **more) -> DataSet:
    return DataSet(name, reader, "one of the papers' nine", **more)


def _own(name: str, meaning: str, needed: set[str], known: set[str] = frozenset(), **more) -> DataSet:
    return DataSet(
        name, name, meaning, official=False, needed=frozenset(needed), known=frozenset(needed | known), **more
    )


DATASETS = {
    dataset.name: dataset
    for dataset in (
        _official("cars", "cars_devkit"),
        _official("dtd", "class_folders"),
        _official("eurosat", "class_folders", side=64, own_validation=True),
        _official("gtsrb", "gtsrb"),
        _official("mnist", "mnist", side=28),
        _official("resisc45", "resisc45", side=256),
        _official("sun397", "class_folders"),
        _official("svhn", "svhn", side=32),
        _official("imagenet", "imagenet"),
        _own(
            "image_folder",
            "a task of your own: `{train,test[,val]}/{class}/*`",
            {"path", "templates"},
            {"class_names", "expected_counts"},
            from_folder=True,
        ),
        _own("synthetic", "synthetic images, made by code", {"kind", "train", "test", "seed"}, side=32),
        _own("sklearn_digits", "the digits that scikit-learn ships", {"test", "seed"}, side=32, total=1797),
    )
}


def reading(dataset: str, source: str | None) -> dict[str, object]:
    """What `lib.data.opening.open_task` needs to know, as builtin values. source: None where there is but one.

    Raises DataError for an unknown data set or a source that it has not.
    """
    if dataset not in DATASETS:
        raise DataError("data set", got=dataset, expected=f"one of {', '.join(DATASETS)}", next_step="correct the name")
    known = DATASETS[dataset]
    if source is None and len(known.sources) == 1:
        (source,) = known.sources
    if source not in known.sources:
        raise DataError(
            f"{dataset}: source", got=source, expected=" or ".join(known.sources), next_step="correct the source"
        )
    reader = "hub" if source == "hub" else known.reader
    task = dataset if known.official else None
    return {"dataset": dataset, "source": source, "reader": f"lib.data.readers.{reader}", "task": task}


def open_task(dataset: str, source: str | None, *, root: Path | None, options: Mapping[str, object]) -> RawTask:
    """A task as its source ships it, checked; see `lib.data.opening.open_task`. Raises DataError."""
    return opening.open_task(reading(dataset, source), root=root, options=options)
