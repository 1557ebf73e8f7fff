"""The papers' findings, held against the numbers of a run: reported as they come out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from lib.reporting import papers
from lib.reporting.arena_findings import arena
from lib.reporting.estimates import Estimate
from lib.reporting.finding import SMALLEST, Finding, Margin, held_against, percent
from lib.reporting.kernel_findings import drift, kernel_regression, localization
from lib.reporting.labels import PRETRAINED, title

_EDITED = "ViT-L-14"  # the model of the editing paper's figures
Measured = Mapping[tuple[str, str, str], Estimate]  # (model, mode, quantity) -> its mean over seeds


def findings(measured: Measured, *, floor: float, random: Mapping[str, str] = MappingProxyType({})) -> list[Finding]:
    """Every claim that the run's modes can speak of, one row per model.

    measured: absolute, single and normalized of addition, target and control of negation, error (mean xi over the
    search space of alpha), one vector and all vectors (normalized accuracy over all tasks), zero-shot d and analogy
    (accuracy on task d); the pre-trained model has absolute, target, control and localization; methods of
    `lib.reporting.kernel_regression` have k-shot accuracies; quantities of the arena and of drifts are named in
    `lib.reporting.arena_findings` and `lib.reporting.kernel_findings`. random: model with a random image tower -> the
    same one pre-trained, with which it is compared.
    """
    found: list[Finding] = []
    for model in dict.fromkeys(model for model, _, _ in measured if model not in random):
        own = _of(model, measured)
        found += [*_addition(model, own), *_negation(model, own, floor), *_disentanglement(model, own)]
        found += [*_subsets(model, own), *_analogies(model, own), *arena(model, own), *kernel_regression(model, own)]
        found += drift(model, own)
    for model, pretrained in random.items():
        both = _of(model, measured), _of(pretrained, measured)
        found += [*_random_init(model, *both), *localization(pretrained, *both)]
    return found


def _of(model: str, measured: Measured) -> dict[tuple[str, str], Estimate]:
    """(mode, quantity) -> estimate, of one model."""
    return {(mode, quantity): value for (name, mode, quantity), value in measured.items() if name == model}


def frame(rows: Sequence[Finding]) -> pd.DataFrame:
    """A row per finding: claim, paper and the model it is about, this run, the margin with its interval, verdict."""
    return pd.DataFrame(
        {
            "finding": [row.claim for row in rows],
            "paper": [row.paper for row in rows],
            "reference": [row.reference for row in rows],
            "this run": [row.ours for row in rows],
            "margin": [row.difference for row in rows],
            "verdict": [row.verdict for row in rows],
        }
    )


def markdown(rows: Sequence[Finding]) -> str:
    """A table: finding, paper and the model it is about, this run, margin, verdict."""
    shown = frame(rows)
    names = [re.sub(r"(?<=ViT-\w)-", "/", name) for name in shown.pop("reference")]
    if len(set(names)) == 1:
        shown = shown.rename(columns={"paper": f"paper ({names[0]})"})
    else:
        shown["paper"] = [f"{text} ({name})" for text, name in zip(shown["paper"], names, strict=True)]
    return shown.rename(columns={"margin": "margin [95 %]"}).to_markdown(index=False, disable_numparse=True) + "\n"


def _addition(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    for better in ("posthoc", "linear", "linear-2"):
        for column in ("normalized", "absolute"):
            if {(better, column), ("standard", column)} <= own.keys() and (better, column) != ("posthoc", "absolute"):
                claim = f"{model}, addition: {title(better)} has higher {column} accuracy than non-linear FT"
                yield _compare("addition", model, column, own, better, claim, higher=True)


def _negation(model: str, own: Mapping[tuple[str, str], Estimate], floor: float) -> Iterator[Finding]:
    reference = held_against(model)
    negated = dict.fromkeys(mode for mode, quantity in own if quantity == "target" and mode != PRETRAINED)
    for mode in negated:
        if papers.reported("negation", reference, mode, "target") is not None:
            yield _forgets(model, mode, own, floor)
    for better in ("posthoc", "linear"):
        if {better, "standard"} <= negated.keys():
            claim = f"{model}, negation: {title(better)} forgets more than non-linear FT"
            yield _compare("negation", model, "target", own, better, claim, higher=False)


def _forgets(model: str, mode: str, own: Mapping[tuple[str, str], Estimate], floor: float) -> Finding:
    reference = held_against(model)
    sides = [(who, column) for column in ("target", "control") for who in (PRETRAINED, mode)]
    before, after, before_control, after_control = (own[side] for side in sides)
    text = "target {} → {}, control {} → {}"
    return Finding(
        f"{model}, negation: {title(mode)} forgets its target and keeps {floor:.0%} of the control accuracy",
        text.format(*(percent(papers.reported("negation", reference, *side)) for side in sides)),
        reference,
        text.format(*(percent(own[side].value) for side in sides)),
        (
            Margin(before - after, "target lower by"),
            Margin(after_control - before_control * floor, "control above its floor by"),
        ),
    )


def _disentanglement(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    printed = "less (Figs. 3, 10; no number printed)"
    of_penalty = "less: what its penalty is for (Porrello et al. 2026; no number printed)"
    compared = [("posthoc", "standard", printed), ("linear", "standard", printed), ("linear-tak", "linear", of_penalty)]
    for better, plain, paper in compared:
        if {(better, "error"), (plain, "error")} <= own.keys():
            one, other = own[better, "error"], own[plain, "error"]
            than = "non-linear FT" if plain == "standard" else title(plain)
            yield Finding(
                f"{model}: {title(better)} has less disentanglement error than {than} (mean over the red box)",
                paper,
                held_against(model),
                f"{one.value:.3f} against {other.value:.3f}",
                (Margin(other - one, scale=1.0),),
            )


def _subsets(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    for mode in [mode for mode, quantity in own if quantity == "one vector"]:
        one, everything = own[mode, "one vector"], own[mode, "all vectors"]
        yield Finding(
            f"{model}, subsets: with all {title(mode)} task vectors, the mean normalized accuracy over all tasks is "
            "higher than with one of them",
            "higher (Ilharco et al. 2023, Sec. 4: a figure)",
            _EDITED,
            f"{percent(everything.value)} against {percent(one.value)}",
            (Margin(everything - one),),
        )


def _analogies(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    for mode in [mode for mode, quantity in own if quantity == "analogy"]:
        before, after = own[mode, "zero-shot d"], own[mode, "analogy"]
        yield Finding(
            f"{model}, analogies: c + (b - a) of {title(mode)} classifies task d better than zero-shot",
            "better (Ilharco et al. 2023, Sec. 5: a figure)",
            _EDITED,
            f"{percent(after.value)} against {percent(before.value)}",
            (Margin(after - before),),
        )


def _random_init(
    model: str, own: Mapping[tuple[str, str], Estimate], pretrained: Mapping[tuple[str, str], Estimate]
) -> Iterator[Finding]:
    reference = model if papers.reports("random_init", model) else f"{SMALLEST}-random"
    for mode in dict.fromkeys(mode for mode, quantity in own if quantity == "single"):
        paper = [papers.reported("random_init", reference, mode, column) for column in ("multi", "single")]
        if (mode, "single") in pretrained and None not in paper:
            sums = [own[mode, column].value for column in ("absolute", "single")]
            yield Finding(
                f"{model}, addition: after {title(mode)} from random weights, the sum keeps less of the single-task "
                "accuracy than after pre-training",
                "sum {}, single {}".format(*map(percent, paper)),
                reference.removesuffix("-random"),
                "sum {}, single {}".format(*map(percent, sums)),
                (Margin(_kept(mode, pretrained) - _kept(mode, own)),),
            )


def _kept(mode: str, own: Mapping[tuple[str, str], Estimate]) -> Estimate:
    """The sum's mean accuracy as a share of the mean single-task accuracy."""
    return own[mode, "absolute"] / own[mode, "single"]


def _compare(
    table: str,
    model: str,
    column: str,
    own: Mapping[tuple[str, str], Estimate],
    mode: str,
    claim: str,
    *,
    higher: bool,
) -> Finding:
    one, other = own[mode, column], own["standard", column]
    reference = held_against(model)
    paper = [percent(papers.reported(table, reference, who, column)) for who in (mode, "standard")]
    ours = f"{percent(one.value)} against {percent(other.value)}"
    margin = one - other if higher else other - one
    return Finding(claim, " against ".join(paper), reference, ours, (Margin(margin),))
