"""Options are those that readers take, no more and no less, and every one says what it means."""

import inspect
from importlib import import_module

import pytest

from lib.data.datasets import DATASETS, for_reader, reading
from lib.data.readers import hub
from lib.synthetic.world import KINDS

OWN = [name for name, dataset in DATASETS.items() if not dataset.official]


@pytest.mark.parametrize("name", OWN)
def test_the_options_of_a_data_set_are_its_readers_keywords(name):
    options = DATASETS[name].options(None)
    module = import_module(reading(name, None)["reader"])
    keywords = {key: parameter.default for key, parameter in inspect.signature(module.read).parameters.items()}
    for place in ("root", "cache"):  # of folders, of the hub's files
        keywords.pop(place, None)
    assert set(for_reader(options)) == set(keywords)
    without_default = {key for key, default in keywords.items() if default is inspect.Parameter.empty}
    assert {key for key, option in for_reader(options).items() if option.needed} == without_default


@pytest.mark.parametrize("name", DATASETS)
def test_every_option_is_described(name):
    for source in DATASETS[name].sources:
        for option in DATASETS[name].options(source).values():
            assert option.meaning and option.schema


def test_choices_come_from_where_they_are_made():
    assert DATASETS["cars"].options("hub")["label_order"].schema["enum"] == list(hub.LABEL_ORDERS)
    assert DATASETS["synthetic"].options(None)["kind"].schema["enum"] == list(KINDS)


@pytest.mark.parametrize(
    ("name", "source", "options", "counts", "classes"),
    [
        ("cars", "folder", {}, {"train": 8144, "test": 8041}, 196),
        ("eurosat", "folder", {}, {"train": 21600, "val": 2700, "test": 2700}, 10),
        ("cars", "hub", {"expected_counts": {"train": 9, "test": 5}}, {"train": 9, "test": 5}, 196),
        ("synthetic", None, {"kind": "objects", "train": 9, "test": 5}, {"train": 9, "test": 5}, None),
        ("sklearn_digits", None, {"test": 497}, {"train": 1300, "test": 497}, 10),
        ("image_folder", None, {}, None, None),
    ],
)
def test_what_is_known_of_a_data_set_before_it_is_read(name, source, options, counts, classes):
    assert DATASETS[name].counts(source, options) == counts
    if name == "synthetic":
        classes = len(KINDS[options["kind"]].class_names)
    assert DATASETS[name].number_of_classes(options) == classes
