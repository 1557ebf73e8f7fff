"""The scripts of tables and findings on files made by hand: a run of the papers' models and tasks, and any other."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.files import outcomes
from lib.files.outcomes import Outcomes
from lib.reporting import papers
from tests import resampled
from workflow_scripts.reporting import findings, random_init, tables

MODES = ["standard", "linear"]
SUM, SEVERAL = {"sum": 0.7}, {"sum": 0.7, "mean": 0.6}  # accuracy of addition by merging rule


def make_run(folder, model: str, tasks: list[str], control: str, *, merging: dict[str, float] = SUM) -> dict:
    """Everything that the rule hands to the script; each accuracy is 0.7, on the pre-trained model 0.5."""
    single = [(model, None, "pretrained", task, "test", 0.5, 10) for task in [*tasks, control]]
    single += [(model, 0, mode, task, "test", 0.8, 10) for mode in MODES for task in tasks]
    rows = [(mode, rule, accuracy, task) for rule, accuracy in merging.items() for mode in MODES for task in tasks]
    added = [(model, 0, mode, rule, 0.3, task, accuracy, accuracy / 0.8, 10) for mode, rule, accuracy, task in rows]
    negated = [(model, 0, mode, task, 1.0, 0.2, 0.49) for mode in MODES for task in tasks]
    columns = {
        "single_task": (single, ["model", "seed", "mode", "task", "split", "accuracy", "n"]),
        "addition": (added, ["model", "seed", "mode", "rule", "alpha", "task", "accuracy", "normalized", "n"]),
        "negation": (negated, ["model", "seed", "mode", "task", "alpha", "target", "control"]),
    }
    inputs, frames = {"resamples": str(folder / "resamples.npz")}, {}
    for name, (rows, names) in columns.items():
        frames[name] = pd.DataFrame(rows, columns=names)
        frames[name].to_csv(folder / f"{name}.csv", index=False)
        inputs[name] = [str(folder / f"{name}.csv")]
    resampled.write(Path(inputs["resamples"]), *frames.values(), control)
    inputs["manifests"] = []
    for task in [*tasks, control]:
        file = folder / f"{task}.json"
        file.write_text(json.dumps({"task": task, "deviations": ["Shrunk."] if task in (tasks[0], control) else []}))
        inputs["manifests"].append(str(file))
    return inputs | {"tasks": tasks, "control": control}


def rendered(folder, *run, **more) -> dict[str, str]:
    tables.main(folder / "tables", **make_run(folder, *run, **more))
    return {file.name: file.read_text() for file in (folder / "tables").iterdir()}


@pytest.fixture
def benchmark_of_the_papers():
    return papers.numbers()["tasks"], papers.numbers()["control"]


def test_a_run_of_the_papers_models_is_compared(tmp_path, benchmark_of_the_papers):
    texts = rendered(tmp_path, "ViT-B-32", *benchmark_of_the_papers)
    row = next(line for line in texts["addition.md"].splitlines() if line.startswith("| Non-linear FT"))
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["70.0", "71.4", "-1.4", "87.5", "76.5", "+11.0", "80.0"]
    row = next(line for line in texts["negation.tex"].splitlines() if line.startswith("Linear FT"))
    assert row == r"Linear FT & 20.0 & 10.9 & +9.1 & 49.0 & 60.8 & -11.8 \\"
    assert "arXiv 2305.12827" in texts["addition.md"] and "arXiv 2305.12827" in texts["negation.tex"]


def test_a_papers_number_never_enters_our_columns(tmp_path, benchmark_of_the_papers):
    texts = rendered(tmp_path, "ViT-B-32", *benchmark_of_the_papers)
    assert all("paper" not in text for name, text in texts.items() if name.endswith(".csv"))
    frame = pd.read_csv(tmp_path / "tables/addition.csv")
    assert set(frame["absolute"].round(6)) == {0.5, 0.7}


@pytest.mark.parametrize(
    ("model", "tasks", "control"),
    [("ViT-demo-8", ["Signs", "Digits"], "Objects"), ("ViT-B-32", ["MNIST", "DTD"], "ImageNet")],
    ids=["another model", "fewer tasks"],
)
def test_a_run_of_anything_else_is_not_compared(tmp_path, model, tasks, control):
    texts = rendered(tmp_path, model, tasks, control)
    assert "diff." not in texts["addition.md"] + texts["negation.tex"] and "71.4" not in texts["addition.md"]


def test_random_models_are_held_against_their_own_table(tmp_path, benchmark_of_the_papers):
    run = make_run(tmp_path, "ViT-L-14-random", *benchmark_of_the_papers)
    del run["negation"]
    random_init.main(tmp_path / "tables", **run)
    text = (tmp_path / "tables/random_init.md").read_text()
    printed = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert printed[2:] == [
        ["Random init", "50.0", "5.2", "+44.8", "-", "-", "-"],
        ["Non-linear FT", "80.0", "18.0", "+62.0", "70.0", "4.8", "+65.2"],
        ["Linear FT", "80.0", "24.8", "+55.2", "70.0", "6.1", "+63.9"],
    ]
    assert "Table 3 (arXiv 2305.12827)" in text and "- Cars: Shrunk." in text and "ImageNet:" not in text
    assert "paper" not in (tmp_path / "tables/random_init.csv").read_text()


def test_deviations_stand_below_the_tables_that_they_touch(tmp_path):
    texts = rendered(tmp_path, "m", ["Signs", "Digits"], "Objects")
    for name in ("single_task", "addition", "negation", "addition_per_task", "negation_per_task"):
        assert "- Signs: Shrunk." in texts[f"{name}.md"] and "% - Signs: Shrunk." in texts[f"{name}.tex"]
        assert ("- Objects: Shrunk." in texts[f"{name}.md"]) == (name == "negation")
        assert "Digits:" not in texts[f"{name}.md"]


def found(folder, *run, pairs=True, **more) -> str:
    """The findings of a run whose error of disentanglement is 0.25 on every grid point, or that has no pairs."""
    rendered(folder, *run, **more)
    stored = []
    for mode in MODES if pairs else ():
        stored.append(str(folder / f"{mode}.npz"))
        differs = np.broadcast_to(np.arange(4) < 1, (2, 2, 4)), np.zeros((2, 2, 4), bool)
        distance = (np.zeros((2, 2, 4), np.float32),) * 2
        outcomes.write(
            stored[-1], Outcomes(run[0], 0, mode, ("A", "B"), np.array([0.0, 1.0]), differs=differs, distance=distance)
        )
    findings.main(
        folder,
        resamples=str(folder / "resamples.npz"),
        outcomes=stored,
        models=[run[0]],
        random={},
        tasks=run[1],
        control=run[2],
        control_floor=0.95,
        search_space=(0.0, 1.0),
        bootstrap={"resamples": 200, "seed": 0},
    )
    return (folder / "findings.md").read_text()


def test_a_run_without_pairs_has_the_findings_of_its_accuracies(tmp_path):
    run = "m", ["Signs", "Digits"], "Objects"
    (tmp_path / "pairs").mkdir(), (tmp_path / "none").mkdir()
    found(tmp_path / "pairs", *run), found(tmp_path / "none", *run, pairs=False)
    both, without = (pd.read_csv(tmp_path / name / "findings.csv") for name in ("pairs", "none"))
    about_pairs = both["finding"].str.contains("disentanglement")
    assert about_pairs.any() and not about_pairs.all()
    pd.testing.assert_frame_equal(without, both[~about_pairs].reset_index(drop=True))


def test_the_findings_are_about_the_sum_whatever_other_rules_a_run_has(tmp_path):
    run = "m", ["Signs", "Digits"], "Objects"
    (tmp_path / "sum").mkdir(), (tmp_path / "both").mkdir()
    alone = found(tmp_path / "sum", *run)
    assert "70.0" in alone and "0.25" in alone
    assert found(tmp_path / "both", *run, merging=SEVERAL) == alone


def test_tables_name_the_rule_where_a_run_has_several(tmp_path):
    run = "m", ["Signs", "Digits"], "Objects"
    rendered(tmp_path, *run)
    assert "rule" not in pd.read_csv(tmp_path / "tables/addition.csv")
    rendered(tmp_path, *run, merging=SEVERAL)
    frame = pd.read_csv(tmp_path / "tables/addition.csv").dropna(subset="rule")
    assert dict(zip(frame["rule"], frame["absolute"].round(6), strict=True)) == SEVERAL
    assert set(zip(frame["rule"], frame["mode"], strict=True)) == {(r, m) for r in SEVERAL for m in MODES}
