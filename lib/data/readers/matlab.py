"""Variables of MATLAB files (version 5, which the data sets use)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.readers.errors import DataError
from lib.data.readers.matlab_elements import checked_elements
from lib.data.readers.regular_files import regular

NUMBERS = frozenset({"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))})


def load_mat(path: Path, variable: str, *, kinds: frozenset[str], at_most: int) -> np.ndarray:
    """One variable of a .mat file, singleton dimensions dropped.

    kinds: what it may be, in MATLAB's words (`scipy.io.whosmat`). at_most: bytes of the file without compression.
    Raises DataError if the file is absent, damaged, larger or of another kind.
    """
    from scipy.io import loadmat, whosmat

    try:
        with open(regular(path), "rb") as file:
            checked_elements(file, at_most=at_most, containers=kinds != NUMBERS)
        found = {kind for name, _, kind in whosmat(path) if name == variable}
        if len(found) != 1 or not found <= kinds:
            raise ValueError(f"{variable} is {' and '.join(found) or 'absent'}, expected {' or '.join(sorted(kinds))}")
        return np.atleast_1d(loadmat(path, squeeze_me=True, variable_names=[variable])[variable])
    except Exception as error:  # scipy raises whatever the broken bytes lead it to
        raise DataError(
            f"MATLAB file {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a readable file with the variable {variable}",
            next_step="fetch the file again; it is absent, truncated or another one",
        ) from error
