"""Parquet files of a pinned revision on the hub of data sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from lib.data.raw_task import RawSplit
from lib.data.readers import parquet
from lib.data.readers.checks import check_names, names_in_task_order
from lib.data.readers.errors import DataError
from lib.data.tasks import Task

LABEL_ORDERS = ("as_listed", "by_name", "by_position")

_FETCH = "check the network, or fetch once where there is one and copy the cache"
_PINNED = re.compile(r"[0-9a-f]{40}")
_Result = TypeVar("_Result")


def read(
    task: Task, cache: Path | None, *, revision: str | None, label_order: str = "as_listed"
) -> dict[str, RawSplit]:
    """The task's splits, fetched if the cache lacks them; rows in the files' order, decoded one at a time.

    revision: 40 hexadecimal digits. label_order: "as_listed" refuses names that are not the task's in the task's
    order; "by_name" follows the names that the files declare; "by_position" follows the numbers and trusts lib.data.tasks.
    Raises DataError for a revision that is not pinned, for anything the hub refuses, for missing or damaged files.
    """
    folder = fetch(task.hub.repo, pinned(task.hub.repo, revision), tuple(task.hub.files.values()), cache)
    return {split: _split(task, folder, pattern, label_order) for split, pattern in task.hub.files.items()}


def pinned(repo_id: str, revision: str | None) -> str:
    """The revision, checked. Raises DataError, which says how to pin one, unless it is a commit's 40 digits."""
    if revision is None or not _PINNED.fullmatch(revision):
        raise DataError(
            f"revision of {repo_id}",
            got=revision,
            expected="a commit of 40 hexadecimal digits (a branch may change under a run)",
            next_step="run `make pin`, or take the commit from the repository's page, and write it as the revision",
        )
    return revision


def resolve_revision(repo_id: str, repo_type: str) -> str:
    """The commit that the default branch of a repository points to now; repo_type is "dataset" or "model".

    Raises DataError if the hub cannot be reached or does not know the repository.
    """
    from huggingface_hub import HfApi

    return _asking_hub(
        repo_id,
        "main",
        lambda: HfApi().repo_info(repo_id, repo_type=repo_type, revision="main").sha,
        unreachable="check the network; where a branch points is known to the hub alone",
    )


def hub_file(repo_id: str, filename: str, *, revision: str | None, cache: Path | None = None) -> Path:
    """The path of one file of a model's repository at a pinned revision, fetched if the cache lacks it.

    cache: None takes huggingface_hub's own. Raises DataError for a revision that is not pinned and for anything the
    hub refuses.
    """
    from huggingface_hub import hf_hub_download

    commit = pinned(repo_id, revision)

    def download() -> str:
        return hf_hub_download(repo_id, filename, revision=commit, cache_dir=cache, tqdm_class=_silent())

    unreachable = f"{_FETCH}; or name a file that you have, `weights: {{file: ...}}`"
    return Path(_asking_hub(repo_id, commit, download, unreachable=unreachable))


def fetch(repo_id: str, revision: str, patterns: tuple[str, ...], cache: Path | None) -> Path:
    """The folder of a data set's snapshot with the files that match the patterns, and no others.

    cache: None takes huggingface_hub's own. Its environment variables (endpoint, offline, token) are respected.
    """
    from huggingface_hub import snapshot_download

    def download() -> str:
        return snapshot_download(
            repo_id,
            repo_type="dataset",
            revision=revision,
            allow_patterns=list(patterns),
            cache_dir=cache,
            tqdm_class=_silent(),
        )

    unreachable = f"{_FETCH}; or take the source folder"
    return Path(_asking_hub(repo_id, revision, download, unreachable=unreachable))


def _silent() -> type:
    """A progress bar that shows nothing: the caller shows progress."""
    from huggingface_hub.utils import tqdm

    class Silent(tqdm):
        def __init__(self, *args, **keywords):
            super().__init__(*args, **{**keywords, "disable": True})

    return Silent


def _asking_hub(repo_id: str, revision: str, ask: Callable[[], _Result], *, unreachable: str) -> _Result:
    """What the hub answers; DataError for anything else, with the next step, `unreachable` if there is no answer."""
    from huggingface_hub import errors

    reasons = (
        (errors.GatedRepoError, "accept the terms on the repository's page and log in with `hf auth login`"),
        (errors.RepositoryNotFoundError, "check the name; a private or gated one needs `hf auth login`"),
        (errors.RevisionNotFoundError, "pin a commit that exists: `make pin`"),
        (errors.RemoteEntryNotFoundError, "check the file's name at that commit"),
        (Exception, unreachable),
    )
    try:
        return ask()
    except Exception as error:  # the client lets its transport's own errors through, besides its own
        next_step = next(step for kind, step in reasons if isinstance(error, kind))
        raise DataError(
            f"hub: {repo_id} at {revision}",
            got=f"{type(error).__name__}: {' '.join(str(error).split())}",
            expected="an answer",
            next_step=next_step,
        ) from error


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
