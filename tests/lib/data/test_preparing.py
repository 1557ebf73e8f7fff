"""Writing prepared splits: each image once, all or nothing."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from PIL import Image

from lib.data import preparing
from lib.data.evaluation_crop import evaluation_crop
from lib.data.raw_task import RawSplit
from lib.data.splits import fit_and_validation
from tests.lib.data.raw_images import same
from workflow_scripts.code import code, variants


def test_an_image_that_cannot_be_decoded_leaves_nothing_behind(tmp_path):
    def broken(row):
        raise OSError("b.png is truncated")

    with pytest.raises(OSError, match="b.png"):
        preparing.write(tmp_path, "fit", RawSplit(np.zeros(2, int), broken), np.arange(2), crop=same)
    assert list(tmp_path.iterdir()) == []


def test_each_image_is_decoded_once(tmp_path):
    """Fit, val and test together ask the source for every row once; whoever trains or evaluates asks it for none."""
    asked = Counter()

    def image(row):
        asked[row] += 1
        return Image.new("RGB", (9, 8))

    raw = RawSplit(np.arange(40) % 4, image)
    fit, val = fit_and_validation(40, seed=0, fraction=0.1, maximum=5000)
    preparing.write(tmp_path, "fit", raw, fit, crop=lambda image: image)
    preparing.write(tmp_path, "val", raw, val, crop=partial(evaluation_crop, size=8))
    assert asked == Counter(range(40))
    for rule, _, plugins, kind in variants():
        reached = code(rule, *plugins, kind=kind)
        if rule == "prepare":
            assert any(file.startswith("lib/data/readers/") for file in reached)
        elif rule in ("finetune", "zero_shot", "single_task", "addition", "negation", "disentanglement"):
            assert not [file for file in reached if "readers" in file], "only prepared pixels are read"
