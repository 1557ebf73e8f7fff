"""Points are random rows of a seed, cropped as evaluation crops; those of two classes are of both."""

import numpy as np
import pytest
from PIL import Image

from lib.data.evaluation_crop import evaluation_crop
from lib.data.points import centred, drawn_rows, rows_of_classes
from lib.data.prepared import PreparedSplit


def test_rows_are_a_function_of_the_seed_and_fewer_are_among_more():
    many = drawn_rows(100, 40, seed=3)
    assert len(set(many.tolist())) == 40 and (np.diff(many) > 0).all() and many.max() < 100
    assert set(drawn_rows(100, 10, seed=3)) <= set(many) and not np.array_equal(many, drawn_rows(100, 40, seed=4))
    assert drawn_rows(5, 40, seed=3).tolist() == [0, 1, 2, 3, 4]


def test_rows_of_classes_are_of_both_and_refused_if_too_few():
    labels = np.arange(60) % 3
    rows = rows_of_classes(labels, (2, 0), 20, seed=0)
    assert set(labels[rows]) == {0, 2} and len(rows) == 20 and (np.diff(rows) > 0).all()
    with pytest.raises(ValueError, match="classes 2 and 0 have 40 images, expected 41 of both"):
        rows_of_classes(labels, (2, 0), 41, seed=0)
    with pytest.raises(ValueError, match="classes 1 and 9 have 20 images"):
        rows_of_classes(labels, (1, 9), 5, seed=0)


def test_images_of_any_size_are_cropped_as_evaluation_crops():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((8, 8), (20, 11), (9, 30))]
    sizes = np.array([image.size for image in images])
    height, width = (np.array([image.shape[axis] for image in images]) for axis in (0, 1))
    known = {"height": height, "width": width, "label": np.zeros(3, np.int64), "row": np.arange(3)}
    split = PreparedSplit(np.concatenate([i.ravel() for i in images]), offset=np.cumsum(sizes) - sizes, **known)
    found = centred(split, np.array([2, 0, 1]), 8)
    assert found.shape == (3, 8, 8, 3) and np.array_equal(found[1], images[0])
    for place, row in ((0, 2), (2, 1)):
        assert np.array_equal(found[place], np.asarray(evaluation_crop(Image.fromarray(images[row]), 8)))
