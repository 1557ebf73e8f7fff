"""Which script each rule runs. Imports nothing: commands with an environment of their own ask it too."""

from __future__ import annotations

# rule -> script. A rule that trains in several processes enters through another script, which reaches the first.
SCRIPTS = {
    "prepare": "workflow_scripts/data/prepare.py",
    "pretrained": "workflow_scripts/models/pretrained.py",
    "head": "workflow_scripts/models/head.py",
    "zero_shot": "workflow_scripts/models/zero_shot.py",
    "finetune": "workflow_scripts/training/finetune_process.py",
    "curvature": "workflow_scripts/training/curvature.py",
    "import_checkpoint": "workflow_scripts/training/import_checkpoint.py",
    "task_vector": "workflow_scripts/training/task_vector.py",
    "single_task": "workflow_scripts/editing/single_task.py",
    "addition": "workflow_scripts/editing/addition.py",
    "coefficients": "workflow_scripts/editing/coefficients.py",
    "gram": "workflow_scripts/kernels/moments.py",
    "fisher": "workflow_scripts/kernels/moments.py",
    "negation": "workflow_scripts/editing/negation.py",
    "negation_controls": "workflow_scripts/editing/negation_controls.py",
    "analogy": "workflow_scripts/editing/analogy.py",
    "few_shot": "workflow_scripts/training/few_shot.py",
    "disentanglement": "workflow_scripts/editing/disentanglement.py",
    "similarity": "workflow_scripts/editing/similarity.py",
    "bootstrap": "workflow_scripts/reporting/bootstrap.py",
    "subsets": "workflow_scripts/editing/subsets.py",
    "localization": "workflow_scripts/kernels/localization.py",
    "kernel_regression": "workflow_scripts/kernels/regression.py",
    "wide_networks": "workflow_scripts/kernels/wide_networks.py",
    "laziness": "workflow_scripts/kernels/laziness.py",
    "drift": "workflow_scripts/kernels/drift.py",
    "tables": "workflow_scripts/reporting/tables.py",
    "disentanglement_table": "workflow_scripts/reporting/disentanglement_table.py",
    "similarity_table": "workflow_scripts/reporting/similarity_table.py",
    "random_init": "workflow_scripts/reporting/random_init.py",
    "reproduction": "workflow_scripts/reporting/reproduction.py",
    "findings": "workflow_scripts/reporting/findings.py",
    "heatmaps": "workflow_scripts/reporting/heatmaps.py",
    "similarity_maps": "workflow_scripts/reporting/similarity_maps.py",
    "scatters": "workflow_scripts/reporting/scatters.py",
    "alpha_sweeps": "workflow_scripts/reporting/alpha_sweeps.py",
    "loss_curves": "workflow_scripts/reporting/loss_curves.py",
    "negation_controls_table": "workflow_scripts/reporting/negation_controls_table.py",
    "analogies_table": "workflow_scripts/reporting/analogies_table.py",
    "analogies_figure": "workflow_scripts/reporting/analogies_figure.py",
    "subset_tables": "workflow_scripts/reporting/subset_tables.py",
    "subset_figures": "workflow_scripts/reporting/subset_figures.py",
    "arena_table": "workflow_scripts/reporting/arena_table.py",
    "arena_figure": "workflow_scripts/reporting/arena_figure.py",
    "localization_table": "workflow_scripts/reporting/localization_table.py",
    "localization_figures": "workflow_scripts/reporting/localization_figures.py",
    "kernel_regression_table": "workflow_scripts/reporting/kernel_regression_table.py",
    "kernel_regression_figure": "workflow_scripts/reporting/kernel_regression_figure.py",
    "wide_networks_table": "workflow_scripts/reporting/wide_networks_table.py",
    "wide_networks_figures": "workflow_scripts/reporting/wide_networks_figures.py",
    "laziness_table": "workflow_scripts/reporting/laziness_table.py",
    "laziness_figure": "workflow_scripts/reporting/laziness_figure.py",
    "drift_table": "workflow_scripts/reporting/drift_table.py",
    "pages": "workflow_scripts/reporting/pages.py",
    "pretrain": "workflow_scripts/training/pretrain.py",
}
SCRIPTS_OF_TEXT = {  # of the rules that have one of their own for texts
    "prepare": "workflow_scripts/data/prepare_texts.py",
    "pretrained": "workflow_scripts/models/pretrained_text.py",
    "head": "workflow_scripts/models/head_text.py",
}


def script_file(rule: str, kind: str = "image") -> str:
    """A rule's script in a run whose inputs are of a kind, "image" or "text"."""
    return SCRIPTS_OF_TEXT.get(rule, SCRIPTS[rule]) if kind == "text" else SCRIPTS[rule]
