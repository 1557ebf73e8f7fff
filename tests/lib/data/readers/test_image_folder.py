"""Users' own folders, and what `open_task` refuses before it looks at any data."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lib.data.raw_task import RawTask
from lib.data.datasets import DATASETS, open_task
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


def test_image_folder_absent(tmp_path):
    with pytest.raises(DataError, match=r"nothing at .*gone"):
        open_task("image_folder", "folder", root=tmp_path / "gone", options={"templates": TEMPLATES})
    with pytest.raises(DataError, match=r"nothing at .*train"):
        open_task("image_folder", "folder", root=tmp_path, options={"templates": TEMPLATES})


@pytest.mark.parametrize(
    ("dataset", "source", "options", "text"),
    [
        ("food101", "folder", {}, "data set: got food101, expected one of cars"),
        ("cars", "zip", {}, "source: got zip, expected folder or hub"),
        ("image_folder", "hub", {}, "source: got hub, expected folder"),
        ("synthetic", "folder", {}, "source: got folder, expected code"),
        ("cars", "folder", {"revision": "a" * 40}, r"options: got \['revision'\], expected only \['expected_counts'\]"),
        ("cars", "hub", {"label_order": "any"}, "label_order: got any, expected as_listed or by_name or by_position"),
        ("cars", "hub", {"revision": "main"}, "got main, expected a commit of 40 hexadecimal digits"),
        ("cars", "hub", {"revision": None}, "make pin"),
    ],
)
def test_bad_requests_are_refused(dataset, source, options, text):
    with pytest.raises(DataError, match=text):
        open_task(dataset, source, root=None, options=options)


def test_made_data_get_their_options(monkeypatch):
    import types

    calls = {}
    empty = RawTask(("a",), ("{}",), None, None)
    for name in ("synthetic", "sklearn_digits"):
        module = types.ModuleType(f"lib.data.readers.{name}")
        module.read = lambda name=name, **options: calls.setdefault(name, options) and empty
        monkeypatch.setitem(sys.modules, f"lib.data.readers.{name}", module)
        assert open_task(name, "code", root=None, options={"seed": 3}) is empty
    assert calls == {"synthetic": {"seed": 3}, "sklearn_digits": {"seed": 3}}
    assert set(DATASETS) >= {"imagenet", "synthetic", "sklearn_digits", "image_folder"}


def test_importing_the_package_loads_nothing_heavy():
    import subprocess

    code = (
        "import sys, lib.data.readers, lib.data.tasks\n"
        "heavy = {'torch', 'torchvision', 'pyarrow', 'scipy', 'huggingface_hub', 'pandas', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[4])
