# Tables, findings and figures of the whole run.


rule tables:
    input:
        single_task=[
            *expand(f"{PRETRAINED}/accuracy.csv", model=MODELS),
            *evaluated(f"{MODE}/single_task.csv"),
        ],
        addition=evaluated(f"{MODE}/addition/test.csv"),
        negation=evaluated(f"{MODE}/negation/{{task}}/test.csv", task=TASKS),
        grids=evaluated(f"{MODE}/disentanglement/{{pair}}.npz", pair=BENCH.pairs),
        manifests=expand(f"{DATA}/manifest.json", task=[*TASKS, CONTROL]),
    output:
        tables=expand(f"{RUN}/tables/{{name}}.{{suffix}}", name=TABLES, suffix=["csv", "md", "tex"]),
        findings=f"{RUN}/findings.md",
        provenance=f"{RECORDS}/tables.json",
    log:
        f"{LOGS}/tables.log",
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        grids=[[model, mode] for model, _, mode, _ in PAIR_KEYS],
        tasks=TASKS,
        control=CONTROL,
        control_floor=BENCH.evaluation["control_floor"],
        search_space=SEARCH_SPACE,
        papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
        code=code("tables"),
    script:
        "../workflow_scripts/reporting/tables.py"


rule figures:
    input:
        single_task=evaluated(f"{MODE}/single_task.csv"),
        sweeps=evaluated(f"{MODE}/addition/sweep_val.csv"),
        choices=evaluated(f"{MODE}/addition/choice.json"),
        logs=expand(
            f"{MODE}/{{task}}/training_log.csv", model=MODELS, seed=BENCH.seeds, mode=BENCH.trained_modes, task=TASKS
        ),
    output:
        figures=expand(f"{RUN}/figures/{{name}}.{{suffix}}", name=FIGURES, suffix=["pdf", "png"]),
        provenance=f"{RECORDS}/figures.json",
    log:
        f"{LOGS}/figures.log",
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        evaluated=[list(key) for key in product(MODELS, BENCH.seeds, BENCH.modes)],
        trained=[list(key) for key in product(MODELS, BENCH.seeds, BENCH.trained_modes, TASKS)],
        tasks=TASKS,
        modes=list(BENCH.modes),
        code=code("figures"),
    script:
        "../workflow_scripts/reporting/figures.py"


rule heatmap_figures:
    input:
        grids=evaluated(f"{MODE}/disentanglement/{{pair}}.npz", pair=BENCH.pairs),
    output:
        figures=expand(f"{RUN}/figures/disentanglement_{{name}}.{{suffix}}", name=HEATMAPS, suffix=["pdf", "png"]),
        provenance=f"{RECORDS}/heatmap_figures.json",
    log:
        f"{LOGS}/heatmap_figures.log",
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        grids=[[model, mode, pair] for model, _, mode, pair in PAIR_KEYS],
        search_space=SEARCH_SPACE,
        code=code("figures"),
    script:
        "../workflow_scripts/reporting/figures.py"
