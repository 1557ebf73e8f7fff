"""Published numbers of merged models: complete, in range, in groups that are never mixed."""

from collections import Counter

import pytest

from lib.reporting import papers
from lib.reporting.papers import groups
from lib.reporting.papers.groups import APART, READS, SPLITS, comparable, rows

MODELS = ("ViT-B-32", "ViT-B-16", "ViT-L-14")
EVERY = [row for name in groups.groups() for row in rows(name)]


def test_the_groups():
    assert list(groups.groups()) == ["released", "fusionbench", "leaked", "atlas", "tak", "orthoreg", "lora"]
    assert {group.split for group in groups.groups().values()} <= set(SPLITS)
    assert [name for name, group in groups.groups().items() if group.remark] == ["leaked"]
    with pytest.raises(ValueError, match="no group 'tall'.*expected one of released"):
        rows("tall")


def test_no_row_stands_there_twice():
    keys = Counter((row.group.name, row.method, row.mode, row.model, row.tasks) for row in EVERY)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("name", groups.groups())
def test_every_row_says_where_it_is_printed_and_what_it_read(name):
    for row in rows(name):
        assert row.group is groups.groups()[name] and row.group.title and row.group.alpha
        assert row.source and row.reads in READS and row.model in MODELS and row.tasks in (8, 14, 20)
        assert (row.absolute, row.normalized) != (None, None)


@pytest.mark.parametrize("name", groups.groups())
def test_numbers_are_fractions_that_can_be(name):
    for row in rows(name):
        printed = [value for value in (row.absolute, row.target, row.control) if value is not None]
        assert all(0 < value < 1 for value in printed)
        if row.normalized is not None:  # OrthoReg's sums do as well as its single-task models, which are weak
            assert 0 < row.normalized < 1 or (name == "orthoreg" and row.normalized <= 1.001)
        if None not in (row.absolute, row.normalized):
            assert row.absolute <= row.normalized  # no single-task accuracy is above 1
        assert (row.target is None) == (row.control is None)
        if row.target is not None:
            assert row.target < row.control


def test_nothing_beats_the_single_task_models_of_its_group():
    single = {(r.group.name, r.model, r.tasks): r.absolute for r in EVERY if r.method == "single-task"}
    assert len(single) == 2 + 3 + 9
    for row in EVERY:
        assert row.absolute is None or row.absolute <= single.get((row.group.name, row.model, row.tasks), 1)


@pytest.mark.parametrize("name", ["leaked"])
def test_absolute_over_normalized_gives_the_printed_single_task_accuracy(name):
    single = {(row.model, row.tasks): row.absolute for row in rows(name) if row.method == "single-task"}
    for row in rows(name):
        if row.normalized is not None:  # up to what the means of ratios and rounding leave open
            assert row.absolute / row.normalized == pytest.approx(single[row.model, row.tasks], abs=0.012)


def test_larger_models_are_better():
    for key in {(row.group.name, row.method, row.mode, row.tasks) for row in EVERY}:
        found = {r.model: r.absolute for r in EVERY if (r.group.name, r.method, r.mode, r.tasks) == key and r.absolute}
        if {"ViT-B-32", "ViT-L-14"} <= found.keys():
            assert found["ViT-B-32"] < found["ViT-L-14"]


def test_leaked_rows_are_shown_apart():
    compared, everything = comparable("ViT-B-32"), comparable("ViT-B-32", apart=True)
    assert list(compared) == ["released", "fusionbench", "atlas", "tak", "orthoreg", "lora"]
    assert list(everything) == [*compared, "leaked"]
    assert all(row.group.remark == APART == "shown apart, never compared" for row in everything["leaked"])
    assert all(row.group.split != "leaked" for listed in compared.values() for row in listed)
    assert comparable("ViT-B-32", tasks=14) == {} and list(comparable("ViT-B-32", tasks=14, apart=True)) == ["leaked"]
    assert comparable("ViT-demo-8") == {}


def test_rows_of_one_list_are_of_one_model_and_number_of_tasks():
    for tasks in (8, 14, 20):
        for name, listed in comparable("ViT-L-14", tasks=tasks, apart=True).items():
            assert {(row.group.name, row.model, row.tasks) for row in listed} == {(name, "ViT-L-14", tasks)}


def test_the_twin_of_our_protocol_is_what_the_scorecard_compares_with():
    for row in rows("atlas"):
        if row.method == "task arithmetic":
            known = {"absolute": row.absolute, "normalized": row.normalized}
            for column, value in known.items():
                assert papers.reported("addition_clean", row.model, row.mode, column) == pytest.approx(value)
            for column, value in {"target": row.target, "control": row.control}.items():
                assert papers.reported("negation_clean", row.model, row.mode, column) == pytest.approx(value)


@pytest.mark.parametrize(
    ("group", "method", "mode", "model", "tasks", "absolute", "normalized"),
    [
        ("released", "WUDI", "standard", "ViT-B-32", 8, 0.852, None),
        ("fusionbench", "RegMean", "standard", "ViT-B-32", 8, 0.824, None),
        ("leaked", "Iso-CTS", "standard", "ViT-L-14", 20, 0.901, 0.949),
        ("leaked", "TSV-M", "standard", "ViT-B-16", 14, 0.846, 0.910),
        ("tak", "TAK", "linear", "ViT-L-14", 8, 0.916, 0.993),
        ("lora", "KnOTS-TIES", "LoRA", "ViT-B-32", 8, None, 0.680),
    ],
)
def test_values_are_those_of_the_printed_tables(group, method, mode, model, tasks, absolute, normalized):
    (row,) = (r for r in rows(group) if (r.method, r.mode, r.model, r.tasks) == (method, mode, model, tasks))
    assert (row.absolute, row.normalized) == (pytest.approx(absolute), pytest.approx(normalized))
