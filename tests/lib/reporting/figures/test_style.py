"""Figures as files: the same bytes from the same figure; colours that tell modes and tasks apart."""

import matplotlib.pyplot as plt

from lib.reporting.figures.style import COLUMN, PAGE, STYLE, mode_style, panels, save, task_styles
from lib.reporting.labels import PRETRAINED
from lib.training.modes import MODES


def test_a_figure_is_written_as_pdf_and_png_without_time_stamps_and_closed(tmp_path):
    for name in ("first", "second"):
        with plt.rc_context(STYLE):
            figure, axes = plt.subplots()
            axes.plot([0, 1], [0, 1])
        save(figure, tmp_path / name / "loss")
        assert not plt.fignum_exists(figure.number)
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["loss.pdf", "loss.png"]
    for suffix in ("pdf", "png"):
        first, second = ((tmp_path / name / f"loss.{suffix}").read_bytes() for name in ("first", "second"))
        assert first == second


def test_no_two_modes_and_no_two_tasks_look_alike():
    modes = [tuple(mode_style(mode).values()) for mode in [PRETRAINED, *MODES]]
    assert len({colour for colour, _ in modes}) == len({marker for _, marker in modes}) == len(modes)
    tasks = [tuple(style.values()) for style in task_styles([f"task {i}" for i in range(30)]).values()]
    assert len(set(tasks)) == 30


def test_a_mode_looks_the_same_whatever_other_modes_a_run_has():
    assert mode_style("a mode of one's own") == mode_style("a mode of one's own") != mode_style("linear")


def test_panels_fill_rows_of_four_and_the_rest_is_removed():
    with plt.rc_context(STYLE):
        for count, rows, width in ((1, 1, COLUMN), (2, 1, COLUMN), (3, 1, PAGE), (6, 2, PAGE)):
            figure, axes = panels(count, height=2)
            assert len(axes) == len(figure.axes) == count
            assert tuple(figure.get_size_inches()) == (width, 2 * rows)
    plt.close("all")
