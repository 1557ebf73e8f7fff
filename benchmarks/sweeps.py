"""Alpha sweeps and heatmaps against one evaluation pass of the same model (how they grow: benchmarks.growth).

    python -m benchmarks.sweeps                                   ViT-B/32, 32 images on a CPU, 2048 on a GPU

Floor: features of a tangent model are affine in the coefficients, so a sweep over one vector is one evaluation pass
(1.0), and a heatmap over two vectors is (1 + 2 + 2) / (1 + 2) = 1.67 passes, whatever the size of the grid. A
non-linear model needs a forward pass for each grid point: the floor is K passes, and what lies beyond is ours.
"""

from __future__ import annotations

import argparse
import time

import torch

from benchmarks import measure
from lib.editing.disentanglement import coefficient_rows
from lib.models.architectures import image_size, read_configuration
from lib.training import modes
from workflow_scripts.job import heap


class Setting:
    """A model with random weights, two random task vectors, and images on the device."""

    def __init__(self, architecture: str, images: int, batch: int):
        self.device = measure.device()
        configuration = read_configuration(architecture)
        self.encoders = {mode: modes.get(mode).image_encoder(configuration) for mode in ("linear", "standard")}
        self.theta_0 = measure.random_theta(configuration)
        self.taus = [measure.random_tau(self.theta_0, seed=task) for task in range(2)]
        side = image_size(configuration)
        self.batches = list(torch.randint(0, 256, (images, side, side, 3), dtype=torch.uint8).split(batch))
        self.head = torch.randn(measure.CLASSES, self.theta_0["proj"].shape[1], device=self.device)

    def run(self, mode: str, coefficients: torch.Tensor, images: int | None = None):
        """Predictions of the edited models; coefficients Float[k, m] use the first m vectors."""
        batches = [batch.to(self.device) for batch in self.batches[:images]]
        taus = self.taus[: coefficients.shape[1]]
        encoder = self.encoders[mode]
        return modes.get(mode).predictions(encoder, self.theta_0, taus, coefficients, batches, self.head)


def tangent_rows(setting: Setting, rounds: int) -> list[dict[str, object]]:
    """Sweep and heatmap of the tangent model over one evaluation pass of it."""
    work = {
        "one evaluation pass": torch.ones(1, 1),
        "alpha sweep, 21 points": torch.linspace(0, 1, 21)[:, None],
        "heatmap, 20 x 20": coefficient_rows(torch.linspace(-3, 3, 20).tolist(), 0),
    }
    calls = {name: lambda c=c: setting.run("linear", c) for name, c in work.items()}
    times = measure.medians(calls, rounds=rounds)
    base = times["one evaluation pass"]
    return [
        {
            "mode": "linear",
            "work": name,
            "models": len(work[name]),
            "s": round(t, 3),
            "over one pass": round(t / base, 2),
        }
        for name, t in times.items()
    ]


def nonlinear_rows(setting: Setting, rounds: int) -> list[dict[str, object]]:
    """Share of a non-linear sweep's and heatmap's time that is not spent in the model's forward passes."""
    encoder, inside = setting.encoders["standard"], [0.0]

    class Timed:
        def encode(self, theta, x):
            begun = time.perf_counter()
            features = encoder.encode(theta, x)
            if setting.device == "cuda":
                torch.cuda.synchronize()
            inside[0] += time.perf_counter() - begun
            return features

    rows, setting.encoders["standard"] = [], Timed()
    works = {
        "alpha sweep, 21 points": torch.linspace(0, 1, 21)[:, None],
        "heatmap, 5 x 5": coefficient_rows([-3, -1, 0, 1, 3], 0),
    }
    for name, coefficients in works.items():
        shares = []
        for _ in range(rounds):
            inside[0] = 0.0
            total = measure.seconds(lambda c=coefficients: setting.run("standard", c))
            shares.append((1 - inside[0] / total, total))
        share, total = sorted(shares)[len(shares) // 2]
        rows.append(
            {
                "mode": "standard",
                "work": name,
                "models": len(coefficients),
                "s": round(total, 3),
                "outside forward": f"{share:.1%}",
            }
        )
    setting.encoders["standard"] = encoder
    return rows


def main() -> None:
    """Run both kinds and report."""
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--images", type=int, default=2048 if gpu else 32)
    parser.add_argument("--batch", type=int, default=256 if gpu else 32)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    heap.keep_freed_memory()
    setting = Setting(chosen.architecture, chosen.images, chosen.batch)
    rows = tangent_rows(setting, chosen.rounds) + nonlinear_rows(setting, max(1, chosen.rounds if gpu else 1))
    measure.report("sweeps", rows, f"{chosen.architecture}, {chosen.images} images, float32")


if __name__ == "__main__":
    main()
