"""What a figure needs to be read in a paper: its width, its fonts, labels on axes, and no text over another."""

import re
from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from lib.reporting.figures.style import COLUMN, PAGE

SMALLEST = 7  # points
_TOUCH = 0.5  # pixels
_NUMBER = re.compile(r"[-\N{MINUS SIGN}\d.]+|\$\\mathdefault\{.*\}\$")


def faults(figure: Figure) -> list[str]:
    """What is wrong with a figure, in words; none if it can be read."""
    FigureCanvasAgg(figure).draw()
    texts = [(text, text.get_window_extent()) for text in _drawn(figure)]
    found = [] if figure.get_figwidth() in (COLUMN, PAGE) else [f"is {figure.get_figwidth()} inches wide"]
    found += [
        f"{text.get_text()!r} is of {text.get_fontsize()} points" for text, _ in texts if text.get_fontsize() < SMALLEST
    ]
    found += [
        f"{text.get_text()!r} leaves the figure"
        for text, box in texts
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1
    ]
    shapes = [(text, _corners(text)) for text, _ in texts]
    found += [
        f"{a.get_text()!r} lies over {b.get_text()!r}"
        for (a, one), (b, other) in combinations(shapes, 2)
        if _overlap(one, other)
    ]
    return found + [f"{axes.get_title()!r} has no label on {side}" for axes, side in _unlabelled(figure)]


def _corners(text: Text) -> np.ndarray:
    """The corners of a text's own, turned rectangle: Float[4, 2], in pixels."""
    box, angle = text.get_window_extent(), text.get_rotation()
    text.set_rotation(0)
    straight = text.get_window_extent()
    text.set_rotation(angle)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (straight.width, straight.height) / 2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return half @ np.array([[cosine, sine], [-sine, cosine]]) + ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two rectangles share more than a touch: no side of either separates them."""
    for corners in (one, other):
        for side in (corners[1] - corners[0], corners[2] - corners[1]):
            axis = side / np.linalg.norm(side)
            a, b = one @ axis, other @ axis
            if min(a.max(), b.max()) - max(a.min(), b.min()) <= _TOUCH:
                return False
    return True


def _drawn(figure: Figure) -> list[Text]:
    """The texts that are seen; of ticks, those within the axes' limits."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            margin = 1e-6 * (high - low)
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            outside = [tick for tick in ticks if not low - margin <= tick.get_loc() <= high + margin]
            shown = axis.get_visible() and axes.axison
            hidden |= {label for tick in (outside if shown else ticks) for label in (tick.label1, tick.label2)}
            hidden |= set() if shown else {axis.label}
    return [
        text
        for text in figure.findobj(Text)
        if text not in hidden and text.get_visible() and text.get_text().strip() and text.get_alpha() != 0
    ]


def _unlabelled(figure: Figure):
    """Axes whose numbers no label explains; names as ticks need none, nor do axes that share labelled ones."""
    for axes in figure.axes:
        for side, axis, siblings in (
            ("x", axes.xaxis, axes.get_shared_x_axes().get_siblings(axes)),
            ("y", axes.yaxis, axes.get_shared_y_axes().get_siblings(axes)),
        ):
            ticks = [label.get_text() for label in axis.get_ticklabels() if label.get_visible()]
            numbers = [text for text in ticks if _NUMBER.fullmatch(text)]
            labelled = any(getattr(part, f"get_{side}label")() for part in siblings)
            labelled |= bool(getattr(figure, f"get_sup{side}label")())
            if axes.axison and axis.get_visible() and numbers and not labelled:
                yield axes, side
