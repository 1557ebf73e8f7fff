"""The papers' findings, held against the numbers of a run: reported as they come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.reporting import papers
from lib.reporting.labels import title

_SMALLEST = "ViT-B-32"  # what a model that the papers do not report is held against


@dataclass(frozen=True)
class Finding:
    """One claim: what the paper reports, and for which model, what this run gives, and whether the claim holds here."""

    claim: str
    paper: str
    reference: str
    ours: str
    holds: bool


def findings(
    addition: pd.DataFrame, negation: pd.DataFrame, errors: Mapping[tuple[str, str], float], *, floor: float
) -> list[Finding]:
    """Every claim that the run's modes can speak of, one row per model.

    addition, negation: the frames of `lib.reporting.tables`; errors: mean xi over the search space of alpha, by
    (model, mode).
    """
    found = []
    for model in dict.fromkeys(addition["model"]):
        a = addition[addition["model"] == model].groupby("mode")[["absolute", "normalized"]].mean()
        n = negation[negation["model"] == model].groupby("mode")[["target", "control"]].mean()
        xi = {mode: value for (name, mode), value in errors.items() if name == model}
        found += [*_addition(model, a), *_negation(model, n, floor), *_disentanglement(model, xi)]
    return found


def mean_error(alphas: np.ndarray, xi: np.ndarray, low: float, high: float) -> float:
    """Mean of xi[g, g] over the grid points with both alphas in [low, high]. Raises ValueError if there is none.

    ASSUME: this mean over the red box stands for the papers' heatmaps, of which no number is printed.
    """
    inside = (alphas >= low - 1e-9) & (alphas <= high + 1e-9)
    if not inside.any():
        raise ValueError(f"no point of the disentanglement grid {alphas.tolist()} lies in [{low}, {high}]")
    return float(xi[np.ix_(inside, inside)].mean())


def markdown(rows: list[Finding]) -> str:
    """A table: finding, paper and the model it is about, this run, holds?"""
    references = [row.reference.replace("-", "/").replace("ViT/", "ViT-") for row in rows]
    one = len(set(references)) == 1
    frame = pd.DataFrame(
        {
            "finding": [row.claim for row in rows],
            f"paper ({references[0]})" if one else "paper": [
                row.paper if one else f"{row.paper} ({name})" for row, name in zip(rows, references, strict=True)
            ],
            "this run": [row.ours for row in rows],
            "holds?": ["yes" if row.holds else "no" for row in rows],
        }
    )
    return frame.to_markdown(index=False, disable_numparse=True) + "\n"


def _reference(model: str) -> str:
    """The papers' model that a model's numbers are held against: itself, if they report it."""
    return model if papers.reports("addition", model) else _SMALLEST


def _addition(model: str, a: pd.DataFrame):
    for better in ("posthoc", "linear", "linear-2"):
        for column in ("normalized", "absolute"):
            if {better, "standard"} <= set(a.index) and (better, column) != ("posthoc", "absolute"):
                claim = f"{model}, addition: {title(better)} has higher {column} accuracy than non-linear FT"
                yield _compare("addition", model, column, a, better, "standard", claim, higher=True)


def _negation(model: str, n: pd.DataFrame, floor: float):
    reference = _reference(model)
    claimed = [mode for mode in n.index if papers.reported("negation", reference, mode, "target") is not None]
    for mode in [mode for mode in claimed if mode != "pretrained"]:
        claim = f"{model}, negation: {title(mode)} forgets its target and keeps {floor:.0%} of the control accuracy"
        target, control = n.loc[mode]
        before_target, before_control = n.loc["pretrained"]
        reported = [
            papers.reported("negation", reference, who, column)
            for column in ("target", "control")
            for who in ("pretrained", mode)
        ]
        paper = "target {} → {}, control {} → {}".format(*map(_percent, reported))
        ours = "target {} → {}, control {} → {}".format(
            *map(_percent, (before_target, target, before_control, control))
        )
        yield Finding(claim, paper, reference, ours, bool(target < before_target and control >= floor * before_control))
    for better in ("posthoc", "linear"):
        if {better, "standard"} <= set(n.index):
            claim = f"{model}, negation: {title(better)} forgets more than non-linear FT"
            yield _compare("negation", model, "target", n, better, "standard", claim, higher=False)


def _disentanglement(model: str, xi: Mapping[str, float]):
    for better in ("posthoc", "linear"):
        if {better, "standard"} <= xi.keys():
            yield Finding(
                f"{model}: {title(better)} has less disentanglement error than non-linear FT (mean over the red box)",
                "less (Figs. 3, 10; no number printed)",
                _reference(model),
                f"{xi[better]:.3f} against {xi['standard']:.3f}",
                bool(xi[better] < xi["standard"]),
            )


def _compare(
    table: str, model: str, column: str, ours: pd.DataFrame, mode: str, other: str, claim: str, *, higher: bool
) -> Finding:
    a, b = ours.loc[mode, column], ours.loc[other, column]
    reference = _reference(model)
    paper = [_percent(papers.reported(table, reference, who, column)) for who in (mode, other)]
    holds = bool(a > b if higher else a < b)
    return Finding(claim, " against ".join(paper), reference, f"{_percent(a)} against {_percent(b)}", holds)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
