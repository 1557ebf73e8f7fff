"""The plan of both configurations: its jobs are those that Snakemake would start, its totals are sums."""

import math

import pytest

from lib import cost
from lib.models.architectures import read_configuration
from tests.workflow.conftest import ROOT, planned
from workflow_scripts.commands import plan, workload
from workflow_scripts.configuration.benchmark import ConfigurationError, Task, load, read_effective

CONFIGURATIONS = ["config.yaml", "demo/config.yaml", "demo/all.yaml", "demo/kernels.yaml", "demo/arena.yaml"]


def configuration(name: str) -> dict:
    return read_effective([ROOT / name])


def anywhere(config: dict) -> dict:
    """The configuration with absolute paths, to be run in another folder."""
    for model in config["models"]:
        for holder, key in ((model["weights"], "file"), (model, "architectures"), (model, "vocabulary")):
            if key in holder:
                holder[key] = str(ROOT / holder[key])
    for key in ("architecture", "vocabulary"):
        if "pretraining" in config:
            config["pretraining"][key] = str(ROOT / config["pretraining"][key])
    return config


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_jobs_are_those_of_a_dry_run(name, tmp_path):
    jobs = {stage.name: stage.jobs for stage in workload.stages(load(configuration(name)))}
    assert jobs == planned(tmp_path, anywhere(configuration(name)))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_totals_are_sums(name):
    frame = plan.table(load(configuration(name)), plan.measurements(plan.THROUGHPUT))
    *stages, total = frame.to_dict("records")
    assert total["stage"] == "total"
    for column in ("jobs", "steps", "images", "pflop", "disk_gb", "gpu_hours", "core_hours"):
        known = [row[column] for row in stages if not math.isnan(row[column])]
        assert (math.isnan(total[column]) and not known) or total[column] == pytest.approx(sum(known)), column
    assert total["memory_mib"] == max(row["memory_mib"] for row in stages)


