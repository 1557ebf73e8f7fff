# Tables, findings and figures of the whole run, one rule per kind.


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
        provenance=FILES.record("tables"),
    log:
        FILES.log("tables"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        tasks=TASKS,
        control=CONTROL,
        footnotes=other_versions,
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
        provenance=FILES.record("findings"),
    log:
        FILES.log("findings"),
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
        provenance=FILES.record("heatmaps"),
    log:
        FILES.log("heatmaps"),
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


if BENCH.scattered:

    rule scatters:
        input:
            single_task=over_runs(FILES.single_task, "addition"),
        output:
            figures=figures(*(f"single_task_standard_{mode}" for mode in BENCH.scattered)),
            provenance=FILES.record("scatters"),
        log:
            FILES.log("scatters"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            modes=BENCH.scattered,
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
        provenance=FILES.record("alpha_sweeps"),
    log:
        FILES.log("alpha_sweeps"),
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
        provenance=FILES.record("loss_curves"),
    log:
        FILES.log("loss_curves"),
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
