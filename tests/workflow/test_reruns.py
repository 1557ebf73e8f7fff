"""What a change makes run again: what it can change, and nothing else."""

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow.conftest import PROJECT, ROOT, edit, planned, run_snakemake, synthetic

TABLES = {"tables": 1, "reproduction": 1, "pages": 1}
REPORT = {"bootstrap": 1, "findings": 1, **TABLES}
SUBSETS = {"subset_tables": 1, "subset_figures": 1, "findings": 1, "pages": 1}
RENDERED = {"findings": 1, "similarity_table": 1, "disentanglement_table": 1, "subset_tables": 1, **TABLES}
FIGURES = {"heatmaps": 1, "loss_curves": 1, "similarity_maps": 1, "alpha_sweeps": 1, "scatters": 1, "subset_figures": 1}
EVALUATIONS = {"single_task": 4, "addition": 4, "negation": 8, "disentanglement": 4}


def after(jobs: dict[str, int], *rules: str) -> dict[str, int]:
    """The jobs of those rules."""
    return {rule: count for rule, count in jobs.items() if rule in rules}


def test_a_second_run_does_nothing(own_run, config):
    done = run_snakemake(own_run, "--cores", "2", config=config)
    assert done.returncode == 0 and "Nothing to be done" in done.stdout


# values of the configuration


def test_a_value_of_the_heatmaps_alone_reruns_the_heatmaps_and_what_shows_them(finished, config):
    config["disentanglement"]["images"] = 10
    assert planned(finished, config) == {
        "disentanglement": 4, "heatmaps": 1, "disentanglement_table": 1, "findings": 1, "pages": 1
    }  # fmt: skip


def test_a_further_task_leaves_the_others_fine_tuning_alone(finished, config):
    config["tasks"].append(synthetic("Vehicles", "vehicles", epochs=1))
    jobs = planned(finished, config)
    assert jobs["finetune"] == 3 and jobs["prepare"] == 1 and jobs["head"] == 1  # one per mode
    assert jobs["task_vector"] == 3 and jobs["negation"] == 4 and jobs["addition"] == 4
    assert "disentanglement" not in jobs and "pretrained" not in jobs


def test_a_further_seed_runs_beside_the_first(finished, config):
    config["seeds"] = [0, 1]
    jobs = planned(finished, config)
    assert jobs["finetune"] == 6 and "prepare" not in jobs and "head" not in jobs and "zero_shot" not in jobs


def test_a_learning_rate_reruns_its_own_mode(finished, config):
    config["finetune"]["learning_rate"]["linear"] = 0.002
    jobs = planned(finished, config)
    assert jobs["finetune"] == 2 and jobs["addition"] == 1 and jobs["negation"] == 2


def test_epochs_of_a_task_rerun_its_own_fine_tuning(finished, config):
    config["tasks"][1]["epochs"] = 3
    assert planned(finished, config)["finetune"] == 3


def test_the_floor_reruns_negation_and_what_shows_it(finished, config):
    config["evaluation"]["control_floor"] = 0.9
    assert planned(finished, config) == {"negation": 8, **REPORT}


def test_the_control_reruns_what_looks_at_it(finished, config):
    config["control"]["options"]["seed"] = 1
    jobs = planned(finished, config)
    assert jobs == {"prepare_control": 1, "head": 1, "zero_shot": 1, "negation": 8, "subset_figures": 1, **REPORT}


def test_a_larger_sample_of_subsets_reruns_the_modes_that_are_sampled(finished, config):
    """Tangent models take every subset, so the sample does not concern them."""
    config["subsets"] = {"sampled": 2, "seed": 1}
    assert planned(finished, config) == {"subsets": 2, **SUBSETS}


def test_the_alphas_of_subsets_rerun_them_alone(finished, config):
    config["subsets"]["alphas"] = {"start": 0, "stop": 1, "points": 2}
    assert planned(finished, config) == {"subsets": 4, **SUBSETS}


def test_subsets_are_added_to_a_finished_run_and_taken_away_without_another_job(own_run, config):
    section = config.pop("subsets")
    assert planned(own_run, config) == {"findings": 1, "pages": 1}  # of what is left
    results = own_run / "results/tiny"
    for folder in [*results.glob("tiny/seed0/*/subsets"), results / "provenance/subsets"]:
        shutil.rmtree(folder)
    of_subsets = ("tables/subsets.*", "figures/subsets_*", "figures/pairs_*", "provenance/subset_*")
    for file in itertools.chain.from_iterable(map(results.glob, of_subsets)):
        file.unlink()
    assert planned(own_run, {**config, "subsets": section}) == {"subsets": 4, **SUBSETS}


