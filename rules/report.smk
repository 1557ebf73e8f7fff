# Tables, findings and figures of the whole run.


rule tables:
    input:
        single_task=[
            *expand(PRETRAINED + "/accuracy.csv", model=MODELS),
            *evaluated(MODE + "/single_task.csv"),
        ],
        addition=evaluated(MODE + "/addition/test.csv"),
        negation=evaluated(MODE + "/negation/{task}/test.csv", task=TASKS),
        grids=evaluated(MODE + "/disentanglement/{pair}.npz", pair=BENCH.pairs),
    output:
        tables=expand(RUN + "/tables/{name}.{suffix}", name=TABLES, suffix=["csv", "md", "tex"]),
        findings=RUN + "/findings.md",
        provenance=RECORDS + "/tables.json",
    params:
        grids=[[model, mode] for model, _, mode, _ in PAIR_KEYS],
        tasks=TASKS,
        control=CONTROL,
        control_floor=BENCH.evaluation["control_floor"],
        search_space=SEARCH_SPACE,
        code=code("tables"),
    log:
        LOGS + "/tables.log",
    threads: cores("report")
    resources:
        mem_mb=resource("report", "mem_mb"),
        runtime=resource("report", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/tables.py"


rule figures:
    input:
        single_task=evaluated(MODE + "/single_task.csv"),
        sweeps=evaluated(MODE + "/addition/sweep_val.csv"),
        choices=evaluated(MODE + "/addition/choice.json"),
        logs=expand(
            MODE + "/{task}/training_log.csv", model=MODELS, seed=BENCH.seeds, mode=BENCH.trained_modes, task=TASKS
        ),
    output:
        figures=expand(RUN + "/figures/{name}.{suffix}", name=FIGURES, suffix=["pdf", "png"]),
        provenance=RECORDS + "/figures.json",
    params:
        evaluated=[list(key) for key in product(MODELS, BENCH.seeds, BENCH.modes)],
        trained=[list(key) for key in product(MODELS, BENCH.seeds, BENCH.trained_modes, TASKS)],
        tasks=TASKS,
        modes=list(BENCH.modes),
        code=code("figures"),
    log:
        LOGS + "/figures.log",
    threads: cores("report")
    resources:
        mem_mb=resource("report", "mem_mb"),
        runtime=resource("report", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/figures.py"


rule heatmap_figures:
    input:
        grids=evaluated(MODE + "/disentanglement/{pair}.npz", pair=BENCH.pairs),
    output:
        figures=expand(RUN + "/figures/disentanglement_{model}.{suffix}", model=MODELS, suffix=["pdf", "png"]),
        provenance=RECORDS + "/heatmap_figures.json",
    params:
        grids=[[model, mode, pair] for model, _, mode, pair in PAIR_KEYS],
        search_space=SEARCH_SPACE,
        code=code("figures"),
    log:
        LOGS + "/heatmap_figures.log",
    threads: cores("report")
    resources:
        mem_mb=resource("report", "mem_mb"),
        runtime=resource("report", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/figures.py"
