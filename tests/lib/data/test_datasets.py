"""What `open_task` refuses before it looks at any data, and which reader gets which options."""

import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import pytest

from lib.data import tasks
from lib.data.datasets import DATASETS, hub_source, open_task, reading
from lib.data.raw_task import RawTask
from lib.data.readers.errors import DataError


@pytest.mark.parametrize(
    ("dataset", "source", "options", "text"),
    [
        ("caltech101", "folder", {}, "data set: got caltech101, expected one of cars"),
        ("cars", "zip", {}, "source: got zip, expected folder or hub"),
        ("pcam", "folder", {}, "source: got folder, expected hub"),
        ("cifar10", "hub", {}, "make pin"),
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


@pytest.mark.parametrize("name", DATASETS)
def test_every_source_of_a_data_set_has_a_reader(name):
    for source in DATASETS[name].sources:
        found = reading(name, source)
        assert callable(import_module(found["reader"]).read)
        assert (found["dataset"], found["source"]) == (name, source)
        assert found["task"] == (name if name in tasks.KNOWN else None)
    if len(DATASETS[name].sources) == 1:
        assert reading(name, None) == reading(name, DATASETS[name].sources[0])
    else:
        with pytest.raises(DataError, match="source: got None, expected folder or hub"):
            reading(name, None)


def test_made_data_get_their_options(monkeypatch):
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
    code = (
        "import sys, lib.data.readers, lib.data.tasks, lib.data.datasets\n"
        "heavy = {'torch', 'torchvision', 'pyarrow', 'scipy', 'huggingface_hub', 'pandas', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_where_a_data_set_lies_on_the_hub():
    hub = tasks.read("dtd").hub
    assert hub_source("dtd", "hub", {}) == ("hub", hub.repo, hub.revision)
    assert hub_source("dtd", "folder", {"revision": "a" * 40}) == ("folder", hub.repo, "a" * 40)
    assert hub_source("pcam", None, {}) == ("hub", "1aurent/PatchCamelyon", tasks.read("pcam").hub.revision)
    assert hub_source("cifar10", "hub", {}) == ("hub", "tanganke/cifar10", None)
    assert hub_source("synthetic", None, {}) == ("code", None, None)
