"""Draw the run's figures: heatmaps, scatters, alpha sweeps and loss curves, as PDF and PNG."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lib.reporting import figures
from workflow_scripts.job import adapter


def heatmaps(paths: Mapping[tuple[str, str, str], list[str]], folder: Path, search_space: tuple[float, float]) -> None:
    """One figure a model with all pairs and, of several models, one a pair with all models; each in all modes.

    paths: (model, mode, pair) -> one file a seed, averaged.
    """
    grids = {(mode, model, pair): _mean_grid(files) for (model, mode, pair), files in paths.items()}
    modes, models, pairs = (list(dict.fromkeys(key[i] for key in grids)) for i in range(3))
    drawn = {model: [(model, pair) for pair in pairs] for model in models}
    if len(models) > 1:
        drawn |= {pair: [(model, pair) for model in models] for pair in pairs}
    for name, columns in drawn.items():
        shown = {key: grid for key, grid in grids.items() if key[1:] in columns}
        figures.save(figures.disentanglement(shown, modes, columns, search_space), folder / f"disentanglement_{name}")


def scatters(single_task: list[str], tasks: list[str], modes: list[str], folder: Path) -> None:
    """Non-linear fine-tuning against each other mode, all models in one figure."""
    frame = pd.concat([pd.read_csv(path) for path in single_task])
    for mode in modes:
        if mode != "standard" and "standard" in modes:
            figures.save(figures.single_task_scatter(frame, mode, tasks=tasks), folder / f"single_task_standard_{mode}")


def sweeps(
    sweep: Mapping[tuple[str, int, str], str],
    choice: Mapping[tuple[str, int, str], str],
    single: list[str],
    folder: Path,
) -> None:
    """One figure a model, from its first seed: keys are (model, seed, mode)."""
    frame = pd.concat([pd.read_csv(path) for path in single])
    for model in dict.fromkeys(key[0] for key in sweep):
        seed = next(key[1] for key in sweep if key[0] == model)
        chosen = [key for key in sweep if key[:2] == (model, seed)]
        own = frame[(frame["model"] == model) & (frame["seed"] == seed) & (frame["split"] == "val")]
        figure = figures.alpha_sweeps(
            {key[2]: pd.read_csv(sweep[key]) for key in chosen},
            {key[2]: json.loads(Path(choice[key]).read_text())["alpha"] for key in chosen},
            own,
        )
        figures.save(figure, folder / f"alpha_sweep_{model}")


def losses(logs: Mapping[tuple[str, int, str, str], str], folder: Path) -> None:
    """One figure a model, from its first seed: keys are (model, seed, mode, task)."""
    for model in dict.fromkeys(key[0] for key in logs):
        seed = next(key[1] for key in logs if key[0] == model)
        chosen = {key[2:]: pd.read_csv(path) for key, path in logs.items() if key[:2] == (model, seed)}
        figures.save(figures.loss_curves(chosen), folder / f"loss_{model}")


def _mean_grid(files: list[str]) -> tuple[np.ndarray, np.ndarray]:
    grids = [np.load(path) for path in files]
    return grids[0]["alphas"], np.mean([grid["error_a"] + grid["error_b"] for grid in grids], axis=0)


def _keyed(keys, paths) -> dict[tuple, str]:
    return {tuple(key): path for key, path in zip(keys, paths, strict=True)}


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        out = Path(snakemake.output.provenance).parents[1] / "figures"
        if snakemake.rule == "heatmap_figures":
            by_pair: dict[tuple[str, str, str], list[str]] = {}
            for key, path in zip(params.grids, inputs.grids, strict=True):
                by_pair.setdefault(tuple(key), []).append(path)
            heatmaps(by_pair, out, tuple(params.search_space))
        else:
            scatters(list(inputs.single_task), params.tasks, params.modes, out)
            sweeps(
                _keyed(params.evaluated, inputs.sweeps),
                _keyed(params.evaluated, inputs.choices),
                list(inputs.single_task),
                out,
            )
            losses(_keyed(params.trained, inputs.logs), out)
