"""What all figures share: fonts and frames, and how they are written."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lib.files import atomic

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "task-arithmetic",
}


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.pdf and `stem`.png (200 dots per inch), whole and without time stamps; close the figure."""
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic.whole(stem.with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=200, bbox_inches="tight", metadata=metadata)
    plt.close(figure)
