"""docs/published.md shows every published number, those that must not be compared last."""

import re

from lib.reporting.papers.groups import APART, groups, rows
from tests.workflow.conftest import ROOT
from workflow_scripts.commands.published import document


def test_the_page_is_what_the_groups_say():
    """If not: `python -m workflow_scripts.commands.published > docs/published.md`."""
    assert (ROOT / "docs/published.md").read_text() == document()


def test_every_number_is_shown_as_printed_and_leaked_ones_last():
    page = document()
    shown = len(
        re.findall(r"(?<=[ |])\d+\.\d+(?= [/|])", "".join(line for line in page.splitlines() if line[:2] == "| "))
    )
    values = [
        value
        for name in groups()
        for row in rows(name)
        for value in (row.absolute, row.normalized, row.target, row.control)
    ]
    assert shown == sum(value is not None for value in values)
    assert "| 90.4 / 100.05 |" in page and "| – / 68.0 |" in page
    *_, last = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert APART in last and page.count(APART) == 1
