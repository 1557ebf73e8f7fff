"""One claim of the papers, held against a run."""

from __future__ import annotations

from dataclasses import dataclass

from lib.reporting import papers
from lib.reporting.estimates import Estimate, verdict

SMALLEST = "ViT-B-32"  # what a model that the papers do not report is held against


@dataclass(frozen=True)
class Finding:
    """One claim: what the paper reports, and for which model, and what this run gives.

    margins: what is positive if the claim is true, each with a name and how it is written ("points" or "").
    """

    claim: str
    paper: str
    reference: str
    ours: str
    margins: tuple[Margin, ...]

    @property
    def verdict(self) -> str:
        return verdict([margin.estimate for margin in self.margins])

    @property
    def difference(self) -> str:
        """The margins with their intervals, in the direction of the claim."""
        return "; ".join(margin.text for margin in self.margins)


@dataclass(frozen=True)
class Margin:
    """By how much a claim is true. name: of which part; scale: 100 for points of accuracy."""

    estimate: Estimate
    name: str = ""
    scale: float = 100.0

    @property
    def text(self) -> str:
        digits = 1 if self.scale == 100 else 3
        value, (low, high) = self.estimate.value, self.estimate.interval
        numbers = [f"{self.scale * number + 0.0:+.{digits}f}" for number in (value, low, high)]
        return f"{self.name} {numbers[0]} [{numbers[1]}, {numbers[2]}]".strip()


def held_against(model: str) -> str:
    """The papers' model that a model's numbers are held against: itself, if they report it."""
    return model if papers.reports("addition", model) else SMALLEST


def percent(value: float | None) -> str:
    """A fraction in percent; "-" for none."""
    return "-" if value is None else f"{100 * value:.1f}"
