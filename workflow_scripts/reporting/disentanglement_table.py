"""The disentanglement errors of all pairs as numbers: means over the search space of alpha, with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import atomic, outcomes
from lib.reporting import disentanglement
from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(
    paths: Sequence[str], folder: Path, *, search_space: tuple[float, float], bootstrap: Mapping[str, int]
) -> None:
    """Write disentanglement.{csv, md, tex}, with a row for each model, seed, mode and pair, and the means over pairs.

    paths: files of outcomes per image. Raises OwnFileError unless there is one for every combination.
    """
    draws = Bootstrap(**bootstrap)
    measured = disentanglement.with_means(measure(paths, search_space, draws))
    with atomic.whole(folder / "disentanglement.csv") as temporary:
        disentanglement.frame(measured, draws).to_csv(temporary, index=False)
    low, high = search_space
    caption = (
        f"Disentanglement error xi, mean over {low:g} <= alpha <= {high:g} of both tasks: whether predictions differ "
        "(at most 2), and 1 - cosine of the embeddings (at most 4); 95 % intervals of n test images"
    )
    table = disentanglement.table(measured, draws, caption=caption)
    atomic.write_text(folder / "disentanglement.md", table.markdown())
    atomic.write_text(folder / "disentanglement.tex", table.latex())


def measure(
    paths: Sequence[str], search_space: tuple[float, float], draws: Bootstrap
) -> dict[disentanglement.Key, dict[str, disentanglement.Xi]]:
    """xi of each file of outcomes, by (model, seed, mode, pair) and distance.

    Raises OwnFileError unless there is one for every combination.
    """
    measured: dict[disentanglement.Key, list[dict[str, disentanglement.Xi]]] = {}
    for path in paths:  # one at a time: at the papers' scale all are too many
        found = outcomes.read(path)
        key = found.model, found.seed, found.mode, "--".join(found.pair)
        measured.setdefault(key, []).append(disentanglement.measure(found, search_space, draws))
    keys = [key for key, several in measured.items() for _ in several]
    frames.require_product(paths, keys, ("model", "seed", "mode", "pair"))
    return {key: xi for key, (xi,) in measured.items()}


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            list(snakemake.input.outcomes),
            Path(snakemake.output.tables[0]).parent,
            search_space=tuple(params.search_space),
            bootstrap=params.bootstrap,
        )
