"""Tables, findings and figures made again from per-task results, in a folder of their own, and compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from workflow_scripts.audit import report_beside, report_kernels
from workflow_scripts.audit.comparison import same_bytes
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import Model
from workflow_scripts.configuration.resolution import samples
from workflow_scripts.reporting import (
    alpha_sweeps,
    bootstrap,
    disentanglement_table,
    findings,
    heatmaps,
    loss_curves,
    pages,
    random_init,
    reproduction,
    scatters,
    similarity_maps,
    similarity_table,
    subset_figures,
    subset_tables,
    tables,
)


def written_tables(run: Run) -> Iterator[Fault]:
    """Every table is what its per-task results give, to the byte; a cell that differs is named."""
    yield from _made(run, write_tables, run.files.tables)


def resampled(run: Run) -> Iterator[Fault]:
    """Every resampled accuracy is what stored predictions and labels give."""
    yield from _made(run, resample, run.files.run)


def written_findings(run: Run) -> Iterator[Fault]:
    """The findings are what resampled accuracies and grids give, the scorecard what the tables give."""
    yield from _made(run, write_findings, run.files.run)
    yield from _made(run, write_scorecard, run.files.tables)


def drawn_figures(run: Run) -> Iterator[Fault]:
    """Every figure is what its rows give, to the byte: matplotlib draws one file from one set of points."""
    yield from _made(run, draw_figures, run.files.figures)


def written_pages(run: Run) -> Iterator[Fault]:
    """Every page is what its table or text gives."""
    for place in (run.files.tables, run.files.run):
        yield from _made(run, partial(write_pages, place=place), place)


def write_tables(run: Run, folder: Path) -> None:
    """All tables of a run, from its per-task results, in a folder."""
    bench = run.bench
    of_all = {
        "resamples": os.fspath(run.path(run.files.resamples)),
        "manifests": _files(run, *(run.format(run.files.manifest, task=task.name) for task in run.tasks)),
        "tasks": bench.task_names,
        "control": bench.control.name,
        "footnotes": run.footnotes("tables"),
    }
    tables.main(
        folder,
        single_task=_files(run, *_single_tasks(run, bench.pretrained)),
        addition=_files(run, *_added(run, bench.pretrained)),
        negation=_files(run, *_negated(run)),
        **of_all,
    )
    similarity_table.main(*_similarities(run), folder, tasks=bench.task_names)
    if bench.pairs:
        outcomes = _files(run, *_of_pairs(run, run.files.outcomes))
        disentanglement_table.main(outcomes, folder, search_space=_search_space(run), bootstrap=bench.bootstrap)
    if bench.random_init:
        random_init.main(
            folder,
            single_task=_files(run, *_single_tasks(run, bench.random_init)),
            addition=_files(run, *_added(run, bench.random_init)),
            **of_all,
        )
    if bench.subset_runs:
        _subset_tables(run, folder)
    report_beside.write_tables(run, folder)
    report_kernels.write_tables(run, folder)


def resample(run: Run, folder: Path) -> None:
    """All resampled accuracies of a run, from its predictions, in a folder."""
    bootstrap.main(
        folder / Path(run.files.resamples).name,
        {kind: _files(run, *places) for kind, places in _predictions(run).items()},
        run.indices(task.name for task in run.tasks),
        control=run.bench.control.name,
        **run.bench.bootstrap,
    )


def write_findings(run: Run, folder: Path) -> None:
    """The findings of a run, from its resampled accuracies and grids, in a folder."""
    findings.main(
        folder,
        resamples=os.fspath(run.path(run.files.resamples)),
        outcomes=_files(run, *_of_pairs(run, run.files.outcomes)),
        models=[model.name for model in run.bench.pretrained],
        random=resolution.twins(run.bench),
        tasks=run.bench.task_names,
        control=run.bench.control.name,
        control_floor=run.bench.evaluation["control_floor"],
        search_space=_search_space(run),
        bootstrap=run.bench.bootstrap,
        **report_beside.edits(run),
        **report_beside.arena_edits(run),
        **report_kernels.estimated(run),
    )


def write_scorecard(run: Run, folder: Path) -> None:
    """The scorecard of a run, from its tables, in a folder."""
    reproduction.main(
        folder,
        {name: os.fspath(run.path(f"{run.files.tables}/{name}.csv")) for name in resolution.reproduced(run.bench)},
        tasks=run.bench.task_names,
        control=run.bench.control.name,
    )


def write_pages(run: Run, folder: Path, *, place: str) -> None:
    """All pages of a run that lie in `place`, from their texts, in a folder."""
    files = [Path(file) for record in run.graph.records for file in record.generated if file.endswith(".html")]
    texts = {
        os.fspath(run.path(f"{file.with_suffix('.md')}")): file.name for file in files if str(file.parent) == place
    }
    pages.main({text: os.fspath(folder / name) for text, name in texts.items()})


def draw_figures(run: Run, folder: Path) -> None:
    """All figures of a run, from its results, in a folder."""
    bench = run.bench
    sweeps, tested = _added(run, bench.pretrained, "sweep_val.csv"), _added(run, bench.pretrained)
    trained = product(bench.trained(bench.pretrained), bench.task_names)
    logs = [run.format(run.files.training_log, **where, task=task) for where, task in trained]
    shown = bench.evaluated("addition", bench.pretrained)
    single = _files(run, *(run.format(run.files.single_task, **where) for where in shown))
    if bench.scattered:
        scatters.main(single, folder, modes=bench.scattered, tasks=bench.task_names)
    alpha_sweeps.main(_files(run, *sweeps), _files(run, *tested), single, folder)
    loss_curves.main(
        _files(run, *logs),
        folder,
        models=[model.name for model in bench.pretrained],
        modes=bench.trained_modes,
        tasks=bench.task_names,
        every=bench.finetune["log_every"],
    )
    similarity_maps.main(*_similarities(run), folder, tasks=bench.task_names)
    if bench.pairs:
        heatmaps.main(_files(run, *_of_pairs(run, run.files.disentanglement)), folder, _search_space(run))
    if bench.subset_runs:
        own = {"tasks": bench.task_names, "control": bench.control.name, "samples": samples(bench)}
        before = (run.format(run.files.pretrained_accuracy, model=model.name) for model in bench.pretrained)
        subset_figures.main(_subsets(run, "subsets.csv"), [*_files(run, *before), *single], folder, **own)
    report_beside.draw_figures(run, folder)
    report_kernels.draw_figures(run, folder)


def _search_space(run: Run) -> tuple[float, float]:
    grid = run.bench.evaluation["alphas"]
    return grid["start"], grid["stop"]


def _made(run: Run, make: Callable[[Run, Path], None], folder: str) -> Iterator[Fault]:
    """What `make` writes is what lies in a folder of the run."""
    with tempfile.TemporaryDirectory() as made:
        make(run, Path(made))
        for again in sorted(Path(made).iterdir()):
            yield from same_bytes(run, f"{folder}/{again.name}", again)


def _single_tasks(run: Run, models: Sequence[Model]) -> list[str]:
    before = [run.format(run.files.pretrained_accuracy, model=model.name) for model in models]
    places = run.bench.evaluated("single_task", models)
    return [*before, *(run.format(run.files.single_task, **where) for where in places)]


def _added(run: Run, models: Sequence[Model], name: str = "test.csv") -> list[str]:
    return [f"{run.format(run.files.addition, **where)}/{name}" for where in run.bench.additions(models)]


def _negated(run: Run, name: str = "test.csv") -> list[str]:
    places = product(run.bench.evaluated("negation"), run.bench.task_names)
    return [f"{run.format(run.files.negation, **where, task=task)}/{name}" for where, task in places]


def _predictions(run: Run) -> dict[str, list[str]]:
    """Evaluation -> files of predictions, in the order of the rule `bootstrap`."""
    bench, files = run.bench, run.files
    single = bench.evaluated("single_task", bench.models)
    return {
        "zero_shot": [run.format(files.pretrained_predictions, model=model.name) for model in bench.models],
        "single_task": [run.format(files.single_task_predictions, **where) for where in single],
        "addition": _added(run, bench.models, "predictions.npz"),
        "negation": _negated(run, "predictions.npz"),
    }


def _of_pairs(run: Run, pattern: str) -> list[str]:
    places = run.bench.evaluated("disentanglement")
    return [run.format(pattern, **where, pair=pair) for where in places for pair in run.bench.pairs]


def _similarities(run: Run) -> list[list[str]]:
    """The files of cosines, and of norms."""
    patterns = (run.files.similarity, run.files.norms)
    places = run.bench.compared()
    return [_files(run, *(run.format(pattern, **where) for where in places)) for pattern in patterns]


def _subset_tables(run: Run, folder: Path) -> None:
    bench = run.bench
    subset_tables.main(
        folder,
        tested=_subsets(run, "subsets.csv"),
        predicted=_subsets(run, "predictions.npz"),
        single_task=run.paths(run.files.single_task_predictions, bench.subset_runs),
        labels=list(run.indices(bench.task_names).values()),
        manifests=_files(run, *(run.format(run.files.manifest, task=task) for task in bench.task_names)),
        tasks=bench.task_names,
        samples=samples(bench),
        **bench.bootstrap,
        footnotes=run.footnotes("subset_tables"),
    )


def _subsets(run: Run, name: str) -> list[str]:
    return run.paths(f"{run.files.subsets}/{name}", run.bench.subset_runs)


def _files(run: Run, *files: str) -> list[str]:
    return [os.fspath(run.path(file)) for file in files]
