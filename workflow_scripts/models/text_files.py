"""Where the files of a text encoder lie: weights, config.json and tokenizer.json, side by side. Imports no torch."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from lib.data.hub_client import hub_file
from workflow_scripts.models import weights as image_weights

CONFIGURATION, TOKENIZER = "config.json", "tokenizer.json"


def local_file(weights: Mapping[str, str], name: str | None = None) -> Path:
    """The path of the weights, or of the file `name` beside them; fetched if they are the hub's.

    Raises ValueError for weights of another sha256, FileNotFoundError for a package that is not installed.
    """
    if "repository" in weights and name is not None:
        folder = weights["filename"].rpartition("/")[0]
        file = f"{folder}/{name}" if folder else name
        return hub_file(weights["repository"], file, revision=weights["revision"])
    if "package" in weights:
        found = Path(package_folder(weights["package"]), weights["path"])
    else:
        found = Path(image_weights.local_file(weights))
    return found if name is None else found.parent / name


def package_folder(package: str) -> str:
    """The folder of an installed package, without importing it. Raises FileNotFoundError."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(
            f"the package {package} is not installed here, expected that of envs/text.lock; run `make setup-text`"
        )
    return found.submodule_search_locations[0]
