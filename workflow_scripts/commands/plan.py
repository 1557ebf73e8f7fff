"""What a configuration would cost, before any data exist: jobs, work, hours, disk and memory for each stage.

python -m workflow_scripts.commands.plan --configfile config.yaml
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from lib import cost
from lib.editing import subsets
from workflow_scripts.commands.command_line import arguments, print_lines
from workflow_scripts.commands.workload import Stage, stages, subset_passes, vits
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import Benchmark

THROUGHPUT = Path(__file__).parents[2] / "benchmarks/throughput.csv"
GB = 1e9


def measurements(file: Path) -> list[cost.Measurement]:
    """The measured rows of a throughput file; none if there is no such file."""
    if not file.exists():
        return []
    return [cost.Measurement(**row) for row in pd.read_csv(file).to_dict("records")]


def table(bench: Benchmark, rows: list[cost.Measurement]) -> pd.DataFrame:
    """A row a stage, then the total. Hours are NaN where no device of the stage's kind was measured."""
    frame = pd.DataFrame([_row(bench, stage, rows) for stage in stages(bench)])
    total = frame.drop(columns=["stage", "memory_mib", "basis"]).sum(min_count=1)
    last = {"stage": "total", **total, "memory_mib": frame["memory_mib"].max(), "basis": ""}
    return pd.concat([frame, pd.DataFrame([last])], ignore_index=True)


def notes(bench: Benchmark, rows: list[cost.Measurement]) -> Iterator[str]:
    """What the table's numbers rest on, in sentences."""
    yield "Every number but jobs, steps, images and memory requests is an estimate. FLOPs are those of matrix products."
    kinds = {bench.request(stage.resources).get("gpu", 0) > 0 for stage in stages(bench) if stage.work}
    for gpu in sorted(kinds, reverse=True):
        devices = list(dict.fromkeys(row.device for row in rows if row.on_gpu == gpu))
        yield _measured_note(gpu, devices) if devices else _unmeasured_note(bench, gpu, rows)
    yield from _subsets_notes(bench)
    state = 3 * cost.FLOAT_BYTES * max(sum(vit.sizes.values()) for vit in vits(bench).values())
    yield (
        "Disk is images, weights, heads, checkpoints, outcomes of disentanglement. A running fine-tuning adds up to "
        f"{state / GB:.2g} GB, a finished one what it trained, until its task vector is extracted."
    )
    yield "Stages that read, decode and write (prepare, pretrained, head, task_vector, the report) have no hours here."


def markdown(frame: pd.DataFrame) -> str:
    """The table as printed; "-" stands for nothing and for what is not known."""
    shown = pd.DataFrame({column: [_cell(value) for value in frame[column]] for column in frame})
    names = {"pflop": "PFLOP", "gpu_hours": "GPU-hours", "core_hours": "core-hours", "disk_gb": "disk (GB)",
             "memory_mib": "memory request (MiB)", "basis": "basis of hours"}  # fmt: skip
    align = ["left", *["right"] * (len(shown.columns) - 2), "left"]
    return shown.rename(columns=names).to_markdown(index=False, disable_numparse=True, colalign=align)


def main(bench: Benchmark, rows: list[cost.Measurement]) -> Iterator[str]:
    """The plan of a configuration, line by line. Raises ConfigurationError if its images cannot be counted."""
    yield f"Plan of the run {bench.run}\n"
    yield f"{markdown(table(bench, rows))}\n"
    yield from (f"- {note}" for note in notes(bench, rows))


def _measured_note(gpu: bool, devices: list[str]) -> str:
    unit = "GPU-hours" if gpu else "core-hours"
    return f"{unit} are work divided by the rates in {_shown(THROUGHPUT)}, measured on {'; '.join(devices)}."


def _unmeasured_note(bench: Benchmark, gpu: bool, rows: list[cost.Measurement]) -> str:
    kind, unit = ("GPU", "GPU-hours") if gpu else ("CPU", "core-hours")
    if bench.texts is not None:
        return f"No {kind} was measured, so no {unit} are given. Divide the PFLOP by what yours sustains."
    held = ", ".join(dict.fromkeys(row.device for row in rows)) or "no row"
    names = " ".join(dict.fromkeys(model.architecture for model in bench.models))
    folders = dict.fromkeys(f" --folder {model.architectures}" for model in bench.models if model.architectures)
    return (
        f"No {kind} was measured ({_shown(THROUGHPUT)} holds {held}), so no {unit} are given. Divide the PFLOP by what "
        f"yours sustains, or measure it: python -m benchmarks.throughput --architectures {names}{''.join(folders)}"
    )


def _subsets_notes(bench: Benchmark) -> Iterator[str]:
    """How many subsets of tasks there are, and the passes that they take, for modes with the same counts."""
    alike: dict[tuple[int, int, int], list[str]] = {}
    for mode in dict.fromkeys(where["mode"] for where in bench.subset_runs):
        listed = subsets.listed(bench.task_names, resolution.subsets(bench, mode)["sample"])
        val, test = (sum(passes) for passes in zip(*subset_passes(bench, mode).values(), strict=True))
        alike.setdefault((len(listed), val, test), []).append(mode)
    every = 2 ** len(bench.tasks) - 1
    for (count, val, test), names in alike.items():
        yield (
            f"Subsets of tasks in {' and '.join(names)}: {count} of {every}, taking {val:,} passes over the val images "
            f"of a task and {test:,} over the test images of one, for each model and seed."
        )


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _row(bench: Benchmark, stage: Stage, rows: list[cost.Measurement]) -> dict[str, object]:
    gpu = bench.request(stage.resources).get("gpu", 0) > 0
    hours, basis = _hours(bench, stage, [row for row in rows if row.on_gpu == gpu])
    tables = [bench.request(stage.resources, name) for name in (None, *(model.name for model in bench.models))]
    return {
        "stage": stage.name,
        "jobs": stage.jobs,
        "steps": stage.steps,
        "images": sum(work.images for work in stage.work),
        "pflop": sum(work.flops for work in stage.work) / 1e15,
        "gpu_hours": hours if gpu else float("nan"),
        "core_hours": float("nan") if gpu else hours,
        "disk_gb": stage.bytes / GB,
        "memory_mib": max(entry["mem_mb"] for entry in tables),
        "basis": basis,
    }


def _hours(bench: Benchmark, stage: Stage, rows: list[cost.Measurement]) -> tuple[float, str]:
    precision = (bench.finetune if stage.resources == "finetune" else bench.evaluation)["precision"]
    seconds, bases = 0.0, {}
    for work in stage.work:
        found = cost.closest(
            rows, architecture=work.model.architecture, mode=work.mode, stage=work.stage, precision=precision,
            gigaflops=work.flops / work.images / 1e9,
        )  # fmt: skip
        if found is None:
            return float("nan"), "not measured"
        row, measured = found
        seconds += row.seconds(work.flops)
        case = f"{row.architecture} {row.mode} {row.stage} {row.precision}"
        bases["measured rate" if measured else f"estimate, scaled from {case}"] = None
    return (seconds / 3600 if stage.work else float("nan")), "; ".join(bases)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if pd.isna(value) or value == 0:
        return "-"
    if float(value).is_integer() or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


if __name__ == "__main__":
    parser = arguments("Print what a configuration would cost, before any data exist.")
    parser.add_argument(
        "--throughput", type=Path, default=THROUGHPUT, help="measured rates; see benchmarks/throughput.py"
    )
    parsed = parser.parse_args()
    print_lines(partial(main, rows=measurements(parsed.throughput)), parsed)
