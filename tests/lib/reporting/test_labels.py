"""What modes and merging rules are called."""

import pytest

from lib.editing.merging_rules import RULES
from lib.reporting.labels import PRETRAINED, title
from lib.training.modes import MODES


@pytest.mark.parametrize(
    ("mode", "rule", "text"),
    [
        (PRETRAINED, None, "Pre-trained"),
        ("standard", None, "Non-linear FT"),
        ("posthoc", None, "Post-hoc lin."),
        ("linear", None, "Linear FT"),
        ("linear-2", None, "Linear layers FT"),
        ("gradient-ascent", None, "Gradient ascent"),
        ("my_mode", None, "my_mode"),
        ("linear", "mean", "Linear FT, weight averaging"),
        ("standard", "sum", "Non-linear FT, sum"),
        ("linear", "tsv-m", "Linear FT, TSV-M"),
        ("linear", "my_rule", "Linear FT, my_rule"),
        ("my_mode", "my_rule", "my_mode, my_rule"),
    ],
)
def test_titles_are_the_papers_and_else_the_own_name(mode, rule, text):
    assert title(mode, rule) == text


def test_no_two_modes_or_rules_have_one_title():
    modes = [PRETRAINED, *MODES]
    assert len({title(mode) for mode in modes}) == len(modes)
    assert len({title("linear", rule) for rule in RULES}) == len(RULES)
