"""What a penalty adds to a fine-tuning step: TAK, tau-Jp and OrthoReg over the step of the mode that they change.

    python -m benchmarks.penalty_step                                    ViT-B/32, batch 16 on a CPU, 128 on a GPU
    python -m benchmarks.penalty_step --architecture ViT-L-14-quickgelu --batch 64 --precision bf16

A step is the gradient of the loss in every trained parameter, and of the penalty, once; images of tau-Jp are in memory.
Goals: TAK at most 1.15, tau-Jp at most 1.25 of a tangent step. Floors, in matrix products of one forward pass of the
batch: tau-Jp adds images / batch of a tangent step (16 of 128: 0.125); TAK two products a layer, of its weight with
either factor, whatever the batch.
"""

from __future__ import annotations

import argparse

import torch
import torch.nn.functional as F

from benchmarks import measure
from lib.models.architectures import image_size, read_configuration
from lib.models.heads import logits
from lib.parameters import Differences, matching
from lib.precision import PRECISIONS, matmul_precision
from lib.training import modes
from lib.training.curvature import Curvature, Layer
from lib.training.objectives import orthoreg, tau_jp
from workflow_scripts.job import heap

STEPS = {  # what is measured -> the mode, whose penalty
    "standard": ("standard", None),
    "standard + OrthoReg": ("standard", "orthoreg"),
    "tangent": ("linear-tak", None),
    "tangent + TAK": ("linear-tak", "tak"),
    "tangent + tau-Jp": ("linear-tak", "tau_jp"),
}
BASE = {name: "standard" if mode == "standard" else "tangent" for name, (mode, _) in STEPS.items()}


def step(name: str, architecture: str, batch: int, images: int, precision: str):
    """A call that computes the gradients of one step. images: of another task, for tau-Jp."""
    mode, penalty = STEPS[name]
    device, known = measure.device(), modes.get(mode)
    configuration = read_configuration(architecture)
    theta_0, side = measure.random_theta(configuration), image_size(configuration)
    generator = torch.Generator().manual_seed(0)
    x, y, head = measure.random_batch(theta_0, side, batch, generator)
    other = torch.randint(0, 256, (images, side, side, 3), dtype=torch.uint8, generator=generator).to(device)
    trained = set(known.trained(theta_0))
    noise = {n: 1e-4 * torch.randn(v.shape, generator=generator).to(device) for n, v in theta_0.items()}
    theta = {n: (v + noise[n]).requires_grad_() if n in trained else v for n, v in theta_0.items()}
    leaves = [value for value in theta.values() if value.requires_grad]
    encoder = known.image_encoder(configuration)
    model, added = encoder.model_at(theta_0), _penalty(penalty, encoder, theta_0, other)

    def call():
        with matmul_precision(precision, device):
            for leaf in leaves:
                leaf.grad = None
            F.cross_entropy(logits(model(theta, x), head), y).backward()
            if added is not None:
                added(Differences(theta, theta_0)).backward()
            return [leaf.grad for leaf in leaves]

    return call


def _penalty(name: str | None, encoder, theta_0, images):
    """The penalties of lib/training/objectives, on random factors and images in the place of files."""
    if name == "tak":
        return _curvature(theta_0).quadratic
    if name == "orthoreg":
        layers = orthoreg.linear_layers(theta_0, ["*weight"])
        return lambda tau: sum(orthoreg.distance_from_orthonormal(tau[layer]) for layer in layers)
    if name == "tau_jp":
        tangent = encoder.tangent_at(theta_0)
        return lambda tau: tau_jp.mean_length(tangent(tau, images))
    return None


def _curvature(theta_0) -> Curvature:
    """Identities of the shapes that `lib.kernels.kfac` gives a plain ViT."""
    layers, blocks = {}, {}
    for name in matching(theta_0, modes.OF_CURVATURE):
        value, bias = theta_0[name], name.removesuffix("weight") + "bias"
        if value.ndim == 2:
            has_bias, transposed = name.endswith("weight") and bias in theta_0, name == "proj"
            rows, columns = reversed(value.shape) if transposed else value.shape
            sides = (torch.eye(side, device=value.device) for side in (columns + has_bias, rows))
            layers[name] = Layer(*sides, tokens=1, bias=bias if has_bias else None, transposed=transposed)
        elif "ln_" in name or name == "class_embedding":
            blocks[name] = torch.eye(len(value), device=value.device)
    return Curvature(layers, blocks, 1)


def main() -> None:
    """Time all steps in turn, and measure their memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--batch", type=int, default=128 if torch.cuda.is_available() else 16)
    parser.add_argument("--images", type=int, help="of another task, for tau-Jp; an eighth of the batch if left out")
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    heap.keep_freed_memory()
    images = chosen.images or max(chosen.batch // 8, 1)
    arguments = (chosen.architecture, chosen.batch, images, chosen.precision)
    # memory first, in processes of their own: afterwards this one keeps what it has freed
    peaks = {name: measure.peak_gigabytes(step, name, *arguments) for name in STEPS}
    times = measure.medians({name: step(name, *arguments) for name in STEPS}, rounds=chosen.rounds)
    rows = [
        {
            "step": name,
            "ms": round(1000 * times[name], 1),
            "over the step without penalty": round(times[name] / times[BASE[name]], 2),
            "peak GB": round(peaks[name], 3),
        }
        for name in STEPS
    ]
    case = f"{chosen.architecture}, batch {chosen.batch}, {images} images of another task, {chosen.precision}"
    measure.report("penalty_step", rows, case, variant=f"{chosen.architecture}_{chosen.precision}")


if __name__ == "__main__":
    main()
