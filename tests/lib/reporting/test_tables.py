"""Rendered tables against hand-written ones; means, spreads, comparison with the papers, footnotes."""

import pandas as pd
import pytest

from lib.reporting import tables

COLUMNS = {"absolute": "Abs. (↑)", "normalized": "Norm. (↑)"}
NAN = float("nan")


def rows(model="small", seeds=(0,)) -> pd.DataFrame:
    """A pre-trained row and two modes; each seed adds a point to the accuracies."""
    frame = [(model, None, "pretrained", 0.484, NAN)]
    for seed in seeds:
        frame += [(model, seed, "standard", 0.70 + seed / 100, 0.75), (model, seed, "linear", 0.777 + seed / 100, 0.86)]
    return pd.DataFrame(frame, columns=["model", "seed", "mode", "absolute", "normalized"])


def test_markdown_is_this():
    table = tables.paper_table(rows(), COLUMNS, caption="Addition (%)").with_footnotes(["A: drawn.", "B: small."])
    assert (
        table.markdown()
        == """\
Addition (%)

| Method        |   small Abs. (↑) |   small Norm. (↑) |
|:--------------|-----------------:|------------------:|
| Pre-trained   |             48.4 |                 - |
| Non-linear FT |             70.0 |              75.0 |
| Linear FT     |             77.7 |              86.0 |

Deviations from the papers' data:

- A: drawn.
- B: small.
"""
    )


def test_latex_is_this():
    table = tables.paper_table(rows("a_b"), COLUMNS, caption="Addition (%)").with_footnotes(["A: drawn."])
    assert (
        table.latex()
        == r"""% Addition (%)
\begin{tabular}{lrr}
\toprule
& \multicolumn{2}{c}{a\_b} \\
\cmidrule(lr){2-3}
Method & Abs. ($\uparrow$) & Norm. ($\uparrow$) \\
\midrule
Pre-trained & 48.4 & - \\
Non-linear FT & 70.0 & 75.0 \\
Linear FT & 77.7 & 86.0 \\
\bottomrule
\end{tabular}
% Deviations from the papers' data:
% - A: drawn.
"""
    )


def test_a_model_that_the_papers_report_is_compared():
    table = tables.paper_table(rows("ViT-B-32"), COLUMNS, caption="Addition", compared="addition")
    assert [name for _, name in table.columns] == [
        "Abs. (↑)", "Abs. (↑) paper", "Abs. (↑) diff.", "Norm. (↑)", "Norm. (↑) paper", "Norm. (↑) diff."
    ]  # fmt: skip
    assert table.cells == [
        ["48.4", "48.4", "+0.0", "-", "-", "-"],
        ["70.0", "71.4", "-1.4", "75.0", "76.5", "-1.5"],
        ["77.7", "76.5", "+1.2", "86.0", "85.4", "+0.6"],
    ]
    for text in (table.markdown(), table.latex()):
        assert 'Source of the columns "paper": Ortiz-Jimenez et al. 2023, Table 1 (arXiv 2305.12827)' in text


def test_a_table_of_three_compared_models_is_scaled_to_the_page():
    three = pd.concat([rows(model) for model in ("ViT-B-32", "ViT-B-16", "ViT-L-14")], ignore_index=True)
    wide = tables.paper_table(three, COLUMNS, caption="Addition", compared="addition").latex()
    assert wide.splitlines()[1].startswith(r"\resizebox{\linewidth}{!}{") and "\n\\end{tabular}\n}\n" in wide
    assert wide.count("{") == wide.count("}")
    assert "resizebox" not in tables.paper_table(three, COLUMNS, caption="Addition").latex()


def test_any_other_model_stays_as_it_is():
    both = pd.concat([rows("small"), rows("ViT-B-32")], ignore_index=True)
    table = tables.paper_table(both, COLUMNS, caption="Addition", compared="addition")
    assert [group for group, _ in table.columns] == ["small"] * 2 + ["ViT-B-32"] * 6
    alone = tables.paper_table(rows("small"), COLUMNS, caption="Addition", compared="addition")
    assert alone == tables.paper_table(rows("small"), COLUMNS, caption="Addition")
    assert "paper" not in alone.markdown() + alone.latex()


