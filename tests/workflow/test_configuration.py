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
from tests.workflow.wrong_configurations import TASK
from workflow_scripts.commands import reference
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective
from workflow_scripts.configuration.schema import schema


@pytest.fixture
def paper():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def test_a_configuration_builds_on_another(paper, tmp_path):
    """Mappings merge, lists and values replace; a base is looked for beside the file, then where one stands."""
    (tmp_path / "middle.yaml").write_text("base: config.yaml\nfinetune: {warmup: 200}\nseeds: [1, 2]\n")
    (tmp_path / "mine.yaml").write_text("base: middle.yaml\nrun: mine\nmodes: [standard]\nfinetune: {clip_norm: 0.5}\n")
    built = read_effective([tmp_path / "mine.yaml"])
    expected = copy.deepcopy(paper) | {"run": "mine", "modes": ["standard"], "seeds": [1, 2]}
    expected["finetune"] |= {"warmup": 200, "clip_norm": 0.5}
    assert built == expected and load(built).run == "mine"


def test_a_base_that_builds_on_itself_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("base: b.yaml\n")
    (tmp_path / "b.yaml").write_text("base: a.yaml\n")
    with pytest.raises(ConfigurationError, match="builds on itself"):
        read_effective([tmp_path / "a.yaml"])


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


def test_modes_of_subsets_take_part_in_addition(paper):
    assert "gradient-ascent" in paper["modes"]
    assert {where["mode"] for where in load(paper).subset_runs} == {"standard", "posthoc", "linear", "linear-2"}
    paper["subsets"]["modes"] = ["linear", "gradient-ascent"]
    with pytest.raises(ConfigurationError, match=r"subsets.modes\[1\]: 'gradient-ascent' takes no part in addition"):
        load(paper)


def test_subsets_ask_for_what_evaluations_ask_for_unless_a_table_says_otherwise(paper):
    model = paper["models"][0]["name"]
    own, evaluate = paper["resources"].pop("subsets"), paper["resources"]["evaluate"]
    assert load(paper).request("subsets", model) == evaluate
    paper["models"][0]["resources"] = {"evaluate": {**evaluate, "mem_mb": 9}}
    assert load(paper).request("subsets", model)["mem_mb"] == 9
    paper["resources"]["subsets"] = own
    assert load(paper).request("subsets", model) == own != evaluate
    paper["models"][0]["resources"]["subsets"] = {**own, "runtime": 7}
    assert load(paper).request("subsets", model)["runtime"] == 7
    assert load(paper).request("subsets", paper["models"][1]["name"]) == own


def test_without_open_clip_its_architectures_are_left_to_the_jobs(paper, monkeypatch):
    monkeypatch.setattr(architectures, "find_spec", lambda name: None)
    assert len(load(paper).models) == 6
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
        (None, "there is no configuration"),
        ("run: [", "is not YAML"),
        ("just words", "holds the text 'just words', expected a mapping"),
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


def test_the_demo_with_three_seeds_differs_from_the_demo_in_linear_layers_alone():
    demo, seeds = (read_effective([ROOT / f"demo/{name}.yaml"]) for name in ("config", "seeds"))
    assert seeds == demo | {"run": "demo-seeds", "seeds": [0, 1, 2], "modes": [*demo["modes"], "linear-2"]}
    assert len(load(seeds).seeds) == 3


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