def test_values_that_no_result_depends_on_rerun_nothing(finished, config, tmp_path):
    """Paths, devices, resources, rhythms: among them the weights at another place."""
    config["finetune"]["save_every_seconds"] = 5
    config["device"] = "auto"
    config["data_root"] = str(tmp_path / "elsewhere")
    config["train_short_side"] = 64  # no image of these tasks has as many pixels
    config["resources"]["finetune"]["mem_mb"] = 3000
    model = config["models"][0]
    model["activation_checkpointing"] = True
    shutil.copy(model["weights"]["file"], tmp_path / "moved.safetensors")
    shutil.copy(Path(model["architectures"]) / "tiny.json", tmp_path / "renamed.json")
    model |= {
        "architecture": "renamed",
        "architectures": str(tmp_path),
        "weights": {"file": str(tmp_path / "moved.safetensors")},
    }
    assert planned(finished, config) == {}


def test_the_order_in_which_keys_are_written_reruns_nothing(finished, config):
    def backwards(value):
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(entry) for entry in value] if isinstance(value, list) else value

    assert planned(finished, backwards(config)) == {}


def test_the_rhythm_of_the_loss_curves_reruns_them_alone(finished, config):
    config["finetune"]["log_every"] = 2
    assert planned(finished, config) == {"loss_curves": 1}


def test_a_side_that_shortens_images_prepares_them_again(finished, config):
    config["train_short_side"] = 24
    assert planned(finished, config)["prepare"] == 2


def test_naming_a_checkpoint_after_training_reruns_its_dependents(finished, config, checkpoint):
    """Even one whose file is older than the trained theta."""
    os.utime(checkpoint["file"], (0, 0))
    config["checkpoints"] = [checkpoint]
    jobs = planned(finished, config)
    assert "finetune" not in jobs and jobs["import_checkpoint"] == 1 and jobs["task_vector"] == 1
    assert jobs["addition"] == 2 and jobs["negation"] == 2  # the modes standard and posthoc


# files beside the configuration


def test_other_weights_rerun_everything_that_is_made_from_them(finished, config, tmp_path):
    from safetensors.torch import load_file, save_file

    weights = config["models"][0]["weights"]
    tensors = load_file(weights["file"])
    save_file({name: value * 1.001 for name, value in tensors.items()}, tmp_path / "other.safetensors")
    weights["file"] = str(tmp_path / "other.safetensors")
    jobs = planned(finished, config)
    assert jobs["pretrained"] == 1 and jobs["finetune"] == 6 and "prepare" not in jobs


@pytest.mark.parametrize(("part", "key"), [("text_cfg", "heads"), ("vision_cfg", "head_width")])
def test_an_architecture_file_that_changed_reruns_the_model(finished, config, tmp_path, part, key):
    model = config["models"][0]
    architecture = json.loads((Path(model["architectures"]) / "tiny.json").read_text())
    architecture[part][key] //= 2
    (tmp_path / "tiny.json").write_text(json.dumps(architecture))
    model["architectures"] = str(tmp_path)
    jobs = planned(finished, config)
    assert jobs["pretrained"] == 1 and jobs["head"] == 3 and jobs["finetune"] == 6


def test_another_tokenizer_reruns_the_heads_and_what_uses_them(finished, config, tmp_path):
    shutil.copy(ROOT / "demo/clip/merges.txt.gz", tmp_path / "merges.txt.gz")
    config["models"][0]["vocabulary"] = str(tmp_path / "merges.txt.gz")
    jobs = planned(finished, config)
    assert jobs["head"] == 3 and "pretrained" not in jobs and "task_vector" not in after(jobs, "pretrained")


# package versions


def other_torch(run: Path) -> None:
    """As if every job of the run had used an older torch."""
    for file in (run / "results/tiny/provenance").rglob("*.json"):
        record = json.loads(file.read_text())
        if "torch" in record["versions"]:
            record["versions"]["torch"] = "1.0"
            file.write_text(json.dumps(record))


def test_another_version_of_a_package_warns_and_stands_below_the_tables(own_run, config):
    other_torch(own_run)
    done = run_snakemake(own_run, "--dry-run", config=config)
    assert "jobs ran with torch 1.0;" in done.stdout and "package_versions: rerun" in done.stdout
    assert planned(own_run, config) == {"subset_tables": 1, **TABLES}  # they say so; the scorecard is made from them
    done = run_snakemake(own_run, "--cores", "2", config=config)
    assert done.returncode == 0
    assert "jobs ran with torch 1.0;" in (own_run / "results/tiny/tables/addition.md").read_text()


def test_versions_rerun_what_imports_the_package_if_the_configuration_says_so(finished, config):
    config["package_versions"] = "rerun"
    jobs = planned(finished, config)  # no version was among the params of the finished jobs
    assert jobs["finetune"] == 6 and jobs["prepare"] == 2