def test_without_a_comparison_no_papers_number_appears():
    table = tables.paper_table(rows("ViT-B-32"), COLUMNS, caption="Addition")
    assert "71.4" not in table.markdown() and "paper" not in table.markdown()


def test_a_cell_over_seeds_is_mean_and_standard_deviation():
    table = tables.paper_table(rows("ViT-B-32", seeds=(0, 1, 2)), COLUMNS, caption="", compared="addition")
    assert table.cells[1][:3] == ["71.0 ± 1.0", "71.4", "-0.4"]
    assert table.cells[0][0] == "48.4"  # the pre-trained model has no seeds
    assert r"71.0 $\pm$ 1.0" in table.latex()


@pytest.mark.parametrize(
    ("values", "text"),
    [([], "-"), ([NAN], "-"), ([0.1234], "12.3"), ([0.5, 0.7], "60.0 ± 14.1"), ([0.5, NAN], "50.0"), ([1.0], "100.0")],
)
def test_percent(values, text):
    assert tables.percent(values) == text


SINGLE = pd.DataFrame(
    [
        ("m", None, "pretrained", "A", "test", 0.2),
        ("m", None, "pretrained", "A", "val", 0.9),
        ("m", None, "pretrained", "B", "test", 0.4),
        ("m", None, "pretrained", "C", "test", 0.8),
        ("m", 0, "standard", "A", "test", 0.6),
        ("m", 0, "standard", "B", "test", 0.8),
    ],
    columns=["model", "seed", "mode", "task", "split", "accuracy"],
)


def test_addition_takes_means_over_tasks():
    per_task = pd.DataFrame(
        [("m", 0, "standard", 0.3, "A", 0.5, 0.9), ("m", 0, "standard", 0.3, "B", 0.7, 0.8)],
        columns=["model", "seed", "mode", "alpha", "task", "accuracy", "normalized"],
    )
    frame = tables.addition(per_task, SINGLE, ["A", "B"]).set_index("mode")
    assert frame.loc["pretrained", "absolute"] == pytest.approx(0.3)
    assert frame.loc["standard", ["alpha", "absolute", "normalized"]].tolist() == pytest.approx([0.3, 0.6, 0.85])
    assert frame.loc["standard", "single"] == pytest.approx(0.7) and pd.isna(frame.loc["pretrained", "single"])
    assert list(frame)[-1] == "single"


def test_a_column_that_the_paper_does_not_print_has_no_number_beside_it():
    frame = rows("ViT-B-32").assign(single=[NAN, 0.9, 0.95])
    table = tables.paper_table(
        frame, {"normalized": "Norm. (↑)", "single": "Single (↑)"}, caption="", compared="addition"
    )
    assert [name for _, name in table.columns] == ["Norm. (↑)", "Norm. (↑) paper", "Norm. (↑) diff.", "Single (↑)"]
    assert [row[-1] for row in table.cells] == ["-", "90.0", "95.0"]


def test_negation_keeps_the_control_apart():
    per_task = pd.DataFrame(
        [("m", 0, "standard", "A", 1.0, 0.1, 0.7), ("m", 0, "standard", "B", 0.5, 0.2, 0.8)],
        columns=["model", "seed", "mode", "task", "alpha", "target", "control"],
    )
    frame = tables.negation(per_task, SINGLE, ["A", "B"], "C").set_index("mode")
    assert frame.loc["pretrained", ["target", "control"]].tolist() == pytest.approx([0.3, 0.8])
    assert frame.loc["standard", ["target", "control"]].tolist() == pytest.approx([0.15, 0.75])


def test_the_table_of_single_tasks_has_their_mean():
    table = tables.single_task_table(SINGLE, ["A", "B"], caption="Single")
    assert table.columns == [("", "A"), ("", "B"), ("", "Mean")]
    assert dict(zip(table.rows, table.cells, strict=True)) == {
        "Pre-trained": ["20.0", "40.0", "30.0"],
        "Non-linear FT": ["60.0", "80.0", "70.0"],
    }


