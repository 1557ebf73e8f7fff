"""95 % intervals of normalized accuracy over the subsets of each size, by the bootstrap over test images.

Which images a resample holds depends on the task alone, so that subsets, modes and seeds are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.editing.subsets import Subset
from lib.reporting.bootstrap import Bootstrap, ratio
from lib.reporting.subsets import ALL, OWN


def resampled(
    correct: Mapping[str, np.ndarray],
    own_models: Mapping[str, np.ndarray],
    subsets: Sequence[Subset],
    bootstrap: Bootstrap,
) -> dict[str, np.ndarray]:
    """Float64[s, b] for own and all: mean normalized accuracy of each subset over its own or all tasks, resampled.

    correct: task -> Bool[s, n], whether each subset's model is right about each test image; own_models: task ->
    Bool[n], the same of the task's own model.
    """
    shape = (len(subsets), bootstrap.resamples)
    own, everywhere = np.zeros(shape), np.zeros(shape)
    for task, right in correct.items():
        means = bootstrap.means(np.vstack([own_models[task], right]), task)
        ratios = ratio(means[1:], means[:1])
        everywhere += ratios / len(correct)
        for row, subset in enumerate(subsets):
            if task in subset:
                own[row] += ratios[row] / len(subset)
    return {OWN: own, ALL: everywhere}


def by_size(samples: Mapping[str, np.ndarray], subsets: Sequence[Subset], bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows (size, own_low, own_high, all_low, all_high): of the mean over the subsets of each size.

    samples: what `resampled` gives.
    """
    sizes = np.array([len(subset) for subset in subsets])
    found: dict[str, list] = {"size": list(dict.fromkeys(sizes.tolist()))}
    for name, values in samples.items():
        means = np.stack([values[sizes == size].mean(0) for size in found["size"]])
        found[f"{name}_low"], found[f"{name}_high"] = (ends.tolist() for ends in bootstrap.interval(means))
    return pd.DataFrame(found)
