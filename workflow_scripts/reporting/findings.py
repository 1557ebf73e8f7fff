"""Hold the papers' claims against the run's accuracies and disentanglement errors."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lib.files import atomic
from lib.files.own_files import OwnFileError
from lib.reporting import disentanglement, findings
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.disentanglement import Xi
from lib.reporting.estimates import Estimate
from lib.reporting.labels import PRETRAINED
from lib.reporting.resamples import Resampled, Who
from workflow_scripts.job import adapter
from workflow_scripts.reporting import arena_estimates, edits, kernel_estimates
from workflow_scripts.reporting.disentanglement_table import measure
from workflow_scripts.reporting.subset_rows import Samples

SUM = "sum"  # the papers' claims are about the sum


def main(
    folder: Path,
    *,
    resamples: str,
    outcomes: Sequence[str],
    models: Sequence[str],
    random: Mapping[str, str],
    tasks: Sequence[str],
    control: str,
    control_floor: float,
    search_space: tuple[float, float],
    bootstrap: Mapping[str, int],
    analogies: Mapping[str, str] = MappingProxyType({}),
    subsets: Sequence[str] = (),
    single_task: Sequence[str] = (),
    samples: Samples = MappingProxyType({}),
    labels: Mapping[str, str] = MappingProxyType({}),
    energies: Sequence[str] = (),
    regression: Mapping[str, str] = MappingProxyType({}),
    regression_drawn: Mapping[str, object] = MappingProxyType({}),
    drifts: Mapping[str, str] = MappingProxyType({}),
    arena: bool = False,
    arena_sweeps: Mapping[str, str] = MappingProxyType({}),
    arena_labels: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write findings.md and findings.csv to `folder`.

    outcomes: of disentanglement, per image; random: model with a random image tower -> the same one pre-trained;
    analogies: accuracies -> predictions; subsets, single_task: predictions of subsets' models and of the tasks' own;
    samples: mode -> its sample of subsets; labels: task -> index of its test split; energies: local energies;
    regression: accuracies -> predictions, of the images that regression_drawn tells; drifts: of pairs -> of
    images. arena: whether to compare merging
    rules; arena_sweeps: of the sum on val -> predictions; arena_labels: task -> index of its val split. Raises
    OwnFileError.
    """
    found, drawn = Resampled.read(resamples), Bootstrap(**bootstrap)
    try:
        measured = dict(_measured(found, [*models, *random], tasks, control))
    except KeyError as error:
        raise OwnFileError(
            resamples, got=f"no row of {error}", expected="one for every model, seed and task"
        ) from error
    measured |= _errors(outcomes, search_space, drawn)
    measured |= edits.of_analogies(analogies, labels, drawn)
    if subsets:
        measured |= edits.of_subsets(subsets, single_task, {task: labels[task] for task in tasks}, samples, drawn)
    measured |= kernel_estimates.of_localization(energies, drawn)
    if regression:
        files = list(regression), list(regression.values())
        measured |= kernel_estimates.of_regression(*files, labels, regression_drawn, drawn)
    measured |= kernel_estimates.of_drifts(drifts, tasks, drawn)
    if arena:
        measured |= arena_estimates.of_rules(found, models, tasks)
        measured |= arena_estimates.of_sweeps(arena_sweeps, arena_labels, drawn)
    rows = findings.findings(measured, floor=control_floor, random=random)
    atomic.write_text(folder / "findings.md", findings.markdown(rows))
    with atomic.whole(folder / "findings.csv") as temporary:
        findings.frame(rows).to_csv(temporary, index=False)


def _measured(
    found: Resampled, models: Sequence[str], tasks: Sequence[str], control: str
) -> Iterator[tuple[tuple[str, str, str], Estimate]]:
    """Means over seeds of what the claims are about, by (model, mode, quantity)."""
    for model in models:
        before = Who.pretrained(model)
        for quantity, over in (("absolute", tasks), ("target", tasks), ("control", [control])):
            yield (model, PRETRAINED, quantity), Estimate(found.mean("zero_shot", before, over))
        for mode, seeds in found.runs("addition", model, SUM).items():
            whose = [Who(model, seed, mode) for seed in seeds]
            added = [found.mean("addition", who, tasks, SUM) for who in whose]
            yield (model, mode, "absolute"), Estimate.mean(added)
            own = [found.mean("single_task", who, tasks) for who in whose]
            yield (model, mode, "single"), Estimate.mean(own)
            yield (model, mode, "normalized"), Estimate.mean([found.normalized(who, tasks, SUM) for who in whose])
        for mode, seeds in found.runs("target", model).items():
            for side in ("target", "control"):
                negated = [found.mean(side, Who(model, seed, mode), tasks) for seed in seeds]
                yield (model, mode, side), Estimate.mean(negated)


def _errors(
    paths: Sequence[str], search_space: tuple[float, float], bootstrap: Bootstrap
) -> dict[tuple[str, str, str], Estimate]:
    """The mean of xi over the search space, the pairs and the seeds, by (model, mode, "error")."""
    found: dict[tuple[str, str, str], list[Xi]] = {}
    for (model, _, mode, _), xi in measure(paths, search_space, bootstrap).items():
        found.setdefault((model, mode, "error"), []).append(xi["error"])
    means = {key: disentanglement.mean(several) for key, several in found.items()}
    return {key: Estimate(np.array([xi.value, *xi.samples])) for key, xi in means.items()}


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.findings[0]).parent,
            resamples=snakemake.input.resamples,
            outcomes=list(snakemake.input.outcomes),
            models=params.models,
            random=params.random,
            tasks=params.tasks,
            control=params.control,
            control_floor=params.control_floor,
            search_space=tuple(params.search_space),
            bootstrap=params.bootstrap,
            analogies=dict(zip(snakemake.input.analogies, snakemake.input.analogies_predictions, strict=True)),
            subsets=list(snakemake.input.subsets),
            single_task=list(snakemake.input.single_task),
            samples=params.samples,
            labels=dict(zip(params.labelled, snakemake.input.labels, strict=True)),
            energies=list(snakemake.input.energies),
            regression=dict(zip(snakemake.input.regression, snakemake.input.regression_predictions, strict=True)),
            regression_drawn=params.regression,
            drifts=dict(zip(snakemake.input.drift, snakemake.input.drift_lengths, strict=True)),
            arena=params.arena,
            arena_sweeps=dict(zip(snakemake.input.arena_sweeps, snakemake.input.arena, strict=True)),
            arena_labels=dict(zip(params.tasks if params.arena else [], snakemake.input.arena_labels, strict=True)),
        )
