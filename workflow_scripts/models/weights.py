"""Where a model's pre-trained weights are, or those of a checkpoint. Imports no torch: fetching needs none."""

from collections.abc import Mapping

from lib.data.hub_client import hub_file
from lib.files.digests import file_digest


def local_file(weights: Mapping[str, str]) -> str:
    """The path of the weights of a model or a checkpoint, fetched if they are the hub's.

    Raises ValueError for another sha256.
    """
    if "file" in weights:
        return weights["file"]
    file = hub_file(weights["repository"], weights["filename"], revision=weights["revision"])
    if file_digest(file) != weights["sha256"]:
        raise ValueError(
            f"{file} has sha256 {file_digest(file)}, expected {weights['sha256']} (the sha256 of the configuration). "
            "Delete it and run again; if the repository really holds other bytes, correct revision and sha256."
        )
    return str(file)
