"""What is claimed of the arena: each rule against the sum of its own mode, alpha 1 against the best alpha."""

import numpy as np

from lib.reporting.arena_findings import AT_BEST, AT_ONE, BY_RULE, arena
from lib.reporting.estimates import FAILS, HOLDS, NOISE, Estimate


def estimate(value, spread=0.001):
    return Estimate(np.array([value, *np.linspace(value - spread, value + spread, 50)]))


def test_each_rule_is_held_against_the_sum_of_its_mode():
    own = {
        ("standard", "absolute"): estimate(0.7),
        ("linear", "absolute"): estimate(0.8),
        ("standard", f"{BY_RULE}ties"): estimate(0.75, 0.01),
        ("linear", f"{BY_RULE}ties"): estimate(0.75, 0.01),
        ("linear", f"{BY_RULE}mean"): estimate(0.8, 0.02),
    }
    found = {one.claim: one for one in arena("m", own)}
    assert [one.verdict for one in found.values()] == [HOLDS, FAILS, NOISE]
    assert [one.ours for one in found.values()] == ["75.0 against 70.0", "75.0 against 80.0", "80.0 against 80.0"]
    assert next(iter(found)) == "m, arena: TIES of Non-linear FT has higher absolute accuracy than the sum"


def test_alpha_one_is_close_within_a_point():
    own = {(mode, AT_BEST): estimate(0.8) for mode in ("standard", "linear")}
    own |= {("standard", AT_ONE): estimate(0.5), ("linear", AT_ONE): estimate(0.795)}
    found = list(arena("m", own))
    assert [one.verdict for one in found] == [FAILS, HOLDS]
    assert found[1].difference.startswith("+0.5 [")


def test_without_other_rules_nothing_is_claimed():
    assert list(arena("m", {("standard", "absolute"): estimate(0.7)})) == []