def test_the_papers_fine_tuning_by_hand():
    fit = {"Cars": 7330, "DTD": 3384, "EuroSAT": 21600, "GTSRB": 23976, "MNIST": 55000, "RESISC45": 17010,
           "SUN397": 17865, "SVHN": 68257}  # fmt: skip
    epochs = {"Cars": 35, "DTD": 76, "EuroSAT": 12, "GTSRB": 11, "MNIST": 5, "RESISC45": 15, "SUN397": 14, "SVHN": 4}
    finetune = next(stage for stage in workload.stages(load(configuration("config.yaml"))) if stage.name == "finetune")
    runs = 12 + 6  # three models in four modes that train, three from random weights in two
    assert finetune.steps == runs * sum(epochs[task] * -(-fit[task] // 128) for task in fit)
    assert sum(work.images for work in finetune.work) == runs * sum(epochs[task] * fit[task] for task in fit)
    assert finetune.bytes == (4 + 2) * 8 * 4 * (87_849_216 + 86_192_640 + 303_966_208)


def test_a_tangent_model_needs_one_pass_for_every_alpha():
    config = configuration("demo/config.yaml")
    bench = load(config | {"modes": [*config["modes"], "linear-2"]})
    addition = next(stage for stage in workload.stages(bench) if stage.name == "addition")
    images = {work.mode: work.images for work in addition.work}
    counts = [workload.counts(task) for task in bench.tasks]
    val, test = sum(count["train"] // 10 for count in counts), sum(count["test"] for count in counts)
    assert images["standard"] == images["linear-2"] == bench.evaluation["alphas"]["points"] * val + test
    assert images["linear"] == images["posthoc"] == val + test


def test_passes_of_subsets_by_hand():
    """Four of each size from 3 to 7 beside eight tasks, 28 pairs and the whole; tangent models take one pass."""
    bench = load(configuration("config.yaml"))
    passes = workload.subset_passes(bench, "standard")
    val, test = (sum(counts) for counts in zip(*passes.values(), strict=True))
    assert val == 21 * (8 + 2 * 28 + 4 * (3 + 4 + 5 + 6 + 7) + 8) and test == 8 * (8 + 28 + 4 * 5 + 1)
    assert set(workload.subset_passes(bench, "linear").values()) == {(1, 1)}
    (stage,) = (stage for stage in workload.stages(bench) if stage.name == "subsets")
    images = {work.mode: work.images for work in stage.work if work.model.name == "ViT-B-32"}
    sizes = {task.name: cost.split_sizes(workload.counts(task), **workload.split_rule(bench)) for task in bench.tasks}
    assert images["linear"] == images["posthoc"] == sum(size["val"] + size["test"] for size in sizes.values())
    assert images["standard"] == sum(
        passes[task][0] * size["val"] + passes[task][1] * size["test"] for task, size in sizes.items()
    )
    notes = list(plan.notes(bench, []))
    assert any("subsets of tasks" in note.lower() and "57 of 255" in note and "3,612" in note for note in notes)
    assert any("255 of 255" in note and "posthoc and linear" in note for note in notes)


def test_an_imported_checkpoint_stands_for_a_training(tmp_path):
    config = anywhere(configuration("demo/config.yaml"))
    before = {stage.name: stage for stage in workload.stages(load(config))}
    entry = {"model": "ViT-demo-8", "mode": "linear", "task": "Signs", "seed": 0}
    config["checkpoints"] = [entry | {"file": config["models"][0]["weights"]["file"]}]
    after = {stage.name: stage for stage in workload.stages(load(config))}
    assert after["finetune"].jobs == before["finetune"].jobs - 1 and after["finetune"].steps < before["finetune"].steps
    assert after["import_checkpoint"].jobs == 1 and after["task_vector"] == before["task_vector"]
    assert {name: stage.jobs for name, stage in after.items()} == planned(tmp_path, config)


def test_further_rules_and_modes_are_counted_where_they_take_part(tmp_path):
    config = anywhere(configuration("demo/config.yaml"))
    config["modes"].append("gradient-ascent")
    config["finetune"]["learning_rate"]["gradient-ascent"] = 1e-5
    config["merging"].append({"rule": "mean"})
    stages = {stage.name: stage for stage in workload.stages(load(config))}
    assert {name: stage.jobs for name, stage in stages.items()} == planned(tmp_path, config)
    assert (stages["addition"].jobs, stages["negation"].jobs, stages["disentanglement"].jobs) == (3 * 2, 4 * 8, 3)
    alphas = config["evaluation"]["alphas"]["points"]
    summed, averaged = (work.images for work in stages["addition"].work if work.mode == "standard")
    tested = sum(workload.counts(task)["test"] for task in load(config).tasks)
    assert summed - tested == alphas * (averaged - tested)  # the mean of the weights has one candidate


def measured(device: str, architecture: str = "ViT-demo-8") -> list[cost.Measurement]:
    return [
        cost.Measurement(architecture, mode, stage, 100.0, 0.5, 1.0, device, "float32", "by hand")
        for mode in ("standard", "posthoc", "linear", "linear-2")
        for stage in ("train", "evaluate")
    ]


def test_without_a_measured_gpu_no_hours_are_claimed():
    bench = load(configuration("config.yaml"))
    rows = measured("CPU of a laptop, 1 core")
    frame = plan.table(bench, rows)
    assert frame["gpu_hours"].isna().all() and (frame["pflop"].iloc[-1] > 0)
    assert any("No GPU was measured" in note and "CPU of a laptop" in note for note in plan.notes(bench, rows))


def test_another_model_is_marked_as_an_estimate():
    frame = plan.table(load(configuration("config.yaml")), measured("Some GPU")).set_index("stage")
    assert frame.loc["finetune", "basis"].startswith("estimate, scaled from ViT-demo-8")
    seconds = frame.loc["finetune", "pflop"] * 1e15 / (100.0 * 0.5e9)
    assert frame.loc["finetune", "gpu_hours"] == pytest.approx(seconds / 3600)


def test_a_measured_model_is_marked_as_measured():
    frame = plan.table(load(configuration("demo/config.yaml")), measured("CPU of a laptop, 1 core")).set_index("stage")
    assert frame.loc["finetune", "basis"] == "measured rate" and frame.loc["total", "core_hours"] > 0


def test_a_folder_of_unknown_size_is_asked_for_its_counts():
    own = {"path": "flowers", "templates": ["a photo of a {}."]}
    with pytest.raises(ConfigurationError, match="expected_counts"):
        workload.counts(Task("Flowers", "image_folder", options=own))
    declared = own | {"expected_counts": {"train": 100, "test": 20}}
    assert workload.counts(Task("Flowers", "image_folder", options=declared)) == {"train": 100, "test": 20}


def test_the_printed_plan_names_its_measurements():
    text = "\n".join(plan.main(load(configuration("demo/config.yaml")), plan.measurements(plan.THROUGHPUT)))
    assert "| finetune" in text and "| total" in text and "estimate" in text


def test_the_throughput_file_holds_rows_by_the_formulas():
    for row in plan.measurements(plan.THROUGHPUT):
        folder = "demo/clip" if row.architecture == "ViT-demo-8" else None
        vit = cost.tower(read_configuration(row.architecture, folder))
        assert row.images_per_second > 0 and row.device and row.source
        assert row.gigaflops_per_image * 1e9 >= cost.evaluation_flops(vit, tangent=False) * 0.999
