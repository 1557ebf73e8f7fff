"""A named checkpoint takes the place of its fine-tuning job, and of no other."""

import copy
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from lib.files import checkpoints
from lib.files.digests import file_digest
from lib.models import clip
from lib.models.architectures import read_configuration
from lib.reporting.figures.loss_curves import loss_curves
from lib.training.modes import ATTENTION_WEIGHTS
from tests.workflow.conftest import planned, run_snakemake
from workflow_scripts.configuration.benchmark import ConfigurationError, load
from workflow_scripts.reporting import frames
from workflow_scripts.reporting import loss_curves as plots
from workflow_scripts.training import import_checkpoint

HEADER = "model,seed,mode,task,step,loss,learning_rate"


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
    config["checkpoints"] = [
        {**checkpoint, "task": t, "seed": s, "file": shutil.copy(checkpoint["file"], f"{tmp_path}/{t}{s}.safetensors")}
        for t in ("Signs", "Scenes")
        for s in (0, 12)
    ]
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


def test_one_file_in_the_place_of_two_training_runs_is_refused(tmp_path, config, checkpoint):
    (tmp_path / "link.safetensors").symlink_to(checkpoint["file"])
    for file in (checkpoint["file"], str(tmp_path / "link.safetensors")):
        config["checkpoints"] = [checkpoint, {**checkpoint, "task": "Scenes", "file": file}]
        assert f"checkpoints[1].file: {checkpoint['file']} is the file of checkpoints[0]" in fault(config)


def test_a_log_without_rows_leaves_a_place_without_a_line(tmp_path):
    imported, trained = tmp_path / "imported.csv", tmp_path / "trained.csv"
    imported.write_text(f"{HEADER}\n")
    trained.write_text(f"{HEADER}\ntiny,0,linear,A,1,2.0,0.1\ntiny,0,linear,A,2,1.0,0.1\n")
    modes, tasks = ["standard", "linear"], ["A"]
    for logs, points in (([imported], [0, 0]), ([imported, trained], [0, 2])):
        figure = loss_curves(frames.read(logs), modes, tasks, every=1)
        assert [len(panel.lines[0].get_xdata()) for panel in figure.axes] == points
        plots.main(logs, tmp_path, models=["tiny"], modes=modes, tasks=tasks, every=1)
        assert (tmp_path / "loss_tiny.pdf").stat().st_size > 1000
        (tmp_path / "loss_tiny.pdf").unlink()


def test_the_script_writes_what_fine_tuning_would(tmp_path, config, checkpoint):
    model = config["models"][0]
    pretrained = clip.load_clip("tiny", model["weights"]["file"], architectures=model["architectures"])
    checkpoints.save(tmp_path / "theta_0.safetensors", clip.tower_parameters(pretrained))
    files = [tmp_path / name for name in ("theta_0.safetensors", "theta.safetensors", "log.csv")]
    order = import_checkpoint.parameter_order(read_configuration("tiny", model["architectures"]))
    given = {"tangent": False, "order": order}
    import_checkpoint.main(Path(checkpoint["file"]), *files, mode="standard", trains=["*"], **given)
    theta, source = load_file(files[1]), load_file(checkpoint["file"])
    assert theta.keys() == load_file(files[0]).keys()
    assert all(theta[name].equal(source[f"visual.{name}"]) for name in theta)
    assert checkpoints.metadata(files[1]) == {"layout": "open_clip"}
    assert files[2].read_text() == f"{HEADER}\n"
    with pytest.raises(checkpoints.CheckpointError, match="linear-2 does not train differ"):
        import_checkpoint.main(Path(checkpoint["file"]), *files, mode="linear-2", trains=ATTENTION_WEIGHTS, **given)


def test_a_checkpoint_is_known_by_its_bytes_and_not_by_its_name(tmp_path, config, checkpoint):
    target, file = "results/tiny/tiny/seed0/standard/Signs/theta.safetensors", Path(checkpoint["file"])
    config["checkpoints"] = [checkpoint]
    done = run_snakemake(tmp_path, "--cores", "1", target, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    record = json.loads((tmp_path / "results/tiny/provenance/finetune/tiny/seed0/standard/Signs.json").read_text())
    assert record["rule"] == "import_checkpoint" and record["params"]["checkpoint"] == file_digest(file)
    log = pd.read_csv(tmp_path / "results/tiny/tiny/seed0/standard/Signs/training_log.csv")
    assert list(log) == HEADER.split(",") and not len(log)
    copied = shutil.copy(file, tmp_path / "copied.safetensors")
    config["checkpoints"] = [{**checkpoint, "file": str(copied)}]
    assert planned(tmp_path, config, target) == {}
    save_file({name: 1.01 * value for name, value in load_file(file).items()}, copied)
    assert planned(tmp_path, config, target) == {"import_checkpoint": 1}
