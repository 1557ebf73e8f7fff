"""Wrong configurations: one clear message each, and no job."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lib.data.datasets import DATASETS
from lib.models import architectures
from lib.training import modes
from tests.workflow.conftest import ROOT, run_snakemake
from workflow_scripts.commands import reference
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective
from workflow_scripts.configuration.schema import schema


@pytest.fixture
def paper():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def change(config, path, value):
    """Set config[a][b]... = value; value ... deletes the key."""
    *outer, last = path
    for key in outer:
        config = config[key]
    if value is ...:
        del config[last]
    else:
        config[last] = value


TASK = {
    "name": "Flowers",
    "dataset": "image_folder",
    "epochs": 3,
    "options": {"path": "flowers", "templates": ["a {}"]},
}
COCA = {
    "name": "CoCa",
    "architecture": "coca_ViT-B-32",
    "activation": "gelu",
    "accumulate": 1,
    "processes": 1,
    "activation_checkpointing": False,
    "weights": {"file": "config.yaml"},
}
WRONG = {
    "unknown key at the top": (["seedz"], [0], "top level: unknown key 'seedz'; did you mean 'seeds'?"),
    "unknown key below": (["finetune", "weight_decai"], 0.1, "finetune: unknown key 'weight_decai'; did you mean 'weight_decay'"),
    "missing key": (["finetune", "warmup"], ..., "finetune: warmup is missing"),
    "negative epochs": (["tasks", 0, "epochs"], -3, "tasks[0].epochs: got -3, expected a number of at least 1"),
    "text for a number": (["finetune", "warmup"], "many", "finetune.warmup: got 'many', expected a value of type integer"),
    "number that YAML reads as text": (["finetune", "learning_rate", "linear"], "1e-5", "finetune.learning_rate.linear: got '1e-5', expected a value of type number; it is text to YAML: write 1.0e-5"),
    "unknown data set": (["tasks", 0, "dataset"], "carz", "tasks[0].dataset: got 'carz', expected one of cars, dtd"),
    "unknown mode": (["modes"], ["standard", "lora"], "modes[1]: got 'lora', expected one of standard, posthoc"),
    "no seed": (["seeds"], [], "seeds: got [], expected at least 1 entries"),
    "a seed twice": (["seeds"], [1, 1], "seeds: got [1, 1], expected entries that all differ"),
    "a task twice": (["tasks", 1, "name"], "Cars", "tasks: 2 entries are named 'Cars'; names must differ"),
    "control among the tasks": (["control", "name"], "DTD", "control.name: 'DTD' is also a task"),
    "pair of an unknown task": (["disentanglement", "pairs", 0], ["EuroSAT", "SVNH"], "disentanglement.pairs[0]: unknown task 'SVNH'"),
    "pair of one task": (["disentanglement", "pairs", 0], ["DTD", "DTD"], "disentanglement.pairs[0]: got ['DTD', 'DTD'], expected entries that all differ"),
    "grid that runs backwards": (["evaluation", "alphas", "stop"], -1, "evaluation.alphas: stop is -1, expected more than start, 0"),
    "floor above one": (["evaluation", "control_floor"], 95, "evaluation.control_floor: got 95, expected a number of at most 1"),
    "mode without a learning rate": (["finetune", "learning_rate", "linear"], ..., "finetune.learning_rate: linear is missing"),
    "weights that are absent": (["models", 0, "weights"], {"file": "nowhere.pt"}, "models[0].weights.file: no file 'nowhere.pt'"),
    "revision that is a branch": (["models", 0, "weights", "revision"], "main", "models[0].weights.revision: got 'main', expected a full commit hash, 40 hexadecimal digits"),
    "weights in neither form": (["models", 0, "weights"], {"repository": "a/b"}, "models[0].weights: revision, filename, sha256 is missing"),
    "weights that are no mapping": (["models", 0, "weights"], "openai", "models[0].weights: got 'openai', expected"),
    "weights that are empty": (["models", 0, "weights"], None, "models[0].weights: got None, expected a value of type object"),
    "unknown architecture": (["models", 0, "architecture"], "ViT-B32", "models[0].architecture: open_clip knows no architecture 'ViT-B32': did you mean ViT-B-32"),
    "an image tower that is no ViT": (["models", 1, "architecture"], "RN50-quickgelu", "models[1].architecture: only open_clip's own ViTs can be edited"),
    "an image size that no model takes": (["image_size"], 256, "image_size: 256, but the models take 224 x 224 pixels; set image_size: 224"),
    "models of two image sizes": (["models", 2, "architecture"], "ViT-L-14-336-quickgelu", "models: they take images of different sizes (models[0] 224, models[1] 224, models[2] 336); a run has one"),
    "recomputed activations of no plain ViT": (["models", 0], {**COCA, "activation_checkpointing": True}, "models[0].activation_checkpointing: true, but coca_ViT-B-32 is no plain ViT"),
    "an activation that the architecture lacks": (["models", 0, "architecture"], "ViT-B-32", "models[0].activation: quick_gelu, but ViT-B-32 computes gelu"),
    "unknown synthetic kind": (["tasks", 0], {**TASK, "dataset": "synthetic", "options": {"kind": "cars", "train": 9, "test": 9, "seed": 0}}, "tasks[0].options.kind: got 'cars', expected one of street_numbers, signs"),
    "name with a slash": (["models", 0, "name"], "ViT/B", "models[0].name: got 'ViT/B', expected letters, digits"),
    "name with the pairs' separator": (["tasks", 0, "name"], "A--B", "tasks[0].name: got 'A--B', expected letters, digits"),
    "unknown precision": (["finetune", "precision"], "fp8", "finetune.precision: got 'fp8', expected one of float32, tf32, bf16"),
    "source without a choice": (["tasks", 0, "source"], ..., "tasks[0]: source is missing; choose folder or hub"),
    "option that the reader lacks": (["tasks", 0, "options"], {"revisoin": 1}, "tasks[0].options: unknown key 'revisoin'; did you mean 'revision'"),
    "option that the reader needs": (["tasks", 0], {**TASK, "options": {"path": "x"}}, "tasks[0].options: templates is missing"),
    "processes without GPUs of their own": (["models", 0, "processes"], 2, "models[0].processes: 2, but a fine-tuning job of ViT-B-32 asks for 1 GPU; each process takes one: set processes: 1, or gpu: 2"),
    "a merging rule that is unknown": (["merging", 0, "rule"], "ties2", "merging[0].rule: got 'ties2', expected one of sum, mean"),
    "a merging rule twice": (["merging"], [{"rule": "sum"}, {"rule": "sum"}], "merging: 2 entries have the rule 'sum'"),
    "no merging rule": (["merging"], [], "merging: got [], expected at least 1 entries"),
    "a rule's grid that runs backwards": (["merging", 0, "alphas"], {"start": 1, "stop": 0, "points": 3}, "merging[0].alphas: stop is 0, expected more than start, 1"),
    "no mode to add": (["modes"], ["gradient-ascent"], "modes: none of ['gradient-ascent'] takes part in addition"),
    "a random tower without a seed": (["models", 0, "image_tower"], {}, "models[0].image_tower: random_seed is missing"),
    "what versions do": (["package_versions"], "ignore", "package_versions: got 'ignore', expected one of warn, rerun"),
    "a base that is absent": (["base"], "nowhere.yaml", "base: no configuration 'nowhere.yaml' at "),
    "a base that is no path": (["base"], 3, "base: got 3, expected the path of another configuration"),
    "a batch that cannot be shared": (["finetune", "batch_size"], 1, "models[2]: a batch of 1 cannot be cut into 1 processes x 2 micro-batches"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_value_is_named_with_its_path(paper, kind):
    path, value, message = WRONG[kind]
    change(paper, path, value)
    with pytest.raises(ConfigurationError) as refused:
        load(paper)
    assert message in str(refused.value)
    assert "no job was started" in str(refused.value)


def test_a_configuration_builds_on_another(paper, tmp_path):
    """Mappings merge, lists and values replace; a base is looked for beside the file, then where one stands."""
    (tmp_path / "middle.yaml").write_text("base: config.yaml\nfinetune: {warmup: 200}\nseeds: [1, 2]\n")
    (tmp_path / "mine.yaml").write_text("base: middle.yaml\nrun: mine\nmodes: [standard]\nfinetune: {clip_norm: 0.5}\n")
    built = read_effective(tmp_path / "mine.yaml")
    expected = copy.deepcopy(paper) | {"run": "mine", "modes": ["standard"], "seeds": [1, 2]}
    expected["finetune"] |= {"warmup": 200, "clip_norm": 0.5}
    assert built == expected and load(built).run == "mine"


def test_a_base_that_builds_on_itself_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("base: b.yaml\n")
    (tmp_path / "b.yaml").write_text("base: a.yaml\n")
    with pytest.raises(ConfigurationError, match="builds on itself"):
        read_effective(tmp_path / "a.yaml")


def test_snakemake_runs_a_configuration_that_builds_on_another(config, tmp_path):
    (tmp_path / "whole.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "mine.yaml").write_text("base: whole.yaml\nrun: mine\nmodes: [standard]\n")
    words = ["--configfile", str(tmp_path / "mine.yaml"), "--cores", "1", "results/mine/data/Signs/manifest.json"]
    done = run_snakemake(tmp_path, *words)
    assert done.returncode == 0, done.stdout[-2000:]
    written = yaml.safe_load((tmp_path / "results/mine/config.yaml").read_text())
    assert written == {**config, "run": "mine", "modes": ["standard"]}


def test_names_come_from_the_registries():
    """One source for schema, messages and docs/configuration.md."""
    known = schema()
    assert known["properties"]["modes"]["items"]["enum"] == list(modes.MODES)
    rates = known["properties"]["finetune"]["properties"]["learning_rate"]["properties"]
    assert list(rates) == [name for name, mode in modes.MODES.items() if mode.owns_checkpoints]
    assert rates["standard"]["description"] == "needed by the modes standard and posthoc"
    assert known["$defs"]["task"]["properties"]["dataset"]["enum"] == list(DATASETS)
    assert "$" not in "".join(re.findall(r'"enum": "[^"]*"', json.dumps(known)))


def test_all_faults_are_told_at_once(paper):
    paper["seeds"], paper["device"] = [], "tpu"
    with pytest.raises(ConfigurationError) as refused:
        load(paper)
    assert "seeds:" in str(refused.value) and "device:" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "hint"),
    [("1e-5", "1.0e-5"), ("2.5E6", "2.5e+6"), ("-3e4", "-3.0e+4"), ("0.1", None), ("nan", None), ("many", None)],
)
def test_a_number_that_yaml_took_for_text_is_written_out(paper, written, hint):
    paper["finetune"]["learning_rate"]["linear"] = written
    with pytest.raises(ConfigurationError) as refused:
        load(paper)
    told = str(refused.value)
    assert (f"; it is text to YAML: write {hint}" in told) if hint else ("text to YAML" not in told)
    assert hint is None or isinstance(yaml.safe_load(hint), float)


def test_without_open_clip_its_architectures_are_left_to_the_jobs(paper, monkeypatch):
    monkeypatch.setattr(architectures, "find_spec", lambda name: None)
    assert len(load(paper).models) == 3
    with pytest.raises(architectures.OpenClipMissing, match="open_clip is not installed here"):
        architectures.read_configuration("ViT-B-32")


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "no vision_cfg"), ("{}", "no vision_cfg")])
def test_a_file_that_is_no_model_configuration_is_named(paper, tmp_path, text, message):
    (tmp_path / "mine.json").write_text(text)
    paper["models"][0] |= {"architecture": "mine", "architectures": str(tmp_path)}
    with pytest.raises(ConfigurationError, match=rf"models\[0\].architecture: .*mine.json .*{message}"):
        load(paper)


def test_keys_that_are_missing_together_are_told_once(paper):
    del paper["finetune"]["warmup"], paper["finetune"]["betas"]
    with pytest.raises(ConfigurationError) as refused:
        load(paper)
    assert str(refused.value).count("finetune: warmup, betas is missing") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no configuration"),
        ("run: [", "is not YAML"),
        ("just words", "holds 'just words', expected a mapping"),
        ("run: x", "data_root, image_size"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "fetch", "pin"])
def test_commands_refuse_a_file_that_is_no_configuration(command, text, message, tmp_path):
    if text is not None:
        (tmp_path / "my.yaml").write_text(text)
    words = [sys.executable, "-m", f"workflow_scripts.commands.{command}", "--configfile", str(tmp_path / "my.yaml")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr


def test_the_reference_of_all_keys_is_current():
    """If not: python -m workflow_scripts.commands.reference > docs/configuration.md"""
    assert (ROOT / "docs/configuration.md").read_text() == reference.document()


def test_every_key_is_described():
    rows = [line for line in reference.document().splitlines() if line.startswith("| `")]
    assert len(rows) > 80 and [row for row in rows if row.endswith("|  |")] == []


def test_snakemake_ends_before_any_job_with_the_message(config, tmp_path):
    config["tasks"][0]["epochs"] = -3
    done = run_snakemake(tmp_path, "--cores", "1", config=config)
    assert done.returncode == 1
    assert "tasks[0].epochs: got -3, expected a number of at least 1" in done.stdout
    assert "Traceback" not in done.stdout and not (tmp_path / "results").exists()


def test_both_shipped_configurations_are_right(paper):
    assert len(load(paper).tasks) == 8
    demo = load(yaml.safe_load((ROOT / "demo/config.yaml").read_text()))
    assert [model.name for model in demo.models] == ["ViT-demo-8"]


def test_a_configuration_file_replaces_the_papers(config, tmp_path):
    """Snakemake merges mappings: no model or task of config.yaml may turn up in a run of another configuration."""
    done = run_snakemake(tmp_path, "--dry-run", "--workflow-profile", "none", config=config)
    assert done.returncode == 0 and "ViT-L-14" not in done.stdout and "results/paper" not in done.stdout


def test_two_files_never_make_the_union_of_two_benchmarks(tmp_path, config):
    more = {"tasks": [config["tasks"][0], TASK], "disentanglement": {"pairs": []}}
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(more))
    (tmp_path / "first.yaml").write_text(yaml.safe_dump(config))
    files = [str(tmp_path / name) for name in ("first.yaml", "more.yaml")]
    done = run_snakemake(tmp_path, "--dry-run", "--workflow-profile", "none", "--configfile", *files)
    assert "Flowers" in done.stdout and "Scenes" in done.stdout and "Signs/theta" not in done.stdout


def test_the_environment_names_the_data(paper, monkeypatch):
    monkeypatch.setenv("TASK_ARITHMETIC_DATA", "/elsewhere")
    assert load(copy.deepcopy(paper)).data_root == "/elsewhere"
    monkeypatch.delenv("TASK_ARITHMETIC_DATA")
    assert Path(load(paper).data_root) == Path("data")
