"""The drifts that a run's jobs measured: both files of each, as one."""

from collections.abc import Sequence

from lib.files import squared_lengths
from lib.files.own_files import OwnFileError
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.drift import Drifts
from workflow_scripts.reporting import frames

_NUMBERS = ("exact", "predicted", "norm", "n")


def read(tables: Sequence[str], lengths: Sequence[str], tasks: Sequence[str], bootstrap: Bootstrap) -> list[Drifts]:
    """Drifts with their resamples, in the order of the files.

    Raises OwnFileError for a file that is damaged, lacks a pair or is not of the table beside it, and unless there is
    one for each model, seed and mode.
    """
    found = [_read(*both, tasks, bootstrap) for both in zip(tables, lengths, strict=True)]
    keys = [(one.model, one.seed, one.mode) for one in found]
    frames.require_product(lengths, keys, ("model", "seed", "mode"))
    return found


def _read(table: str, stored: str, tasks: Sequence[str], bootstrap: Bootstrap) -> Drifts:
    rows = frames.read([table], _NUMBERS, asked=lambda rows: {"vector": tasks, "task": tasks})
    moved = squared_lengths.read(stored)
    told = {"model": moved.model, "seed": moved.seed, "mode": moved.mode, "tasks": moved.tasks}
    expected = {name: rows[name].iloc[0] for name in ("model", "seed", "mode")} | {"tasks": list(tasks)}
    if told != expected:
        raise OwnFileError(stored, got=str(told), expected=f"{expected}, as {table} beside it")
    predicted = rows.pivot(index="vector", columns="task", values="predicted").loc[tasks, tasks].to_numpy()
    norms = rows.groupby("vector")["norm"].first().loc[tasks].to_numpy()
    return Drifts.of(moved, predicted, norms, bootstrap)
