"""GPU memory of a fine-tuning step, before there is a GPU: the workflow's own step on tensors without data.

    python -m benchmarks.memory              the papers' models, 128 images a step (ViT-L/14: 64 x 2)
    python -m benchmarks.memory --check      some cases against what a real step takes of this machine

torch's FakeTensorMode carries shapes through the step, MemTracker adds up what is alive: theta_0, theta, both moments
of AdamW, gradients, images and activations. A GPU's context, cuBLAS' workspace and gaps between blocks come on top.

Floor: 4 bytes x parameters x 5 (theta_0, theta, gradient, two moments), and in `linear` 6 (tau).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import measure
from lib.models.architectures import read_configuration
from lib.models.encoders.torch_module import empty_tower
from lib.models.heads import logits
from lib.precision import PRECISIONS, matmul_precision
from lib.training import modes

MICRO_BATCH = {"ViT-B-32-quickgelu": 128, "ViT-B-16-quickgelu": 128, "ViT-L-14-quickgelu": 64}
LOSS = "cross_entropy"  # the objective of a step here; its negative takes as much
GB = 1e9


class Step:
    """Everything that a step needs, and the step: gradients of one micro-batch, then AdamW."""

    def __init__(self, architecture: str, mode: str, batch: int, precision: str, recompute: bool):
        configuration, chosen = read_configuration(architecture), modes.get(mode)
        encoder = chosen.image_encoder(configuration, recompute=recompute)
        side, tower = encoder.image_size, empty_tower(configuration)
        self.theta_0 = {name: 0.02 * torch.randn(value.shape) for name, value in tower.named_parameters()}
        trained = set(chosen.trained(self.theta_0))
        self.theta = {name: v.clone().requires_grad_(name in trained) for name, v in self.theta_0.items()}
        self.x, self.y = torch.zeros(batch, side, side, 3, dtype=torch.uint8), torch.zeros(batch, dtype=torch.long)
        self.head = torch.randn(measure.CLASSES, self.theta_0["proj"].shape[1])
        self.optimizer = torch.optim.AdamW([v for v in self.theta.values() if v.requires_grad], lr=1e-5, fused=True)
        self.model, self.precision = encoder.model_at(self.theta_0), precision

    def __call__(self) -> None:
        with matmul_precision(self.precision, "cpu"):
            F.cross_entropy(logits(self.model(self.theta, self.x), self.head), self.y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def tensors(self) -> list[Tensor]:
        """What is alive between two steps, but for the optimizer's."""
        return [*self.theta_0.values(), *self.theta.values(), self.x, self.y, self.head]


def counted(*case) -> float:
    """Bytes alive at the peak of a step; case: the arguments of Step."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.distributed._tools.mem_tracker import MemTracker

    with FakeTensorMode():
        step = Step(*case)
        step()  # now the moments exist
        tracker = MemTracker()
        tracker.track_external(step.optimizer, *step.tensors())
        with tracker:
            step()
        return sum(kinds["Total"] for kinds in tracker.get_tracker_snapshot("peak").values())


def taken(*case) -> float:
    """Bytes that this process grows by for the same step, in real."""
    torch.set_num_threads(2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = Step(*case)
    step()
    step()
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def main() -> None:
    """The table, or the check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architectures", nargs="+", default=list(MICRO_BATCH))
    parser.add_argument("--precisions", nargs="+", default=["float32", "bf16"], choices=PRECISIONS)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if chosen.check:
        measure.report("memory", _checks(), "ViT-B/32, 32 images, float32", variant="check")
        return
    by_descent = [name for name, mode in modes.MODES.items() if mode.owns_checkpoints and mode.objective == LOSS]
    rows = []
    for architecture, mode, precision in product(chosen.architectures, by_descent, chosen.precisions):
        batch = MICRO_BATCH.get(architecture, 128)
        kept, recomputed = (counted(architecture, mode, batch, precision, again) / GB for again in (False, True))
        row = {"architecture": architecture, "mode": mode, "micro-batch": batch, "precision": precision}
        rows.append(row | {"GB": round(kept, 1), "GB, activation checkpointing": round(recomputed, 1)})
    measure.report("memory", rows, "counted on tensors without data; tf32 takes what float32 takes")


def _checks() -> list[dict[str, object]]:
    rows = []
    for mode, again in product(("standard", "linear"), (False, True)):
        case = ("ViT-B-32-quickgelu", mode, 32, "float32", again)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            real = pool.submit(taken, *case).result()
        row = {"mode": mode, "activation checkpointing": again, "counted GB": round(counted(*case) / GB, 2)}
        rows.append(row | {"taken GB": round(real / GB, 2)})
    return rows


if __name__ == "__main__":
    main()
