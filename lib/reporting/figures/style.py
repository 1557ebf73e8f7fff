"""What all figures share: fonts, frames, the colour of each mode, and how they are written."""

from __future__ import annotations

import zlib
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lib.files import atomic
from lib.reporting.labels import MODES

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "task-arithmetic",
}

# colours of Okabe and Ito's, which people who are colour-blind tell apart, with a marker each for print in grey
_LOOKS = (("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#D55E00", "v"), ("#56B4E9", "P"))


def mode_style(mode: str) -> dict[str, str]:
    """Colour and marker of a mode, the same in every figure of every run."""
    place = MODES.index(mode) if mode in MODES else zlib.crc32(mode.encode())
    colour, marker = _LOOKS[place % len(_LOOKS)]
    return {"color": colour, "marker": marker}


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.pdf and `stem`.png (200 dots per inch), whole and without time stamps; close the figure."""
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic.whole(stem.with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=200, bbox_inches="tight", metadata=metadata)
    plt.close(figure)
