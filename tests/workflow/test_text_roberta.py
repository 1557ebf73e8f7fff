"""configs/text_roberta.yaml: it plans without data, and its path runs on miniatures in the layouts of the hub."""

import hashlib
import json
import os

import pandas as pd
import pyarrow
import pyarrow.parquet
import yaml

from lib.files import checkpoints
from tests.hub_server import Hub, Repository
from tests.small_bert import make_roberta
from tests.workflow.conftest import ROOT, planned, run_snakemake
from workflow_scripts.commands.workload import stages
from workflow_scripts.configuration.benchmark import load

CONFIG = yaml.safe_load((ROOT / "configs/text_roberta.yaml").read_text())
TEXTS = {0: "so bad so dull", 1: "so good so fine", 2: "good dull", 3: "fine bad"}


def test_it_plans_without_data_or_a_network(tmp_path):
    os.symlink(ROOT / "configs", tmp_path / "configs")
    jobs = planned(tmp_path, CONFIG, HF_HUB_OFFLINE="1")
    assert {stage.name: stage.jobs for stage in stages(load(CONFIG))} == jobs
    assert jobs["finetune"] == 12 and jobs["head"] == 5


def test_its_path_runs_on_miniatures(tmp_path):
    config, model, data = miniature(tmp_path)
    with Hub(model.folder, model.name, model.commit, "models", data) as hub:
        offline = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "cache")}
        run = "results/text-roberta/RoBERTa-base"
        names = ("linear/single_task.csv", "linear-2/SST-2/tau.safetensors")
        files = [f"{run}/seed0/{name}" for name in names] + [f"{run}/pretrained/accuracy.csv"]
        done = run_snakemake(tmp_path, "--cores", "2", *files, config=config, **offline)
    assert done.returncode == 0, done.stdout[-6000:]
    before = pd.read_csv(tmp_path / run / "pretrained/accuracy.csv").set_index(["task", "split"])["accuracy"]
    after = pd.read_csv(tmp_path / run / "seed0/linear/single_task.csv").set_index(["task", "split"])["accuracy"]
    assert after["SST-2", "test"] == after["CR", "test"] == 1 > before["SST-2", "test"]
    tau = checkpoints.load(tmp_path / run / "seed0/linear-2/SST-2/tau.safetensors")
    assert "lm_head.dense.weight" in tau and not tau["lm_head.dense.weight"].any()
    manifest = json.loads((tmp_path / "results/text-roberta/data/SST-2/manifest.json").read_text())
    assert manifest["source"]["repo"] == "stanfordnlp/sst2" and manifest["tokens"]["full_length"] == 0


def miniature(folder):
    """The configuration with small counts and a small RoBERTa; its repositories, with rows as the hub names them."""
    words = " ".join([*TEXTS.values(), "It was This is article about news"])
    config = json.loads(json.dumps(CONFIG))
    config["tasks"] = [task for task in config["tasks"] if task["name"] in ("SST-2", "CR")]
    known = [*config["tasks"], config["control"]]
    for task in known:
        task["options"]["expected_counts"] = dict.fromkeys(task["options"]["files"], 32)
        task.update({"epochs": 10} if "epochs" in task else {})
    labels = " ".join(word for task in known for word in task["options"]["class_names"])
    weights = make_roberta(folder / "model", f"{words} {labels}")
    (model,) = config["models"]
    model["configuration"] = str(folder / "model/config.json")
    model["weights"]["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    config.update(texts={"length": 16, "prompts": "of_texts"}, split={"seed": 0, "fraction": 0.25, "maximum": 8})
    config["finetune"].update(
        batch_size=8, warmup=1, learning_rate=dict.fromkeys(("standard", "linear", "linear-2"), 0.01)
    )
    config["disentanglement"]["pairs"] = []
    for table in config["resources"].values():
        table.update(threads=1, mem_mb=1000, gpu=0)
    told = model["weights"]
    return (
        config,
        Repository(weights.parent, told["repository"], told["revision"], "models"),
        [*map(_data(folder), known)],
    )


def _data(folder):
    def repository(task):
        options = task["options"]
        home = folder / task["name"]
        for name in options["files"].values():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            labels = [row % len(options["class_names"]) for row in range(32)]
            columns = {options["text"]: [TEXTS[label] for label in labels], options["label"]: labels}
            if name.endswith(".parquet"):
                pyarrow.parquet.write_table(pyarrow.table(columns), home / name)
            else:
                rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
                (home / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return Repository(home, options["repository"], options["revision"])

    return repository
