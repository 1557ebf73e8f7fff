"""The labels of images, from the indices of prepared splits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lib.data.prepared import FIELDS
from lib.files import own_files


def labels_of(indices: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Task -> Int64[n]. indices: task -> index of one of its splits. Raises OwnFileError."""
    return {task: own_files.read_npz(path, FIELDS)["label"] for task, path in indices.items()}
