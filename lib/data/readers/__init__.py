"""Data sources: `open_task` gives a task's labelled images from wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from lib.data import tasks
from lib.data.raw_task import RawTask
from lib.data.readers.checks import check_counts, check_decodable, check_labels
from lib.data.readers.errors import DataError, ImageError

__all__ = ["DATASETS", "DataError", "ImageError", "check_decodable", "hub_file", "open_task", "reader_modules"]

_FOLDER_READERS = {
    "cars": "cars_devkit",
    "dtd": "class_folders",
    "eurosat": "class_folders",
    "gtsrb": "gtsrb",
    "imagenet": "imagenet",
    "mnist": "mnist",
    "resisc45": "resisc45",
    "sun397": "class_folders",
    "svhn": "svhn",
}
_OFFICIAL_OPTIONS = {"folder": {"expected_counts"}, "hub": {"expected_counts", "revision", "label_order"}}
_OWN_SOURCES = {"image_folder": "folder", "synthetic": "code", "sklearn_digits": "code"}

DATASETS = (*_FOLDER_READERS, *_OWN_SOURCES)


def open_task(dataset: str, source: str, *, root: Path | None, options: Mapping[str, object]) -> RawTask:
    """A task as its source ships it, checked against the benchmark: counts, classes, label names, leaks.

    dataset: one of DATASETS. source: "folder" or "hub" for the papers' data sets, "folder" for image_folder, "code" for
    drawn and sklearn_digits. root: the folder that holds the prepared folders (folder), the task's own folder
    (image_folder) or the cache of downloads (hub; None is the client's own). options: `expected_counts` (images by
    split, instead of the benchmark's), `revision` and `label_order` (hub; see `lib.data.readers.hub.read`), or the
    reader's keywords for the other data sets. No image is decoded. Raises DataError.
    """
    accepted = _accepted_sources(dataset)
    if source not in accepted:
        raise DataError(
            f"{dataset}: source", got=source, expected=" or ".join(accepted), next_step="correct the source"
        )
    if dataset in _OWN_SOURCES:
        return _read_own(dataset, root, options)
    _check_options(dataset, options, _OFFICIAL_OPTIONS[source])
    task = tasks.read(dataset)
    return (_open_folder if source == "folder" else _open_hub)(task, root, options)


def reader_modules(dataset: str) -> tuple[str, ...]:
    """The modules of this package that may read a data set: what its preparation depends on beside its caller."""
    if dataset in _OWN_SOURCES:
        return (dataset,)
    return (_FOLDER_READERS[dataset], "hub")


def hub_file(repo_id: str, filename: str, *, revision: str | None, cache: Path | None = None) -> Path:
    """See `lib.data.readers.hub.hub_file`."""
    from lib.data.readers import hub

    return hub.hub_file(repo_id, filename, revision=revision, cache=cache)


def _open_folder(task: tasks.Task, root: Path | None, options: Mapping) -> RawTask:
    places = [] if root is None else [Path(root) / home for home in task.homes]
    home = next(filter(Path.is_dir, places), None)
    if home is None:
        raise _nothing_there(task, places)
    reader = import_module(f"lib.data.readers.{_FOLDER_READERS[task.name]}")
    splits = reader.read(task, home)
    return _checked(task, splits, options, task.counts, {"source": "folder", "folder": str(home)}, ())


def _open_hub(task: tasks.Task, root: Path | None, options: Mapping) -> RawTask:
    from lib.data.readers import hub

    revision = hub.pinned(task.hub.repo, options.get("revision", task.hub.revision))
    label_order = options.get("label_order", "as_listed")
    if label_order not in hub.LABEL_ORDERS:
        raise DataError(
            f"{task.title}: label_order",
            got=label_order,
            expected=" or ".join(hub.LABEL_ORDERS),
            next_step="correct the option",
        )
    splits = hub.read(task, root, revision=revision, label_order=label_order)
    origin = hub.origin(task, revision, label_order)
    return _checked(task, splits, options, task.hub.counts, origin, hub.deviations(task))


def _checked(task: tasks.Task, splits, options: Mapping, counts: Mapping[str, int], origin, deviations) -> RawTask:
    expected = dict(options.get("expected_counts", counts))
    check_counts(task.title, splits, expected, task.wrong_variants)
    check_labels(task.title, splits, task.class_names)
    if expected != dict(counts):
        ours, theirs = _in_words(expected), _in_words(counts)
        deviations = (*deviations, f"{task.title} has {ours} images, the benchmark's has {theirs}.")
    return RawTask(task.class_names, task.templates, **splits, origin=origin, deviations=deviations)


def _in_words(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{counts[split]} {split}" for split in ("train", "val", "test") if split in counts)


def _nothing_there(task: tasks.Task, places: list[Path]) -> DataError:
    return DataError(
        f"{task.title}: no data",
        got=f"nothing at {' or '.join(map(str, places))}" if places else "no data root",
        expected=f"one of the accepted sources: folder, as {task.layout} below the data root; hub, {task.hub.repo}",
        next_step=f"put the folder there, or set the source of {task.name} to hub",
    )


def _read_own(dataset: str, root: Path | None, options: Mapping) -> RawTask:
    reader = import_module(f"lib.data.readers.{dataset}")
    place = ()
    if dataset == "image_folder":
        if root is None or not Path(root).is_dir():
            raise DataError(
                "image_folder: no data",
                got="no root" if root is None else f"nothing at {root}",
                expected="a folder with {train,test[,val]}/<class>/<image>, the only accepted source",
                next_step="set root to that folder",
            )
        place = (Path(root),)
    return reader.read(*place, **options)


def _accepted_sources(dataset: str) -> tuple[str, ...]:
    if dataset not in DATASETS:
        raise DataError("data set", got=dataset, expected=f"one of {', '.join(DATASETS)}", next_step="correct the name")
    return (_OWN_SOURCES[dataset],) if dataset in _OWN_SOURCES else tuple(_OFFICIAL_OPTIONS)


def _check_options(dataset: str, options: Mapping, known: set[str]) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise DataError(
            f"{dataset}: options", got=unknown, expected=f"only {sorted(known)}", next_step="remove the rest"
        )
