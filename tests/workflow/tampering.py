"""Ways to tamper with a finished run: clumsy ones, careful ones that put every digest right again, and forgeries that
one check alone sees, because all that follows from the change is changed with it.

Each is a function of a Forgery, with what an audit must name.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from lib.data.preparing import index_label_digest
from lib.files import predictions
from lib.reporting.resamples import Resampled
from tests.workflow.conftest import ROOT
from workflow_scripts.audit import report
from workflow_scripts.audit.run import Run
from workflow_scripts.audit.sealing import seal, sealed_names
from workflow_scripts.configuration.benchmark import load, read_effective
from workflow_scripts.layout import Layout
from workflow_scripts.reporting import similarity_maps, similarity_table

RUN = "results/tiny"
LINEAR = f"{RUN}/tiny/seed0/linear"
MODES = [f"{RUN}/tiny/seed0/{mode}" for mode in ("standard", "posthoc", "linear", "linear-2")]
TASKS = ("Scenes", "Signs")


class Forgery:
    """A copy of the finished run, in the working directory."""

    def __init__(self):
        self.files = Layout.of("tiny")

    @classmethod
    def in_a_copy(cls, run, folder, monkeypatch):
        """The run in `run`, copied to `folder`, which becomes the working directory."""
        monkeypatch.chdir(shutil.copytree(run, folder, symlinks=True))
        shutil.copy(f"{RUN}/config.yaml", "config.yaml")
        return cls()

    def records(self):
        return sorted(Path(self.files.records).rglob("*.json"))

    def flip(self, file, at=-1):
        data = bytearray(Path(file).read_bytes())
        data[at] ^= 1
        Path(file).write_bytes(bytes(data))

    def keep_time(self, file, change):
        state = os.stat(file)
        change()
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    def text(self, file, old, new):
        content = Path(file).read_text()
        assert old in content, (file, old)
        Path(file).write_text(content.replace(old, new, 1))

    def cut(self, file, lines):
        """A text without its last lines."""
        Path(file).write_text("".join(Path(file).read_text().splitlines(keepends=True)[:-lines]))

    def json(self, file, change):
        content = json.loads(Path(file).read_text())
        change(content)
        Path(file).write_text(json.dumps(content, indent=2) + "\n")

    def csv(self, file, change):
        frame = pd.read_csv(file)
        change(frame)
        frame.to_csv(file, index=False)

    def arrays(self, file, change):
        with np.load(file) as opened:
            arrays = {name: opened[name] for name in opened.files}
        change(arrays)
        np.savez(file, **arrays)

    def tensors(self, file, change):
        tensors = load_file(file)
        change(tensors)
        save_file(tensors, file)

    def predictions(self, file, change):
        """`change` gets (task, split) -> Int64[k, n], in place."""
        with np.load(file) as opened:
            classes = dict(zip(opened["tasks"].tolist(), opened["classes"].tolist(), strict=True))
        found, identity = predictions.read(file), predictions.read_identity(file)
        change(found)
        predictions.write(file, found, classes, identity)

    def labels(self, task, split):
        with np.load(f"{RUN}/data/{task}/{split}.index.npz") as opened:
            return opened["label"]

    def cell(self, file, column, value, **where):
        """A cell of a csv file, in the rows that have these values."""

        def change(frame):
            rows = np.logical_and.reduce([frame[name] == wanted for name, wanted in where.items()])
            assert rows.any(), (file, where)
            frame.loc[rows, column] = value

        self.csv(file, change)

    def report(self, *, resample=True):
        """Resampled accuracies, tables, findings, figures and pages, as the results are now."""
        run = self._run()
        if resample:
            report.resample(run, Path(self.files.run))
        report.write_tables(run, Path(self.files.tables))
        report.write_findings(run, Path(self.files.run))
        report.write_scorecard(run, Path(self.files.tables))
        report.draw_figures(run, Path(self.files.figures))
        self.pages()

    def pages(self):
        """Pages, as tables and findings are now."""
        for place in (self.files.tables, self.files.run):
            report.write_pages(self._run(), Path(place), place=place)

    def _run(self):
        return Run(load(read_effective([Path(self.files.configuration)]), look=False), Path(), ROOT)

    def seal(self):
        Path(self.files.seal).write_text(seal(self.files.run, sealed_names(Path(), self.files)))

    def put_right(self):
        """Every digest of every file, in records, beside files and in the seal, as the files are now."""
        for beside in Path(self.files.run).rglob("*.sha256"):
            if str(beside) == self.files.seal:
                continue
            beside.write_text(f"{_sha256(str(beside).removesuffix('.sha256'))}\n")
        for file in self.records():
            record = json.loads(file.read_text())
            for side in ("used", "generated"):
                record[side] = {path: _sha256(path) for path in record[side] if Path(path).is_file()}
            file.write_text(json.dumps(record, indent=2) + "\n")
        self.seal()


def _sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


CLUMSY, CAREFUL, FORGED = {}, {}, {}
FORGED_KERNELS = {}  # of a run with the kernel view


def clumsy(where):
    """A change that leaves digests as they were. where: what the audit must name."""
    return lambda change: CLUMSY.setdefault(change.__name__, (change, where)) and change


def careful(where):
    """A change after which every digest is put right: checks of contents see it."""

    def known(change):
        CAREFUL[change.__name__] = (lambda run: (change(run), run.put_right()), where)
        return change

    return known


def forged(check, where, known=FORGED):
    """A change that leaves everything else consistent, digests too: one check alone sees it."""
    return lambda change: known.setdefault(change.__name__, (change, check, where)) and change


@clumsy("linear/Signs/tau.safetensors")
def a_byte_of_a_task_vector(run):
    run.flip(f"{LINEAR}/Signs/tau.safetensors")


@clumsy("linear/Signs/tau.safetensors")
def a_byte_of_a_task_vector_with_its_time_put_back(run):
    file = f"{LINEAR}/Signs/tau.safetensors"
    run.keep_time(file, lambda: run.flip(file))


@clumsy("linear/Signs/tau.safetensors")
def a_task_vector_of_nan(run):
    def change(tensors):
        tensors["proj"][:] = np.nan

    run.tensors(f"{LINEAR}/Signs/tau.safetensors", change)


@clumsy("linear/Scenes/tau.safetensors")
def two_swapped_task_vectors(run):
    one, other = (Path(f"{LINEAR}/{task}/tau.safetensors") for task in ("Scenes", "Signs"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second), other.write_bytes(first)


@clumsy("linear/Scenes/tau.safetensors")
def two_swapped_task_vectors_with_their_digests(run):
    for suffix in ("", ".sha256"):
        one, other = (Path(f"{LINEAR}/{task}/tau.safetensors{suffix}") for task in ("Scenes", "Signs"))
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second), other.write_bytes(first)


@clumsy("linear/Signs/theta.safetensors")
def a_byte_of_fine_tuned_weights(run):
    run.flip(f"{LINEAR}/Signs/theta.safetensors")


@clumsy("pretrained/theta.safetensors")
def a_byte_of_theta_0(run):
    run.flip(f"{RUN}/tiny/pretrained/theta.safetensors")


@clumsy("pretrained/clip.safetensors")
def a_byte_of_the_clip(run):
    run.flip(f"{RUN}/tiny/pretrained/clip.safetensors")


@clumsy("heads/Signs.safetensors")
def a_byte_of_a_head(run):
    run.flip(f"{RUN}/tiny/heads/Signs.safetensors")


@clumsy("heads/Signs.safetensors")
def a_missing_head(run):
    Path(f"{RUN}/tiny/heads/Signs.safetensors").unlink()


@clumsy("data/Signs/test.images.bin")
def a_pixel_of_a_test_image(run):
    run.flip(f"{RUN}/data/Signs/test.images.bin", 1000)


@clumsy("data/Signs/val.index.npz")
def a_label_of_an_image(run):
    def change(arrays):
        arrays["label"][0] = (arrays["label"][0] + 1) % 2

    run.arrays(f"{RUN}/data/Signs/val.index.npz", change)


@clumsy("data/Signs/val.json")
def the_size_of_a_split(run):
    run.json(f"{RUN}/data/Signs/val.json", lambda entry: entry.update(n=entry["n"] - 1))


@clumsy("data/Signs/manifest.json")
def a_manifest(run):
    run.json(f"{RUN}/data/Signs/manifest.json", lambda entry: entry["deviations"].append("None."))


@clumsy("data/Signs/manifest.json")
def a_broken_manifest(run):
    Path(f"{RUN}/data/Signs/manifest.json").write_text("{")


@clumsy("data/Signs/classes.json")
def a_class_name(run):
    run.json(f"{RUN}/data/Signs/classes.json", lambda entry: entry["class_names"].reverse())


@clumsy("data/Signs/fit.index.npz")
def a_truncated_index(run):
    file = Path(f"{RUN}/data/Signs/fit.index.npz")
    file.write_bytes(file.read_bytes()[:100])


@clumsy("addition/sum/choice.json")
def another_alpha(run):
    run.json(f"{LINEAR}/addition/sum/choice.json", lambda choice: choice.update(alpha=choice["alpha"] / 2 + 0.125))


@clumsy("negation/Signs/choice.json")
def another_alpha_of_a_negation(run):
    run.json(f"{LINEAR}/negation/Signs/choice.json", lambda choice: choice.update(alpha=0.25))


@clumsy("addition/sum/choice.json")
def a_broken_choice(run):
    Path(f"{LINEAR}/addition/sum/choice.json").write_text('{"alpha": 0.5')


@clumsy("addition/sum/test.csv")
def a_truncated_test(run):
    run.cut(f"{LINEAR}/addition/sum/test.csv", 1)


@clumsy("addition/sum/sweep_val.csv")
def a_truncated_sweep(run):
    run.cut(f"{LINEAR}/addition/sum/sweep_val.csv", 2)


@clumsy("negation/Scenes/sweep_val.csv")
def an_accuracy_of_a_sweep(run):
    run.csv(f"{LINEAR}/negation/Scenes/sweep_val.csv", lambda rows: rows.__setitem__("accuracy", 0.5))


@clumsy("addition/sum/test.csv")
def a_swapped_result(run):
    one, other = (Path(f"{RUN}/tiny/seed0/{mode}/addition/sum/test.csv") for mode in ("linear", "standard"))
    first, second = one.read_text(), other.read_text()
    one.write_text(second), other.write_text(first)


@clumsy("linear/single_task.csv")
def a_single_task_accuracy(run):
    run.csv(f"{LINEAR}/single_task.csv", lambda rows: rows.__setitem__("accuracy", rows["accuracy"] + 0.01))


@clumsy("pretrained/accuracy.csv")
def an_accuracy_of_the_pretrained_model(run):
    run.csv(f"{RUN}/tiny/pretrained/accuracy.csv", lambda rows: rows.__setitem__("accuracy", rows["accuracy"] * 0.9))


@clumsy("disentanglement/Scenes--Signs.npz")
def a_cell_of_a_heatmap(run):
    def change(arrays):
        arrays["error_a"][0, 0] = 0.0

    run.arrays(f"{LINEAR}/disentanglement/Scenes--Signs.npz", change)


@clumsy("disentanglement/outcomes/Scenes--Signs.npz")
def a_distance_of_one_image(run):
    def change(arrays):
        arrays["distance_b"][2, 1, 0] = 0.0

    run.arrays(f"{LINEAR}/disentanglement/outcomes/Scenes--Signs.npz", change)


@clumsy("linear/similarity.csv")
def orthogonal_task_vectors(run):
    run.csv(f"{LINEAR}/similarity.csv", lambda rows: rows.__setitem__("cosine", 0.0))


@clumsy("tables/similarity.csv: cosine of tiny, 0, linear, Scenes, Signs")
def a_cosine_of_the_table(run):
    def change(rows):
        rows.loc[(rows["mode"] == "linear") & (rows["task_b"] == "Signs"), "cosine"] = 0.5

    run.csv(f"{RUN}/tables/similarity.csv", change)


@clumsy("tables/disentanglement.csv: representation_low of tiny, 0, linear, Scenes--Signs")
def a_narrower_interval(run):
    def change(rows):
        rows.loc[rows["mode"] == "linear", "representation_low"] += 0.01

    run.csv(f"{RUN}/tables/disentanglement.csv", change)


@clumsy("negation/Signs/predictions.npz")
def a_byte_of_predictions(run):
    run.flip(f"{LINEAR}/negation/Signs/predictions.npz", 600)


@clumsy("pretrained/predictions.npz")
def missing_predictions(run):
    Path(f"{RUN}/tiny/pretrained/predictions.npz").unlink()


@clumsy("linear/subsets/subsets.csv")
def an_accuracy_of_a_subset(run):
    run.csv(f"{LINEAR}/subsets/subsets.csv", lambda rows: rows.__setitem__("accuracy", 1.0))


@clumsy("linear/subsets/sweep_val.csv")
def a_truncated_sweep_of_subsets(run):
    file = Path(f"{LINEAR}/subsets/sweep_val.csv")
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")


@clumsy("tables/addition.csv: absolute of tiny, 0, linear")
def a_cell_of_a_table(run):
    def change(rows):
        rows.loc[(rows["mode"] == "linear"), "absolute"] = 0.987

    run.csv(f"{RUN}/tables/addition.csv", change)


@clumsy("tables/negation.md")
def a_number_in_a_rendered_table(run):
    run.text(f"{RUN}/tables/negation.md", ".", ",")


@clumsy("tables/single_task.tex")
def a_missing_table(run):
    Path(f"{RUN}/tables/single_task.tex").unlink()


@clumsy("findings.md")
def an_edited_finding(run):
    run.text(f"{RUN}/findings.md", "\n", "\nEverything holds.\n")


@clumsy("tables/addition.html")
def a_number_in_a_page(run):
    run.text(f"{RUN}/tables/addition.html", "Linear FT", "Best FT")


@clumsy("figures/alpha_sweep_tiny.png")
def another_figure(run):
    Path(f"{RUN}/figures/alpha_sweep_tiny.png").write_bytes(Path(f"{RUN}/figures/loss_tiny.png").read_bytes())


@clumsy("linear/Signs/training_log.csv")
def a_smoothed_loss(run):
    run.csv(f"{LINEAR}/Signs/training_log.csv", lambda rows: rows.__setitem__("loss", rows["loss"].mean()))


@clumsy("provenance/finetune/tiny/seed0/linear/Signs.json")
def a_deleted_record(run):
    Path(f"{RUN}/provenance/finetune/tiny/seed0/linear/Signs.json").unlink()


@clumsy("provenance/tables.json")
def a_broken_record(run):
    Path(f"{RUN}/provenance/tables.json").write_text("{}")


@clumsy("provenance/finetune/tiny/seed0/linear/Signs.json")
def another_host_in_a_record(run):
    file = f"{RUN}/provenance/finetune/tiny/seed0/linear/Signs.json"
    run.json(file, lambda record: record["machine"].update(host="elsewhere"))


@clumsy("provenance/pretrained/tiny.json")
def two_swapped_records(run):
    one, other = (Path(f"{RUN}/provenance/{rule}/tiny.json") for rule in ("pretrained", "zero_shot"))
    first, second = one.read_text(), other.read_text()
    one.write_text(second), other.write_text(first)


@clumsy("results/tiny/config.yaml: finetune")
def a_value_of_the_configuration(run):
    run.text(f"{RUN}/config.yaml", "warmup: 10", "warmup: 500")


@clumsy("results/tiny/provenance.sha256: absent")
def a_missing_seal(run):
    Path(f"{RUN}/provenance.sha256").unlink()


@careful("linear/addition/sum/sweep_val.csv: has 4 rows by alpha, task, expected these 6")
def a_sweep_cut_between_two_alphas(run):
    run.cut(f"{LINEAR}/addition/sum/sweep_val.csv", 2)


@careful("tables/addition.csv: has 4 rows")
def a_mode_missing_at_the_end_of_a_table(run):
    run.cut(f"{RUN}/tables/addition.csv", 1)


@careful("standard/Scenes/training_log.csv: has 5 rows, expected one for each of 6 steps")
def logs_of_a_task_cut_alike(run):
    for mode in ("standard", "linear", "linear-2"):
        run.cut(f"{RUN}/tiny/seed0/{mode}/Scenes/training_log.csv", 1)


@careful("linear/single_task_predictions.npz: says that it is of")
def predictions_of_another_mode(run):
    other = Path(f"{RUN}/tiny/seed0/standard/single_task_predictions.npz")
    Path(f"{LINEAR}/single_task_predictions.npz").write_bytes(other.read_bytes())


@careful("negation/Signs/predictions.npz: has models and images")
def predictions_of_fewer_alphas(run):
    def change(found):
        found["Signs", "val"] = found["Signs", "val"][:-1]

    run.predictions(f"{LINEAR}/negation/Signs/predictions.npz", change)


@forged("the configuration is the run's", "config.yaml: evaluation")
def another_floor(run):
    run.text(f"{RUN}/config.yaml", "control_floor: 0.95", "control_floor: 0.9")
    run.seal()


@forged("every job has its record", "provenance/task_vector/tiny/seed0/linear/Signs.json: is of task_vector")
def a_record_of_another_job(run):
    file = f"{RUN}/provenance/task_vector/tiny/seed0/linear/Signs.json"
    run.json(file, lambda record: record["wildcards"].update(mode="standard"))
    run.seal()


@forged("jobs used what other jobs generated", "addition/tiny/seed0/linear/sum.json")
def an_evaluation_of_another_vector(run):
    run.put_right()
    used = f"{LINEAR}/Signs/tau.safetensors"
    file = f"{RUN}/provenance/addition/tiny/seed0/linear/sum.json"
    run.json(file, lambda record: record["used"].update({used: "0" * 64}))
    run.seal()


@forged("files are what jobs generated", "linear/Signs/theta.safetensors")
def weights_with_their_digest_beside(run):
    run.flip(f"{LINEAR}/Signs/theta.safetensors")
    beside = Path(f"{LINEAR}/Signs/theta.safetensors.sha256")
    beside.write_text(f"{_sha256(f'{LINEAR}/Signs/theta.safetensors')}\n")


@forged("digests beside files", "linear/Signs/tau.safetensors.sha256")
def a_digest_beside_a_file(run):
    Path(f"{LINEAR}/Signs/tau.safetensors.sha256").write_text("0" * 64 + "\n")


@forged("records are those of the run's end", "provenance/tables.json: changed after the run ended")
def a_faster_job(run):
    run.json(f"{RUN}/provenance/tables.json", lambda record: record.update(seconds=0.01))


@forged("no unknown files", "tiny/seed0/linear/better.csv: no record knows")
def an_unknown_file(run):
    Path(f"{LINEAR}/better.csv").write_text("accuracy\n1.0\n")


@forged("images, indices and manifests", "data/Signs/manifest.json: its classes")
def other_classes_in_a_manifest(run):
    run.json(f"{RUN}/data/Signs/manifest.json", lambda entry: entry["class_names"].reverse())
    run.put_right()


@forged("params are the configuration's", "finetune/tiny/seed0/linear/Signs.json")
def more_epochs(run):
    file = f"{RUN}/provenance/finetune/tiny/seed0/linear/Signs.json"
    run.json(file, lambda record: record["params"].update(epochs=50))
    run.seal()


@forged("code is the project's", "lib/editing/task_vector.py")
def other_code(run):
    file = f"{RUN}/provenance/addition/tiny/seed0/linear/sum.json"
    run.json(file, lambda record: record["params"]["code"].update({"lib/editing/task_vector.py": "0" * 64}))
    run.seal()


@forged("splits are the seed's", "data/Signs: val is not what the seed 0 draws")
def other_validation_images(run):
    folder = Path(f"{RUN}/data/Signs")
    rows = {}
    for part in ("fit", "val"):
        with np.load(folder / f"{part}.index.npz") as opened:
            rows[part] = {name: opened[name] for name in opened.files}
    rows["fit"]["row"][0], rows["val"]["row"][0] = rows["val"]["row"][0], rows["fit"]["row"][0]
    for part, arrays in rows.items():
        np.savez(folder / f"{part}.index.npz", **arrays)
        found = {
            "index_sha256": _sha256(folder / f"{part}.index.npz"),
            "index_label_sha256": index_label_digest(arrays["row"], arrays["label"]),
        }
        run.json(folder / f"{part}.json", lambda entry, found=found: entry.update(found))
        run.json(folder / "manifest.json", lambda entry, part=part, found=found: entry["splits"][part].update(found))
    run.put_right()


@forged("training logs", "linear/Signs/training_log.csv: its learning rates")
def another_learning_rate(run):
    run.csv(f"{LINEAR}/Signs/training_log.csv", lambda rows: rows.__setitem__("learning_rate", 7e-3))
    run.put_right()


@forged("accuracies from stored predictions", "addition/sum/sweep_val.csv: accuracy of Signs at alpha 1.0 is")
def another_prediction(run):
    """Of one validation image: of test images, intervals would change, too."""

    def change(found):
        row, labels = found["Signs", "val"][-1], run.labels("Signs", "val")
        row[0] = labels[0] if row[0] != labels[0] else labels[0] == 0

    run.predictions(f"{LINEAR}/addition/sum/predictions.npz", change)
    run.put_right()


@forged("single-task accuracies", "linear/single_task.csv: Signs: n is 6000, the split has 60 images")
def a_larger_test_set(run):
    run.cell(f"{LINEAR}/single_task.csv", "n", 6000, task="Signs", split="test")
    run.report()
    run.put_right()


@forged("sweeps begin at the pre-trained model", "addition/sum/predictions.npz: Signs: at alpha 0")
def other_errors_at_alpha_0(run):
    """As many images are right as before, so that the sweep stays."""

    def change(found):
        row, labels = found["Signs", "val"][0], run.labels("Signs", "val")
        wrong = row != labels
        free = [next(c for c in range(3) if c not in pair) for pair in zip(row[wrong], labels[wrong], strict=True)]
        row[wrong] = free

    run.predictions(f"{LINEAR}/addition/sum/predictions.npz", change)
    run.put_right()


@forged("sweeps on validation images", "addition/sum/sweep_val.csv")
def a_sweep_of_test_images(run):
    run.csv(f"{LINEAR}/addition/sum/sweep_val.csv", lambda rows: rows.__setitem__("n", 60))
    run.put_right()


@forged("alphas are chosen by their sweeps", "addition/sum/choice.json: scores")
def another_score(run):
    def change(choice):
        choice["scores"][0] += 0.25

    run.json(f"{LINEAR}/addition/sum/choice.json", change)
    run.put_right()


@forged("test accuracies", "addition/sum/test.csv")
def fewer_test_images(run):
    run.csv(f"{LINEAR}/addition/sum/test.csv", lambda rows: rows.__setitem__("n", 59))
    run.report()
    run.put_right()


@forged("grids of heatmaps", "disentanglement/Scenes--Signs.npz: says that it is of")
def a_grid_of_another_seed(run):
    for mode in ("standard", "posthoc", "linear", "linear-2"):  # alike, so that readers of all see nothing odd
        file = f"{RUN}/tiny/seed0/{mode}/disentanglement/Scenes--Signs.npz"
        run.arrays(file, lambda arrays: arrays.update(seed=np.array(7)))
    run.put_right()


@forged("outcomes behind the grids", "outcomes/Scenes--Signs.npz: its means over images are not the error_a")
def outcomes_outside_the_red_box(run):
    def change(arrays):
        arrays["differs_a"][0, 0] ^= 0xF0

    run.arrays(f"{LINEAR}/disentanglement/outcomes/Scenes--Signs.npz", change)
    run.put_right()


@forged("cosines and norms of task vectors", "linear/norms.csv: the norm of Signs")
def shorter_vectors_wherever_they_are_shown(run):
    run.csv(f"{LINEAR}/norms.csv", lambda rows: rows.__setitem__("norm", rows["norm"] / 2))
    modes = ("standard", "linear", "linear-2")
    files = [[f"{RUN}/tiny/seed0/{mode}/{name}.csv" for mode in modes] for name in ("similarity", "norms")]
    similarity_table.main(*files, Path(RUN, "tables"), tasks=["Scenes", "Signs"])
    similarity_maps.main(*files, Path(RUN, "figures"), tasks=["Scenes", "Signs"])
    run.pages()
    run.put_right()


@forged("intervals from predictions", "results/tiny/resamples.npz")
def narrower_intervals(run):
    found = Resampled.read(run.files.resamples)
    found.values[:, 1:] = (found.values[:, 1:] + found.values[:, :1]) / 2
    found.write(run.files.resamples)
    run.report(resample=False)
    run.put_right()


@forged("subsets of tasks", "linear/subsets/sweep_val.csv")
def a_sweep_of_subsets_on_test_images(run):
    run.csv(f"{LINEAR}/subsets/sweep_val.csv", lambda rows: rows.__setitem__("n", 60))
    run.put_right()


@forged("alphas of subsets", "linear/subsets/subsets.csv: Scenes+Signs: alpha is")
def another_alpha_of_a_subset(run):
    def change(rows):
        rows.loc[rows["subset"] == "Scenes+Signs", "alpha"] = 0.25

    run.csv(f"{LINEAR}/subsets/subsets.csv", change)
    run.put_right()


@forged("tables from results", "tables/addition.tex")
def a_rounded_table(run):
    run.text(f"{RUN}/tables/addition.tex", ".", "")
    run.put_right()


@forged("findings and scorecard from results", "findings.md")
def a_better_finding(run):
    run.text(f"{RUN}/findings.md", "\n", "\nEverything holds.\n")
    run.pages()
    run.put_right()


@forged("pages from tables and findings", "tables/addition.html")
def a_better_page(run):
    a_number_in_a_page(run)
    run.put_right()


@forged("figures from results", "figures/alpha_sweep_tiny.png")
def a_figure_of_something_else(run):
    another_figure(run)
    run.put_right()


@forged("task vectors from weights", "linear/Signs/tau.safetensors: is not theta - theta_0 in 1 parameters (proj)")
def weights_of_another_training(run):
    run.tensors(f"{LINEAR}/Signs/theta.safetensors", lambda tensors: tensors["proj"].__iadd__(1))
    run.put_right()


@forged("accuracies from weights", "pretrained/accuracy.csv: is not what the weights give")
def a_worse_pretrained_model(run):
    folder = f"{RUN}/tiny/pretrained"
    run.predictions(f"{folder}/predictions.npz", lambda found: wrong_on_test(run, found, "Signs"))
    run.cell(f"{folder}/accuracy.csv", "accuracy", 0.0, task="Signs", split="test")
    run.report()
    run.put_right()


@forged("accuracies from weights", "/single_task.csv: is not what the weights give")
def better_single_tasks(run):
    """With the normalized accuracies that follow. In every mode: a sample is computed again."""
    for folder in MODES:
        run.predictions(f"{folder}/single_task_predictions.npz", lambda found: right_on_test(run, found, "Signs"))
        run.cell(f"{folder}/single_task.csv", "accuracy", 1.0, task="Signs", split="test")
        tested = f"{folder}/addition/sum/test.csv"
        known = pd.read_csv(tested).set_index("task")["accuracy"]["Signs"]
        run.cell(tested, "normalized", known, task="Signs")
    for tested in Path(RUN).glob("tiny/seed0/*/subsets/subsets.csv"):
        rows = pd.read_csv(tested)
        rows.loc[rows["task"] == "Signs", "normalized"] = rows["accuracy"]
        rows.to_csv(tested, index=False)
    run.report()
    run.put_right()


@forged("accuracies from weights", "/addition/sum/test.csv: is not what the weights give")
def a_better_sum(run):
    for folder in MODES:
        file, tested = f"{folder}/addition/sum/predictions.npz", f"{folder}/addition/sum/test.csv"
        run.predictions(file, lambda found: right_on_test(run, found, "Signs"))
        single = pd.read_csv(f"{folder}/single_task.csv").set_index(["task", "split"])
        run.cell(tested, "accuracy", 1.0, task="Signs")
        run.cell(tested, "normalized", 1 / single["accuracy"]["Signs", "test"], task="Signs")
    run.report()
    run.put_right()


@forged("accuracies from weights", "/test.csv: is not what the weights give")
def targets_that_are_forgotten(run):
    for folder in MODES:
        for task in TASKS:
            file = f"{folder}/negation/{task}/predictions.npz"
            run.predictions(file, lambda found, task=task: wrong_on_test(run, found, task))
            run.cell(f"{folder}/negation/{task}/test.csv", "target", 0.0, task=task)
    run.report()
    run.put_right()


@forged("cosines and norms from task vectors", "linear/similarity.csv: is not what the task vectors give")
def orthogonal_vectors_wherever_they_are_shown(run):
    for mode in ("standard", "linear", "linear-2"):
        file = f"{RUN}/tiny/seed0/{mode}/similarity.csv"
        for one, other in (TASKS, TASKS[::-1]):
            run.cell(file, "cosine", 0.0, task_a=one, task_b=other)
    run.report()
    run.put_right()


def right_on_test(run, found, task):
    found[task, "test"][:] = run.labels(task, "test")


def wrong_on_test(run, found, task):
    found[task, "test"][:] = run.labels(task, "test") == 0  # 1 of the first class, else 0


KERNELS = f"{RUN}/tiny/kernels"


@forged("local energies of eigenfunctions", "localization/Scenes/Signs.npz: its energies at 0.9", FORGED_KERNELS)
def eigenfunctions_that_live_on_their_task_alone(run):
    def change(arrays):
        arrays["energy"][..., 12:] = 0

    run.arrays(f"{KERNELS}/localization/Scenes/Signs.npz", change)
    run.report()
    run.put_right()


@forged("kernel regression", "regression/Scenes/tested.csv: split 0, 2 shots, kernel-sgd: accuracy is", FORGED_KERNELS)
def a_better_kernel_regression(run):
    run.cell(f"{KERNELS}/regression/Scenes/tested.csv", "accuracy", 1.0, split=0, shots=2, method="kernel-sgd")
    run.report()
    run.put_right()


@forged("wide networks", "wide_networks.npz: its outputs_test of network and linearization differ", FORGED_KERNELS)
def networks_that_never_were_their_linearization(run):
    def change(arrays):
        arrays["outputs_test"][:, :, 0] += 1

    run.arrays(f"{RUN}/wide_networks.npz", change)
    run.report()
    run.put_right()


@forged("laziness of fine-tuning", "linear/laziness.csv: Signs: parameters is", FORGED_KERNELS)
def a_lazier_training(run):
    run.cell(f"{LINEAR}/laziness.csv", "parameters", 1e-4, task="Signs")
    run.report()
    run.put_right()


@forged("drift of task vectors", "linear/drift/pairs.csv: Signs on Scenes: exact is", FORGED_KERNELS)
def a_task_vector_that_moves_other_tasks_less(run):
    run.cell(f"{LINEAR}/drift/pairs.csv", "exact", 1e-9, vector="Signs", task="Scenes")
    run.report()
    run.put_right()
