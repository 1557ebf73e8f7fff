"""One gradient of each kind, side by side: standard, tangent as we do it, tangent as the released code does it.

    python -m benchmarks.tangent_step                                    ViT-B/32, batch 16 on a CPU, 128 on a GPU
    python -m benchmarks.tangent_step --architecture ViT-L-14-quickgelu --batch 32 --precision bf16 --compile
    python -m benchmarks.tangent_step --default-heap                     on a CPU: without `workflow_scripts.job.heap`

Floor, in matrix products of a forward pass: standard 3 (forward, and twice that backward), tangent 5 (primal 1,
tangents 2, backward 2), so 1.67 x. Two separate passes (value and tangent by forward mode, gradient by another forward
and backward) need 6. Reverse over forward needs 5 too, as theta_0 takes no gradient; it keeps a tape of the tangents
and has no fused attention. The share of peak is against a large matrix product in the same precision, timed in the same
run: what the device gives, rather than what its data sheet says.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import partial
from unittest import mock

import torch
import torch.nn.functional as F

from benchmarks import measure
from lib import cost
from lib.models import linearize, tangent_vit, vit
from lib.models.architectures import image_size, read_configuration
from lib.models.encoders.torch_module import TorchModule
from lib.models.heads import logits
from lib.precision import PRECISIONS, matmul_precision
from lib.training import modes
from workflow_scripts.job import heap

COMPILED = ", compiled"
KINDS = ["standard, open_clip's forward", "standard", "tangent", "tangent, two passes", "tangent, reverse over forward"]


def gradient(kind: str, architecture: str, batch: int, precision: str):
    """A call that computes the gradient of the loss in every parameter once; returns theta's or tau's gradients."""
    device = measure.device()
    configuration = read_configuration(architecture)
    theta_0, side = measure.random_theta(configuration), image_size(configuration)
    generator = torch.Generator().manual_seed(0)
    x, y, head = measure.random_batch(theta_0, side, batch, generator)
    noise = {n: 1e-4 * torch.randn(v.shape, generator=generator).to(device) for n, v in theta_0.items()}
    leaves = {name: (theta_0[name] + noise[name]).requires_grad_() for name in theta_0}
    compiled = partial(torch.compile, dynamic=False) if kind.endswith(COMPILED) else lambda block: block
    blocks = {module: compiled(module._block) for module in (vit, tangent_vit)}
    function = _functions(configuration, theta_0)[kind.removesuffix(COMPILED)]

    def call():
        with ExitStack() as stack:
            stack.enter_context(matmul_precision(precision, device))
            for module, block in blocks.items():
                stack.enter_context(mock.patch.object(module, "_block", block))
            loss = F.cross_entropy(logits(function(leaves, x), head), y)
            return torch.autograd.grad(loss, list(leaves.values()))

    return call


def _functions(configuration, theta_0):
    tower = TorchModule.of(configuration)

    def forward(theta, x):
        return tower.value(theta, tower.normalised(x))

    def differences(theta):
        return {name: theta[name] - theta_0[name] for name in theta_0}

    def reverse_over_forward(theta, x):
        x = tower.normalised(x)
        with linearize.differentiable_attention():
            value, tangent = torch.func.jvp(lambda p: tower.value(p, x), (dict(theta_0),), (differences(theta),))
        return value + tangent

    two_passes = linearize.linearize(forward, theta_0)
    functions = [
        forward,
        *(modes.get(mode).image_encoder(configuration).model_at(theta_0) for mode in ("standard", "linear")),
        lambda theta, x: two_passes(differences(theta), x),
        reverse_over_forward,
    ]
    return dict(zip(KINDS, functions, strict=True))


def main() -> None:
    """Time all kinds in turn, measure their memory, compare their gradients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--batch", type=int, default=128 if torch.cuda.is_available() else 16)
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="also with each block compiled by torch.compile")
    parser.add_argument("--default-heap", action="store_true", help="leave the C library's heap as it is")
    chosen = parser.parse_args()
    if not chosen.default_heap:
        heap.keep_freed_memory()
    arguments = (chosen.architecture, chosen.batch, chosen.precision)
    kinds = KINDS + ([kind + COMPILED for kind in KINDS[1:3]] if chosen.compile else [])
    calls = {kind: gradient(kind, *arguments) for kind in kinds}
    times = measure.medians(calls, rounds=chosen.rounds)
    reference, peak = calls[KINDS[-1]](), measure.product_rate(chosen.precision)
    flops = chosen.batch * _standard_flops(chosen.architecture)
    rows = [
        {
            "step": kind,
            "ms": round(1000 * times[kind], 1),
            "over standard (open_clip)": round(times[kind] / times[KINDS[0]], 2),
            "over standard (ours)": round(times[kind] / times[KINDS[1]], 2),
            "over reverse over forward": round(times[kind] / times[KINDS[-1]], 2),
            "of a product's rate": f"{flops / times[kind] / peak:.0%}" if kind == KINDS[1] else "-",
            "peak GB": round(measure.peak_gigabytes(gradient, kind, *arguments), 3),
            "gradient's relative difference": f"{_difference(calls[kind](), reference):.1e}"
            if "tangent" in kind
            else "-",
        }
        for kind in kinds
    ]
    case = f"{chosen.architecture}, batch {chosen.batch}, {chosen.precision}"
    note = f"{case}; a large matrix product: {peak / 1e12:.3g} TFLOP/s"
    variant = f"{chosen.architecture}_{chosen.precision}{'_default_heap' if chosen.default_heap else ''}"
    measure.report("tangent_step", rows, note, variant=variant)


def _standard_flops(architecture: str) -> int:
    tower = cost.tower(read_configuration(architecture))
    return cost.training_flops(tower, tangent=False, trained=tower.sizes)


def _difference(found, reference) -> float:
    squares = sum(float((a.double() - b.double()).square().sum()) for a, b in zip(found, reference, strict=True))
    return (squares / sum(float(b.double().square().sum()) for b in reference)) ** 0.5


if __name__ == "__main__":
    main()
