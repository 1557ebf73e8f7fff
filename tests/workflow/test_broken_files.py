"""What the scripts do with files of an earlier rule that are cut, short, not finite or another's: each stops its job
and says file, got, expected and the next step, and writes nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from lib.data.prepared import FIELDS
from lib.files import checkpoints, outcomes, predictions, rows
from lib.files.checkpoints import CheckpointError
from lib.files.outcomes import Outcomes
from lib.files.own_files import NotFinite, OwnFileError
from tests import resampled
from workflow_scripts.editing import addition
from workflow_scripts.editing.evaluation import open_evaluation, write_table
from workflow_scripts.models import head
from workflow_scripts.reporting import (
    alpha_sweeps,
    disentanglement_table,
    findings,
    heatmaps,
    loss_curves,
    pages,
    reproduction,
    scatters,
    similarity_maps,
    similarity_table,
    subset_figures,
    subset_tables,
    tables,
)
from workflow_scripts.training import finetune, finetune_process, task_vector

TASKS, CONTROL, MODES, ALPHAS, STEPS = ["A", "B"], "C", ["standard", "linear"], [0.0, 0.5, 1.0], 4
SUBSETS = [("A",), ("B",), ("A", "B")]


@dataclass(frozen=True)
class Run:
    """A run of two tasks in two modes by hand, below one folder; methods: the scripts that read it."""

    root: Path

    def write(self) -> None:
        of = {"model": "m", "seed": 0}
        names = [(task, split) for task in [*TASKS, CONTROL] for split in ("val", "test")]
        single = [{"task": task, "split": split, "accuracy": 0.5, "n": 10} for task, split in names]
        rows.write(
            self.root / "pretrained.csv", [{"model": "m", "seed": None, "mode": "pretrained", **r} for r in single]
        )
        for mode in MODES:
            own = {**of, "mode": mode}
            rows.write(self.single(mode), [{**own, **row} for row in single[:4]])
            summed = {**own, "rule": "sum"}
            sweep = [{"alpha": a, "task": task, "accuracy": 0.4, "n": 10} for a in ALPHAS for task in TASKS]
            rows.write(self.root / f"{mode}/sweep_val.csv", [{**summed, **row} for row in sweep])
            test = [{"alpha": 0.5, "task": task, "accuracy": 0.4, "normalized": 0.8, "n": 10} for task in TASKS]
            rows.write(self.root / f"{mode}/test.csv", [{**summed, **row} for row in test])
            for task in TASKS:
                row = {**own, "task": task, "alpha": 1.0, "target": 0.1, "control": 0.5}
                rows.write(self.root / f"{mode}/{task}/test.csv", [row])
                steps = [{"step": i + 1, "loss": 1.5, "learning_rate": 0.1} for i in range(STEPS)]
                rows.write(
                    self.root / f"{mode}/{task}/training_log.csv", [{**own, "task": task, **row} for row in steps]
                )
            errors = {"alphas": ALPHAS, "error_a": np.full((3, 3), 0.25), "error_b": np.zeros((3, 3))}
            errors |= {"representation_a": np.full((3, 3), 0.5), "representation_b": np.zeros((3, 3))}
            np.savez(self.root / f"{mode}/A--B.npz", **errors, pair=TASKS, **{k: np.array(v) for k, v in own.items()})
            per_image = (np.eye(3, dtype=bool)[:, :, None], np.full((3, 3, 1), np.float32(0.5)))
            found = Outcomes(**own, pair=tuple(TASKS), alphas=np.array(ALPHAS), **_twice(*per_image))
            outcomes.write(self.root / f"{mode}/outcomes/A--B.npz", found)
            two = [{"task_a": a, "task_b": b, "cosine": 1.0 if a == b else 0.25} for a in TASKS for b in TASKS]
            rows.write(self.root / f"{mode}/similarity.csv", [{**own, **row} for row in two])
            rows.write(self.root / f"{mode}/norms.csv", [{**own, "task": task, "norm": 2.0} for task in TASKS])
            self._subsets(own)
        for task in [*TASKS, CONTROL]:
            np.savez(self.root / f"{task}.npz", **dict.fromkeys(FIELDS, np.zeros(10, np.int64)))
            (self.root / f"{task}.json").write_text(json.dumps({"task": task, "deviations": []}))
        single, added = self.frame("single_task.csv"), self.frame("test.csv")
        negated = pd.concat([self.frame(f"{task}/test.csv") for task in TASKS])
        single = pd.concat([pd.read_csv(self.root / "pretrained.csv"), single])
        resampled.write(self.resamples, single, added, negated, CONTROL)
        self.tables()

    @property
    def resamples(self) -> Path:
        return self.root / "resamples.npz"

    def frame(self, name: str) -> pd.DataFrame:
        return pd.concat([pd.read_csv(file) for file in self.each(name)])

    def single(self, mode: str) -> Path:
        return self.root / f"{mode}/single_task.csv"

    def each(self, name: str) -> list[str]:
        return [str(self.root / mode / name) for mode in MODES]

    def tables(self) -> None:
        tables.main(
            self.root / "tables",
            single_task=[str(self.root / "pretrained.csv"), *self.each("single_task.csv")],
            addition=self.each("test.csv"),
            negation=[file for task in TASKS for file in self.each(f"{task}/test.csv")],
            manifests=[str(self.root / f"{task}.json") for task in [*TASKS, CONTROL]],
            resamples=str(self.resamples),
            tasks=TASKS,
            control=CONTROL,
        )

    def findings(self) -> None:
        findings.main(
            self.root,
            resamples=str(self.resamples),
            outcomes=self.each("outcomes/A--B.npz"),
            models=["m"],
            random={},
            tasks=TASKS,
            control=CONTROL,
            control_floor=0.95,
            search_space=(0.0, 1.0),
            bootstrap={"resamples": 200, "seed": 0},
        )

    def reproduction(self) -> None:
        names = ("addition", "negation", "single_task")
        csv = {name: str(self.root / f"tables/{name}.csv") for name in names}
        with pytest.MonkeyPatch.context() as patch:  # as on the papers' benchmark, whose tables alone are read
            patch.setattr("lib.reporting.papers.same_benchmark", lambda *_: True)
            reproduction.main(self.root / "tables", csv, tasks=TASKS, control=CONTROL)

    def heatmaps(self) -> None:
        heatmaps.main(self.each("A--B.npz"), self.root / "figures", (0.0, 1.0))

    def disentanglement_table(self) -> None:
        given = {"search_space": (0.0, 1.0), "bootstrap": {"resamples": 100, "seed": 0}}
        disentanglement_table.main(self.each("outcomes/A--B.npz"), self.root / "tables", **given)

    def similarity_table(self) -> None:
        files = self.each("similarity.csv"), self.each("norms.csv")
        similarity_table.main(*files, self.root / "tables", tasks=TASKS)

    def similarity_maps(self) -> None:
        files = self.each("similarity.csv"), self.each("norms.csv")
        similarity_maps.main(*files, self.root / "figures", tasks=TASKS)

    def _subsets(self, own: dict) -> None:
        """Of models that are right about 4 of 10 images, where a task's own is right about 5."""
        tested = {"alpha": 0.5, "accuracy": 0.4, "normalized": 0.8, "n": 10}
        found = [
            {"subset": "+".join(subset), "size": len(subset), "task": task, "own": task in subset, **tested}
            for subset in SUBSETS
            for task in TASKS
        ]
        rows.write(self.root / own["mode"] / "subsets.csv", [{**own, **row} for row in found])
        for name, models, right in (("subsets", len(SUBSETS), 4), ("single_task_predictions", 1, 5)):
            classes = np.array([[0] * right + [1] * (10 - right)] * models)
            stored = {(task, "test"): classes for task in TASKS}
            predictions.write(self.root / own["mode"] / f"{name}.npz", stored, dict.fromkeys(TASKS, 2), own)

    def subset_tables(self) -> None:
        subset_tables.main(
            self.root / "tables",
            tested=self.each("subsets.csv"),
            predicted=self.each("subsets.npz"),
            single_task=self.each("single_task_predictions.npz"),
            labels=[str(self.root / f"{task}.npz") for task in TASKS],
            manifests=[str(self.root / f"{task}.json") for task in TASKS],
            tasks=TASKS,
            samples=dict.fromkeys(MODES),
            resamples=100,
            seed=0,
        )

    def subset_figures(self) -> None:
        single = [str(self.root / "pretrained.csv"), *self.each("single_task.csv")]
        given = {"tasks": TASKS, "control": CONTROL, "samples": dict.fromkeys(MODES)}
        subset_figures.main(self.each("subsets.csv"), single, self.root / "figures", **given)

    def scatters(self) -> None:
        scatters.main(self.each("single_task.csv"), self.root / "figures", modes=["linear"], tasks=TASKS)

    def alpha_sweeps(self) -> None:
        files = (self.each(name) for name in ("sweep_val.csv", "test.csv", "single_task.csv"))
        alpha_sweeps.main(*files, self.root / "figures")

    def loss_curves(self) -> None:
        logs = [file for task in TASKS for file in self.each(f"{task}/training_log.csv")]
        loss_curves.main(logs, self.root / "figures", models=["m"], modes=MODES, tasks=TASKS, every=2)

    def pages(self) -> None:
        pages.main(
            {
                str(self.root / f"tables/{name}.md"): self.root / f"pages/{name}.html"
                for name in ("addition", "negation")
            }
        )

    def addition(self) -> None:
        evaluation = SimpleNamespace(data=dict.fromkeys(TASKS), vectors=dict)
        nothing = {
            "rule": "none",
            "settings": {},
            "statistics": {},
            "alphas": ALPHAS,
            "identity": {},
            "random_init": False,
        }
        addition.main(evaluation, {}, self.single("standard"), self.root / "added", **nothing)


