"""A task's labelled images from wherever they lie, checked against the benchmark.

DEVIATES: with the option `expected_counts`, sizes are not the benchmark's, for those who have but a part of the data;
declared in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from lib.data import tasks
from lib.data.hub_client import pinned
from lib.data.raw_task import RawTask
from lib.data.readers.checks import check_counts, check_labels
from lib.data.readers.errors import DataError

_OPTIONS = {"folder": {"expected_counts"}, "hub": {"expected_counts", "revision", "label_order"}}


def open_task(reading: Mapping[str, object], *, root: Path | None, options: Mapping[str, object]) -> RawTask:
    """A task as its source ships it, checked against the benchmark: counts, classes, label names, leaks.

    reading: of `lib.data.datasets.reading`. root: the folder that holds the prepared folders (folder), the task's own
    folder (image_folder) or the cache of downloads (hub; None is the client's own). options: `expected_counts` (images
    by split, instead of the benchmark's), `revision` and `label_order` (hub; see `lib.data.readers.hub.read`), or the
    reader's keywords for other data sets. No image is decoded. Raises DataError.
    """
    reader, source = import_module(reading["reader"]), reading["source"]
    if reading["task"] is None:
        return reader.read(*([] if source == "code" else [root]), **options)
    _check_options(reading["dataset"], options, _OPTIONS[source])
    task = tasks.read(reading["task"])
    return (_open_folder if source == "folder" else _open_hub)(task, reader, root, options)


def _open_folder(task: tasks.Task, reader, root: Path | None, options: Mapping) -> RawTask:
    home = task.home(root)
    splits = reader.read(task, home)
    origin = {"source": "folder", "folder": str(home.relative_to(root))}
    return _checked(task, splits, options, task.counts, origin, ())


def _open_hub(task: tasks.Task, hub, root: Path | None, options: Mapping) -> RawTask:
    revision = pinned(task.hub.repo, options.get("revision", task.hub.revision))
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


def _check_options(dataset: str, options: Mapping, known: set[str]) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise DataError(
            f"{dataset}: options", got=unknown, expected=f"only {sorted(known)}", next_step="remove the rest"
        )
