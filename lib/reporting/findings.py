"""The papers' findings, held against the numbers of a run: reported as they come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.reporting import papers
from lib.training.modes import TITLES

_REFERENCE = "ViT-B-32"


@dataclass(frozen=True)
class Finding:
    """One claim: what the paper reports, what this run gives, and whether the claim holds here."""

    claim: str
    paper: str
    ours: str
    holds: bool


def findings(
    addition: pd.DataFrame, negation: pd.DataFrame, errors: Mapping[tuple[str, str], float], *, floor: float
) -> list[Finding]:
    """Every claim that the run's modes can speak of, one row a model.

    addition, negation: the frames of `lib.reporting.tables`; errors: mean xi over the search space of alpha, by (model, mode).
    """
    found = []
    for model in dict.fromkeys(addition["model"]):
        a = addition[addition["model"] == model].groupby("mode")[["absolute", "normalized"]].mean()
        n = negation[negation["model"] == model].groupby("mode")[["target", "control"]].mean()
        xi = {mode: value for (name, mode), value in errors.items() if name == model}
        found += [*_addition(model, a), *_negation(model, n, floor), *_disentanglement(model, xi)]
    return found


def mean_error(alphas: np.ndarray, xi: np.ndarray, low: float, high: float) -> float:
    """Mean of xi[g, g] over the grid points with both alphas in [low, high]. Raises ValueError if there is none."""
    inside = (alphas >= low - 1e-9) & (alphas <= high + 1e-9)
    if not inside.any():
        raise ValueError(f"no point of the disentanglement grid {alphas.tolist()} lies in [{low}, {high}]")
    return float(xi[np.ix_(inside, inside)].mean())


def markdown(rows: list[Finding]) -> str:
    """A table: finding, paper (ViT-B/32), this run, holds?"""
    frame = pd.DataFrame(
        {
            "finding": [row.claim for row in rows],
            "paper (ViT-B/32)": [row.paper for row in rows],
            "this run": [row.ours for row in rows],
            "holds?": ["yes" if row.holds else "no" for row in rows],
        }
    )
    return frame.to_markdown(index=False, disable_numparse=True) + "\n"


def _addition(model: str, a: pd.DataFrame):
    for better in ("posthoc", "linear", "linear-2"):
        for column in ("normalized", "absolute"):
            if {better, "standard"} <= set(a.index) and (better, column) != ("posthoc", "absolute"):
                claim = f"{model}, addition: {TITLES[better]} has higher {column} accuracy than non-linear FT"
                yield _compare("addition", column, a, better, "standard", claim, higher=True)


def _negation(model: str, n: pd.DataFrame, floor: float):
    for mode in [mode for mode in n.index if mode != "pretrained"]:
        claim = f"{model}, negation: {TITLES[mode]} forgets its target and keeps {floor:.0%} of the control accuracy"
        target, control = n.loc[mode]
        before_target, before_control = n.loc["pretrained"]
        reported = [
            papers.reported("negation", _REFERENCE, who, column)
            for column in ("target", "control")
            for who in ("pretrained", mode)
        ]
        paper = "target {} → {}, control {} → {}".format(*map(_percent, reported))
        ours = "target {} → {}, control {} → {}".format(
            *map(_percent, (before_target, target, before_control, control))
        )
        yield Finding(claim, paper, ours, bool(target < before_target and control >= floor * before_control))
    for better in ("posthoc", "linear"):
        if {better, "standard"} <= set(n.index):
            claim = f"{model}, negation: {TITLES[better]} forgets more than non-linear FT"
            yield _compare("negation", "target", n, better, "standard", claim, higher=False)


def _disentanglement(model: str, xi: Mapping[str, float]):
    for better in ("posthoc", "linear"):
        if {better, "standard"} <= xi.keys():
            yield Finding(
                f"{model}: {TITLES[better]} has less disentanglement error than non-linear FT (mean over the red box)",
                "less (Figs. 3, 10; no number printed)",
                f"{xi[better]:.3f} against {xi['standard']:.3f}",
                bool(xi[better] < xi["standard"]),
            )


def _compare(
    table: str, column: str, ours: pd.DataFrame, mode: str, other: str, claim: str, *, higher: bool
) -> Finding:
    a, b = ours.loc[mode, column], ours.loc[other, column]
    paper = [_percent(papers.reported(table, _REFERENCE, who, column)) for who in (mode, other)]
    return Finding(
        claim, " against ".join(paper), f"{_percent(a)} against {_percent(b)}", bool(a > b if higher else a < b)
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
