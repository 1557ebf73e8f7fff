"""How many points fit, and that a kernel holds no more than it was given."""

from itertools import accumulate

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from lib.kernels.memory import Layout, block_bytes, layout_of
from lib.kernels.ntk import ntk
from lib.kernels.tape import Copies
from tests.lib.kernels.functions import of_module

MIB = 2**20


def peak_mib(call):
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as profiler:
        call()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))) / MIB


@pytest.mark.parametrize("memory_mib", [6, 20])
def test_a_kernel_holds_no_more_than_stated(memory_mib):
    """Explicit Jacobians of the 200 points would take 80 MB."""
    layers = [layer for _ in range(3) for layer in (nn.Linear(128, 128), nn.GELU())]
    one = of_module(nn.Sequential(*layers, nn.Linear(128, 1)), torch.randn(200, 24, 128, dtype=torch.float64))

    def f(theta, x):
        return one.f(theta, x).mean((1, 2))[:, None]

    _, layout = layout_of(Copies(f, one.theta, list(one.theta)), (one.x,))
    points = layout.points(memory_mib, blocks=1)
    x = one.x[: 2 * points]
    peak = peak_mib(lambda: ntk(f, one.theta, x, memory_mib=memory_mib))
    assert memory_mib / 3 < peak < memory_mib


def test_the_layout_counts_the_tape_and_finds_tables():
    theta = {"table": torch.ones(50, 4), "w": torch.ones(3, 4)}

    def f(theta, tokens):
        return nn.functional.embedding(tokens, theta["table"]).mean(1) @ theta["w"].mT

    copies, layout = layout_of(Copies(f, theta, list(theta)), (torch.zeros(5, 7, dtype=torch.long),))
    assert copies.tables == ["table"] and layout.outputs == 3 and 0 < layout.tape < 1000


def test_points_are_what_is_left_beside_the_blocks():
    layout = Layout(outputs=1, tape=0.75 * MIB, transient=0.25 * MIB)
    assert block_bytes(160) == 10 * MIB and block_bytes(10_000) == 64 * MIB
    assert layout.points(160, blocks=1) == 150 and layout.points(160, blocks=3) == 130
    with pytest.raises(ValueError, match=r"memory_mib 2 holds 1 points' .* give 3 or more"):
        layout.points(2, blocks=1)
    assert layout.points(3, blocks=1) == 2
