"""The version is one: in records, in the citation, in the list of changes."""

import re
from pathlib import Path

import yaml

from lib.provenance.version import VERSION

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_is_one():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == VERSION
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == VERSION and len(set(headings)) == len(headings)