# clocks and places


def test_touching_every_file_of_the_project_reruns_nothing(own_run, project, config):
    for path in project.rglob("*"):
        os.utime(path)
    for model in config["models"]:
        os.utime(model["weights"]["file"])
    assert planned(own_run, config, project=project) == {}


def test_a_checkout_there_and_back_reruns_nothing(own_run, project, config):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=project, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("checkout", "-q", "-b", "other")
    for file in ("workflow_scripts/data/prepare.py", "lib/training/finetune.py", "lib/models/vit.py"):
        (project / file).write_text((project / file).read_text() + "\nX = 1\n")
    git("commit", "-q", "-a", "-m", "second")
    assert planned(own_run, config, project=project) != {}
    git("checkout", "-q", "main")
    assert planned(own_run, config, project=project) == {}


def test_a_clone_elsewhere_with_copied_results_reruns_nothing(finished, config, tmp_path):
    """All copies are new: neither the order of their times nor the path says anything."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in PROJECT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, clone / name)
    for name in ("results", ".snakemake"):
        shutil.copytree(finished / name, clone / name, copy_function=shutil.copyfile)
    assert planned(clone, config, project=clone) == {}


def test_a_moved_folder_reruns_nothing(own_run, config):
    assert planned(own_run.rename(own_run.with_name("moved")), config) == {}


@pytest.mark.parametrize("rule", ["prepare", "task_vector"])
def test_a_job_that_wrote_the_same_bytes_again_sets_off_nothing(own_run, config, rule):
    done = run_snakemake(own_run, "--cores", "2", "--forcerun", rule, "--until", rule, config=config)
    assert done.returncode == 0 and "Finished jobid" in done.stdout, done.stdout[-3000:]
    assert planned(own_run, config) == {}


# code


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("lib/reporting/labels.py", '"Linear FT"', '"Tangent FT"', {"bootstrap": 1, **FIGURES, **RENDERED}),
        ("lib/reporting/figures/heatmaps.py", 'cmap="viridis"', 'cmap="magma"', {"heatmaps": 1}),
        ("lib/reporting/tables.py", "_PAGE_WIDTH = 12", "_PAGE_WIDTH = 13", RENDERED),
        ("lib/training/finetune.py", "resumed after step", "went on after step", {}),
        ("lib/training/finetune.py", "Lower the learning rate of this", "Take a lower learning rate of this", {}),
        ("workflow_scripts/job/adapter.py", '"PIL", "matplotlib"', '"PIL", "fontTools"', {}),
        ("workflow_scripts/data/prepare.py", '"""Prepare one task', '# why\n"""Prepare one task', {}),
        ("lib/provenance/record.py", '"cores": os.cpu_count()', '"cpus": os.cpu_count()', {}),
        ("lib/files/atomic.py", ".partial", ".unfinished", {}),
    ],
)  # fmt: skip
def test_a_change_of_code_reruns_what_it_can_change(finished, project, config, file, old, new, expected):
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))
    assert planned(finished, config, project=project) == expected


def test_the_tangent_tower_reruns_what_is_linear(finished, project, config):
    edit(project / "lib/models/tangent_layers.py", "inverse_sd if dx else None", "inverse_sd * 1 if dx else None")
    jobs = planned(finished, config, project=project)
    assert jobs["finetune"] == 2  # the mode linear, of two tasks
    assert jobs["addition"] == 2 and jobs["negation"] == 4  # the modes linear and posthoc
    assert "head" not in jobs and "zero_shot" not in jobs and "pretrained" not in jobs


def test_the_gradient_sum_over_processes_reruns_fine_tuning(finished, project, config):
    edit(project / "workflow_scripts/training/group.py", "all_reduce(tensor)\n\n", "all_reduce(tensor, 1)\n\n")
    assert planned(finished, config, project=project)["finetune"] == 6


def test_deterministic_algorithms_are_a_param_and_change_no_bit_on_a_cpu(own_run, config):
    config["deterministic"] = True
    jobs = planned(own_run, config)
    assert {rule: jobs[rule] for rule in ("finetune", "zero_shot", "single_task", "disentanglement")} == {
        "finetune": 6, "zero_shot": 1, "single_task": 4, "disentanglement": 4
    }  # fmt: skip
    assert not {"prepare", "pretrained", "head"} & jobs.keys()
    file = own_run / "results/tiny/tiny/seed0/linear/single_task.csv"
    before = file.read_bytes()
    done = run_snakemake(own_run, "--cores", "2", "results/tiny/tiny/seed0/linear/single_task.csv", config=config)
    assert done.returncode == 0 and "finetune" in done.stdout, done.stdout[-3000:]
    assert file.read_bytes() == before
