"""What all figures share: widths, fonts, the colour of each mode and each task, and how they are written."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.files import atomic
from lib.reporting.labels import PRETRAINED

COLUMN, PAGE = 3.3, 6.8  # inches; figures are printed at their own size, so no text is below seven points
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "task-arithmetic",
}

# colours of Okabe and Ito's, which people who are colour-blind tell apart, and a marker each for print in grey
_MODES = {
    PRETRAINED: ("#737373", "*"),
    "standard": ("#0072B2", "o"),
    "posthoc": ("#E69F00", "s"),
    "linear": ("#009E73", "^"),
    "linear-2": ("#CC79A7", "D"),
    "gradient-ascent": ("#D55E00", "v"),
    # darker and lighter neighbours of the colours of the modes that these methods change
    "standard-orthoreg": ("#4AA3DF", "h"),
    "linear-orthoreg": ("#00513B", "H"),
    "linear-2-orthoreg": ("#8E3B6B", "d"),
    "linear-taujp": ("#8FBF3F", "8"),
    "standard-talos": ("#003A5D", "p"),
    "linear-tak": ("#7A5C00", "P"),
    "linear-tak-paper": ("#C9A227", "X"),
}
_FURTHER = [(colour, marker) for marker in "PX<>p" for colour in ("#56B4E9", "#000000")]
_TASKS = matplotlib.color_sequences["petroff10"]  # of Petroff 2021, for people who are colour-blind, too
_DASHES = ("-", "--", ":", "-.")


def mode_style(mode: str) -> dict[str, str]:
    """Colour and marker of a mode, the same in every figure of every run."""
    colour, marker = _MODES.get(mode) or _FURTHER[zlib.crc32(mode.encode()) % len(_FURTHER)]
    return {"color": colour, "marker": marker}


def task_styles(tasks: Sequence[str]) -> dict[str, dict[str, object]]:
    """Task -> colour and line of a run's tasks, which every figure names in the run's order."""
    looks = [(colour, dash) for dash in _DASHES for colour in _TASKS]
    return {task: dict(zip(("color", "linestyle"), looks[i % len(looks)], strict=True)) for i, task in enumerate(tasks)}


def panels(
    count: int,
    *,
    height: float,
    in_a_row: int = 4,
    width: float | None = None,
    layout: str = "constrained",
    **shared: object,
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, `height` inches each, and its axes in the order of reading.

    width: of the whole figure; without it a column's for up to two panels, a page's for more. layout: "compressed" for
    panels of a fixed aspect. `shared` goes to `plt.subplots`. To be called within `plt.rc_context(STYLE)`.
    """
    columns = min(count, in_a_row)
    rows = -(-count // columns)
    size = (width or (COLUMN if columns <= 2 else PAGE), height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout=layout, **shared)
    for unused in axes.flat[count:]:
        unused.remove()
    return figure, list(axes.flat[:count])


def label_all(figure: Figure, *, x: str, y: str) -> None:
    """The label of every panel's x axis, and one for the y axes of all panels."""
    for axes in figure.axes:
        axes.set_xlabel(x)
    figure.supylabel(y, fontsize=STYLE["axes.labelsize"])


def legend_below(figure: Figure, handles: Sequence[object], labels: Sequence[str]) -> None:
    """A legend below all panels, as wide as the figure."""
    most = 3 if figure.get_figwidth() < PAGE else 6
    rows = -(-len(labels) // most)
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(labels) // rows))


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.pdf and `stem`.png (200 dots per inch), whole and without time stamps; close the figure."""
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic.whole(stem.with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=200, metadata=metadata)
    plt.close(figure)
