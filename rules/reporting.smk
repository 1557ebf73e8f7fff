# Tables, findings and figures of the whole run, one rule per kind.


rule bootstrap:
    input:
        zero_shot=expand(FILES.pretrained_predictions, model=[model.name for model in BENCH.models]),
        single_task=over_runs(FILES.single_task_predictions, "single_task", BENCH.models),
        addition=over_additions("predictions.npz", BENCH.models),
        negation=over_runs(f"{FILES.negation}/predictions.npz", "negation", task=TASKS),
        labels=expand(FILES.index, task=[*TASKS, CONTROL], split="test"),
    output:
        resamples=FILES.resamples,
        provenance=FILES.record("bootstrap"),
    log:
        FILES.log("bootstrap"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        **BENCH.bootstrap,
        tasks=[*TASKS, CONTROL],
        code=code_of("bootstrap"),
    script:
        "../workflow_scripts/reporting/bootstrap.py"


rule tables:
    input:
        single_task=accuracies_of(BENCH.pretrained),
        addition=over_additions("test.csv"),
        resamples=FILES.resamples,
        negation=over_runs(f"{FILES.negation}/test.csv", "negation", task=TASKS),
        manifests=expand(FILES.manifest, task=[*TASKS, CONTROL]),
    output:
        tables=shown_tables(*TABLES),
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


rule disentanglement_table:
    input:
        outcomes=large(OUTCOMES),
        sha256=beside(OUTCOMES),
    output:
        tables=shown_tables("disentanglement"),
        provenance=FILES.record("disentanglement_table"),
    log:
        FILES.log("disentanglement_table"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        search_space=SEARCH_SPACE,
        bootstrap=dict(BENCH.bootstrap),
        code=code_of("disentanglement_table"),
    script:
        "../workflow_scripts/reporting/disentanglement_table.py"


rule similarity_table:
    input:
        cosines=of_vectors(FILES.similarity),
        norms=of_vectors(FILES.norms),
    output:
        tables=shown_tables("similarity"),
        provenance=FILES.record("similarity_table"),
    log:
        FILES.log("similarity_table"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        tasks=TASKS,
        code=code_of("similarity_table"),
    script:
        "../workflow_scripts/reporting/similarity_table.py"


if BENCH.random_init:

    rule random_init:
        input:
            single_task=accuracies_of(BENCH.random_init),
            addition=over_additions("test.csv", BENCH.random_init),
            resamples=FILES.resamples,
            manifests=expand(FILES.manifest, task=[*TASKS, CONTROL]),
        output:
            tables=shown_tables(*RANDOM_INIT),
            provenance=FILES.record("random_init"),
        log:
            FILES.log("random_init"),
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
            code=code_of("random_init"),
        script:
            "../workflow_scripts/reporting/random_init.py"


if BENCH.negation_controls:

    rule negation_controls_table:
        input:
            single_task=expand(FILES.pretrained_accuracy, model=MODELS),
            controls=over_controls(f"{FILES.negation_controls}/test.csv"),
            predictions=over_controls(f"{FILES.negation_controls}/predictions.npz"),
            negation=over_controls(f"{FILES.negation}/test.csv"),
            labels=expand(FILES.index, task=[*TASKS, CONTROL], split="test"),
            resamples=FILES.resamples,
            manifests=expand(FILES.manifest, task=[*TASKS, CONTROL]),
        output:
            tables=shown_tables("negation_controls"),
            provenance=FILES.record("negation_controls_table"),
        log:
            FILES.log("negation_controls_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            control=CONTROL,
            bootstrap=dict(BENCH.bootstrap),
            footnotes=other_versions,
            papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
            code=code_of("negation_controls_table"),
        script:
            "../workflow_scripts/reporting/negation_controls_table.py"


rule reproduction:
    input:
        tables=[f"{FILES.tables}/{name}.csv" for name in resolution.reproduced(BENCH)],
    output:
        tables=shown_tables("reproduction", suffixes=("csv", "md")),
        provenance=FILES.record("reproduction"),
    log:
        FILES.log("reproduction"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        names=resolution.reproduced(BENCH),
        tasks=TASKS,
        control=CONTROL,
        papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
        code=code_of("reproduction"),
    script:
        "../workflow_scripts/reporting/reproduction.py"


rule findings:
    input:
        resamples=FILES.resamples,
        outcomes=large(OUTCOMES),
        sha256=beside(OUTCOMES),
        analogies=over_analogies("test.csv", BENCH.analogies.modes),
        analogies_predictions=over_analogies("predictions.npz", BENCH.analogies.modes),
        subsets=large(of_subsets("predictions.npz")),
        subsets_tested=of_subsets("subsets.csv"),
        single_task=[FILES.single_task_predictions.format(**where) for where in BENCH.subset_runs],
        arena=large(arena_sweeps("predictions.npz")),
        arena_sweeps=arena_sweeps("sweep_val.csv"),
        arena_labels=large([] if BENCH.arena is None else expand(FILES.index, task=TASKS, split="val")),
        energies=over_localized(),
        regression=over_regressed("tested.csv"),
        regression_predictions=over_regressed("predictions.npz"),
        drift=over_drifts("pairs.csv"),
        drift_lengths=over_drifts("images.npz"),
        labels=large(expand(FILES.index, task=LABELLED, split="test")),
    output:
        findings=[FILES.findings, shown(FILES.findings_table, "findings", "Findings", findings="values (csv)")],
        provenance=FILES.record("findings"),
    log:
        FILES.log("findings"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        models=MODELS,
        random=resolution.twins(BENCH),
        tasks=TASKS,
        control=CONTROL,
        control_floor=BENCH.evaluation["control_floor"],
        search_space=SEARCH_SPACE,
        bootstrap=dict(BENCH.bootstrap),
        samples=resolution.samples(BENCH),
        labelled=LABELLED,
        regression=dict(BENCH.kernels.regression_settings),
        arena=BENCH.arena is not None,
        papers=file_digest(ROOT / "lib/reporting/papers/numbers.yaml"),
        code=code_of("findings"),
    script:
        "../workflow_scripts/reporting/findings.py"


rule heatmaps:
    input:
        grids=GRIDS,
    output:
        figures=[
            *shown_figures("disentanglement_error", "disentanglement_{of}", of=HEATMAPS),
            *shown_figures("representation_error", "representation_{of}", of=HEATMAPS),
        ],
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


rule similarity_maps:
    input:
        cosines=of_vectors(FILES.similarity),
        norms=of_vectors(FILES.norms),
    output:
        figures=shown_figures("similarity", "similarity_{model}", model=MODELS),
        provenance=FILES.record("similarity_maps"),
    log:
        FILES.log("similarity_maps"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        tasks=TASKS,
        code=code_of("similarity_maps"),
    script:
        "../workflow_scripts/reporting/similarity_maps.py"


if BENCH.scattered:

    rule scatters:
        input:
            single_task=over_runs(FILES.single_task, "addition"),
        output:
            figures=shown_figures("single_task_accuracy", "single_task_standard_{mode}", mode=BENCH.scattered),
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
        sweeps=over_additions("sweep_val.csv"),
        tested=over_additions("test.csv"),
    output:
        figures=shown_figures("alpha_sweeps", "alpha_sweep_{model}", model=MODELS),
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
        logs=[
            FILES.training_log.format(**where, task=task)
            for where in BENCH.trained(BENCH.pretrained)
            for task in TASKS
        ],
    output:
        figures=shown_figures("training_loss", "loss_{model}", model=MODELS),
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


if BENCH.subset_runs:

    rule subset_tables:
        input:
            tested=of_subsets("subsets.csv"),
            predicted=large(of_subsets("predictions.npz")),
            single_task=[FILES.single_task_predictions.format(**where) for where in BENCH.subset_runs],
            labels=large(expand(FILES.index, task=TASKS, split="test")),
            splits=splits_of(TASKS, ["test"]),
            manifests=expand(FILES.manifest, task=TASKS),
        output:
            tables=shown_tables("subsets"),
            provenance=FILES.record("subset_tables"),
        log:
            FILES.log("subset_tables"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            **BENCH.bootstrap,
            tasks=TASKS,
            samples=resolution.samples(BENCH),
            footnotes=other_versions,
            code=code_of("subset_tables"),
        script:
            "../workflow_scripts/reporting/subset_tables.py"

    rule subset_figures:
        input:
            tested=of_subsets("subsets.csv"),
            single_task=[
                *expand(FILES.pretrained_accuracy, model=MODELS),
                *over_runs(FILES.single_task, "addition"),
            ],
        output:
            figures=[
                *shown_figures("subsets", "subsets_{model}", model=MODELS),
                *shown_figures("pairs", "pairs_{model}", model=MODELS),
            ],
            provenance=FILES.record("subset_figures"),
        log:
            FILES.log("subset_figures"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            control=CONTROL,
            samples=resolution.samples(BENCH),
            code=code_of("subset_figures"),
        script:
            "../workflow_scripts/reporting/subset_figures.py"


if BENCH.arena is not None:

    rule arena_table:
        input:
            addition=over_additions("test.csv"),
            resamples=FILES.resamples,
            manifests=expand(FILES.manifest, task=TASKS),
        output:
            tables=shown_tables("arena"),
            provenance=FILES.record("arena_table"),
        log:
            FILES.log("arena_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            reads=arena.reads(BENCH),
            costs=arena.training_costs(BENCH),
            footnotes=other_versions,
            code=code_of("arena_table"),
        script:
            "../workflow_scripts/reporting/arena_table.py"

    rule arena_figure:
        input:
            table=f"{FILES.tables}/arena.csv",
        output:
            figures=shown_figures("arena", "arena"),
            provenance=FILES.record("arena_figure"),
        log:
            FILES.log("arena_figure"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            code=code_of("arena_figure"),
        script:
            "../workflow_scripts/reporting/arena_figure.py"


TEXTS = [file for file in report_files() if file.endswith(".md")]


# after all others: every table and text of the run, whichever rule makes it
rule pages:
    input:
        texts=TEXTS,
    output:
        pages=[page(text) for text in TEXTS],
        provenance=FILES.record("pages"),
    log:
        FILES.log("pages"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **requests("report"),
    params:
        code=code_of("pages"),
    script:
        "../workflow_scripts/reporting/pages.py"
