"""Claims about kernels: where eigenfunctions live, kernel regression beside fine-tuning, drift and its prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lib.reporting.estimates import Estimate
from lib.reporting.finding import Finding, Margin, held_against, percent
from lib.reporting.kernel_regression import COUNTERPARTS, TITLES
from lib.reporting.labels import PRETRAINED, title

DRIFT, NORM, CORRELATION = "drift", "norm of task vectors", "rank correlation of drifts"  # quantities
_OF_KERNELS = "RoBERTa-base"  # the model of the kernel view's experiments


def localization(
    model: str, random: Mapping[tuple[str, str], Estimate], own: Mapping[tuple[str, str], Estimate]
) -> Iterator[Finding]:
    """Of a pre-trained model, against the same one with random weights. random, own: by (mode, quantity)."""
    key = PRETRAINED, "localization"
    if key in random and key in own:
        yield Finding(
            f"{model}, NTK before fine-tuning: eigenfunctions have more of their energy on their own task's images "
            "than with random weights",
            "more (Figs. 6, 15; no number printed)",
            held_against(model),
            f"{percent(own[key].value)} against {percent(random[key].value)}",
            (Margin(own[key] - random[key]),),
        )


def kernel_regression(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    """Of each kernel and number of shots, against fine-tuning by the kernel's optimizer. own: by (method, shots)."""
    for (kernel, shots), ours in own.items():
        tuning = COUNTERPARTS.get(kernel)
        if tuning and (tuning, shots) in own:
            theirs = own[tuning, shots]
            yield Finding(
                f"{model}, {shots}: regression with {TITLES[kernel]} is as accurate as {TITLES[tuning]}, or more",
                "in many of 14 text tasks (Malladi et al. 2023, Sec. 6)",
                _OF_KERNELS,
                f"{percent(ours.value)} against {percent(theirs.value)}",
                (Margin(ours - theirs),),
            )


def drift(model: str, own: Mapping[tuple[str, str], Estimate]) -> Iterator[Finding]:
    """Whether TAK's penalty lowers what it penalises, and whether what it penalises ranks as the exact drift does.

    own: by (mode, quantity), of one model; rank correlations of fewer than three pairs are left out.
    """
    if {(mode, DRIFT) for mode in ("linear", "linear-tak")} <= own.keys():
        plain, tak = (own[mode, DRIFT] for mode in ("linear", "linear-tak"))
        norms = [own[mode, NORM].value for mode in ("linear-tak", "linear")]
        with np.errstate(divide="ignore", invalid="ignore"):
            lower = Estimate(np.log((plain / tak).values))
        yield Finding(
            f"{model}, drift: {title('linear-tak')} moves the embeddings of other tasks' images less than "
            f"{title('linear')}",
            "less: its penalty stands for this drift (Porrello et al. 2026, Eq. 8; no number printed)",
            held_against(model),
            f"{tak.value:.3g} against {plain.value:.3g}; norms {norms[0]:.3g} against {norms[1]:.3g}",
            (Margin(lower, "log ratio", scale=1.0),),
        )
    for mode in [mode for mode, quantity in own if quantity == CORRELATION]:
        correlation = own[mode, CORRELATION]
        yield Finding(
            f"{model}, drift: of {title(mode)}, K-FAC's quadratic form ranks pairs of task vector and other task as "
            "the exact drift does, rather than at random",
            "a number from -1 to 1 (no paper shows it)",
            held_against(model),
            f"rank correlation {correlation.value:.2f}",
            (Margin(correlation, scale=1.0),),
        )
