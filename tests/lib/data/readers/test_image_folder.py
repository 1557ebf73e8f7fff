"""Users' own folders: good ones, and what is refused of the rest."""

import numpy as np
import pytest

from lib.data.datasets import open_task
from lib.data.readers.errors import DataError
from tests import miniatures

TEMPLATES = ["a photo of a {}."]


def test_image_folder_with_and_without_val(tmp_path):
    counts = miniatures.image_folder(tmp_path, train=3, test=2)
    task = open_task(
        "image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES, "expected_counts": counts}
    )
    assert task.class_names == ("a cat", "dog")
    assert task.templates == ("a photo of a {}.",)
    assert task.val is None
    np.testing.assert_array_equal(task.train.labels, [0, 0, 0, 1, 1, 1])
    assert task.test.image(2).getpixel((0, 0)) == miniatures.colour(1, "test")
    miniatures.image_folder(tmp_path, val=1)
    names = {"a_cat": "tabby cat", "dog": "good dog"}
    task = open_task("image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES, "class_names": names})
    assert len(task.val) == 2
    assert task.class_names == ("tabby cat", "good dog")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"templates": []}, "templates: got none"),
        ({"templates": ["a photo"]}, r"templates: got \['a photo'\]"),
        ({"templates": TEMPLATES, "class_names": {"dog": "dog"}}, r"class_names: got \['dog'\]"),
        ({"templates": "a photo of a {}."}, "templates: got 'a photo of a {}.', expected a list of texts"),
        ({"templates": None}, "templates: got None, expected a list of texts"),
        ({"templates": [3]}, r"templates: got \[3\]"),
        ({"templates": ["{} of {}"]}, r"templates: got \['{} of {}'\]"),
        ({"templates": ["{} {0.__class__}"]}, r"templates: got \['{} {0.__class__}'\]"),
        ({"templates": TEMPLATES, "class_names": ["a", "b"]}, r"class_names: got \['a', 'b'\], expected a printable"),
        ({"templates": TEMPLATES, "class_names": {"a_cat": 8, "dog": "d"}}, "class_names: got {'a_cat': 8"),
        ({"templates": TEMPLATES, "class_names": {8: "a", "dog": "d"}}, "class_names: got {8: 'a'"),
        ({"templates": TEMPLATES, "class_names": {"a_cat": " ", "dog": "d"}}, "class_names: got {'a_cat': ' '"),
        ({"templates": TEMPLATES, "expected_counts": 6}, "expected_counts: got 6, expected a number for each split"),
        ({"templates": TEMPLATES, "expected_counts": {"train": 4, "test": 4}}, "wrong split size"),
    ],
)
def test_image_folder_refuses_bad_options(options, text, tmp_path):
    miniatures.image_folder(tmp_path, train=3, test=2)
    with pytest.raises(DataError, match=text):
        open_task("image_folder", "folder", root=tmp_path, options=options)


def test_image_folder_whose_splits_differ(tmp_path):
    miniatures.image_folder(tmp_path, train=1)
    miniatures.image_folder(tmp_path, ("a_cat", "fox"), test=1)
    with pytest.raises(DataError, match="missing: dog; unknown: fox"):
        open_task("image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES})


def test_image_folder_with_an_empty_class(tmp_path):
    miniatures.image_folder(tmp_path, train=1, test=1)
    (tmp_path / "test" / "dog" / "0.png").rename(tmp_path / "test" / "dog" / "0.txt")
    with pytest.raises(DataError, match="classes without an image in test: got none of dog"):
        open_task("image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES})


def test_image_folder_absent(tmp_path):
    with pytest.raises(DataError, match=r"nothing at .*gone"):
        open_task("image_folder", "folder", root=tmp_path / "gone", options={"templates": TEMPLATES})
    with pytest.raises(DataError, match=r"nothing at .*train"):
        open_task("image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES})
