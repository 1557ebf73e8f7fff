"""The papers' configuration from data to tables: config.yaml on miniatures of its nine data sets, with small CLIPs.

Tasks, readers, class names, templates, modes, pairs, split and protocol are the file's own; what is changed, and why,
stands in `miniature`. EuroSAT and the weights come from a stand-in hub at the revisions that the repository pins.
PAPERS_PATH=full runs all three models; without it the first one runs.
"""

import hashlib
import json
import os
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file

from lib.data import preparing, splits, tasks
from lib.data.datasets import open_task, reading
from lib.reporting import papers
from lib.reporting.labels import title
from tests import miniatures, small_clip
from tests.hub_server import Hub, Repository
from tests.workflow.conftest import ROOT, run_snakemake
from workflow_scripts.data import prepare

CLASSES = {
    "Cars": 196, "DTD": 47, "EuroSAT": 10, "GTSRB": 43, "MNIST": 10,
    "RESISC45": 45, "SUN397": 397, "SVHN": 10, "ImageNet": 1000,
}  # fmt: skip
IMAGES = {  # a class: of train, of test; enough that a tenth of train holds images that a model is right about
    "Cars": (6, 1), "DTD": (6, 1), "EuroSAT": (30, 4), "GTSRB": (6, 1), "MNIST": (30, 4),
    "RESISC45": (6, 1), "SUN397": (2, 1), "SVHN": (30, 4), "ImageNet": (1, 1),
}  # fmt: skip
SHAPES = {
    "ViT-B-32": {"patch_size": 8, "width": 64, "layers": 2},
    "ViT-B-16": {"patch_size": 4, "width": 64, "layers": 2},
    "ViT-L-14": {"patch_size": 8, "width": 96, "layers": 3},
}
MODES = ["standard", "posthoc", "linear", "linear-2"]
PAIRS = ["Cars--RESISC45", "DTD--SUN397", "EuroSAT--SVHN"]
LOCALIZED = ["RESISC45_Cars", "EuroSAT_SVHN", "DTD_SUN397"]
TASKS = [name for name in CLASSES if name != "ImageNet"]
MODELS = list(SHAPES) if os.environ.get("PAPERS_PATH") == "full" else list(SHAPES)[:1]
RUN = "results/paper"
THREADS = {"threads": 1, "mem_mb": 2000, "runtime": 30, "gpu": 0}


