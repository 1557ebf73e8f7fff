"""A child process for the tests: fine-tune the tiny model of a folder in a mode, through main().

python -m tests.faults.train INPUTS MODE [OUTPUTS] [processes=2] [accumulate=2] [epochs=3] [learning_rate=1e-3]
"""

import sys
from pathlib import Path

from lib.models.architectures import image_part, read_configuration
from workflow_scripts.configuration import resolution
from workflow_scripts.job import adapter, processes
from workflow_scripts.training import finetune

SETTINGS = {"processes": 1, "accumulate": 1, "epochs": 150}
RECIPE = {
    "batch_size": 16,
    "learning_rate": 1e-3,
    "weight_decay": 0.1,
    "clip_norm": 1.0,
    "warmup": 10,
    "betas": [0.9, 0.999],
    "epsilon": 1e-8,
    "precision": "float32",
}
READ_EVERY = 4


def main(folder: Path, mode: str, outputs: Path, settings: dict[str, float]) -> None:
    adapter.log_to(outputs / "job.log")
    print("training", flush=True)
    arguments = {
        "theta_0": folder / "theta_0.safetensors",
        "head": folder / "head.safetensors",
        "data": folder / "data",
        "theta": outputs / "out/theta.safetensors",
        "training_log": outputs / "out/training_log.csv",
        "state": outputs / "scratch/state.safetensors",
        "identity": {"model": "tiny", "seed": 0, "mode": mode, "task": "data"},
        "architecture": image_part(read_configuration("tiny", folder)),
        "training": resolution.training(mode),
        "others": {},
        "image_size": 16,
        "epochs": int(settings["epochs"]),
        "accumulate": int(settings["accumulate"]),
        "recipe": {key: settings.get(key, value) for key, value in RECIPE.items()},
        "threads": 1,
        "activation_checkpointing": False,
        "read_every": READ_EVERY,
        "save_every_seconds": 0.0,
        "device": "cpu",
        "fingerprint": f"tiny {mode}",
    }
    if settings["processes"] == 1:
        finetune.main(**arguments)
    else:
        share = {"log": outputs / "job.log"}
        processes.launch("workflow_scripts.training.finetune_process", arguments | share, int(settings["processes"]))


if __name__ == "__main__":
    folder, mode, *rest = sys.argv[1:]
    outputs = rest.pop(0) if rest and "=" not in rest[0] else folder
    given = {name: float(value) for name, _, value in (word.partition("=") for word in rest)}
    main(Path(folder), mode, Path(outputs), SETTINGS | given)
