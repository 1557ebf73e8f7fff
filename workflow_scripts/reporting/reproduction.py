"""The scorecard: the papers' numbers beside the run's tables."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lib.files import atomic
from lib.files.own_files import NotFinite
from lib.reporting import papers, reproduction
from lib.reporting.labels import PRETRAINED, RANDOM
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.tables import single_task_rows

# table of the papers -> our table, and the columns that both have
TABLES = {
    "addition": ("addition", ("absolute", "normalized")),
    "negation": ("negation", ("target", "control")),
    "addition_clean": ("addition", ("absolute", "normalized")),
    "negation_clean": ("negation", ("target", "control")),
    "random_init": ("random_init", ("single", "multi")),
    "editing_negation": ("negation_controls", ("target", "control")),
}


def main(folder: Path, tables: Mapping[str, str], *, tasks: Sequence[str], control: str) -> None:
    """Write reproduction.csv and reproduction.md to `folder`.

    tables: our tables that the run has, name -> csv file, single_task among them. Another benchmark's numbers (other
    tasks or another control) are not the papers', so nothing of theirs was run. Raises OwnFileError.
    """
    ours = dict(_ours(tables, tasks, control)) if papers.same_benchmark(tasks, control) else {}
    found = reproduction.scores(ours)
    with atomic.whole(folder / "reproduction.csv") as temporary:
        reproduction.frame(found).to_csv(temporary, index=False)
    atomic.write_text(folder / "reproduction.md", reproduction.markdown(found))


def _ours(tables: Mapping[str, str], tasks: Sequence[str], control: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, (own, columns) in TABLES.items():
        if own in tables:
            table = _sums(_table(tables[own], columns))
            yield name, reproduction.long(table, columns, row="method" if "method" in table else "mode")
    single = reproduction.by_task(single_task_rows([tables["single_task"]], tasks, control))
    yield from (("single_task", single), ("zero_shot", single))


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the merging rule `sum`, and of none."""
    return frame[frame["rule"].isin(["sum"]) | frame["rule"].isna()] if "rule" in frame else frame


def _table(path: str, numbers: Sequence[str]) -> pd.DataFrame:
    """A table of the run: the same seeds, modes and rules for every model. Before editing some numbers are empty."""
    frame = frames.read([path], numbers, empty=numbers)
    edited = ~frame["mode"].isin([PRETRAINED, RANDOM])
    for name in numbers:
        if missing := int(frame.loc[edited, name].isna().sum()):
            raise NotFinite(path, got=f"{missing} of {edited.sum()} values of {name} empty", expected="none")
    names = [name for name in ("seed", "mode", "method", "rule") if name in frame]
    runs = [" ".join(map(str, values)) for values in frame[names].itertuples(index=False, name=None)]
    frames.require_product([path], zip(frame["model"], runs, strict=True), ("model", "run"))
    return frame


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            dict(zip(params.names, inputs.tables, strict=True)),
            tasks=params.tasks,
            control=params.control,
        )
