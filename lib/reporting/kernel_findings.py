"""Claims about kernels: where eigenfunctions live, and how well kernel regression does beside fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.reporting.estimates import Estimate
from lib.reporting.finding import Finding, Margin, held_against, percent
from lib.reporting.kernel_regression import COUNTERPARTS, TITLES
from lib.reporting.labels import PRETRAINED

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
