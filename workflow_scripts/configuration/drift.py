"""Of which task vectors the drift is measured, and which curvatures that needs."""

from __future__ import annotations

from workflow_scripts.configuration.benchmark import Benchmark


def measured(bench: Benchmark) -> list[dict[str, object]]:
    """Model, seed and mode of every set of task vectors whose drift is measured."""
    if bench.kernels.drift is None:
        return []
    own = bench.kernels.drift.get("modes", bench.trained_modes)
    return [where for where in bench.compared() if where["mode"] in own]


def models(bench: Benchmark) -> list[str]:
    """The models that have every task's curvature made for it."""
    return list(dict.fromkeys(where["model"] for where in measured(bench)))
