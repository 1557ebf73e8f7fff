"""The release's files agree: one licence, both papers, links that lead somewhere."""

import yaml

from lib.data import tasks
from tests.test_house import ROOT


def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_licence_is_one():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "Version 2.0" in text and "END OF TERMS AND CONDITIONS" in text
    assert citation()["license"] == "Apache-2.0"
    assert "| this repository | Apache-2.0 |" in (ROOT / "docs/licences.md").read_text()


def test_the_citation_names_both_papers_and_no_person_as_author_of_the_software():
    cited = citation()
    assert cited["cff-version"] == "1.2.0" and cited["type"] == "software"
    assert [entry.keys() for entry in cited["authors"]] == [{"name"}]
    numbers = {entry["value"] for paper in cited["references"] for entry in paper["identifiers"]}
    assert numbers == {"arXiv:2305.12827", "arXiv:2212.04089"}
    assert all(paper["title"] and paper["authors"] and paper["year"] == 2023 for paper in cited["references"])


def test_every_data_set_has_a_row_in_the_page_of_licences():
    text = (ROOT / "docs/licences.md").read_text()
    for name in tasks.KNOWN:
        assert f"\n| {tasks.read(name).title} |" in text, name


def test_the_readme_leads_to_them():
    text = (ROOT / "README.md").read_text()
    for file in ("CITATION.cff", "LICENSE", "CHANGELOG.md", "docs/licences.md", "docs/deviations.md"):
        assert f"({file})" in text and (ROOT / file).is_file(), file
