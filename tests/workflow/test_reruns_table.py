"""docs/reruns.md: which rules a change of each module reruns, tried module by module."""

import pytest

from lib.provenance.code_digest import counted_texts, reached_modules
from lib.training.modes import MODES
from tests.workflow.conftest import ROOT
from workflow_scripts.code import OUTSIDE, code, variants
from workflow_scripts.commands import reruns
from workflow_scripts.scripts import SCRIPTS

COMPUTING = [
    "prepare",
    "finetune",
    "task_vector",
    "single_task",
    "addition",
    "negation",
    "disentanglement",
    "zero_shot",
]
OF_METHODS = {"curvature", "gram", "fisher", "drift"}
OF_KERNELS = {"localization", "kernel_regression", "wide_networks", "laziness", *OF_METHODS}
OF_THEIR_REPORT = {f"{rule}_table" for rule in OF_KERNELS} | {
    *("localization_figures", "kernel_regression_figure", "wide_networks_figures", "laziness_figure"),
}


@pytest.fixture(scope="module")
def effects():
    return dict(reruns.effects())


def rules(changed):
    return {rule for rule, _ in changed}


def modes(changed, rule):
    """The modes of a rule, of images and of texts."""
    return {what.removesuffix(" text") for name, what in changed if name == rule}


def test_the_table_in_the_docs_is_current(effects):
    """If not: python -m workflow_scripts.commands.reruns > docs/reruns.md"""
    assert (ROOT / "docs/reruns.md").read_text() == reruns.document(effects)


def test_pairs_are_told_in_few_words():
    every = ["a x", "a y", "b x", "b y", "c x", "c y"]
    assert reruns.factored(every[2:], every) == "b, c"
    assert reruns.factored(every[::2], every) == "x"
    assert reruns.factored(["a x", "b x", "c x", "c y"], every) == "a, b with x; c"
    assert reruns.factored(["a", "b", "b text"], ["a", "a text", "b", "b text"]) == "a with images; b"


def test_tangents_concern_tangent_modes_alone(effects):
    for module, changed in effects.items():
        if "tangent" in module or module.endswith("models/linearize.py"):
            every = {
                "finetune",
                "single_task",
                "addition",
                "negation",
                "disentanglement",
                "subsets",
                "analogy",
                "few_shot",
                "coefficients",
            }
            found = rules(changed) - OF_KERNELS
            assert every - {"analogy", "few_shot", "subsets", "coefficients"} <= found <= every or (
                module.endswith("tangent_models.py") and "finetune" not in rules(changed)
            )
            tangent = {name for name, mode in MODES.items() if mode.tangent}
            assert modes(changed, "finetune") <= tangent - {"posthoc"}
            assert modes(changed, "single_task") == tangent
            if "tangent" in module:
                assert rules(changed) & OF_KERNELS <= {"laziness", "gram", "fisher", "drift"}
                assert modes(changed, "laziness") <= tangent - {"posthoc"}


def test_kernels_concern_kernels_alone(effects):
    for module, changed in effects.items():
        if "/kernels/" in module:
            assert rules(changed) <= OF_KERNELS | OF_THEIR_REPORT, module
    assert rules(effects["lib/kernels/localization.py"]) == {"localization"}
    assert rules(effects["lib/kernels/few_shot_tuning.py"]) == {"kernel_regression"}
    assert rules(effects["lib/kernels/linear_dynamics.py"]) == {"wide_networks"}
    assert rules(effects["lib/kernels/laziness.py"]) == {"laziness"}
    assert rules(effects["lib/kernels/kfac.py"]) == {"curvature"}
    assert rules(effects["lib/kernels/drift.py"]) == {"drift"}
    assert rules(effects["lib/kernels/ntk.py"]) == OF_KERNELS - {"kernel_regression"} - OF_METHODS


def test_the_report_concerns_the_report_alone(effects):
    shown = {"tables", "findings", "heatmaps", "scatters", "alpha_sweeps", "loss_curves"}
    shown |= {"disentanglement_table", "similarity_table", "similarity_maps", "pages"}
    shown |= {"bootstrap", "reproduction", "random_init", "subset_tables", "subset_figures"}
    shown |= {
        "negation_controls_table",
        "analogies_table",
        "analogies_figure",
        "arena_table",
        "arena_figure",
        "few_shot",
        "analogy",
        "negation_controls",
    }
    shown |= OF_THEIR_REPORT
    for module, changed in effects.items():
        if "/reporting/" in module:
            assert rules(changed) <= shown, module


def test_registries_commands_and_checks_concern_no_job(effects):
    for module in ("lib/training/modes.py", "lib/editing/merging_rules.py", "lib/data/datasets.py"):
        assert effects[module] == []
    for module, changed in effects.items():
        if module.startswith(
            ("workflow_scripts/commands/", "workflow_scripts/configuration/", "workflow_scripts/job/")
        ):
            assert changed == [], module


def test_a_reader_concerns_its_own_data_sets(effects):
    idx = ("mnist", "fashion_mnist", "kmnist")
    assert effects["lib/data/readers/mnist.py"] == [("prepare", f"{name} folder") for name in idx]
    assert effects["lib/data/readers/emnist.py"] == [("prepare", "emnist folder")]
    assert effects["lib/data/readers/sklearn_digits.py"] == [("prepare", "sklearn_digits")]


def test_a_rule_and_an_objective_concern_their_own_jobs(effects):
    assert rules(effects["lib/editing/merging/mean.py"]) == {"addition"}
    assert all(what.removesuffix(" text").endswith(" mean") for _, what in effects["lib/editing/merging/mean.py"])
    ascents = [("finetune", f"gradient-ascent{kind}") for kind in ("", " text")]
    assert effects["lib/training/objectives/gradient_ascent.py"] == ascents


def test_what_is_outside_exists_and_is_reached_by_some_script():
    reached = {str(path.relative_to(ROOT)) for path in reached_modules(ROOT, tuple(SCRIPTS.values()))}
    for place in OUTSIDE:
        assert (ROOT / place).exists()
        assert place == "workflow_scripts/layout.py" or any(file.startswith(place) for file in reached), place


def test_no_prose_is_inside_the_digests_of_what_computes():
    """Another wording of a message must rerun nothing: texts of five words or more that count are data."""
    files = {
        file for rule, _, plugins, kind in variants() if rule in COMPUTING for file in code(rule, *plugins, kind=kind)
    }
    # sentences of the manifest
    prepare = {f"workflow_scripts/data/{name}.py" for name in ("prepare", "task_files")}
    allowed = {*prepare, "lib/data/opening.py", "lib/data/readers/hub.py"}
    data = ("lib/synthetic/", "lib/data/readers/sklearn_digits.py")  # prompts
    found = counted_texts(ROOT, files - allowed, words=5)
    assert {file: texts for file, texts in found.items() if not file.startswith(data)} == {}
