"""Hold the papers' claims against the run's tables and grids."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.files import atomic
from lib.reporting import findings
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
    """Write the findings as Markdown. addition, negation: the run's tables in csv."""
    added = frames.read([addition])
    if "rule" in added:  # the papers' claims are about the sum
        added = added[added["rule"].isin(["sum"]) | added["rule"].isna()]
    negated = frames.read([negation])
    errors: dict[tuple[str, str], list[float]] = {}
    for grid in frames.grids(grids):
        errors.setdefault((grid.model, grid.mode), []).append(findings.mean_error(grid.alphas, grid.xi, *search_space))
    means = {key: float(np.mean(values)) for key, values in errors.items()}
    rows = findings.findings(added, negated, means, floor=control_floor)
    atomic.write_text(file, findings.markdown(rows))


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
