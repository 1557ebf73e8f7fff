"""Seconds and memory of merging rules on task vectors of a model's shapes, without training any.

    python -m benchmarks.merging                                          eight vectors of ViT-B/32
    python -m benchmarks.merging --architecture ViT-demo-8 --folder demo/clip --tasks 3 --rules tsv-m ties

The vectors are random and in memory before the clock starts, as a GPU job holds them; a job reads them from files, too.
Memory is what a rule takes beyond them, the merged vector included, in a process of its own.

Floor: one vector, for the result. The rules on matrices add their work on one matrix; TIES adds the signs, as large as
a vector, and a byte an entry. Never one copy for each task.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from statistics import median

from benchmarks import measure
from lib.editing.merging_rules import RULES
from lib.models.architectures import read_configuration

MEASURED = ("sum", "tsv-m", "iso-c", "iso-cts", "wudi", "ties")


def merging(rule: str, architecture: str, folder: str | None, tasks: int) -> Callable[[], object]:
    """The call that merges so many random vectors by a rule; `sum` is what every rule costs at least."""
    theta_0 = measure.random_theta(read_configuration(architecture, folder))
    taus = {str(task): measure.random_tau(theta_0, seed=task) for task in range(tasks)}
    known = RULES[rule]
    merge = import_module(known.module).merge
    return lambda: merge(taus, {}, known.settings)


def main() -> None:
    """Time each rule, measure its memory, and report both with the vectors' own size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--folder")
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--rules", nargs="+", default=MEASURED, choices=[r.name for r in RULES.values() if not r.statistics]
    )
    chosen = parser.parse_args()
    shape = (chosen.architecture, chosen.folder, chosen.tasks)
    theta_0 = measure.random_theta(read_configuration(*shape[:2]))
    vector = sum(value.numel() * value.element_size() for value in theta_0.values()) / 1e9
    note = f"{chosen.architecture}, {chosen.tasks} vectors of {vector:.3f} GB each; vectors: GB in units of one of them"
    rows = []
    for rule in chosen.rules:
        found = [measure.peak_and_seconds(merging, rule, *shape) for _ in range(chosen.rounds)]
        peak, time = (median(values) for values in zip(*found, strict=True))
        rows.append({"rule": rule, "s": round(time, 3), "GB": round(peak, 3), "vectors": round(peak / vector, 2)})
        measure.report("merging", rows, note, variant=chosen.architecture)  # a rule takes minutes: what there is stays


if __name__ == "__main__":
    main()
