"""Claims about the arena: which merging rules beat the sum, and whether alpha 1 comes close to the best alpha."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lib.reporting.estimates import Estimate
from lib.reporting.finding import Finding, Margin, held_against, percent
from lib.reporting.labels import rule_title, title

BY_RULE = "absolute by "  # how quantities of a rule's sum begin
AT_ONE, AT_BEST = "alpha 1 on val", "best alpha on val"
CLOSE = 0.01  # ASSUME: within a point is close; the papers of methods for alpha 1 show differences below one point


def arena(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    """Of each mode: each rule's mean test accuracy against the sum's; then accuracy at alpha 1 against the best alpha,
    of the sum on validation images. own: by (mode, quantity), of one model."""
    for (mode, quantity), ours in own.items():
        if quantity.startswith(BY_RULE):
            rule, theirs = rule_title(quantity.removeprefix(BY_RULE)), own[mode, "absolute"]
            yield Finding(
                f"{model}, arena: {rule} of {title(mode)} has higher absolute accuracy than the sum",
                "each rule's own paper says so, on splits and checkpoints of its own",
                held_against(model),
                f"{percent(ours.value)} against {percent(theirs.value)}",
                (Margin(ours - theirs),),
            )
    for mode in [mode for mode, quantity in own if quantity == AT_ONE]:
        at_one, best = own[mode, AT_ONE], own[mode, AT_BEST]
        close = Estimate(np.full_like(best.values, CLOSE))
        yield Finding(
            f"{model}, arena: the sum of {title(mode)} at alpha 1 comes within {100 * CLOSE:.0f} point of its best "
            "alpha (on validation)",
            "so for vectors trained to add up (Porrello et al. 2026, Table 1), not for others",
            held_against(model),
            f"{percent(at_one.value)} against {percent(best.value)}",
            (Margin(close - (best - at_one)),),
        )
