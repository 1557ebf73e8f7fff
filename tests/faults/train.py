"""A child process for the tests: fine-tune the tiny model in the folder argv[1] in the mode argv[2], through main()."""

import sys
from pathlib import Path

import torch

from workflow_scripts import adapter, finetune

EPOCHS = 150
RECIPE = {
    "batch_size": 16,
    "learning_rate": 1e-3,
    "weight_decay": 0.1,
    "clip_norm": 1.0,
    "warmup": 10,
    "betas": [0.9, 0.999],
    "epsilon": 1e-8,
    "precision": "float32",
    "log_every": 4,
}


def main(folder: Path, mode: str) -> None:
    torch.set_num_threads(1)
    adapter._log_to(folder / "job.log")
    print("training", flush=True)
    finetune.main(
        folder / "theta_0.safetensors",
        folder / "head.safetensors",
        folder / "data",
        folder / "out/theta.safetensors",
        folder / "out/training_log.csv",
        folder / "scratch/state.safetensors",
        mode=mode,
        architecture="tiny",
        architectures=str(folder),
        image_size=16,
        seed=0,
        epochs=EPOCHS,
        accumulate=1,
        recipe=RECIPE,
        save_every_seconds=0.0,
        device="cpu",
        fingerprint=f"tiny {mode}",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
