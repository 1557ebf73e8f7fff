"""The real digits: all rows, each in one split."""

import numpy as np
import pytest

from lib.data.readers import sklearn_digits
from lib.data.readers.errors import DataError


def pixels(split, rows):
    return np.stack([np.asarray(split.image(row)) for row in rows])


def test_real_digits_are_split_by_the_seed_without_overlap():
    task = sklearn_digits.read(test=500, seed=0)
    assert (len(task.train), len(task.test)) == (1297, 500)
    train, test = pixels(task.train, range(1297)), pixels(task.test, range(500))
    assert train.shape[1:] == (32, 32, 3) and train.min() == 0 and train.max() == 255
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in test}
    assert set(task.test.labels) == set(range(10))
    assert (sklearn_digits.read(test=500, seed=1).test.labels != task.test.labels).any()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"test": 1797, "seed": 0}, "test: got 1797, expected a whole number from 1 to 1796"),
        ({"test": "500", "seed": 0}, "test: got '500'"),
        ({"test": True, "seed": 0}, "test: got True"),
        ({"test": 500, "seed": -1}, "seed: got -1, expected a whole number from 0"),
        ({"test": 500, "seed": None}, "seed: got None"),
    ],
)
def test_other_options_are_refused(options, text):
    with pytest.raises(DataError, match=text):
        sklearn_digits.read(**options)
