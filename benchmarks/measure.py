"""What the benchmarks share: medians of interleaved runs, peak memory of a process, tables on the screen and in csv."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from pathlib import Path

import pandas as pd
import torch
from torch.profiler import ProfilerActivity, profile

from lib.editing.task_vector import TaskVector
from lib.models.encoders.torch_module import empty_tower
from lib.precision import matmul_precision

torch.set_flush_denormal(True)  # with random parameters these come up, and would slow one side of a ratio
RESULTS = Path(__file__).with_name("results")
CLASSES = 100


def device() -> str:
    """ "cuda" if there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """The GPU's name, or the processor's with its number of threads in use."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "processor")
    return f"{model}, {torch.get_num_threads()} threads"


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call, with the device idle before and after."""
    _wait()
    begun = time.perf_counter()
    call()
    _wait()
    return time.perf_counter() - begun


def medians(calls: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median seconds of each call over `rounds`, one of each in turn, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for counted in [False] + [True] * rounds:
        for name, call in calls.items():
            elapsed = seconds(call)
            if counted:
                times[name].append(elapsed)
    return {name: statistics.median(values) for name, values in times.items()}


def random_theta(configuration: Mapping, *, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random parameters of a model configuration's image tower on the device; no text tower is built.

    Norms keep their scale, as without it numbers vanish on their way through many layers.
    """
    generator = torch.Generator().manual_seed(seed)
    shapes = {name: value.shape for name, value in empty_tower(configuration).named_parameters()}
    theta = {name: 0.02 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    norms = {name for name in theta if "ln_" in name and name.endswith("weight")}
    return {name: (value + (name in norms)).to(device()) for name, value in theta.items()}


def random_batch(theta_0: dict[str, torch.Tensor], side: int, batch: int, generator: torch.Generator):
    """Images UInt8[batch, side, side, 3], labels Int64[batch] and a head Float[CLASSES, d], on the device."""
    x = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8, generator=generator)
    y = torch.randint(0, CLASSES, (batch,), generator=generator)
    head = torch.randn(CLASSES, theta_0["proj"].shape[1], generator=generator)
    return x.to(device()), y.to(device()), head.to(device())


def random_tau(theta_0: dict[str, torch.Tensor], *, seed: int) -> TaskVector:
    """A random task vector, a twentieth of the parameters' usual size."""
    generator = torch.Generator().manual_seed(seed)
    return TaskVector({n: (1e-3 * torch.randn(v.shape, generator=generator)).to(v) for n, v in theta_0.items()})


def product_rate(precision: str, rounds: int = 5) -> float:
    """FLOPs a second of a product of square matrices in that precision: 8192 on a GPU, 2048 on a CPU."""
    n = 8192 if torch.cuda.is_available() else 2048
    a, b = (torch.randn(n, n, device=device()) for _ in range(2))
    if precision == "bf16":
        a, b = a.bfloat16(), b.bfloat16()
    with matmul_precision(precision, device()):
        return 2 * n**3 / medians({"": lambda: a @ b}, rounds=rounds)[""]


def peak_gigabytes(make: Callable[..., Callable[[], object]], *arguments) -> float:
    """Memory that torch allocates for make(*arguments)() beyond what make itself holds, in a process of its own."""
    return peak_and_seconds(make, *arguments)[0]


def peak_and_seconds(make: Callable[..., Callable[[], object]], *arguments) -> tuple[float, float]:
    """The same in GB, and the time of that one call: for calls of minutes, which what counts memory does not slow."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak, make, arguments).result()


def _peak(make: Callable[..., Callable[[], object]], arguments: tuple) -> tuple[float, float]:
    call = make(*arguments)
    if torch.cuda.is_available():
        held = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        time = seconds(call)
        return (torch.cuda.max_memory_allocated() - held) / 1e9, time
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as profiler:
        time = seconds(call)
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))
    return max(held) / 1e9, time


def report(name: str, rows: list[dict[str, object]], note: str = "", *, variant: str = "") -> None:
    """Print rows as a table and write them to a csv below benchmarks/results, with device, versions and command.

    name: of the script. variant: what tells its results of other arguments apart.
    """
    frame = pd.DataFrame(rows)
    print(f"{device_name()}, torch {torch.__version__}\n{frame.to_markdown(index=False)}\n{note}")
    frame = frame.assign(
        device=device_name(),
        torch=torch.__version__,
        command="python -m " + " ".join([f"benchmarks.{name}", *sys.argv[1:]]),
    )
    RESULTS.mkdir(exist_ok=True)
    words = [name, variant, device()]
    frame.to_csv(RESULTS / f"{'_'.join(word for word in words if word)}.csv", index=False)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