def _twice(differs: np.ndarray, distance: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The same outcomes for both tasks of a pair."""
    return {"differs": (differs, differs), "distance": (distance, distance)}


READERS = {  # script -> the files that it reads, one of each kind
    "tables": [
        "pretrained.csv",
        "linear/single_task.csv",
        "linear/test.csv",
        "linear/B/test.csv",
        "A.json",
        "resamples.npz",
    ],
    "findings": ["resamples.npz", "linear/outcomes/A--B.npz"],
    "reproduction": ["tables/addition.csv", "tables/negation.csv", "tables/single_task.csv"],
    "heatmaps": ["linear/A--B.npz"],
    "disentanglement_table": ["linear/outcomes/A--B.npz"],
    "similarity_table": ["linear/similarity.csv", "linear/norms.csv"],
    "similarity_maps": ["linear/similarity.csv", "linear/norms.csv"],
    "scatters": ["linear/single_task.csv"],
    "alpha_sweeps": ["linear/sweep_val.csv", "linear/test.csv", "linear/single_task.csv"],
    "loss_curves": ["linear/A/training_log.csv"],
    "subset_tables": [
        "linear/subsets.csv",
        "linear/subsets.npz",
        "linear/single_task_predictions.npz",
        "A.npz",
        "A.json",
    ],
    "subset_figures": ["pretrained.csv", "linear/single_task.csv", "linear/subsets.csv"],
    "pages": ["tables/negation.md"],
    "addition": ["standard/single_task.csv"],
}
READ = [(script, file) for script, files in READERS.items() for file in files]
VALUES = {  # a column of numbers in each csv file that is read
    "tables/addition.csv": "normalized",
    "tables/negation.csv": "control",
    "linear/B/test.csv": "target",
    "linear/A/training_log.csv": "loss",
    "linear/similarity.csv": "cosine",
    "linear/norms.csv": "norm",
}


@pytest.fixture
def run(tmp_path):
    found = Run(tmp_path)
    found.write()
    return found


def refused(run, script, file, *words, error=OwnFileError):
    before = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    with pytest.raises(error) as raised:
        getattr(run, script)()
    told = str(raised.value)
    assert told.startswith(f"{run.root / file}: got ") and ", expected " in told, told
    assert "run the same command again" in told and all(word in told for word in words), told
    assert {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()} == before


def test_a_whole_run_is_read(run):
    for script in ("findings", "disentanglement_table", "similarity_table"):
        getattr(run, script)()
    for script in ("heatmaps", "similarity_maps", "scatters", "alpha_sweeps", "loss_curves"):
        getattr(run, script)()
    assert len(list((run.root / "figures").glob("*.pdf"))) == 6
    assert {"disentanglement.tex", "similarity.tex"} <= {path.name for path in (run.root / "tables").iterdir()}
    with pytest.raises(ModuleNotFoundError, match="none"):  # behind its files, the rule of that name
        run.addition()


@pytest.mark.parametrize(("script", "file"), READ)
def test_a_file_that_is_cut_or_empty_or_absent_is_refused(run, script, file):
    content = (run.root / file).read_bytes()
    for part in (content[:-3], content[: len(content) // 2 + 1], b""):
        (run.root / file).write_bytes(part)
        refused(run, script, file)
    (run.root / file).unlink()
    refused(run, script, file, "got no file")


@pytest.mark.parametrize(("script", "file"), [(s, f) for s, f in READ if f.endswith(".csv") and s != "reproduction"])
def test_a_csv_file_without_its_last_row_is_refused(run, script, file):
    """Cut between two rows: only what is asked for tells. The scorecard is not told which modes a table has."""
    lines = (run.root / file).read_text().splitlines(keepends=True)
    (run.root / file).write_text("".join(lines[:-1]))
    refused(run, script, file, "rows")


@pytest.mark.parametrize(("script", "file"), [(s, f) for s, f in READ if f.endswith(".csv")])
def test_a_row_that_is_twice_or_of_another_task_is_refused(run, script, file):
    lines = (run.root / file).read_text().splitlines(keepends=True)
    (run.root / file).write_text("".join([*lines, lines[-1]]))
    refused(run, script, file, "more than once")
    if ",B," in lines[-1]:
        (run.root / file).write_text("".join([*lines[:-1], lines[-1].replace(",B,", ",D,")]))
        with pytest.raises(OwnFileError, match="rows .*expected"):
            getattr(run, script)()


@pytest.mark.parametrize("value", ["nan", "inf", ""])
@pytest.mark.parametrize(("script", "file"), [(s, f) for s, f in READ if f.endswith(".csv")])
def test_an_accuracy_or_loss_that_is_not_finite_is_refused(run, script, file, value):
    column = VALUES.get(file, "accuracy")
    header, *lines = (run.root / file).read_text().splitlines()
    cells = lines[-1].split(",")
    cells[header.split(",").index(column)] = value
    (run.root / file).write_text("\n".join([header, *lines[:-1], ",".join(cells)]) + "\n")
    refused(run, script, file, f"values of {column}", error=NotFinite)


def test_a_sweep_is_held_against_the_other_sweeps_of_its_rule(run):
    file = run.root / "linear/sweep_val.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-2]))  # all of its last alpha
    refused(run, "alpha_sweeps", "linear/sweep_val.csv", "4 rows (absent: '1.0 A', '1.0 B')", "3 alpha x 2 task")


def test_a_log_without_rows_is_of_an_imported_checkpoint(run):
    file = run.root / "linear/A/training_log.csv"
    file.write_text(file.read_text().splitlines(keepends=True)[0])
    run.loss_curves()


@pytest.mark.parametrize("script", ["heatmaps"])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"error_a": np.full((3, 3), np.nan)}, "9 of 9 values of error_a not finite"),
        ({"error_b": np.full((3, 3), -0.5)}, "9 of 9 values of error_b outside, expected 0 to 1"),
        ({"representation_a": np.full((3, 3), 2.5)}, "9 of 9 values of representation_a outside, expected 0 to 2"),
        ({"error_a": np.zeros((3, 2))}, "(3, 2)"),
        ({"alphas": np.array([0.0, np.inf, 1.0])}, "1 of 3 values of alphas not finite"),
        ({"alphas": np.array([0.0, 1.0, 0.5])}, "expected ascending ones"),
        ({"alphas": np.array([0.0, 0.5, 2.0])}, "expected those of"),
        ({"seed": np.array("x")}, "a whole number as seed"),
        ({"pair": np.array(["A"])}, "(1,)"),
        ({"pair": np.array([{}, {}])}, "allow_pickle"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(run, script, changed, told):
    file = run.root / "linear/A--B.npz"
    with np.load(file) as arrays:
        found = dict(arrays)
    np.savez(file, **found | changed)
    refused(run, script, "linear/A--B.npz", told)


def test_a_grid_of_a_run_twice_is_refused(run):
    (run.root / "linear/A--B.npz").write_bytes((run.root / "standard/A--B.npz").read_bytes())
    with pytest.raises(
        OwnFileError, match=r"A--B\.npz and 1 files like it: got 2 rows \(more than once: 'm 0 standard A--B'"
    ):
        run.heatmaps()


def test_outcomes_of_a_run_twice_are_refused(run):
    files = [run.root / mode / "outcomes/A--B.npz" for mode in ("linear", "standard")]
    files[0].write_bytes(files[1].read_bytes())
    with pytest.raises(
        OwnFileError, match=r"A--B\.npz and 1 files like it: got 2 rows \(more than once: 'm 0 standard"
    ):
        run.disentanglement_table()


@pytest.mark.parametrize("name", ["similarity.csv", "norms.csv"])
def test_cosines_or_norms_of_a_run_twice_are_refused(run, name):
    (run.root / "linear" / name).write_bytes((run.root / "standard" / name).read_bytes())
    for script in (run.similarity_table, run.similarity_maps):
        with pytest.raises(
            OwnFileError, match=rf"{name} and 1 files like it: got 2 rows .*more than once: 'm 0 standard"
        ):
            script()


def test_a_manifest_of_another_task_is_refused(run):
    (run.root / "B.json").write_text((run.root / "A.json").read_text())
    refused(run, "tables", "B.json", "got the task 'A', expected 'B'")


def test_a_table_of_fewer_runs_of_one_model_is_refused(run):
    file = run.root / "tables/addition.csv"
    text = file.read_text()
    more = [line.replace("m,", "m2,", 1) for line in text.splitlines(keepends=True)[1:-1]]
    file.write_text(text + "".join(more))
    refused(run, "reproduction", "tables/addition.csv", "absent: 'm2 0 linear'")


def test_classes_and_arguments_that_are_cut_are_refused(tmp_path):
    classes = tmp_path / "classes.json"
    classes.write_text('{"class_names": ["a"], "templ')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "load_clip", lambda *_, **__: None)
        patch.setattr(head.heads, "tokenizer_of", lambda *_: None)
        with pytest.raises(OwnFileError, match=r"classes\.json: got 29 bytes that are no JSON"):
            head.main(None, classes, tmp_path / "head", architecture="m", architectures=None, vocabulary=None)
    with pytest.raises(OwnFileError, match=r"classes\.json: got 29 bytes that are no JSON"):
        finetune_process.main(classes)


NAN = {"proj": torch.tensor([1.0, float("nan")])}


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_task_vector_that_is_not_finite_is_not_written(tmp_path):
    """Neither of a theta that is not finite, nor of two that are too far apart; the training's state stays."""
    theta_0, theta, tau, state = (tmp_path / f"{name}.safetensors" for name in ("theta_0", "theta", "tau", "state"))
    state.touch()
    checkpoints.save(theta_0, {"proj": torch.tensor([-3e38])})
    checkpoints.save(theta, {"proj": torch.tensor([3e38])})
    with pytest.raises(
        NotFinite, match=r"tau\.safetensors: got 1 of 1 values of 'proj' not finite.*nothing was written"
    ):
        task_vector.main(theta_0, theta, tau, state=state)
    save_file(NAN, theta)
    with pytest.raises(NotFinite, match=r"theta\.safetensors: got 1 of 2 values of 'proj' not finite, expected none"):
        task_vector.main(theta_0, theta, tau, state=state)
    assert state.exists() and not tau.exists()


def opened(theta_0, head_file):
    """An evaluation from its files."""
    params = SimpleNamespace(
        model={"encoder": "lib.models.encoders.image", "predictions": "lib.editing.edited_models"},
        architecture={},
        tasks=["A"],
        evaluation={"batch_size": 1, "precision": "float32"},
    )
    inputs = SimpleNamespace(theta_0=str(theta_0), heads=[str(head_file)], splits=["data/A/val.json"])
    job = SimpleNamespace(input=inputs, params=params, threads=1, config={"device": "cpu"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib.models.encoders.image.image_encoder", lambda architecture: None)
        patch.setattr("workflow_scripts.editing.evaluation.use_threads", lambda threads: None)
        return open_evaluation(job)


def test_weights_that_are_not_finite_are_not_evaluated(tmp_path):
    theta_0, head_file = tmp_path / "theta_0.safetensors", tmp_path / "head.safetensors"
    checkpoints.save(theta_0, {"proj": torch.ones(2)})
    checkpoints.save(head_file, {"weight": torch.ones(2)})
    evaluation = opened(theta_0, head_file)
    save_file(NAN, tmp_path / "tau.safetensors")
    with pytest.raises(NotFinite, match=r"tau\.safetensors: got 1 of 2 values of 'proj'"):
        evaluation.vector(tmp_path / "tau.safetensors")
    save_file(NAN, theta_0)
    with pytest.raises(NotFinite, match=r"theta_0\.safetensors: got 1 of 2 values of 'proj'"):
        opened(theta_0, head_file)
    checkpoints.save(theta_0, {"proj": torch.ones(2)})
    checkpoints.save(head_file, {"bias": torch.ones(2)})
    with pytest.raises(CheckpointError, match=r"head\.safetensors has the tensors bias, expected also weight"):
        opened(theta_0, head_file)


def test_an_accuracy_that_is_not_finite_is_not_written(tmp_path):
    with pytest.raises(NotFinite, match=r"a\.csv: got nan for accuracy in row 1 of 1, .*a split without images"):
        write_table(tmp_path / "a.csv", [{"task": "A", "accuracy": float("nan")}], {"model": "m"})
    assert not (tmp_path / "a.csv").exists()


def test_a_digest_that_is_cut_is_no_fingerprint(tmp_path):
    file = tmp_path / "theta.safetensors"
    file.write_bytes(b"weights")
    (tmp_path / "theta.safetensors.sha256").write_text("")
    with pytest.raises(OwnFileError, match=r"theta\.safetensors\.sha256: got b''"):
        finetune.fingerprint([str(file)], {})
