"""The arena's table: every merging rule in every mode. csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files.own_files import OwnFileError
from lib.reporting import arena, intervals, tables
from lib.reporting.resamples import Resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.tables import manifests_of, write


def main(
    folder: Path,
    *,
    addition: Sequence[str],
    resamples: str,
    manifests: Sequence[str],
    tasks: Sequence[str],
    reads: Mapping[str, Mapping[str, str]],
    costs: Mapping[str, Mapping[str, float]],
    footnotes: Sequence[str] = (),
) -> None:
    """Write arena.{csv, md, tex} to `folder`.

    addition: the test accuracies of each model, seed, mode and merging rule, which say its alpha; resamples: of all
    accuracies; manifests: of each task. reads, costs: see `lib.reporting.arena.arena`. Raises OwnFileError for a file
    that is damaged or lacks rows.
    """
    chosen = frames.read(addition, ("alpha", "accuracy"), asked=lambda rows: {"task": tasks})
    found = Resampled.read(resamples)
    try:
        frame = arena.arena(found, chosen, tasks, reads=reads, costs=costs)
    except KeyError as error:
        raise OwnFileError(
            resamples, got=f"no row of {error}", expected="one for every model, seed, mode, rule and task"
        ) from error
    note = tables.interval_note("arena", intervals.widest(frame), found.resamples)
    declared = tables.deviations(manifests_of(manifests, tasks), tasks)
    write(folder, "arena", frame, arena.arena_table(frame).with_notes([note]).with_footnotes([*declared, *footnotes]))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            addition=list(inputs.addition),
            resamples=inputs.resamples,
            manifests=list(inputs.manifests),
            tasks=params.tasks,
            reads=params.reads,
            costs=params.costs,
            footnotes=params.footnotes,
        )
