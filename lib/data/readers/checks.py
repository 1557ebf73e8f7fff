"""Checks of what a source ships against what the benchmark requires."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.errors import DataError, ImageError, some
from lib.data.tasks import Task, simplified


def check_counts(
    what: str, splits: Mapping[str, RawSplit], expected: Mapping[str, int], variants: Mapping[int, str]
) -> None:
    """Raise DataError unless each split has exactly the expected number of images; a known variant is named."""
    got = {name: len(split) for name, split in splits.items()}
    if got == dict(expected):
        return
    variant = variants.get(got.get("train"))
    described = f"images {got}" + (f" ({variant})" if variant else "")
    raise DataError(
        f"{what}: wrong split size",
        got=described,
        expected=dict(expected),
        next_step="take the data set that docs and lib/data/tasks name, or state your own counts in the option "
        "expected_counts",
    )


def check_labels(what: str, splits: Mapping[str, RawSplit], class_names: Sequence[str]) -> None:
    """Raise DataError if a label is out of range or if a class has no image in one of the splits."""
    classes = len(class_names)
    for name, split in splits.items():
        found = np.unique(split.labels)
        strange = found[(found < 0) | (found >= classes)]
        if len(strange):
            raise DataError(
                f"{what}: labels of {name} out of range",
                got=some(strange.tolist()),
                expected=f"0 to {classes - 1}",
                next_step="check that this split carries labels and that it is this data set's",
            )
        missing = [class_names[label] for label in np.setdiff1d(np.arange(classes), found)]
        if missing:
            raise DataError(
                f"{what}: classes without an image in {name}",
                got=f"none of {some(missing)}",
                expected=f"images of all {classes} classes",
                next_step="fetch or unpack the data set again: it is incomplete",
            )


def check_classes(what: str, found: Collection[str], known: Sequence[str], *, kind: str, next_step: str) -> None:
    """Raise DataError unless the classes found are exactly the known ones, in any order. kind: what they are there."""
    missing, strange = sorted(set(known) - set(found)), sorted(set(found) - set(known))
    if missing or strange:
        raise DataError(
            what,
            got=f"missing: {some(missing) or 'none'}; unknown: {some(strange) or 'none'}",
            expected=f"the {len(known)} {kind} {some(known, 3)}",
            next_step=next_step,
        )


def check_names(what: str, found: Sequence[str], task: Task) -> None:
    """Raise DataError unless the source names the classes as the task does, in the task's order."""
    differing = [
        label
        for label, name in enumerate(found[: len(task.class_names)])
        if simplified(name) not in task.aliases(label)
    ]
    if len(found) == len(task.class_names) and not differing:
        return
    if len(found) != len(task.class_names):
        got, expected = f"{len(found)} classes", f"{len(task.class_names)} classes"
    else:
        got = some([f"{label}: {found[label]!r}" for label in differing])
        expected = some([f"{label}: {task.class_names[label]!r}" for label in differing])
    order = "label order differs" if names_in_task_order(found, task) is not None else "label names differ"
    raise DataError(
        f"{what}: {order}",
        got=got,
        expected=expected,
        next_step="use the data set that lib/data/tasks names; for one from the hub whose zero-shot accuracy you have "
        "checked, set the option label_order to by_name (follow the names) or by_position (follow the numbers)",
    )


def names_in_task_order(found: Sequence[str], task: Task) -> list[int] | None:
    """For each name found, the task's label of that name; None unless that is one to one."""
    classes = range(len(task.class_names))
    label_of = {alias: label for label in classes for alias in task.aliases(label)}
    if task.labels:  # ImageNet: two class names may agree, declared names never do
        label_of = {simplified(task.labels[label]): label for label in classes}
    labels = [label_of.get(simplified(name), -1) for name in found]
    return labels if sorted(labels) == list(classes) else None


def check_disjoint(what: str, train: Sequence[str], test: Sequence[str]) -> None:
    """Raise DataError if an image's name (with its class's folder) stands in both lists: a leaked split."""
    shared = sorted(set(train) & set(test))
    if shared:
        raise DataError(
            f"{what}: train and test share images (a leaked split)",
            got=f"{len(shared)} in both: {some(shared)}",
            expected="none",
            next_step="split the original data set again; results from a leaked split cannot be compared",
        )


def check_decodable(
    raw_task: RawTask,
    *,
    splits: Sequence[str] = ("train", "val", "test"),
    rows: Mapping[str, Sequence[int]] | None = None,
    show: int = 5,
) -> None:
    """Decode every image of the splits (or those of `rows`, by split); raise DataError that names the first `show`
    broken ones.
    """
    broken: list[str] = []
    for name in splits:
        split = getattr(raw_task, name)
        everything = range(len(split) if split is not None else 0)
        for row in everything if rows is None else rows.get(name, ()):
            try:
                split.image(int(row))
            except ImageError as error:
                broken.append(f"{name} row {row}: {error}")
            if len(broken) == show:
                _refuse(broken)
    if broken:
        _refuse(broken)


def _refuse(broken: Sequence[str]) -> None:
    raise DataError(
        "images that cannot be decoded",
        got="; ".join(broken),
        expected="only whole image files",
        next_step="fetch these files again (a broken archive or transfer), or save those that are whole but of another "
        "size or kind as 8-bit PNG; then repeat",
    )