def paper() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def miniature(folder, counts: dict[str, dict[str, int]]) -> dict:
    """config.yaml, changed where miniatures and two cores ask for it."""
    config = paper()
    config |= {"data_root": str(folder / "data"), "device": "cpu"}
    config["image_size"] = small_clip.SIDE
    config["models"] = [model for model in config["models"] if model["name"] in MODELS]
    for model in config["models"]:  # the pinned repositories hold small CLIPs
        weights = folder / "clip" / f"{model['name']}.safetensors"
        model |= {"architecture": model["name"], "architectures": str(folder / "clip")}
        model["weights"]["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
        model.pop("resources", None)
    for task in [*config["tasks"], config["control"]]:
        task["options"] = {"expected_counts": counts[task["name"]]}  # a miniature is not the benchmark: say so
    for task in config["tasks"]:
        task["epochs"] = 2
    config["tasks"][TASKS.index("EuroSAT")]["source"] = "hub"
    # towers of this width do not move at 1e-5, nor within 500 steps of warm-up
    config["finetune"] |= {"batch_size": 32, "warmup": 2, "log_every": 1}
    config["finetune"]["learning_rate"] = dict.fromkeys(config["finetune"]["learning_rate"], 1e-3)
    config["disentanglement"]["alphas"]["points"], config["disentanglement"]["images"] = 7, 40
    # a pass for each subset and alpha, however few images there are
    config["subsets"] |= {"sampled": 1, "alphas": {"start": 0, "stop": 1, "points": 3}}
    config["kernels"] |= {"memory_mib": 500}
    config["kernels"]["localization"] |= {"points": 10, "logits": 2}
    config["kernels"]["laziness"] |= {"points": 4, "logits": 2}
    config["kernels"]["regression"] |= {"shots": [1, 2], "splits": 2, "validation": 8, "test": 10}
    config["kernels"]["regression"]["finetune"]["steps"] = 2
    config["kernels"]["wide_networks"] |= {"widths": [16, 32, 64], "points": 4, "test": 4, "steps": 8, "recorded": 3}
    config["resources"] = dict.fromkeys(config["resources"], THREADS)
    # at this learning rate it would leave nothing to evaluate; tests/workflow/test_analogies.py runs it
    config["modes"].remove("gradient-ascent")
    del config["finetune"]["learning_rate"]["gradient-ascent"]
    return config


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with data/ and clip/, and the images of each split by task."""
    folder = tmp_path_factory.mktemp("paper")
    read = {name: tasks.read(name.lower()) for name in CLASSES}
    drawn = small_clip.make(folder / "clip", {name: SHAPES[name] for name in MODELS}, list(read.values()))
    counts = {}
    for name, (train, test) in IMAGES.items():
        build, place = (miniatures.hub, "hub/eurosat") if name == "EuroSAT" else (miniatures.folder, "data")
        drawing = small_clip.Drawing(drawn[name.lower()])
        counts[name] = build(name.lower(), folder / place, train=train, test=test, draw=drawing)
    return folder, counts


@pytest.fixture(scope="module")
def config(made):
    return miniature(*made)


def repositories(folder, config) -> list[Repository]:
    """EuroSAT and the models' weights, where config.yaml and lib/data/tasks say that they are."""
    eurosat = tasks.read("eurosat").hub
    found = [Repository(folder / "hub/eurosat", eurosat.repo, eurosat.revision)]
    for model in config["models"]:
        weights, place = model["weights"], folder / "hub" / model["name"]
        place.mkdir()
        os.link(folder / "clip" / f"{model['name']}.safetensors", place / weights["filename"])
        found.append(Repository(place, weights["repository"], weights["revision"], "models"))
    return found


@pytest.fixture(scope="module")
def paper_run(made, config):
    """The folder of the finished run, and what it asked the hub for."""
    folder, _ = made
    first, *others = repositories(folder, config)
    with Hub(first.folder, first.name, first.commit, first.kind, beside=others) as hub:
        environment = {"HF_ENDPOINT": hub.address, "HF_HOME": str(folder / "cache")}
        environment["TASK_ARITHMETIC_DATA"] = config["data_root"]
        done = run_snakemake(folder, "--cores", "2", config=config, timeout=3600, **environment)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder, hub.requests


@pytest.fixture(scope="module")
def run(paper_run):
    return paper_run[0] / RUN


def leaves(value, path=()) -> dict[tuple, object]:
    """Every scalar of nested mappings and lists, by its path; entries of lists by their name."""
    if isinstance(value, dict):
        return {key: leaf for name, inner in value.items() for key, leaf in leaves(inner, (*path, name)).items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {
            key: leaf
            for i, inner in enumerate(value)
            for key, leaf in leaves(inner, (*path, inner.get("name", str(i)))).items()
        }
    return {path: value}


def test_nothing_but_sizes_and_places_differs_from_the_papers_configuration(config):
    ours, theirs = leaves(config), leaves(paper())
    changed = {path for path in ours if ours[path] != theirs.get(path)}
    allowed = [
        r"data_root|device|image_size|modes",
        r"models\.[\w-]+\.(architecture|architectures|weights\.sha256)",
        r"(tasks\.\w+|control)\.options\.expected_counts\.\w+",
        r"tasks\.\w+\.epochs|tasks\.EuroSAT\.source",
        r"finetune\.(batch_size|warmup|learning_rate\.[\w-]+)",
        r"finetune\.log_every",
        r"disentanglement\.(alphas\.points|images)",
        r"subsets\.(sampled|alphas\.\w+)",
        r"kernels\.(memory_mib|\w+\.(points|logits|shots|splits|validation|test|widths|steps|recorded))",
        r"kernels\.regression\.finetune\.steps",
        r"resources\.\w+\.\w+",
    ]
    strange = [name for name in map(".".join, changed) if not any(re.fullmatch(form, name) for form in allowed)]
    assert not strange
    assert config["modes"] == MODES and [task["name"] for task in config["tasks"]] == TASKS
    assert config["finetune"]["weight_decay"] == 0.1 and config["split"] == {
        "seed": 0,
        "fraction": 0.1,
        "maximum": 5000,
    }


def test_heads_have_the_benchmarks_classes(run):
    for model in MODELS:
        for task, classes in CLASSES.items():
            head = load_file(run / f"{model}/heads/{task}.safetensors")["weight"]
            assert head.shape == (classes, 32)
            np.testing.assert_allclose(np.linalg.norm(head, axis=1), 100, rtol=1e-4)  # the logit scale


@pytest.mark.parametrize("task", CLASSES)
def test_manifests_record_counts_digests_and_sources(task, made, config, run, monkeypatch):
    """The digests are computed again from the reader and the rule of the split."""
    folder, counts = made
    entry = next(t for t in [*config["tasks"], config["control"]] if t["name"] == task)
    manifest = json.loads((run / f"data/{task}/manifest.json").read_text())
    monkeypatch.setattr("lib.data.hub_client.fetch", lambda *_: folder / "hub/eurosat")  # the stand-in has gone
    raw = open_task(entry["dataset"], entry["source"], root=folder / "data", options=entry["options"])
    rows = dict(
        zip(("fit", "val"), map(np.sort, splits.fit_and_validation(len(raw.train), **config["split"])), strict=True)
    )
    rows["test"] = np.arange(len(raw.test))
    labels = {"fit": raw.train.labels, "val": raw.train.labels, "test": raw.test.labels}
    assert set(manifest["splits"]) == (set(rows) - {"fit"} if task == "ImageNet" else set(rows))
    for split, entry_of_split in manifest["splits"].items():
        digest = preparing.index_label_digest(rows[split], labels[split][rows[split]])
        assert (entry_of_split["n"], entry_of_split["index_label_sha256"]) == (len(rows[split]), digest)
    assert manifest["splits"]["test"]["n"] == counts[task]["test"] == CLASSES[task] * IMAGES[task][1]
    assert manifest["class_names"] == list(tasks.read(task.lower()).class_names)
    assert manifest["source"]["source"] == entry["source"]
    assert any("the benchmark's has" in sentence for sentence in manifest["deviations"])


def test_the_hub_gave_pinned_revisions_of_the_needed_files_only(paper_run, run, config):
    _, requests = paper_run
    eurosat = tasks.read("eurosat").hub
    source = json.loads((run / "data/EuroSAT/manifest.json").read_text())["source"]
    assert (source["repo"], source["revision"]) == (eurosat.repo, eurosat.revision)
    fetched = sorted(request for request in requests if request.startswith("GET") and "/resolve/" in request)
    weights = [model["weights"] for model in config["models"]]
    expected = [f"GET /{w['repository']}/resolve/{w['revision']}/{w['filename']}" for w in weights]
    parts = [f"data/{split}-00000-of-00001.parquet" for split in ("train", "test")]
    expected += [f"GET /datasets/{eurosat.repo}/resolve/{eurosat.revision}/{part}" for part in parts]
    assert fetched == sorted(expected)


def test_without_stated_counts_a_miniature_is_refused(made, config, tmp_path):
    folder, counts = made
    given = {"image_size": 16, "train_short_side": 256, "split": config["split"], "parts": ["fit", "val", "test"]}
    with pytest.raises(
        ValueError, match=rf"Cars: wrong split size: got images {counts['Cars']}, expected .*'train': 8144"
    ):
        prepare.main(
            tmp_path / "Cars", name="Cars", reading=reading("cars", "folder"), root=folder / "data", options={}, **given
        )
    assert not (tmp_path / "Cars").exists()


def test_every_model_and_mode_is_in_every_table(run):
    rows = {(model, mode) for model in MODELS for mode in MODES}
    sizes = {"addition": 1, "addition_per_task": 8, "negation": 1, "negation_per_task": 8, "single_task": 16}
    sizes["disentanglement"] = len(PAIRS) + 1  # and the mean over pairs
    for name, size in sizes.items():
        frame = pd.read_csv(run / f"tables/{name}.csv")
        edited = frame[frame["mode"] != "pretrained"]
        assert dict(edited.groupby(["model", "mode"]).size()) == dict.fromkeys(rows, size), name
        if "task" in frame:
            assert set(edited["task"]) == set(TASKS)
    for name in ("addition", "negation", "single_task"):
        frame = pd.read_csv(run / f"tables/{name}.csv")
        assert set(frame.loc[frame["mode"] == "pretrained", "model"]) == set(MODELS)


def cells(text: str) -> dict[str, list[str]]:
    """Rows of a Markdown table by their first cell."""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in lines}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("addition", {"absolute": "Abs. (↑)", "normalized": "Norm. (↑)"}),
        ("negation", {"target": "Targ. (↓)", "control": "Cont. (↑)"}),
    ],
)
def test_the_papers_numbers_stand_beside_ours(run, table, columns):
    """Ours are means of the accuracies that each job wrote; theirs are those of lib.reporting.papers."""
    printed = cells((run / f"tables/{table}.md").read_text())
    single = ["Single (↑)"] if table == "addition" else []  # no paper prints it
    compared = [f"{name}{more}" for name in columns.values() for more in ("", " paper", " diff.")]
    heads = [f"{model} {name}" for model in MODELS for name in [*compared, *single]]
    assert printed.pop("Method") == heads
    titles = [title(mode) for mode in ("pretrained", *MODES)]
    assert [row for row in printed if row in titles] == titles
    for mode in MODES:
        expected = []
        for model in MODELS:
            for column, ours in measured(run, table, model, mode).items():
                theirs = papers.reported(table, model, mode, column)
                difference = round(100 * (ours - theirs), 1) + 0.0
                expected += [f"{100 * ours:.1f}", f"{100 * theirs:.1f}", f"{difference:+.1f}"]
            if single:
                own = pd.read_csv(run / model / "seed0" / mode / "single_task.csv").query("split == 'test'")
                expected.append(f"{100 * own['accuracy'].mean():.1f}")
        assert printed[title(mode)] == expected


