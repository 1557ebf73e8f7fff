"""Measure images a second and peak memory of training and evaluation in each mode, on the device at hand.

python -m benchmarks.throughput --architectures ViT-B-32-quickgelu ViT-B-16-quickgelu
python -m benchmarks.throughput --architectures ViT-L-14-quickgelu --accumulate 2
python -m benchmarks.throughput --architectures ViT-demo-8 --folder demo/clip --batch 64 --precision float32 --steps 16

Random weights, random images, no network. The loops are the workflow's own (`lib.training.finetune`, a mode's
predictions). Each case runs in a process of its own, after a round that is not counted, and gives a row of
benchmarks/throughput.csv, which `make plan` reads. A GPU's rate is by the clock; its peak memory is what torch held of
it. A CPU's rate is that of one core, by the time that the process had on it, so that neighbours do not queue in it; its
peak memory is the process's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from lib import cost
from lib.files import atomic
from lib.training import modes
from workflow_scripts.job import heap

FILE = Path(__file__).with_name("throughput.csv")
KEY = ["architecture", "mode", "stage", "device", "precision"]
CLASSES = 100


@dataclass(frozen=True)
class Case:
    architecture: str
    folder: str | None
    mode: str
    stage: str
    batch: int
    accumulate: int
    steps: int
    precision: str
    note: str


def measure(case: Case) -> cost.Measurement:
    """Run one case in this process."""
    import torch

    from lib.editing.task_vector import TaskVector
    from lib.models import clip
    from lib.models.architectures import read_configuration
    from lib.precision import matmul_precision

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1 if device == "cpu" else torch.get_num_threads())
    heap.keep_freed_memory()
    model = clip.random_clip(case.architecture, seed=0, architectures=case.folder)
    theta_0 = {name: value.to(device) for name, value in clip.tower_parameters(model).items()}
    configuration = read_configuration(case.architecture, case.folder)
    encoder = modes.get(case.mode).image_encoder(configuration)
    head = torch.nn.functional.normalize(torch.randn(CLASSES, len(theta_0["proj"].T), device=device), dim=-1)
    tau = TaskVector({name: 1e-3 * torch.randn_like(value) for name, value in theta_0.items()})
    with matmul_precision(case.precision, device):
        seconds = {"train": _train, "evaluate": _evaluate}[case.stage](case, encoder, theta_0, tau, head)
    return cost.Measurement(
        architecture=case.architecture,
        mode=case.mode,
        stage=case.stage,
        images_per_second=float(f"{case.steps * case.batch / seconds:.4g}"),
        gigaflops_per_image=float(f"{_flops(case, cost.tower(configuration)) / 1e9:.6g}"),
        peak_memory_gb=float(f"{_peak_bytes(device) / 1e9:.3g}"),
        device=_device_name(device),
        precision=case.precision,
        source=f"throughput.py, batch {case.batch}, {case.steps} steps, torch {torch.__version__}{case.note}",
    )


def _train(case: Case, encoder, theta_0, tau, head) -> float:
    from lib.data.training_batches import TrainingData
    from lib.training.finetune import Keeper, Recipe, finetune
    from lib.training.objectives.interface import Context

    mode, clock, read = modes.get(case.mode), _clock(head.device.type), []
    data = TrainingData(_images(case, round(encoder.image_size * 8 / 7)), case.batch, encoder.image_size, seed=0)
    recipe = Recipe(2 * case.steps, 1e-5, 0.1, clip_norm=1.0, warmup=1, accumulate=case.accumulate)
    context = Context.of(encoder, theta_0, head, mode.settings, {})
    finetune(
        theta_0,
        mode.trained(theta_0),
        import_module(mode.objective_module).objective(context),
        data,
        recipe,
        keeper=Keeper(read_every=case.steps),
        on_progress=lambda row: read.append(clock()),
    )
    return read[1] - read[0]


def _evaluate(case: Case, encoder, theta_0, tau, head) -> float:
    import torch

    from lib.data.evaluation_batches import EvaluationBatches

    batches = EvaluationBatches(_images(case, encoder.image_size), case.batch, head.device)
    clock, mode, read = _clock(head.device.type), modes.get(case.mode), []
    for _ in range(2):
        read.append(clock())
        mode.predictions(encoder, theta_0, [tau], torch.tensor([[0.5]]), batches, head).cpu()
    return clock() - read[1]


def _images(case: Case, side: int):
    from lib.data.prepared import PreparedSplit

    n, generator = case.steps * case.batch, np.random.default_rng(0)
    pixels = generator.integers(0, 256, n * side * side * 3, dtype=np.uint8)
    sides = np.full(n, side)
    return PreparedSplit(
        pixels, np.arange(n) * side * side * 3, sides, sides, generator.integers(0, CLASSES, n), np.arange(n)
    )


def _clock(device: str):
    if device == "cpu":
        return time.process_time
    import torch

    return lambda: (torch.cuda.synchronize(), time.perf_counter())[1]


def _flops(case: Case, vit: cost.Tower) -> int:
    mode = modes.get(case.mode)
    if case.stage == "evaluate":
        return cost.evaluation_flops(vit, tangent=mode.tangent)
    return cost.training_flops(vit, tangent=mode.tangent, trained=mode.trained(vit.sizes))


def _peak_bytes(device: str) -> int:
    if device == "cpu":
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import torch

    return torch.cuda.max_memory_allocated()


def _device_name(device: str) -> str:
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"CPU {names[0] if names else 'of unknown model'}, 1 core"


def cases(arguments: argparse.Namespace) -> list[Case]:
    """Every (architecture, mode, stage); a mode that owns no checkpoint is not trained."""
    common = {key: getattr(arguments, key) for key in ("folder", "batch", "accumulate", "steps", "precision", "note")}
    return [
        Case(architecture=architecture, mode=mode, stage=stage, **common)
        for architecture in arguments.architectures
        for mode in arguments.modes
        for stage in ("train", "evaluate")
        if stage == "evaluate" or modes.get(mode).owns_checkpoints
    ]


def append(rows: list[cost.Measurement], file: Path) -> None:
    """Add rows to the file; a new measurement of the same case on the same device takes the old one's place."""
    frame = pd.DataFrame([asdict(row) for row in rows])
    if file.exists():
        frame = pd.concat([pd.read_csv(file), frame]).drop_duplicates(KEY, keep="last")
    with atomic.whole(file) as temporary:
        frame.to_csv(temporary, index=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architectures", nargs="+", required=True, help="names of open_clip's configurations")
    parser.add_argument("--folder", help="a folder of further configurations, such as demo/clip")
    parser.add_argument("--modes", nargs="+", default=list(modes.MODES), choices=list(modes.MODES))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--accumulate", type=int, default=1, help="micro-batches a step, as `accumulate` of a model")
    parser.add_argument("--steps", type=int, default=20, help="counted steps; as many go before them uncounted")
    parser.add_argument("--precision", default="tf32", choices=["float32", "tf32", "bf16"])
    parser.add_argument("--note", default="", help="what else to say in the column source, such as ', shared machine'")
    parser.add_argument("--output", type=Path, default=FILE)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    for case in cases(arguments):
        # a fresh process a case: peak memory is counted from scratch
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            row = pool.submit(measure, case).result()
        append([row], arguments.output)
        print(
            f"{row.architecture} {row.mode} {row.stage}: {row.images_per_second:,.4g} images/s, {row.peak_memory_gb} GB"
        )
