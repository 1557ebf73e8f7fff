"""LiNeS: the sum of all task vectors, scaled more the deeper a block lies (Wang et al. 2025, LiNeS, Sec. 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector

_BLOCK = re.compile(r"(?:^|\.)(?:resblocks|encoder\.layer)\.(\d+)\.")  # of open_clip, of transformers


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """(a + beta l / (L - 1)) sum_t tau_t in block l = 0 ... L - 1, and a sum_t tau_t outside the blocks; a = 1 / T.

    Raises ValueError if no parameter belongs to a block.

    DEVIATES: its paper chooses beta on validation in place of alpha. Here alpha is chosen for every rule and multiplies
    both a and beta, so `beta` is a setting: the ratio of the last block's scale to the first's is 1 + beta T.
    """
    total, a = sum(taus.values()), 1 / len(taus)
    depth = depths(total)
    return TaskVector({name: (a + settings["beta"] * depth.get(name, 0.0)) * value for name, value in total.items()})


def depths(names: Iterable[str]) -> dict[str, float]:
    """Name -> l / (L - 1), from 0 in the first of L blocks to 1 in the last, of the parameters in blocks."""
    found = {name: int(match[1]) for name in names if (match := _BLOCK.search(name))}
    if not found:
        raise ValueError(
            "LiNeS scales by depth, but no parameter's name contains 'resblocks.N.' or 'encoder.layer.N.'; "
            "merge this model by another rule, or add its names for blocks to lib/editing/merging/lines.py"
        )
    last = max(found.values())
    return {name: block / max(last, 1) for name, block in found.items()}
