"""Variables of MATLAB files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.readers.errors import DataError


def load_mat(path: Path, variable: str) -> np.ndarray:
    """One variable of a .mat file, singleton dimensions dropped. Raises DataError if the file is absent or damaged."""
    from scipy.io import loadmat

    try:
        return np.atleast_1d(loadmat(path, squeeze_me=True, variable_names=[variable])[variable])
    except Exception as error:  # scipy raises whatever the broken bytes lead it to
        raise DataError(
            f"MATLAB file {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a readable file with the variable {variable}",
            next_step="fetch the file again; it is absent, truncated or another one",
        ) from error
