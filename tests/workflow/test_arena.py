"""The arena's jobs on rows made by hand, what its section asks for, and forgeries of its table."""

import numpy as np
import pandas as pd
import pytest

from lib.files import predictions, rows
from lib.files.own_files import OwnFileError
from lib.reporting.arena_findings import AT_BEST, AT_ONE, BY_RULE
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.resamples import Key, Outcomes, Resampled
from tests.workflow.conftest import ROOT
from workflow_scripts.configuration import arena
from workflow_scripts.configuration.benchmark import load, read_effective
from workflow_scripts.reporting import arena_estimates, arena_figure, arena_table

TASKS, N = ["A", "B"], 40
MANIFEST = '{{"task": "{}", "deviations": []}}'


def outcomes(evaluation, mode, rule, share):
    seed = None if mode == "pretrained" else 0
    right = np.arange(N) < round(share * N)
    return [Outcomes(Key(evaluation, "m", seed, mode, rule, task), task, right) for task in TASKS]


@pytest.fixture
def files(tmp_path):
    """What the arena's table is made from: two modes, two rules."""
    found, added = outcomes("zero_shot", "pretrained", None, 0.4), []
    for mode in ("standard", "linear"):
        found += outcomes("single_task", mode, None, 0.9)
        for rule, share in (("sum", 0.6), ("mean", 0.55)):
            found += outcomes("addition", mode, rule, share)
            own = {"model": "m", "seed": 0, "mode": mode, "rule": rule, "alpha": 0.5}
            path = tmp_path / f"{mode}-{rule}.csv"
            rows.write(
                path, [{**own, "task": task, "accuracy": share, "normalized": share / 0.9, "n": N} for task in TASKS]
            )
            added.append(str(path))
    Resampled.of(found, Bootstrap(50, 0)).write(tmp_path / "resamples.npz")
    for task in TASKS:
        (tmp_path / f"{task}.json").write_text(MANIFEST.format(task))
    return tmp_path, added


def write(files, folder, added=None):
    root, all_added = files
    arena_table.main(
        folder,
        addition=all_added if added is None else added,
        resamples=str(root / "resamples.npz"),
        manifests=[str(root / f"{task}.json") for task in TASKS],
        tasks=TASKS,
        reads={mode: {"sum": "nothing", "mean": "nothing"} for mode in ("standard", "linear")},
        costs={"m": {"standard": 1.0, "linear": 5 / 3}},
    )


def test_the_table_and_the_figure_are_the_same_bytes_each_time(files, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(files, tmp_path / name)
        arena_figure.main(str(tmp_path / name / "arena.csv"), tmp_path / name)
    made = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert made == ["arena.csv", "arena.md", "arena.pdf", "arena.png", "arena.tex"]
    for name in made:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    frame = pd.read_csv(tmp_path / "one/arena.csv").set_index(["mode", "rule"])
    assert frame.loc[("linear", "mean"), "nai"] == pytest.approx(0.15 / 0.5)
    assert frame.loc[("linear", "sum"), "cost"] == pytest.approx(5 / 3)


def test_an_accuracy_that_is_not_resampled_is_named(files, tmp_path):
    other = tmp_path / "other.csv"
    own = {"model": "m", "seed": 1, "mode": "linear", "rule": "sum", "alpha": 0.5}
    rows.write(other, [{**own, "task": task, "accuracy": 0.5, "n": N} for task in TASKS])
    with pytest.raises(OwnFileError, match="no row of"):
        write(files, tmp_path, [str(other)])


def test_rules_and_alphas_with_their_resamples(files, tmp_path):
    root, _ = files
    found = arena_estimates.of_rules(Resampled.read(root / "resamples.npz"), ["m"], TASKS)
    assert {key: round(value.value, 3) for key, value in found.items()} == {
        ("m", mode, f"{BY_RULE}mean"): 0.55 for mode in ("standard", "linear")
    }
    labels = {}
    for task in TASKS:
        labels[task] = str(tmp_path / f"{task}.npz")
        np.savez(
            labels[task],
            label=np.zeros(N, int),
            row=np.arange(N),
            offset=np.arange(N),
            height=np.ones(N),
            width=np.ones(N),
        )
    own = {"model": "m", "seed": 0, "mode": "linear"}
    shares = {0.0: 0.4, 0.5: 0.8, 1.0: 0.7}
    sweep = [
        {**own, "rule": "sum", "alpha": a, "task": task, "accuracy": s, "n": N}
        for a, s in shares.items()
        for task in TASKS
    ]
    rows.write(tmp_path / "sweep_val.csv", sweep)
    predicted = np.stack([np.arange(N) >= round(share * N) for share in shares.values()]).astype(int)
    predictions.write(
        tmp_path / "predictions.npz", {(task, "val"): predicted for task in TASKS}, dict.fromkeys(TASKS, 2), own
    )
    sweeps = {str(tmp_path / "sweep_val.csv"): str(tmp_path / "predictions.npz")}
    told = arena_estimates.of_sweeps(sweeps, labels, Bootstrap(50, 0))
    assert {key[2]: round(value.value, 3) for key, value in told.items()} == {AT_ONE: 0.7, AT_BEST: 0.8}


def test_costs_and_reads_of_the_demo(monkeypatch):
    monkeypatch.chdir(ROOT)
    bench = load(read_effective([ROOT / "demo/all.yaml"]))
    assert bench.arena is None
    costs = arena.training_costs(bench)["ViT-demo-8"]
    assert costs["standard"] == costs["posthoc"] == 1
    assert costs["linear"] == pytest.approx(5 / 3, abs=0.01) and costs["linear-2"] < 1
    assert arena.reads(bench)["linear"] == {"sum": "nothing"}
