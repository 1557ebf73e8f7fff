"""No wrong configuration starts a job: each kind is refused in the project's form, its valid edges are taken."""

import copy

import pytest
import yaml

from lib.data.datasets import DATASETS
from tests.workflow.conftest import ROOT
from tests.workflow.wrong_configurations import FORM, VALID, WRONG, digits, folder
from workflow_scripts.commands import reference
from workflow_scripts.configuration.benchmark import ConfigurationError, load
from workflow_scripts.configuration.schema import schema

PAPERS = yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(path, value):
    """The papers' configuration with config[a][b]... = value; value ... deletes the key."""
    whole = copy.deepcopy(PAPERS)
    *outer, last = path
    config = whole
    for key in outer:
        config = config[key]
    if value is ...:
        del config[last]
    else:
        config[last] = value
    return whole


def refusal(config):
    """What a configuration is refused with, in form."""
    with pytest.raises(ConfigurationError) as refused:
        load(config)
    told = str(refused.value)
    assert FORM.fullmatch(told) and ".py" not in told and len(told) < 5000, told
    return told


def cases(table):
    return [
        pytest.param(*case, id=f"{kind} {number}")
        for kind, listed in table.items()
        for number, case in enumerate(listed)
    ]


BY_PATH = {kind: listed for kind, listed in WRONG.items() if kind != "options of the hub"}


@pytest.mark.parametrize(("path", "value", "message"), cases(BY_PATH))
def test_a_wrong_value_is_refused_with_its_key(path, value, message):
    assert message in refusal(changed(path, value))


@pytest.mark.parametrize(("options", "message"), cases({"hub": WRONG["options of the hub"]}))
def test_a_wrong_option_of_the_hub_is_refused(options, message):
    config = changed(["tasks", 0, "source"], "hub")
    config["tasks"][0]["options"] = options
    assert message in refusal(config)


@pytest.mark.parametrize(("path", "value"), cases(VALID))
def test_the_valid_edge_of_each_kind_is_taken(path, value):
    config = changed(path, value)
    if path in (["tasks", 0], ["tasks", 0, "name"]):
        config["disentanglement"]["pairs"] = []
        del config["kernels"]  # those of the task, too
    if path == ["modes"]:
        del config["negation_controls"]  # those of the mode standard
    before = copy.deepcopy(config)
    load(config)
    assert config == before


def leaves(rules, known, key=""):
    """Every entry of the schema that holds values, with its key."""
    shared = known.get(rules.get("$ref", "").rpartition("/")[2], {})
    entry = {**shared, **rules}
    inner = [("", form) for form in entry.get("oneOf", [])]
    inner += [(f".{name}", child) for name, child in entry.get("properties", {}).items()]
    inner += [("[0]", entry["items"])] if "items" in entry else []
    inner += [(".x", entry["additionalProperties"])] if isinstance(entry.get("additionalProperties"), dict) else []
    if not inner:
        yield key.lstrip("."), entry
    for step, child in inner:
        yield from leaves(child, known, key + step)


def every_leaf():
    yield from leaves(schema(), schema()["$defs"])
    for dataset in DATASETS.values():
        for source in dataset.sources:
            for name, option in dataset.options(source).items():
                yield from leaves(option.schema, {}, f"{dataset.name}.{source}.{name}")


@pytest.mark.parametrize(("key", "entry"), [pytest.param(*leaf, id=leaf[0]) for leaf in every_leaf()])
def test_every_value_has_bounds(key, entry):
    """Numbers have a range, texts a form and a length, whatever else stands in the schema."""
    if "enum" in entry or entry.get("type") == "boolean" or key.endswith("options") or entry.get("properties") == {}:
        return
    kinds = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
    if {"integer", "number"} & set(kinds):
        low, high = ({name, f"exclusive{name.title()}"} for name in ("minimum", "maximum"))
        assert low & entry.keys() and high & entry.keys()
    else:
        assert {*kinds} - {"null"} == {"string"} and "pattern" in entry
        assert "maxLength" in entry or entry["pattern"].rstrip("$").endswith("}")  # a number of digits


def test_schema_messages_and_reference_are_one_source(monkeypatch):
    """Another limit in the schema is another limit in the check, in its message and in docs/configuration.md."""
    limited = schema()["$defs"]["batch"]
    assert "| `batch_size`* | a whole number, ≥ 1, ≤ 1000000 |" in reference.document()
    load(changed(["evaluation", "batch_size"], 1_000_000))
    monkeypatch.setitem(limited, "maximum", 999)
    assert "| `batch_size`* | a whole number, ≥ 1, ≤ 999 |" in reference.document()
    config = changed(["evaluation", "batch_size"], 1000)
    assert "evaluation.batch_size: got 1000, expected a number of at most 999" in refusal(config)


def test_options_messages_and_reference_are_one_source(monkeypatch):
    option = DATASETS["sklearn_digits"].options(None)["test"]
    assert "| `test`* | a whole number, ≥ 1, ≤ 1796 | number of the 1797 images to test on |" in reference.document()
    monkeypatch.setitem(option.schema, "maximum", 500)
    assert "| `test`* | a whole number, ≥ 1, ≤ 500 |" in reference.document()
    message = "tasks[0].options.test: got 501, expected a number of at most 500"
    assert message in refusal(changed(["tasks", 0], digits(test=501)))


@pytest.fixture
def flowers(tmp_path):
    """A data root with a task of three classes, and a configuration that reads it."""
    for split, count in (("train", 60), ("test", 4)):
        for name in ("8", "9", "10"):
            (tmp_path / f"flowers/{split}/{name}").mkdir(parents=True)
            for number in range(count):
                (tmp_path / f"flowers/{split}/{name}/{number}.png").write_bytes(b"not looked at")
    config = changed(["tasks", 0], folder())
    config["disentanglement"]["pairs"], config["data_root"] = [], str(tmp_path)
    del config["kernels"]
    return tmp_path / "flowers", config


def test_users_images_are_counted_before_any_job(flowers):
    _, config = flowers
    assert load(config).tasks[0].name == "Flowers"
    config["finetune"]["batch_size"] = 163
    assert "finetune.batch_size: 163, but Flowers leaves 162 images to fit" in refusal(config)
    config["finetune"]["batch_size"] = 162
    load(config)
    config["split"]["fraction"] = 0.001
    assert "split.fraction: 0.001 of the 180 training images of Flowers leaves 180 to fit and 0" in refusal(config)
    load(config, look=False)


def test_users_folders_that_no_task_can_be_read_from_are_refused_before_any_job(flowers):
    home, config = flowers
    (home / "train/rose").mkdir()
    assert "tasks[0]: image_folder" in refusal(config)
    (home / "train/rose").rmdir()
    config["tasks"][0]["options"]["class_names"] = {"8": "daisy"}
    assert "class_names: got" in refusal(config)
    del config["tasks"][0]["options"]["class_names"]
    (home / "train/8/loop").symlink_to(home)
    assert "loop" in refusal(config)


def test_the_table_holds_at_least_150_kinds_of_wrong_values():
    assert sum(map(len, WRONG.values())) >= 150
