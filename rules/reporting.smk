# Tables, findings and figures of the whole run, one rule per kind.

TABLES = ["single_task", "addition", "addition_per_task", "negation", "negation_per_task"]
HEATMAPS = [*MODELS, *(BENCH.pairs if len(MODELS) > 1 else [])]
COMPARED = BENCH.modes_in("addition")
SCATTERED = [mode for mode in COMPARED if mode != "standard" and "standard" in BENCH.modes]
GRIDS = over_runs(FILES.disentanglement, "disentanglement", pair=BENCH.pairs)


def figures(*names):
    """The files of figures."""
    return [f"{FILES.figures}/{name}.{suffix}" for name in names for suffix in ("pdf", "png")]


def report_files():
    """Every file that the run is for."""
    files = expand(f"{FILES.tables}/{{name}}.{{suffix}}", name=TABLES, suffix=["csv", "md", "tex"])
    files += figures(*(f"single_task_standard_{mode}" for mode in SCATTERED))
    files += figures(*(f"{kind}_{model}" for kind in ("alpha_sweep", "loss") for model in MODELS))
    if BENCH.pairs:
        files += figures(*(f"disentanglement_{name}" for name in HEATMAPS))
    return [*files, FILES.findings]


rule tables:
    input:
        single_task=[
            *expand(FILES.pretrained_accuracy, model=MODELS),
            *over_runs(FILES.single_task, "single_task"),
        ],
        addition=over_runs(f"{FILES.addition}/test.csv", "addition", merging=BENCH.rules),
        negation=over_runs(f"{FILES.negation}/test.csv", "negation", task=TASKS),
        manifests=expand(FILES.manifest, task=[*TASKS, CONTROL]),
    output:
        tables=expand(f"{FILES.tables}/{{name}}.{{suffix}}", name=TABLES, suffix=["csv", "md", "tex"]),
        provenance=record("tables"),
    log:
        log_file("tables"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        tasks=TASKS,
        control=CONTROL,
        footnotes=OTHER_VERSIONS,
        papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
        code=code_of("tables"),
    script:
        "../workflow_scripts/reporting/tables.py"


rule findings:
    input:
        addition=f"{FILES.tables}/addition.csv",
        negation=f"{FILES.tables}/negation.csv",
        grids=GRIDS,
    output:
        findings=FILES.findings,
        provenance=record("findings"),
    log:
        log_file("findings"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        control_floor=BENCH.evaluation["control_floor"],
        search_space=SEARCH_SPACE,
        papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
        code=code_of("findings"),
    script:
        "../workflow_scripts/reporting/findings.py"


rule heatmaps:
    input:
        grids=GRIDS,
    output:
        figures=figures(*(f"disentanglement_{name}" for name in HEATMAPS)),
        provenance=record("heatmaps"),
    log:
        log_file("heatmaps"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        search_space=SEARCH_SPACE,
        code=code_of("heatmaps"),
    script:
        "../workflow_scripts/reporting/heatmaps.py"


if SCATTERED:

    rule scatters:
        input:
            single_task=over_runs(FILES.single_task, "addition"),
        output:
            figures=figures(*(f"single_task_standard_{mode}" for mode in SCATTERED)),
            provenance=record("scatters"),
        log:
            log_file("scatters"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            modes=SCATTERED,
            tasks=TASKS,
            code=code_of("scatters"),
        script:
            "../workflow_scripts/reporting/scatters.py"


rule alpha_sweeps:
    input:
        single_task=over_runs(FILES.single_task, "addition"),
        sweeps=over_runs(f"{FILES.addition}/sweep_val.csv", "addition", merging=BENCH.rules),
        tested=over_runs(f"{FILES.addition}/test.csv", "addition", merging=BENCH.rules),
    output:
        figures=figures(*(f"alpha_sweep_{model}" for model in MODELS)),
        provenance=record("alpha_sweeps"),
    log:
        log_file("alpha_sweeps"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        code=code_of("alpha_sweeps"),
    script:
        "../workflow_scripts/reporting/alpha_sweeps.py"


rule loss_curves:
    input:
        logs=expand(FILES.training_log, model=MODELS, seed=BENCH.seeds, mode=BENCH.trained_modes, task=TASKS),
    output:
        figures=figures(*(f"loss_{model}" for model in MODELS)),
        provenance=record("loss_curves"),
    log:
        log_file("loss_curves"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        models=MODELS,
        modes=BENCH.trained_modes,
        tasks=TASKS,
        every=BENCH.finetune["log_every"],
        code=code_of("loss_curves"),
    script:
        "../workflow_scripts/reporting/loss_curves.py"
