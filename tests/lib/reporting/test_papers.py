"""The papers' numbers: complete, in range, and printed at a named place."""

from pathlib import Path

import pytest
import yaml

from lib.reporting import papers

ROOT = Path(__file__).resolve().parents[3]
MODELS = ["ViT-B-32", "ViT-B-16", "ViT-L-14"]
RANDOM = [f"{model}-random" for model in MODELS]
TABLES = [name for name in papers.numbers() if name not in ("tasks", "control")]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_names_its_source_and_holds_percent(table):
    assert papers.source(table)
    values = papers.numbers()[table]["values"]
    assert list(values) == (RANDOM if table == "random_init" else MODELS)
    cells = [value for modes in values.values() for row in modes.values() for value in row.values()]
    assert cells and all(0 < value < 100 for value in cells)


@pytest.mark.parametrize("table", TABLES)
def test_every_model_has_the_same_rows_and_columns(table):
    values = papers.numbers()[table]["values"].values()
    shapes = [{mode: set(row) for mode, row in modes.items()} for modes in values]
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize(
    ("table", "model", "mode", "column", "percent"),
    [
        ("addition", "ViT-B-32", "standard", "absolute", 71.4),
        ("addition", "ViT-L-14", "linear", "normalized", 93.5),
        ("negation", "ViT-B-16", "posthoc", "target", 10.8),
        ("random_init", "ViT-L-14-random", "standard", "single", 18.0),
        ("random_init", "ViT-B-32-random", "linear", "multi", 3.8),
        ("editing_negation", "ViT-L-14", "gradient-ascent", "control", 16.3),
        ("editing_negation", "ViT-B-32", "negative", "target", 24.0),
        ("single_task", "ViT-B-16", "linear", "SVHN", 83.2),
        ("zero_shot", "ViT-L-14", "pretrained", "ImageNet", 75.5),
    ],
)
def test_values_are_those_of_the_printed_tables(table, model, mode, column, percent):
    assert papers.reported(table, model, mode, column) == pytest.approx(percent / 100)


def test_what_no_paper_reports_is_none():
    assert papers.reported("addition", "ViT-demo-8", "standard", "absolute") is None
    assert papers.reported("addition", "ViT-B-32", "pretrained", "normalized") is None
    assert papers.reports("addition", "ViT-B-32") and not papers.reports("addition", "ViT-demo-8")


def test_the_models_of_each_table_are_those_of_the_papers_configuration():
    configured = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]
    assert [model["name"] for model in configured if "image_tower" in model] == RANDOM
    assert [model["name"] for model in configured if "image_tower" not in model] == MODELS


def test_a_column_of_a_table():
    assert papers.has_column("random_init", "multi") and not papers.has_column("addition", "single")


def test_the_pre_trained_rows_agree_between_tables():
    for model in MODELS:
        absolute = papers.reported("addition", model, "pretrained", "absolute")
        assert absolute == papers.reported("negation", model, "pretrained", "target")
        control = papers.reported("negation", model, "pretrained", "control")
        assert papers.reported("zero_shot", model, "pretrained", "ImageNet") == pytest.approx(control, abs=0.0011)


def test_every_task_has_a_single_task_accuracy():
    for modes in papers.numbers()["single_task"]["values"].values():
        assert all(list(row) == papers.numbers()["tasks"] for row in modes.values())


def test_only_the_papers_own_tasks_and_control_are_compared():
    tasks = papers.numbers()["tasks"]
    assert papers.same_benchmark(reversed(tasks), "ImageNet")
    assert not papers.same_benchmark(tasks[1:], "ImageNet")
    assert not papers.same_benchmark(tasks, "Objects")
