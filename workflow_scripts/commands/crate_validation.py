"""Validate a crate with roc-validator, without a network.

The validator reads the JSON-LD context of RO-Crate 1.1 over HTTP, or from its cache. The package rocrate brings a
context, that of a later RO-Crate; with the four terms that differ in it set back to 1.1, it is put into a cache of our
own in the place of the answer. (All others that a crate of ours uses are the same, in both http://schema.org/...)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from workflow_scripts.commands.lines import tell

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
PROFILE = "provenance-run-crate"  # with those that it builds on: ro-crate, workflow-ro-crate, process and workflow run
BIOSCHEMAS = "https://bioschemas.org/"
TERMS_1_1 = {
    "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
    "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
    "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
}


def context() -> dict[str, object]:
    """The context that stands for RO-Crate 1.1's."""
    known = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text())
    return {"@context": {**known["@context"], **TERMS_1_1}}


def seed(cache: Path) -> None:
    """Put the context into an HTTP cache of the validator."""
    from requests_cache import CachedSession
    from requests_cache.models import CachedRequest, CachedResponse

    answer = CachedResponse(
        status_code=200,
        url=CONTEXT,
        headers={"Content-Type": "application/ld+json"},
        request=CachedRequest(method="GET", url=CONTEXT),
    )
    answer._content = json.dumps(context()).encode()
    with CachedSession(str(cache), backend="sqlite") as session:
        session.cache.save_response(answer)


def validated(folder: Path, *, severity: str = "required", profile: str = PROFILE) -> int:
    """Print the validator's report on a crate; its exit status, 0 if the crate conforms."""
    program = Path(sys.executable).with_name("rocrate-validator")
    with tempfile.TemporaryDirectory() as temporary:
        cache = Path(temporary, "http")
        seed(cache)
        words = ["--offline", "--cache-path", str(cache), "--profile-identifier", profile]
        words += ["--requirement-severity", severity, "--no-paging", "--verbose", str(folder)]
        done = subprocess.run(
            [str(program), "--no-interactive", "--disable-color", "validate", *words],
            env={**os.environ, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            text=True,
        )
        tell(done.stdout, end="")
        return done.returncode