def measured(run, table: str, model: str, mode: str) -> dict[str, float]:
    """The means over tasks of what the jobs of a model and mode wrote."""
    place = run / model / "seed0" / mode / table
    if table == "addition":
        rows = pd.read_csv(place / "sum/test.csv")
        return {"absolute": rows["accuracy"].mean(), "normalized": rows["normalized"].mean()}
    rows = pd.concat([pd.read_csv(place / task / "test.csv") for task in TASKS])
    return {"target": rows["target"].mean(), "control": rows["control"].mean()}


def test_deviations_are_footnotes_of_the_tables(run):
    train, test = (CLASSES["Cars"] * images for images in IMAGES["Cars"])
    for name in ("addition", "addition_per_task", "negation", "negation_per_task", "single_task"):
        for suffix, lead in (("md", "- "), ("tex", "% - ")):
            text = (run / f"tables/{name}.{suffix}").read_text()
            assert f"{lead}EuroSAT: EuroSAT from the hub has no validation split of its own" in text
            counts = f"Cars has {train} train and {test} test images, the benchmark's has 8144 train and"
            assert f"{lead}Cars: {counts}" in text
            assert ("ImageNet: " in text) == (name == "negation")


def test_models_learn_and_modes_differ(run):
    """The run is no shell: fine-tuning moves the models, each mode in its own way, and the tasks are learnt."""
    single = pd.read_csv(run / "tables/single_task.csv").query("split == 'test' and task != 'ImageNet'")
    means = single.groupby(["model", "mode"])["accuracy"].mean()
    for model in MODELS:
        assert means[model, "standard"] > means[model, "pretrained"] + 0.05
        assert len({round(means[model, mode], 6) for mode in MODES}) == len(MODES)


