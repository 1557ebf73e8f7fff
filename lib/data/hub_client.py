"""Files of pinned revisions on the hub: fetched once into its client's cache, every refusal told with the next step.

What a revision holds never changes, so nothing here can change a number (`workflow_scripts.code.OUTSIDE`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lib.data.readers.errors import DataError, some

_FETCH = "check the network, or fetch once where there is one and copy the cache"
_PINNED = re.compile(r"[0-9a-f]{40}")
_Result = TypeVar("_Result")


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


def resolve_file(repo_id: str, filename: str) -> tuple[str, str]:
    """The commit that the default branch of a model's repository points to now, and the sha256 of one file there.

    Nothing is fetched: of a large file, the hub knows the sha256. Raises DataError if it cannot be reached, does not
    know the repository or the file, or holds a small file, whose sha256 it does not tell.
    """
    from huggingface_hub import HfApi

    found = _asking_hub(
        repo_id,
        "main",
        lambda: HfApi().repo_info(repo_id, repo_type="model", revision="main", files_metadata=True),
        unreachable="check the network; where a branch points is known to the hub alone",
    )
    files = {sibling.rfilename: sibling.lfs for sibling in found.siblings or ()}
    if files.get(filename) is None:
        raise DataError(
            f"hub: {filename} of {repo_id}",
            got="a small file, whose sha256 the hub does not tell"
            if filename in files
            else f"only {some(list(files))}",
            expected="a file of weights with its sha256",
            next_step="correct the file's name, or fetch the file and take its sha256",
        )
    return found.sha, files[filename].sha256


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