def test_deviations_name_their_task():
    manifests = [
        {"task": "A", "deviations": ["Drawn.", "Small."]},
        {"task": "B", "deviations": []},
        {"task": "C", "deviations": ["Half of it."]},
    ]
    assert tables.deviations(manifests, ["A", "B"]) == ["A: Drawn.", "A: Small."]
    assert tables.deviations(manifests, ["C"]) == ["C: Half of it."]


RULED = pd.DataFrame(
    [
        ("m", 0, "linear", "sum", 0.3, "A", 0.5, 0.9),
        ("m", 0, "linear", "sum", 0.3, "B", 0.7, 0.8),
        ("m", 0, "linear", "mean", 1.0, "A", 0.4, 0.7),
        ("m", 0, "linear", "mean", 1.0, "B", 0.5, 0.6),
    ],
    columns=["model", "seed", "mode", "rule", "alpha", "task", "accuracy", "normalized"],
)


def test_several_merging_rules_have_a_row_each():
    assert tables.without_single_rule(RULED) is RULED
    frame = tables.addition(RULED, SINGLE, ["A", "B"])
    assert frame["rule"].tolist()[1:] == ["sum", "mean"] and pd.isna(frame["rule"][0])
    assert frame["absolute"].tolist() == pytest.approx([0.3, 0.6, 0.45])
    assert frame["alpha"].tolist()[1:] == [0.3, 1.0]
    table = tables.paper_table(frame, COLUMNS, caption="Addition")
    assert dict(zip(table.rows, table.cells, strict=True)) == {
        "Pre-trained": ["30.0", "-"],
        "Linear FT, sum": ["60.0", "85.0"],
        "Linear FT, weight averaging": ["45.0", "65.0"],
    }


def test_a_table_by_task_has_a_row_per_mode_and_rule():
    table = tables.single_task_table(RULED.assign(split="test"), ["A", "B"], caption="By task")
    assert dict(zip(table.rows, table.cells, strict=True)) == {
        "Linear FT, sum": ["50.0", "70.0", "60.0"],
        "Linear FT, weight averaging": ["40.0", "50.0", "45.0"],
    }


def test_tables_of_task_arithmetic_alone_keep_their_shape():
    ruled = RULED[RULED["rule"] == "sum"]
    frame = tables.without_single_rule(ruled)
    pd.testing.assert_frame_equal(frame, ruled.drop(columns="rule"))
    table = tables.paper_table(tables.addition(frame, SINGLE, ["A", "B"]), COLUMNS, caption="Addition")
    assert table.rows == ["Pre-trained", "Linear FT"]


def test_another_rule_alone_is_named():
    ruled = RULED[RULED["rule"] == "mean"]
    pd.testing.assert_frame_equal(tables.without_single_rule(ruled), ruled)
    table = tables.paper_table(tables.addition(ruled, SINGLE, ["A", "B"]), COLUMNS, caption="Addition")
    assert table.rows == ["Pre-trained", "Linear FT, weight averaging"]


def test_only_the_papers_own_merging_rule_is_compared():
    """The papers add task vectors; the mean has no number of theirs beside it."""
    frame = tables.addition(RULED.assign(model="ViT-B-32"), SINGLE.assign(model="ViT-B-32"), ["A", "B"])
    table = tables.paper_table(frame, COLUMNS, caption="Addition", compared="addition")
    cells = dict(zip(table.rows, table.cells, strict=True))
    assert cells["Linear FT, sum"] == ["60.0", "76.5", "-16.5", "85.0", "85.4", "-0.4"]
    assert cells["Linear FT, weight averaging"] == ["45.0", "-", "-", "65.0", "-", "-"]
    assert cells["Pre-trained"][:3] == ["30.0", "48.4", "-18.4"]


def test_a_mode_that_the_papers_do_not_report_has_no_number_beside_it():
    frame = rows("ViT-B-32").replace({"mode": {"standard": "my_mode"}})
    table = tables.paper_table(frame, COLUMNS, caption="Addition", compared="addition")
    assert dict(zip(table.rows, table.cells, strict=True))["my_mode"] == ["70.0", "-", "-", "75.0", "-", "-"]
