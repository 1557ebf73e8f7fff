"""Tasks of images made by code: balanced, and each row by itself."""

import numpy as np
import pytest

from lib.data.readers import synthetic
from lib.data.readers.errors import DataError
from lib.synthetic.world import KINDS


def pixels(split, rows):
    return np.stack([np.asarray(split.image(row)) for row in rows])


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_balanced_and_its_rows_do_not_depend_on_their_number(kind):
    few = synthetic.read(kind, train=60, test=30, seed=3)
    many = synthetic.read(kind, train=200, test=100, seed=3)
    counts = np.bincount(many.train.labels, minlength=len(many.class_names))
    assert counts.max() - counts.min() <= 1
    assert all(template.count("{}") == 1 for template in few.templates)
    rows = [0, 7, 29]
    images = pixels(few.test, rows)
    assert images.shape == (3, 32, 32, 3) and images.dtype == np.uint8 and images.std() > 5
    np.testing.assert_array_equal(images, pixels(many.test, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_splits_and_rows_differ(kind):
    task, other = (synthetic.read(kind, train=3, test=3, seed=seed) for seed in (0, 1))
    first = pixels(task.train, [0])
    for image in (pixels(task.test, [0]), pixels(other.train, [0]), pixels(task.train, [1])):
        assert (image != first).mean() > 0.3


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("cats", {}, r"'cats'.*aerial.*vehicles"),
        ([], {}, r"kind: got \[\]"),
        ("aerial", {"train": "9"}, "train: got '9', expected a whole number from 1"),
        ("aerial", {"test": 0}, "test: got 0"),
        ("aerial", {"seed": 1.5}, "seed: got 1.5"),
    ],
)
def test_other_options_are_refused(kind, options, text):
    with pytest.raises(DataError, match=text):
        synthetic.read(kind, **{"train": 1, "test": 1, "seed": 0, **options})
