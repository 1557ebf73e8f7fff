"""Parquet files of a pinned revision on the hub of data sets.

DEVIATES: rows come in the order of the hub's files, not of the prepared folders, so the seeded split of train may draw
other images for validation; declared in the manifest.

DEVIATES: a data set without a split for validation that the papers' folder has (EuroSAT) gets one from train by the
rule of the others; declared in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lib.data import hub_client
from lib.data.raw_task import RawSplit
from lib.data.readers import parquet
from lib.data.readers.checks import check_names, names_in_task_order
from lib.data.tasks import Task

LABEL_ORDERS = ("as_listed", "by_name", "by_position")


def read(
    task: Task, cache: Path | None, *, revision: str | None, label_order: str = "as_listed"
) -> dict[str, RawSplit]:
    """The task's splits, fetched if the cache lacks them; rows in the files' order, decoded one at a time.

    revision: 40 hexadecimal digits. label_order: "as_listed" refuses names that are not the task's in the task's
    order; "by_name" follows the names that the files declare; "by_position" follows the numbers and trusts
    lib.data.tasks. Raises DataError for a revision that is not pinned, for anything the hub refuses, for missing or
    damaged files.
    """
    commit = hub_client.pinned(task.hub.repo, revision)
    folder = hub_client.fetch(task.hub.repo, commit, tuple(task.hub.files.values()), cache)
    return {split: _split(task, folder, pattern, label_order) for split, pattern in task.hub.files.items()}


def _split(task: Task, folder: Path, pattern: str, label_order: str) -> RawSplit:
    files = parquet.shards(folder, pattern)
    split = parquet.read(files, image=task.hub.image, label=task.hub.label)
    if label_order == "by_position":
        return split
    what = f"{task.title}: {task.hub.repo}, {pattern}"
    names = parquet.declared_names(files[0], task.hub.label)
    order = names_in_task_order(names, task) if label_order == "by_name" else None
    if order is None:
        check_names(what, names, task)
        return split
    return parquet.relabelled(split, order)


def origin(task: Task, revision: str, label_order: str) -> Mapping[str, object]:
    """Where the rows came from, for the manifest."""
    return {"source": "hub", "repo": task.hub.repo, "revision": revision, "label_order": label_order}


def deviations(task: Task) -> tuple[str, ...]:
    """What differs from the prepared folders, one sentence each."""
    order = (
        f"{task.title}'s rows come in the order of the hub's files: the seeded split of train may draw other images "
        "for validation than it draws from the prepared folder."
    )
    return (*task.hub.deviations, order)
