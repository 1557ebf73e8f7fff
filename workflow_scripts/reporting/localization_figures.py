"""Figures of where eigenfunctions live: energies of points, one per model and pair; shares against the cut-off."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import local_energies
from lib.reporting.figures import localization
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(energies: Sequence[str], table: str, folder: Path, *, twins: Mapping[str, str]) -> None:
    """Write localization_{model}_{task}_{control} of every pre-trained model, and localization_cut_offs.

    table: localization.csv. twins: model with a random image tower -> the same one pre-trained, beside which it is
    drawn. Raises OwnFileError for a file that is damaged.
    """
    found = {(one.model, one.task, one.control): one for one in map(local_energies.read, energies)}
    random = {pretrained: model for model, pretrained in twins.items()}
    shares = frames.read([table], ("cut_off", "share", "low", "high", "uniform"), identity=("model",))
    for (model, task, control), one in found.items():
        if model not in twins:
            beside = {"pre-trained": one}
            if model in random:
                beside["random init"] = found[random[model], task, control]
            save(localization.local_energies(beside), folder / f"localization_{model}_{task}_{control}")
    save(localization.cut_offs(shares, list(dict.fromkeys(shares["model"]))), folder / "localization_cut_offs")


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs = snakemake.input, snakemake.output
        folder = Path(outputs.figures[0]).parent
        main(list(inputs.energies), inputs.table, folder, twins=snakemake.params.twins)
