"""Hold the papers' claims against the run's tables and grids."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files import atomic
from lib.files.own_files import NotFinite, OwnFileError
from lib.reporting import findings
from lib.reporting.labels import PRETRAINED
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(
    file: Path,
    *,
    addition: str,
    negation: str,
    grids: Sequence[str],
    control_floor: float,
    search_space: tuple[float, float],
) -> None:
    """Write the findings as Markdown. addition, negation: the run's tables in csv. Raises OwnFileError."""
    added = _table(addition, ("absolute",), edited=("alpha", "normalized"))
    if "rule" in added:  # the papers' claims are about the sum
        added = added[added["rule"].isin(["sum"]) | added["rule"].isna()]
    negated = _table(negation, ("target", "control"))
    errors: dict[tuple[str, str], list[float]] = {}
    for grid in frames.grids(grids):
        errors.setdefault((grid.model, grid.mode), []).append(findings.mean_error(grid.alphas, grid.xi, *search_space))
    means = {key: float(np.mean(values)) for key, values in errors.items()}
    rows = findings.findings(added, negated, means, floor=control_floor)
    atomic.write_text(file, findings.markdown(rows))


def _table(path: str, numbers: Sequence[str], edited: Sequence[str] = ()) -> pd.DataFrame:
    """A table of the run: the pre-trained model, and the same seeds, modes and rules for every model.

    edited: further numbers, which the pre-trained model has not.
    """
    frame = frames.read([path], (*numbers, *edited), empty=edited)
    pretrained = frame["mode"] == PRETRAINED
    for name in edited:
        if missing := int(frame.loc[~pretrained, name].isna().sum()):
            raise NotFinite(path, got=f"{missing} of {(~pretrained).sum()} values of {name} empty", expected="none")
    if not pretrained.any():
        raise OwnFileError(path, got=f"{len(frame)} rows, none of {PRETRAINED}", expected="one of each model")
    names = [name for name in ("seed", "mode", "rule") if name in frame]
    runs = [" ".join(map(str, values)) for values in frame[names].itertuples(index=False, name=None)]
    frames.require_product([path], zip(frame["model"], runs, strict=True), ("model", "run"))
    return frame


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.findings),
            addition=inputs.addition,
            negation=inputs.negation,
            grids=list(inputs.grids),
            control_floor=params.control_floor,
            search_space=tuple(params.search_space),
        )
