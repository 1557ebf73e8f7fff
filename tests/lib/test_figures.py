"""What a figure must show for its marks to be readable."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib import figures

TASKS = ["Cars", "DTD"]


@pytest.mark.parametrize("models", [["ViT-B-32"], ["ViT-B-32", "ViT-L-14"]])
def test_a_scatter_of_several_models_says_which_marker_is_which(models):
    keys = [(model, mode, task, "test", 0.7) for model in models for mode in ("standard", "linear") for task in TASKS]
    frame = pd.DataFrame(keys, columns=["model", "mode", "task", "split", "accuracy"])
    axes = figures.single_task_scatter(frame, "linear", tasks=TASKS).axes[0]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == (TASKS if len(models) == 1 else [*TASKS, *models])
    drawn = {line.get_marker() for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())}
    assert len(drawn) == len(models)
    plt.close("all")
