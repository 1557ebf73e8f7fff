"""Heatmaps of the disentanglement error: one figure per model and, of several models, one per pair."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.reporting.figures.heatmaps import disentanglement
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames

_SHOWN = {  # figure -> (field of frames.Grid, label of its colours)
    "disentanglement": ("xi", r"disentanglement error $\xi$"),
    "representation": ("representation", r"$\xi$ on the representation (1 $-$ cosine)"),
}


def main(paths: Sequence[str], folder: Path, search_space: tuple[float, float]) -> None:
    """Write disentanglement_{model} with all pairs and, of several models, disentanglement_{pair} with all models; each
    in all modes, averaged over seeds. The same of xi on the representation, representation_{model} and _{pair}.
    """
    found = list(frames.grids(paths))
    for figure, (field, label) in _SHOWN.items():
        of_seeds: dict[tuple[str, str, str], list[np.ndarray]] = {}
        for grid in found:
            of_seeds.setdefault((grid.mode, grid.model, grid.pair), []).append(getattr(grid, field))
        grids = {key: (found[0].alphas, np.mean(values, axis=0)) for key, values in of_seeds.items()}
        modes, models, pairs = (list(dict.fromkeys(key[i] for key in grids)) for i in range(3))
        columns_of = {model: [(model, pair) for pair in pairs] for model in models}
        if len(models) > 1:
            columns_of |= {pair: [(model, pair) for model in models] for pair in pairs}
        for name, columns in columns_of.items():
            shown = {key: grid for key, grid in grids.items() if key[1:] in columns}
            save(disentanglement(shown, modes, columns, search_space, label=label), folder / f"{figure}_{name}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        space = tuple(snakemake.params.search_space)
        main(list(snakemake.input.grids), Path(snakemake.output.figures[0]).parent, space)
