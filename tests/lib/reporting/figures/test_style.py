"""Figures as files: the same bytes from the same figure."""

import matplotlib.pyplot as plt

from lib.reporting.figures.style import STYLE, mode_style, save
from lib.reporting.labels import MODES


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


def test_every_mode_has_a_look_of_its_own_and_an_unknown_one_always_the_same():
    looks = [tuple(mode_style(mode).values()) for mode in MODES]
    assert len(set(looks)) == len(MODES)
    assert mode_style("a-further-mode") == mode_style("a-further-mode")
