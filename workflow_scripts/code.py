"""Which code each rule runs: what its jobs carry as a param, so that a change of meaning reruns them.

A rule's digest covers its script and every project module that the script reaches, and the modules that the script
loads by name because of a mode, a merging rule or a data set ("plug-ins").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lib.data.datasets import DATASETS, reading
from lib.editing.merging_rules import RULES
from lib.provenance.code_digest import code_digests, imported_packages
from lib.provenance.record import installed
from lib.training.modes import EVALUATIONS, MODES, Mode, batches_module
from workflow_scripts.scripts import SCRIPTS, script_file

ROOT = Path(__file__).resolve().parents[1]

# What cannot change a number, and why. Everything else that a script reaches is inside.
OUTSIDE = {
    "lib/data/hub_client.py": "fetches what a pinned revision holds, or refuses",
    "lib/files/atomic.py": "writes a file whole or not at all; what is in it comes from elsewhere",
    "lib/files/digests.py": "reads files and says what they hold; a changed digest shows in the digest itself",
    "lib/files/own_files.py": "reads what other jobs wrote, or refuses it",
    "lib/provenance/": "records what was done",
    "workflow_scripts/job/": "claims devices, starts processes, logs, shows progress, keeps the heap",
    "workflow_scripts/layout.py": "says where files lie; a file that moves is made again anyway",
}


def code(rule: str, *plugins: str, kind: str = "image", root: Path = ROOT) -> dict[str, str]:
    """File -> digest of what it means, for a rule's script, the modules that it reaches, and plug-ins' (dotted names).

    Builtin values, to be a rule's param.
    """
    files = [script_file(rule, kind), *(f"{name.replace('.', '/')}.py" for name in plugins)]
    return code_digests(root, files, outside=tuple(OUTSIDE))


def packages(modules: Iterable[str]) -> dict[str, str]:
    """Distribution -> installed version, of all that these files of the project import directly."""
    return installed(imported_packages(ROOT, modules))


def training_plugins(mode: Mode, kind: str = "image") -> list[str]:
    """The modules that fine-tuning in a mode loads by name."""
    return [mode.encoder_module_of(kind), batches_module(kind), mode.objective_module]


def evaluation_plugins(mode: Mode, kind: str = "image") -> list[str]:
    """The modules that every evaluation in a mode loads by name."""
    return [mode.encoder_module_of(kind), mode.predictions_module]


def variants() -> Iterator[tuple[str, str, list[str], str]]:
    """(rule, what it is applied to, plug-ins, kind of input) for every combination that runs other code."""
    for name, known in DATASETS.items():
        for source in known.sources:
            what = f"{name} {source}" if len(known.sources) > 1 else name
            yield "prepare", what, [reading(name, source)["reader"]], known.input
    yield from _of_modes("image", "")
    yield from _of_modes("text", " text")
    for rule in ("pretrained", "head"):
        yield from ((rule, kind, [], kind) for kind in ("image", "text"))
    told = (*EVALUATIONS, "prepare", "pretrained", "head", "finetune", "few_shot", "subsets", *_STANDARD)
    told += ("laziness", "localization", "kernel_regression", *_MOMENTS, "coefficients", "curvature", "drift")
    yield from ((rule, "", [], "image") for rule in SCRIPTS if rule not in told)


_MOMENTS = ("gram", "fisher")  # of fine-tuned models, for merging rules
_STANDARD = ("zero_shot", "negation_controls")  # rules that evaluate in the mode standard


def _of_modes(kind: str, suffix: str) -> Iterator[tuple[str, str, list[str], str]]:
    """Those that a mode decides, of models whose inputs are of a kind; runs on texts have no analogies."""
    for mode in MODES.values():
        training, evaluation, name = training_plugins(mode, kind), evaluation_plugins(mode, kind), mode.name + suffix
        if mode.owns_checkpoints:
            yield "finetune", name, training, kind
            yield "laziness", name, [mode.encoder_module_of(kind)], kind
        if mode.owns_checkpoints and "analogy" in mode.evaluations and kind == "image":
            yield "few_shot", name, [*evaluation, *training], kind
        for rule in mode.evaluations:
            if rule == "addition":
                for merging in RULES.values():
                    yield rule, f"{mode.name} {merging.name}{suffix}", [*evaluation, merging.module], kind
                yield "subsets", name, evaluation, kind
                yield "coefficients", name, evaluation, kind
                yield from ((moments, name, [mode.encoder_module_of(kind)], kind) for moments in _MOMENTS)
            elif rule != "analogy" or kind == "image":
                yield rule, name, evaluation, kind
    yield from ((rule, kind, evaluation_plugins(MODES["standard"], kind), kind) for rule in _STANDARD)
    of_kernels = [MODES["standard"].encoder_module_of(kind)]
    yield from ((rule, kind, of_kernels, kind) for rule in ("localization", "kernel_regression", "curvature"))
    yield "drift", kind, [MODES["linear"].encoder_module_of(kind)], kind
