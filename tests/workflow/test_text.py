"""Runs on texts: the rules of images with a small BERT, and what is refused before any job."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from lib.data import prepared
from lib.files import checkpoints
from lib.models import heads
from lib.models.encoders.text import text_encoder
from lib.models.text_configurations import read_text_configuration
from lib.provenance.code_digest import imported_packages
from tests.small_bert import make_bert
from tests.workflow.conftest import ROOT, planned, run_snakemake
from workflow_scripts.code import code, variants
from workflow_scripts.commands.audit import audit
from workflow_scripts.commands.workload import stages
from workflow_scripts.configuration.benchmark import ConfigurationError, load

RUN = "results/tiny-text"
MODE = f"{RUN}/tiny/seed0"


def task(name, kind, **more):
    options = {"kind": kind, "train": 64, "test": 32, "seed": 0}
    return {"name": name, "dataset": "faker_texts", "options": options, **more}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return make_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def small(weights):
    """Two tasks and all modes, in two minutes."""
    pytest.importorskip("faker")
    config = yaml.safe_load((ROOT / "demo/text.yaml").read_text())
    model = {**config["models"][0], "name": "tiny", "weights": {"file": str(weights)}}
    config.update(
        run="tiny-text",
        models=[model],
        tasks=[task("Names", "names", epochs=1), task("Files", "files", epochs=1)],
        control=task("Records", "records"),
        texts={"length": 24, "prompts": "of_classes"},
        split={"seed": 0, "fraction": 0.5, "maximum": 5000},
    )
    config["finetune"]["batch_size"] = 16
    config["evaluation"]["alphas"] = {"start": 0, "stop": 1, "points": 3}
    config["disentanglement"]["pairs"] = []
    kernels = yaml.safe_load((ROOT / "demo/text_kernels.yaml").read_text())["kernels"]
    kernels |= {"memory_mib": 64, "drift": {"points": 5, "seed": 0, "modes": ["linear"]}}
    kernels["localization"] |= {"pairs": [["Names", "Files"]], "points": 5, "logits": 2}
    kernels["regression"] |= {"tasks": ["Names"], "shots": [1], "splits": 2, "validation": 8, "test": 10}
    kernels["regression"]["finetune"]["steps"] = 2
    kernels["laziness"] |= {"points": 4, "logits": 2}
    config["kernels"] = kernels
    return config


@pytest.fixture
def config(small):
    return copy.deepcopy(small)


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    """A folder in which the run has come to its end."""
    folder = tmp_path_factory.mktemp("text")
    done = run_snakemake(folder, "--cores", "2", config=small)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder


def test_every_table_of_images_is_one_of_texts(run):
    for name in ("single_task", "addition", "negation"):
        frame = pd.read_csv(run / f"{RUN}/tables/{name}.csv")
        assert {"standard", "posthoc", "linear", "linear-2"} <= set(frame["mode"])
        assert frame.select_dtypes("float").drop(columns=["seed"], errors="ignore").max(axis=None) <= 1
    assert (run / f"{RUN}/findings.md").read_text().count("|") > 10


def test_drift_is_measured_on_texts(run):
    (row,) = pd.read_csv(run / f"{RUN}/tables/drift.csv").to_dict("records")
    assert (row["mode"], row["pairs"], row["n"]) == ("linear", 2, 10) and row["drift"] > 0 and row["ratio"] > 0


def test_the_kernel_view_is_that_of_texts(run):
    tables = run / "results/tiny-text/tables"
    assert set(pd.read_csv(tables / "kernel_regression.csv")["task"]) == {"Names"}
    assert set(pd.read_csv(tables / "laziness.csv")["mode"]) == {"standard", "linear", "linear-2"}
    shares = pd.read_csv(tables / "localization.csv")
    assert shares["task"].eq("Names").all() and shares["control_task"].eq("Files").all()
    for name in ("kernel_regression", "laziness", "localization"):
        assert "image" not in (tables / f"{name}.md").read_text()


def test_the_audit_finds_no_fault(run, small, monkeypatch):
    monkeypatch.chdir(run)
    found = audit(small, deep=True)
    assert {outcome.check: outcome.faults for outcome in found if outcome.faults} == {}


def test_zero_shot_accuracy_is_that_of_cosines_with_the_prompts(run, weights):
    encoder = text_encoder(read_text_configuration(weights.parent / "config.json", prompts="of_classes"))
    theta = checkpoints.load(run / f"{RUN}/tiny/pretrained/theta.safetensors")
    split = prepared.read(run / f"{RUN}/data/Files", "test")
    head = checkpoints.load(run / f"{RUN}/tiny/heads/Files.safetensors")["weight"]
    with torch.no_grad():
        scores = heads.logits(encoder.encode(theta, torch.from_numpy(split.images(np.arange(32)))), head)
    told = pd.read_csv(run / f"{RUN}/tiny/pretrained/accuracy.csv").set_index(["task", "split"])
    assert told.loc[("Files", "test"), "accuracy"] == (scores.argmax(-1).numpy() == split.label).mean()


def test_linear_2_moves_the_attention_weights_only(run):
    for mode in ("standard", "linear", "linear-2"):
        tau = load_file(run / MODE / mode / "Names/tau.safetensors")
        moved = {name.split(".", 3)[-1] for name in tau if np.any(tau[name])}
        attention = {f"attention.self.{name}.weight" for name in ("query", "key", "value")}
        attention.add("attention.output.dense.weight")
        assert (moved == attention) == (mode == "linear-2") and moved >= attention
    assert not (run / MODE / "posthoc/Names").exists()


def test_a_second_run_does_nothing_and_a_changed_scale_makes_heads_again(run, config):
    assert planned(run, config) == {}
    config["models"][0]["logit_scale"] = 10
    again = planned(run, config)
    assert again["head"] == 3 and again["finetune"] == 6 and "prepare" not in again and "pretrained" not in again
    config["models"][0]["logit_scale"], config["texts"]["length"] = 20, 16
    again = planned(run, config)
    assert (again["prepare"], again["prepare_control"], again.get("pretrained")) == (2, 1, None)


def test_the_manifest_says_how_texts_are_stored(run):
    manifest = json.loads((run / f"{RUN}/data/Names/manifest.json").read_text())
    assert manifest["tokens"]["length"] == 24 and manifest["tokens"]["texts"] == 96
    assert 0 <= manifest["tokens"]["full_length"] <= 96


KERNELS = yaml.safe_load((ROOT / "demo/kernels.yaml").read_text())["kernels"]
WRONG = {
    "images in a run on texts": (
        lambda c: c["tasks"].append({"name": "Digits", "dataset": "sklearn_digits", "epochs": 1, "options": {}}),
        "tasks[2].dataset: sklearn_digits holds images, but the run is on texts; choose one of hub_texts, faker_texts",
    ),
    "a package that is not there": (
        lambda c: c["models"][0].update(weights={"package": "no_such_package", "path": "model.safetensors"}),
        "models[0].weights: the package no_such_package is not installed here, expected that of envs/text.lock; run "
        "`make setup-text`",
    ),
    "recomputed activations": (
        lambda c: c["models"][0].update(activation_checkpointing=True),
        "models[0].activation_checkpointing: true, but text encoders keep their activations; set false",
    ),
    "several processes": (lambda c: c["models"][0].update(processes=2), "models[0].processes: 2, but"),
    "texts that are too long": (
        lambda c: c["texts"].update(length=100),
        "texts.length: 100, but tiny takes at most 40 tokens; lower it",
    ),
    "prompts of texts for a BERT": (
        lambda c: c["texts"].update(prompts="of_texts"),
        "prompts of texts are read at the mask of a roberta",
    ),
    "a section of images": (
        lambda c: c.update(auxiliary=[task("More", "names", epochs=1)]),
        "auxiliary: only runs on images have it; remove it, or texts",
    ),
    "wide networks": (
        lambda c: c.update(kernels=KERNELS),
        "kernels.wide_networks: their inputs are pixels; remove the section, or texts",
    ),
    "a key of images": (lambda c: c.update(image_size=32), "top level: unknown key 'image_size'"),
    "no scale": (lambda c: c["models"][0].pop("logit_scale"), "models[0]: logit_scale is missing"),
    "weights of the hub without a configuration": (
        lambda c: c["models"][0].update(
            weights={"repository": "a/b", "revision": "0" * 40, "filename": "m.safetensors", "sha256": "0" * 64}
        ),
        "models[0].configuration: is missing; name a copy of the repository's config.json",
    ),
    "no file": (lambda c: c["models"][0].update(weights={"file": "no/model.safetensors"}), "models[0].weights: "),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_run_on_texts_is_refused_before_any_job(config, change, message):
    change(config)
    with pytest.raises(ConfigurationError) as refused:
        load(config)
    assert message in str(refused.value)


def test_models_with_different_tokenizers_are_refused(config, tmp_path):
    file = make_bert(tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    tokenizer["model"]["unk_token"] = "[PAD]"
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    config["models"].append({**config["models"][0], "name": "other", "weights": {"file": str(file)}})
    with pytest.raises(ConfigurationError, match="different tokenizers, but a run stores its texts once"):
        load(config)


def test_texts_in_a_run_on_images_are_refused():
    paper = yaml.safe_load((ROOT / "config.yaml").read_text())
    paper["control"] = task("Names", "names")
    with pytest.raises(ConfigurationError, match=r"control.dataset: faker_texts holds texts, but the run is on images"):
        load(paper)


def test_a_missing_optional_package_is_told_before_any_job(config, monkeypatch):
    monkeypatch.setattr("workflow_scripts.configuration.data_sets.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="needs the package faker, which is not installed here.*setup-text"):
        load(config)


def test_the_plan_counts_the_jobs_of_a_dry_run(small, tmp_path):
    jobs = planned(tmp_path, small)
    assert {stage.name: stage.jobs for stage in stages(load(small))} == jobs


def test_jobs_on_images_reach_nothing_of_texts():
    for rule, what, plugins, kind in variants():
        reached = code(rule, *plugins, kind=kind)
        foreign = imported_packages(ROOT, reached) & {"transformers", "tokenizers", "faker"}
        if kind == "image":
            assert not foreign, (rule, what)
            assert not {file for file in reached if file.endswith(("/text.py", "/tangent_text.py", "/tokens.py"))}
