"""A named checkpoint takes the place of its fine-tuning job, and of no other."""

import copy
import re
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file

from lib.files import checkpoints
from lib.models import encoders
from lib.reporting import figures
from tests.workflow.conftest import planned, run_snakemake
from workflow_scripts.configuration.benchmark import ConfigurationError, load
from workflow_scripts.training import import_checkpoint


def test_a_checkpoint_takes_the_place_of_one_training_run(tmp_path, config, checkpoint):
    before = planned(tmp_path, {**config, "checkpoints": []})
    config["checkpoints"] = [checkpoint]
    after = planned(tmp_path, config)
    assert "import_checkpoint" not in before
    assert after == {**before, "finetune": before["finetune"] - 1, "import_checkpoint": 1}
    output = run_snakemake(tmp_path, "--dry-run", "--quiet", "host", config=config).stdout
    jobs = re.findall(r"rule (\w+):\n +input: .*\n +output: \S*/seed0/([\w-]+)/(\w+)/theta.safetensors", output)
    trained = {(mode, task) for rule, mode, task in jobs if rule == "finetune"}
    assert [(mode, task) for rule, mode, task in jobs if rule == "import_checkpoint"] == [("standard", "Signs")]
    assert ("standard", "Scenes") in trained and ("linear", "Signs") in trained and len(trained) == 5


def test_without_the_key_no_checkpoint_is_named(config):
    assert load(config) == load({**config, "checkpoints": []}) and load(config).checkpoints == ()


def test_every_training_run_may_be_named_and_then_its_data_are_not_fitted(tmp_path, config, checkpoint):
    config["seeds"] = [0, 12]
    config["modes"] = ["standard", "posthoc"]
    config["checkpoints"] = [{**checkpoint, "task": t, "seed": s} for t in ("Signs", "Scenes") for s in (0, 12)]
    jobs = planned(tmp_path, config)
    assert "finetune" not in jobs and jobs["import_checkpoint"] == 4 and jobs["task_vector"] == 4


WRONG = {
    "model": ("tinny", "checkpoints[0].model: this run trains no 'tinny'; choose one of tiny"),
    "task": ("Objects", "checkpoints[0].task: this run trains no 'Objects'; choose one of Scenes, Signs"),
    "mode": ("posthoc", "checkpoints[0].mode: this run trains no 'posthoc'; choose one of standard, linear"),
    "seed": (3, "checkpoints[0].seed: this run trains no 3; choose one of 0"),
    "file": ("absent.pt", "checkpoints[0].file: no checkpoint at absent.pt"),
    "fyle": ("a.pt", "checkpoints[0]: unknown key 'fyle'; did you mean 'file'?"),
}


def fault(config):
    with pytest.raises(ConfigurationError) as error:
        load(config)
    return str(error.value)


@pytest.mark.parametrize("key", WRONG)
def test_an_entry_that_cannot_be_meant_is_refused_before_any_job(config, checkpoint, key):
    value, message = WRONG[key]
    config["checkpoints"] = [{**checkpoint, key: value}]
    assert message in fault(config)


def test_two_checkpoints_for_one_place_or_none_inside_a_folder_are_refused(tmp_path, config, checkpoint):
    config["checkpoints"] = [checkpoint, copy.deepcopy(checkpoint)]
    assert "checkpoints[1]: names the same model, task, mode, seed as checkpoints[0]" in fault(config)
    (tmp_path / "folder").mkdir()
    config["checkpoints"] = [{**checkpoint, "file": str(tmp_path / "folder")}]
    assert "holds none of model.safetensors" in fault(config)


def test_a_log_without_rows_leaves_a_place_without_a_line(tmp_path):
    empty = tmp_path / "log.csv"
    empty.write_text("step,loss,learning_rate,images_per_second\n")
    imported, trained = pd.read_csv(empty), pd.DataFrame({"step": [1, 2], "loss": [2.0, 1.0]})
    for logs in ({("standard", "A"): imported}, {("standard", "A"): trained, ("linear", "A"): imported}):
        figures.save(figures.loss_curves(logs), tmp_path / "loss")
    assert (tmp_path / "loss.pdf").stat().st_size > 1000


def test_the_script_writes_what_fine_tuning_would(tmp_path, config, checkpoint):
    model = config["models"][0]
    clip = clip.load_clip("tiny", model["weights"]["file"], architectures=model["architectures"])
    checkpoints.save(tmp_path / "theta_0.safetensors", clip.tower_parameters(clip))
    files = [tmp_path / name for name in ("theta_0.safetensors", "theta.safetensors", "log.csv")]
    architecture = {"architecture": "tiny", "architectures": model["architectures"]}
    import_checkpoint.main(Path(checkpoint["file"]), *files, mode="standard", **architecture)
    theta, source = load_file(files[1]), load_file(checkpoint["file"])
    assert theta.keys() == load_file(files[0]).keys()
    assert all(theta[name].equal(source[f"visual.{name}"]) for name in theta)
    assert checkpoints.metadata(files[1]) == {"layout": "open_clip"}
    assert list(pd.read_csv(files[2])) == ["step", "loss", "learning_rate", "images_per_second"]
    with pytest.raises(checkpoints.CheckpointError, match="linear-2 does not train differ"):
        import_checkpoint.main(Path(checkpoint["file"]), *files, mode="linear-2", **architecture)
