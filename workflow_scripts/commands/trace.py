"""What stands behind one number of a run's tables, or behind one file: jobs, files, weights, images.

python -m workflow_scripts.commands.trace --configfile demo/config.yaml --cell "addition ViT-demo-8 linear absolute"
python -m workflow_scripts.commands.trace --configfile demo/config.yaml --file results/demo/findings.md

A cell is a table, then the row's model, mode, merging rule and task as far as the csv file has these columns, then the
column. Only what stands behind that row is told.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.files.digests import file_digest
from lib.provenance import tracing
from lib.provenance.records import Record
from lib.provenance.tracing import DIGITS, Node
from lib.reporting.labels import IDENTITY, MEAN, NEGATIVE, PRETRAINED, RANDOM
from workflow_scripts.commands.finished_run import FinishedRun, RunError
from workflow_scripts.commands.lines import tell

NAMED = tuple(name for name in IDENTITY if name != "seed")  # columns that name a row, beside the seed
_NO_SHARES = (
    "alpha",
    "cost",
    "n",
    "subsets",
    "error",
    "representation",
    "cosine",
    "norm",
    *("logits", "points", "rank", "splits", "rmse", "loss", "parameters", "features", "kernel"),
    *("drift", "own", "ratio", "correlation", "pairs"),
)  # how columns of other numbers begin
_OF_KERNELS = (
    "localization",
    "kernel_regression",
    "wide_networks",
    "laziness",
    "drift",
)  # tables, and what measures them
BESIDE = {  # what the same job made and people ask for, told below the file
    "test accuracy": ("choice of alpha", "sweep of alpha on val"),
    "theta": ("training log",),
    "fit split": ("manifest",),
    "val split": ("manifest",),
    "test split": ("manifest",),
    "class names and templates": ("manifest",),
}


@dataclass(frozen=True)
class Cell:
    """A number of a table: `row` names columns and their values, `values` is (seed, number) for each seed."""

    table: str
    row: Mapping[str, str]
    column: str
    values: tuple[tuple[str, str], ...]

    @property
    def maker(self) -> str:
        """The rule that measured it."""
        if self.table in _OF_KERNELS:
            return self.table
        if self.row["mode"] in (PRETRAINED, RANDOM):
            return "zero_shot"
        if self.column == "single":
            return "single_task"
        if self.table == "analogies":
            return "analogy" if self.row["shots"] in ("0", "all") else "few_shot"
        if self.row.get("method") == NEGATIVE:
            return "negation"
        return "addition" if self.table in ("random_init", "arena") else self.table.removesuffix("_per_task")

    def title(self) -> str:
        """The cell and its value, in percent where it is a fraction of images."""
        numbers = [f"{_number(value, self.column)}{f' (seed {seed})' if seed else ''}" for seed, value in self.values]
        return f"{' '.join([self.table, *self.row.values(), self.column])}: {', '.join(numbers)}"


def find(run: FinishedRun, text: str) -> Cell:
    """The cell that a text names. Raises RunError, with what the table holds, if there is none."""
    words = text.split()
    made = [file for file, maker in run.graph.makers.items() if maker.rule != "reproduction" and file.endswith(".csv")]
    tables = sorted(Path(file).stem for file in made if run.name(file) == "table")
    if not words or words[0] not in tables:
        raise RunError(f"CELL names no table, got {text!r}: begin with one of {', '.join(tables)}")
    rows = _rows(run, words[0])
    names = [name for name in NAMED if name in rows[0]] if rows else []
    if "split" in names and len(words) == len(names) + 1:  # the tables print test
        words.insert(-1, "test")
    columns = [name for name in (rows[0] if rows else []) if name not in (*NAMED, "seed")]
    row, column = dict(zip(names, words[1:-1], strict=False)), words[-1]
    chosen = [entry for entry in rows if all(entry[name] == value for name, value in row.items())]
    found = tuple((entry.get("seed", ""), entry[column]) for entry in chosen if entry.get(column))
    if len(words) != len(names) + 2 or column not in columns or not found:
        known = [f"{name}: {', '.join(dict.fromkeys(entry[name] for entry in rows))}" for name in names]
        raise RunError(
            f"CELL {text!r} is no number of {words[0]}.csv: write {' '.join([words[0], *names, 'column'])}\n  "
            + "\n  ".join([*known, f"column: {', '.join(columns)}"])
        )
    return Cell(words[0], row, column, found)


def behind_cell(run: FinishedRun, cell: Cell) -> Node:
    """The tree behind a cell: of the table's inputs those of its row, of a job on several tasks those of its tasks."""
    table = f"{run.layout.tables}/{cell.table}.csv"
    made = run.graph.makers[table]
    wanted = {name: name for name in ("model", "mode", "task", "quadruple")}
    wanted |= {"merging": "rule", "control": "control_task"}

    def of_row(maker: Record) -> bool:
        named = {key: cell.row.get(name) for key, name in wanted.items()}
        return all(named[key] in (None, value) for key, value in maker.wildcards.items() if key in named)

    def keep(user: Record, used: str) -> bool:
        maker = run.graph.makers.get(used)
        if maker is None or not told(run, used):
            return told(run, used)
        if user.file == made.file:
            return maker.rule == cell.maker and of_row(maker)
        of_a_task = maker.wildcards.get("task", maker.params.get("name"))
        return user.rule != cell.maker or of_a_task is None or of_a_task in _tasks(run, cell, of_a_task)

    return tracing.behind(run.graph, table, keep=keep, rank=run.rank)


