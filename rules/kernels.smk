# The kernel view of fine-tuning, if the run has any of it: localization, kernel regression, wide networks, laziness, drift.

if BENCH.kernels.localization:

    rule localization:
        input:
            theta_0=large(FILES.theta_0),
            head=large(FILES.head),
            images=lambda wildcards: large(images_of([wildcards.task, wildcards.control], ["fit"])),
            sha256=beside([FILES.theta_0, FILES.head]),
            splits=lambda wildcards: splits_of([wildcards.task, wildcards.control], ["fit"]),
        output:
            energies=FILES.localization,
            provenance=FILES.record("localization", "{model}", "{task}", "{control}"),
        log:
            FILES.log("localization", "{model}", "{task}", "{control}"),
        conda:
            ENVIRONMENT
        threads: cores("kernels")
        resources:
            **requests("kernels", gpu=True),
        params:
            **KERNELS,
            encoder=resolution.evaluation("standard", BENCH.kind)["encoder"],
            drawn=dict(BENCH.kernels.localization_settings),
            code=kernel_code("localization", lambda wildcards: "standard"),
        script:
            "../workflow_scripts/kernels/localization.py"

    rule localization_table:
        input:
            energies=over_localized(),
        output:
            tables=shown_tables("localization"),
            provenance=FILES.record("localization_table"),
        log:
            FILES.log("localization_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            bootstrap=dict(BENCH.bootstrap),
            code=code_of("localization_table"),
        script:
            "../workflow_scripts/reporting/localization_table.py"

    rule localization_figures:
        input:
            energies=over_localized(),
            table=f"{FILES.tables}/localization.csv",
        output:
            figures=[
                *shown_figures("local_energy", "localization_{of}", of=LOCALIZED),
                *shown_figures("cut_offs", "localization_cut_offs", part=["all pairs"]),
            ],
            provenance=FILES.record("localization_figures"),
        log:
            FILES.log("localization_figures"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            twins=resolution.twins(BENCH),
            code=code_of("localization_figures"),
        script:
            "../workflow_scripts/reporting/localization_figures.py"


if BENCH.kernels.regression:

    rule kernel_regression:
        input:
            theta_0=large(FILES.theta_0),
            head=large(FILES.head),
            images=lambda wildcards: large(images_of([wildcards.task], SPLITS)),
            sha256=beside([FILES.theta_0, FILES.head]),
            splits=lambda wildcards: splits_of([wildcards.task], SPLITS),
        output:
            tried=f"{FILES.regression}/tried.csv",
            tested=f"{FILES.regression}/tested.csv",
            predictions=f"{FILES.regression}/predictions.npz",
            provenance=FILES.record("kernel_regression", "{model}", "{task}"),
        log:
            FILES.log("kernel_regression", "{model}", "{task}"),
        conda:
            ENVIRONMENT
        threads: cores("kernels")
        resources:
            **requests("kernels", gpu=True),
        params:
            **KERNELS,
            encoder=resolution.evaluation("standard", BENCH.kind)["encoder"],
            drawn=dict(BENCH.kernels.regression_settings),
            code=kernel_code("kernel_regression", lambda wildcards: "standard"),
        script:
            "../workflow_scripts/kernels/regression.py"

    rule kernel_regression_table:
        input:
            tested=over_regressed("tested.csv"),
            predictions=over_regressed("predictions.npz"),
            labels=expand(FILES.index, task=BENCH.kernels.regression_tasks, split="test"),
        output:
            tables=shown_tables("kernel_regression"),
            provenance=FILES.record("kernel_regression_table"),
        log:
            FILES.log("kernel_regression_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=BENCH.kernels.regression_tasks,
            drawn=dict(BENCH.kernels.regression_settings),
            bootstrap=dict(BENCH.bootstrap),
            footnotes=other_versions,
            code=code_of("kernel_regression_table"),
        script:
            "../workflow_scripts/reporting/kernel_regression_table.py"

    rule kernel_regression_figure:
        input:
            table=f"{FILES.tables}/kernel_regression.csv",
        output:
            figures=shown_figures("kernel_regression", "kernel_regression_{model}", model=MODELS),
            provenance=FILES.record("kernel_regression_figure"),
        log:
            FILES.log("kernel_regression_figure"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=BENCH.kernels.regression_tasks,
            code=code_of("kernel_regression_figure"),
        script:
            "../workflow_scripts/reporting/kernel_regression_figure.py"


if BENCH.kernels.wide_networks:

    rule wide_networks:
        input:
            images=large(images_of([BENCH.kernels.wide_networks["task"]], ["fit", "test"])),
            splits=splits_of([BENCH.kernels.wide_networks["task"]], ["fit", "test"]),
        output:
            trajectories=FILES.wide_networks,
            provenance=FILES.record("wide_networks"),
        log:
            FILES.log("wide_networks"),
        conda:
            ENVIRONMENT
        threads: cores("kernels")
        resources:
            **requests("kernels", gpu=True),
        params:
            networks=dict(BENCH.kernels.network_settings),
            memory_mib=BENCH.kernels.memory_mib,
            code=code_of("wide_networks"),
        script:
            "../workflow_scripts/kernels/wide_networks.py"

    rule wide_networks_table:
        input:
            trajectories=FILES.wide_networks,
        output:
            tables=shown_tables("wide_networks"),
            provenance=FILES.record("wide_networks_table"),
        log:
            FILES.log("wide_networks_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            code=code_of("wide_networks_table"),
        script:
            "../workflow_scripts/reporting/wide_networks_table.py"

    rule wide_networks_figures:
        input:
            trajectories=FILES.wide_networks,
        output:
            figures=shown_figures("wide_networks", "wide_networks_{part}", part=WIDE_NETWORKS),
            provenance=FILES.record("wide_networks_figures"),
        log:
            FILES.log("wide_networks_figures"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            code=code_of("wide_networks_figures"),
        script:
            "../workflow_scripts/reporting/wide_networks_figures.py"


if BENCH.kernels.laziness:

    rule laziness:
        input:
            theta_0=large(FILES.theta_0),
            thetas=large([FILES.theta.replace("{task}", task) for task in TASKS]),
            heads=large(heads_of(TASKS)),
            images=large(images_of(TASKS, ["val"])),
            sha256=beside([FILES.theta.replace("{task}", task) for task in TASKS]),
            model_sha256=beside([FILES.theta_0, *heads_of(TASKS)]),
            splits=splits_of(TASKS, ["val"]),
        output:
            laziness=FILES.laziness,
            provenance=FILES.record("laziness", "{model}", "seed{seed}", "{mode}"),
        log:
            FILES.log("laziness", "{model}", "seed{seed}", "{mode}"),
        conda:
            ENVIRONMENT
        threads: cores("kernels")
        resources:
            **requests("kernels", gpu=True),
        params:
            **KERNELS,
            encoder=lambda wildcards: resolution.training(wildcards.mode, BENCH.kind)["encoder"],
            trains=lambda wildcards: resolution.training(wildcards.mode, BENCH.kind)["trains"],
            drawn=dict(BENCH.kernels.laziness),
            tasks=TASKS,
            code=kernel_code("laziness", lambda wildcards: wildcards.mode),
        script:
            "../workflow_scripts/kernels/laziness.py"

    rule laziness_table:
        input:
            moved=[FILES.laziness.format(**where) for where in BENCH.diagnosed()],
        output:
            tables=shown_tables("laziness"),
            provenance=FILES.record("laziness_table"),
        log:
            FILES.log("laziness_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            code=code_of("laziness_table"),
        script:
            "../workflow_scripts/reporting/laziness_table.py"

    rule laziness_figure:
        input:
            moved=[FILES.laziness.format(**where) for where in BENCH.diagnosed()],
        output:
            figures=shown_figures("laziness", "laziness_{model}", model=MODELS),
            provenance=FILES.record("laziness_figure"),
        log:
            FILES.log("laziness_figure"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            code=code_of("laziness_figure"),
        script:
            "../workflow_scripts/reporting/laziness_figure.py"


if BENCH.kernels.drift:

    rule drift:
        input:
            theta_0=large(FILES.theta_0),
            taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
            curvatures=large([FILES.curvature.replace("{task}", task) for task in TASKS]),
            images=large(images_of(TASKS, ["val"])),
            sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
            model_sha256=beside([FILES.theta_0, *(FILES.curvature.replace("{task}", task) for task in TASKS)]),
            splits=splits_of(TASKS, ["val"]),
        output:
            drift=f"{FILES.drift}/pairs.csv",
            lengths=f"{FILES.drift}/images.npz",
            provenance=FILES.record("drift", "{model}", "seed{seed}", "{mode}"),
        log:
            FILES.log("drift", "{model}", "seed{seed}", "{mode}"),
        conda:
            ENVIRONMENT
        threads: cores("kernels")
        resources:
            **requests("kernels", gpu=True),
        params:
            **resolution.drift(BENCH),
            architecture=of_model(resolution.image_architecture),
            code=code_of("drift", lambda wildcards: [resolution.drift(BENCH)["encoder"]]),
        script:
            "../workflow_scripts/kernels/drift.py"

    rule drift_table:
        input:
            drift=over_drifts("pairs.csv"),
            lengths=over_drifts("images.npz"),
        output:
            tables=shown_tables("drift"),
            provenance=FILES.record("drift_table"),
        log:
            FILES.log("drift_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=TASKS,
            bootstrap=dict(BENCH.bootstrap),
            code=code_of("drift_table"),
        script:
            "../workflow_scripts/reporting/drift_table.py"
