"""All checks of an audit, by name, and their outcome as a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain

from workflow_scripts.audit import (
    analogies,
    drift,
    geometry,
    kernels,
    links,
    numbers,
    predictions,
    report,
    settings,
    subsets,
)
from workflow_scripts.audit.run import Fault, Run

Check = Callable[[Run], Iterator[Fault]]


def _together(*checks: Check) -> Check:
    return lambda run: chain.from_iterable(check(run) for check in checks)


CHECKS: dict[str, Check] = {
    "every job has its record": links.every_record,
    "records are those of the run's end": links.the_seal,
    "files are what jobs generated": links.what_jobs_generated,
    "jobs used what other jobs generated": links.what_jobs_used,
    "digests beside files": links.digests_beside_files,
    "images, indices and manifests": links.images,
    "no unknown files": links.unknown_files,
    "params are the configuration's": settings.params,
    "code is the project's": settings.code,
    "splits are the seed's": settings.splits,
    "training logs": settings.training_logs,
    "single-task accuracies": numbers.single_tasks,
    "accuracies from stored predictions": predictions.accuracies,
    "sweeps on validation images": _together(numbers.sweeps, analogies.sweeps),
    "sweeps begin at the pre-trained model": predictions.sweeps_begin_at_the_pretrained_model,
    "alphas are chosen by their sweeps": _together(numbers.choices, analogies.choices),
    "test accuracies": _together(numbers.tested, analogies.tested),
    "grids of heatmaps": numbers.grids,
    "outcomes behind the grids": geometry.outcomes_of_images,
    "cosines and norms of task vectors": geometry.similarities,
    "intervals from predictions": report.resampled,
    "subsets of tasks": subsets.rows,
    "alphas of subsets": subsets.choices,
    "local energies of eigenfunctions": kernels.energies,
    "kernel regression": kernels.regression,
    "wide networks": kernels.networks,
    "laziness of fine-tuning": kernels.laziness,
    "drift of task vectors": drift.pairs,
    "tables from results": report.written_tables,
    "findings and scorecard from results": report.written_findings,
    "figures from results": report.drawn_figures,
    "pages from tables and findings": report.written_pages,
}


@dataclass(frozen=True)
class Outcome:
    """What a check found, and how long it took."""

    check: str
    faults: tuple[Fault, ...]
    seconds: float


def outcomes(run: Run, checks: Mapping[str, Check]) -> Iterator[Outcome]:
    """Each check's outcome as it ends. What a check cannot read is a fault of its own, and ends that check."""
    for name, check in checks.items():
        start, faults = time.monotonic(), []
        try:
            faults += check(run)
        except Exception as error:  # a file that is not what it should be may fail a reader in any way
            faults.append(Fault("", f"cannot be checked to the end ({type(error).__name__}: {error})"))
        yield Outcome(name, tuple(faults), round(time.monotonic() - start, 2))


def as_json(run: Run, found: list[Outcome]) -> dict[str, object]:
    """The report for programs."""
    return {
        "run": run.bench.run,
        "passed": not any(outcome.faults for outcome in found),
        "seal": run.digest(run.files.seal),
        "records": len(run.graph.records),
        "checks": [asdict(outcome) for outcome in found],
    }


def as_markdown(run: Run, found: list[Outcome]) -> str:
    """The report for people."""
    faults = sum(len(outcome.faults) for outcome in found)
    verdict = "passed" if not faults else f"{faults} {'fault' if faults == 1 else 'faults'}"
    lines = [
        f"# Audit of the run {run.bench.run}: {verdict}",
        "",
        f"{len(run.graph.records)} records; the seal's sha256 is {run.digest(run.files.seal) or 'absent'}.",
        "",
        "| check | faults |",
        "|:---|---:|",
        *(f"| {outcome.check} | {len(outcome.faults)} |" for outcome in found),
        "",
    ]
    for outcome in found:
        lines += [f"## {outcome.check}", ""] if outcome.faults else []
        lines += [f"- {f'`{fault.place}`: ' if fault.place else ''}{fault.what}" for fault in outcome.faults]
        lines += [""] if outcome.faults else []
    return "\n".join(lines)
