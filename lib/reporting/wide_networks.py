"""How far wide networks are from their linearization, against their width (Lee et al. 2019, Fig. 3 and Th. 2.1)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.files.trajectories import KINDS, Trajectories
from lib.reporting.power_law import PowerLaw, power_law
from lib.reporting.tables import PaperTable

CAPTION = (
    "Fully connected networks under gradient descent: root mean square difference of their test outputs from those of "
    "their linearization, over test images and recorded steps, and losses in the end; mean ± standard deviation over "
    "seeds"
)


def differences(found: Trajectories) -> pd.DataFrame:
    """Rows (width, seed, rmse_linearized, rmse_closed_form, loss, loss_test, loss_linearized, loss_test_linearized).

    rmse_...: of the network's test outputs from another kind's, over test images and steps. Losses are those of the
    last step, mean square errors over 2.
    """
    network, linearized, closed = np.moveaxis(found.outputs_test.astype(np.float64), 2, 0)
    columns = {"rmse_linearized": _rms(network - linearized), "rmse_closed_form": _rms(network - closed)}
    for name, kind in (("", "network"), ("_linearized", "linearized")):
        columns[f"loss{name}"] = losses(found.outputs, found.y, kind)[..., -1]
        columns[f"loss_test{name}"] = losses(found.outputs_test, found.y_test, kind)[..., -1]
    names = {"width": np.repeat(found.widths, len(found.seeds)), "seed": np.tile(found.seeds, len(found.widths))}
    return pd.DataFrame(names | {name: values.ravel() for name, values in columns.items()})


def losses(outputs: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    """Float64[w, s, r]: mean over points of (f - y)^2 / 2, of one of the KINDS."""
    return ((outputs[:, :, KINDS.index(kind)].astype(np.float64) - y) ** 2).mean(-1) / 2


def fitted(frame: pd.DataFrame) -> PowerLaw:
    """rmse_linearized = prefactor * width^slope, over all widths and seeds."""
    return power_law(frame["width"].tolist(), frame["rmse_linearized"].tolist())


def table(frame: pd.DataFrame) -> PaperTable:
    """A row per width. frame: of `differences`."""
    columns = {
        "rmse_linearized": "From linearization",
        "rmse_closed_form": "From closed form",
        "loss": "Training loss",
        "loss_linearized": "Training loss, linearization",
        "loss_test": "Test loss",
        "loss_test_linearized": "Test loss, linearization",
    }
    cells = [[_cell(rows[name]) for name in columns] for _, rows in frame.groupby("width")]
    names = [f"width {width}" for width in sorted(set(frame["width"]))]
    law = fitted(frame)
    note = (
        f"Fit of the difference from the linearization: {law.prefactor:.3g} width^({law.slope:.3f}), with a standard "
        f"error of the exponent of {law.slope_error:.3f}."
    )
    return PaperTable(CAPTION, [("", name) for name in columns.values()], names, cells).with_notes([note])


def _rms(differences: np.ndarray) -> np.ndarray:
    """Over steps and points."""
    return np.sqrt((differences**2).mean((-2, -1)))


def _cell(values: pd.Series) -> str:
    spread = f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else ""
    return f"{values.mean():.4f}{spread}"
