"""Fine-tuning from random weights: does task arithmetic need pre-training? (Ortiz-Jimenez et al. 2023, Table 3)"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lib.reporting.labels import KEYS, PRETRAINED, RANDOM
from lib.reporting.tables import single_task_means


def random_init(per_task: pd.DataFrame, single_task: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Rows (model, seed, mode, alpha, single, multi): means over tasks on test; `random` is before fine-tuning.

    single: of theta_0 + tau_t on task t. multi: of theta_0 + alpha sum_t tau_t, at the alpha chosen on validation; none
    before fine-tuning. per_task: (model, seed, mode, alpha, task, accuracy); single_task: (model, seed, mode, task,
    split, accuracy).
    """
    multi = per_task.groupby(KEYS, sort=False, dropna=False).agg(alpha=("alpha", "first"), multi=("accuracy", "mean"))
    single = single_task_means(single_task, tasks, "single")
    frame = single.merge(multi.reset_index(), on=KEYS, how="left")
    frame["mode"] = frame["mode"].replace(PRETRAINED, RANDOM)
    return frame[[*KEYS, "alpha", "single", "multi"]]