def told(run: FinishedRun, file: str) -> bool:
    """Whether a file has a line of its own; the file of a split holds the digests of its images and their index."""
    return run.name(file) not in ("index of images", "images")


def details(run: FinishedRun, node: Node) -> list[str]:
    """What a job's record and its small files add, a line each."""
    record = node.maker
    if record is None:
        return []
    found = [line for file in record.generated if file != node.file for line in _beside(run, node, file)]
    if record.rule in ("finetune", "import_checkpoint"):
        found.append(_training(record))
    if record.rule == "pretrained":
        found.append(f"weights: {run.weights(record)}")
    if record.rule in ("prepare", "prepare_control"):
        found.append(f"images: {run.source(record)}")
    return found


def main(run: FinishedRun, *, cell: str | None, file: str | None, flowchart: Path | None) -> Iterator[str]:
    """The lines of the answer; the flowchart is written if a file for it is named. Raises RunError."""
    if cell is not None:
        found = find(run, cell)
        title, root = found.title(), behind_cell(run, found)
    else:
        file = os.path.normpath(str(file))
        title = f"{run.name(file)} {file}"
        root = tracing.behind(run.graph, file, keep=lambda user, used: told(run, used), rank=run.rank)
    _check(run, root)
    yield title
    yield from tracing.lines(root, name=run.name, details=lambda node: details(run, node))
    jobs = sum(tracing.commits(root).values())
    commits = ", ".join(f"{commit} ({count})" for commit, count in tracing.commits(root).items())
    yield f"{jobs} {'job' if jobs == 1 else 'jobs'}; commit of the code (jobs): {commits}"
    if flowchart is not None:
        flowchart.write_text("\n".join(tracing.mermaid(root, name=run.name)) + "\n")
        yield f"flowchart: {flowchart}"


def _rows(run: FinishedRun, table: str) -> list[dict[str, str]]:
    with open(run.root / run.layout.tables / f"{table}.csv", newline="") as file:
        return list(csv.DictReader(file))


def _tasks(run: FinishedRun, cell: Cell, task: str) -> Sequence[str]:
    """The tasks whose images, heads and vectors count in a job that measured the cell, given one that may."""
    of_two = [*cell.row.get("pair", "").split("--"), cell.row.get("task_a"), cell.row.get("task_b")]
    if task in of_two or cell.row.get("pair") == MEAN:
        return [task]
    if "pair" in cell.row or "task_a" in cell.row:
        return []
    if "task" in cell.row and cell.maker in ("single_task", "zero_shot"):
        return [cell.row["task"]]
    if cell.maker == "zero_shot":
        params = run.graph.makers[f"{run.layout.tables}/{cell.table}.csv"].params
        return [params["control"]] if cell.column == "control" else params["tasks"]
    return [task]


def _check(run: FinishedRun, root: Node) -> None:
    """Raise RunError unless the file is there, is the run's, and is what its job made."""
    if root.maker is None:
        raise RunError(f"no record of {run.layout.records}/ made {root.file}: name a file of the run, as in results/")
    try:
        digest = file_digest(run.root / root.file)
    except OSError as error:
        raise RunError(f"{root.file} cannot be read ({error.strerror}): run snakemake again") from error
    if digest != root.digest:
        raise RunError(f"{root.file} is not what its job made (sha256 {root.digest}): remove it, run snakemake again")


def _beside(run: FinishedRun, node: Node, file: str) -> list[str]:
    if run.name(file) not in BESIDE.get(run.name(node.file), ()) or Path(file).parent != Path(node.file).parent:
        return []
    content = run.root / file
    alpha = f"  alpha {json.loads(content.read_text())['alpha']:g}" if file.endswith("/choice.json") else ""
    return [f"{run.name(file)}  {file}  {node.maker.generated[file][:DIGITS]}  of the same job{alpha}"]


def _training(record: Record) -> str:
    if "checkpoint" in record.params:
        return f"third-party checkpoint, sha256 {record.params['checkpoint']}"
    recipe = {"seed": record.wildcards.get("seed"), "epochs": record.params.get("epochs"), **record.params["recipe"]}
    return "recipe: " + ", ".join(f"{key} {value}" for key, value in recipe.items())


def _number(value: str, column: str) -> str:
    return value if column.split("_")[0] in _NO_SHARES else f"{value} = {100 * float(value):.1f} %"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--configfile", type=Path, default=Path("config.yaml"))
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--cell", help='such as "addition ViT-B-32 linear absolute"')
    wanted.add_argument("--file", help="a file of the run, as in results/demo/findings.md")
    parser.add_argument("--mermaid", type=Path, help="also write a flowchart in Mermaid's language to this file")
    parsed = parser.parse_args()
    try:
        for line in main(
            FinishedRun.of(parsed.configfile, Path()), cell=parsed.cell, file=parsed.file, flowchart=parsed.mermaid
        ):
            tell(line)
    except ValueError as error:
        sys.exit(str(error))