def test_figures_and_findings_are_made_for_every_model(run):
    kinds = ("disentanglement", "representation", "alpha_sweep", "loss", "similarity", "subsets", "pairs")
    stems = [f"{kind}_{model}" for kind in kinds for model in MODELS]
    stems += [f"{kind}_{model}" for kind in ("kernel_regression", "laziness") for model in MODELS]
    stems += [f"localization_{model}_{pair}" for model in MODELS for pair in LOCALIZED]
    stems += ["localization_cut_offs", "wide_networks_training", "wide_networks_width"]
    stems += [f"single_task_standard_{mode}" for mode in MODES[1:]]
    stems += [f"{kind}_{pair}" for kind in kinds[:2] for pair in PAIRS if len(MODELS) > 1]
    assert sorted(path.name for path in (run / "figures").iterdir()) == sorted(
        f"{stem}.{suffix}" for stem in stems for suffix in ("pdf", "png")
    )
    for model in MODELS:
        for mode in MODES:
            grids = sorted(path.stem for path in (run / model / "seed0" / mode / "disentanglement").glob("*.npz"))
            assert grids == PAIRS
    cosines = pd.read_csv(run / "tables/similarity.csv")
    assert dict(cosines.groupby(["model", "mode"]).size()) == {
        (model, mode): 64 for model in MODELS for mode in MODES if mode != "posthoc"
    }
    findings = (run / "findings.md").read_text()
    assert "85.4 against 76.5 (ViT-B/32)" in findings  # each with its model: those of subsets are of another
    assert ("93.5 against 88.8 (ViT-L/14)" in findings) == ("ViT-L-14" in MODELS)
    assert all(model in findings for model in MODELS[1:])
