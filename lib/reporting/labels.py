"""How modes and merging rules are called in tables and figures, as in the papers."""

from __future__ import annotations

PRETRAINED = "pretrained"
RANDOM = "random"  # theta_0 of a model whose image tower is random
FINE_TUNED, RANDOM_VECTOR, NEGATIVE = "fine-tuned", "random-vector", "negative"  # in the table of controls of negation
MEAN = "Mean"  # the column beside the tasks'
KEYS = ["model", "seed", "mode"]
RULE = "rule"
# columns that say what a row is of
METHOD = "method"  # of a control of negation, or of learning from few images
IDENTITY = (
    *(*KEYS, RULE, METHOD, "quadruple", "size", "pair", "task", "control_task", "cut_off", "task_a", "task_b", "split"),
    *("start", "shots", "width"),
)
_MODES = {
    PRETRAINED: "Pre-trained",
    RANDOM: "Random init",
    "standard": "Non-linear FT",
    "posthoc": "Post-hoc lin.",
    "linear": "Linear FT",
    "linear-2": "Linear layers FT",
    "gradient-ascent": "Gradient ascent",
    "standard-orthoreg": "Non-linear FT + OrthoReg",
    "linear-orthoreg": "Linear FT + OrthoReg",
    "linear-2-orthoreg": "Linear layers FT + OrthoReg",
    "linear-taujp": "Linear FT + tau-Jp",
    "standard-talos": "TaLoS",
    "linear-tak": "Linear FT + TAK",
    "linear-tak-paper": "Linear FT + TAK, its paper's rate",
}
MODES = [mode for mode in _MODES if mode not in (PRETRAINED, RANDOM)]
_CONTROLS = {  # of negation, in the place of a mode
    FINE_TUNED: "Fine-tuned",
    RANDOM_VECTOR: "Random vector",
    NEGATIVE: "Negative task vector",
}
_RULES = {
    "sum": "sum",
    "mean": "weight averaging",
    "ties": "TIES",
    "dare": "DARE",
    "dare-ties": "DARE + TIES",
    "breadcrumbs": "Breadcrumbs",
    "lines": "LiNeS",
    "consensus": "Consensus TA",
    "tsv-m": "TSV-M",
    "iso-c": "Iso-C",
    "iso-cts": "Iso-CTS",
    "wudi": "WUDI, closed form",
    "wudi-adam": "WUDI, Adam",
    "regmean": "RegMean",
    "fisher": "Fisher merging",
    "atlas": "aTLAS",
    "atlas-tensors": "aTLAS, per tensor",
    "adamerging": "AdaMerging",
    "adamerging-tensors": "AdaMerging, per tensor",
    "adamerging-transductive": "AdaMerging, on test images",
    "adamerging-tensors-transductive": "AdaMerging, per tensor, on test images",
}


def title(mode: str, rule: str | None = None) -> str:
    """A mode's or control's title, its own name if it has none; with the merging rule where a run has several."""
    named = (_MODES | _CONTROLS).get(mode, mode)
    return named if rule is None else f"{named}, {rule_title(rule)}"


def rule_title(rule: str) -> str:
    """A merging rule's title, its own name if it has none."""
    return _RULES.get(rule, rule)
