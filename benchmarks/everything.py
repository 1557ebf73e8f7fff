"""Every benchmark in turn on the device at hand, for the papers' models: one command, no network.

python -m benchmarks.everything                 on two cores about an hour, most of it ViT-B/32
"""

from __future__ import annotations

import subprocess
import sys

import torch

LARGE = "ViT-L-14-quickgelu"
COMMANDS = [
    "tangent_step",
    "penalty_step",
    "sweeps",
    "data_path",
    "growth",
    "memory",
    "memory --check",
    "merging",
    "kernels",
    "workflow",
    "refusals",
]
ON_A_CPU = ["tangent_step --precision bf16", "tangent_step --default-heap"]
ON_A_GPU = [
    *(f"tangent_step --compile --precision {precision}" for precision in ("tf32", "bf16")),
    *(
        f"tangent_step --architecture {LARGE} --batch 32 --compile --precision {precision}"
        for precision in ("tf32", "bf16")
    ),
    "throughput --architectures ViT-B-32-quickgelu ViT-B-16-quickgelu --precision tf32",
    "throughput --architectures ViT-B-32-quickgelu ViT-B-16-quickgelu --precision bf16",
    f"throughput --architectures {LARGE} --accumulate 2 --precision tf32",
    f"throughput --architectures {LARGE} --accumulate 2 --precision bf16",
    "growth --architecture ViT-B-32-quickgelu --images 2048 --batch 256",
]


def main() -> int:
    """Run all; a benchmark that fails is named at the end and hides no other."""
    commands = COMMANDS + (ON_A_GPU if torch.cuda.is_available() else ON_A_CPU)
    failed = []
    for command in commands:
        print(f"\n# python -m benchmarks.{command}", flush=True)
        module, *options = command.split()
        if subprocess.run([sys.executable, "-m", f"benchmarks.{module}", *options]).returncode:
            failed.append(command)
    if failed:
        print("failed: " + "; ".join(failed), file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
