# Task analogies, if the run has any: d from the task vectors of a, b and c, then d on few images; table and figures.

if BENCH.analogies.by_name:

    rule analogy:
        input:
            theta_0=large(FILES.theta_0),
            taus=lambda wildcards: large(quadruple_vectors(4)(wildcards)),
            heads=lambda wildcards: large(head_of_d(wildcards)),
            images=lambda wildcards: large(images_of(d_of(wildcards), ["val", "test"])),
            sha256=lambda wildcards: beside(quadruple_vectors(4)(wildcards)),
            model_sha256=beside(FILES.theta_0),
            head_sha256=lambda wildcards: beside(head_of_d(wildcards)),
            splits=lambda wildcards: splits_of(d_of(wildcards), ["val", "test"]),
        output:
            sweep=f"{FILES.analogy}/sweep_val.csv",
            choice=f"{FILES.analogy}/choice.json",
            test=f"{FILES.analogy}/test.csv",
            predictions=f"{FILES.analogy}/predictions.npz",
            provenance=FILES.record("analogy", "{model}", "seed{seed}", "{mode}", "{quadruple}"),
        log:
            FILES.log("analogy", "{model}", "seed{seed}", "{mode}", "{quadruple}"),
        conda:
            ENVIRONMENT
        threads: cores("evaluate")
        resources:
            **requests("evaluate", gpu=True),
        params:
            **EVALUATED,
            alphas=alpha_grid(**BENCH.evaluation["alphas"]),
            quadruple=lambda wildcards: list(BENCH.analogies.by_name[wildcards.quadruple]),
            tasks=d_of,
            code=evaluation_code("analogy"),
        script:
            "../workflow_scripts/editing/analogy.py"

    rule few_shot:
        input:
            theta_0=large(FILES.theta_0),
            taus=lambda wildcards: large(quadruple_vectors(3)(wildcards)),
            choice=f"{FILES.analogy}/choice.json",
            heads=lambda wildcards: large(head_of_d(wildcards)),
            images=lambda wildcards: large(images_of(d_of(wildcards), ["fit", "test"])),
            sha256=lambda wildcards: beside(quadruple_vectors(3)(wildcards)),
            model_sha256=beside(FILES.theta_0),
            head_sha256=lambda wildcards: beside(head_of_d(wildcards)),
            splits=lambda wildcards: splits_of(d_of(wildcards), ["fit", "test"]),
            others=lambda wildcards: read_of(others_of(d_of(wildcards), wildcards)),
        output:
            accuracy=f"{FILES.analogy}/few_shot.csv",
            predictions=f"{FILES.analogy}/few_shot_predictions.npz",
            provenance=FILES.record("few_shot", "{model}", "seed{seed}", "{mode}", "{quadruple}"),
        log:
            FILES.log("few_shot", "{model}", "seed{seed}", "{mode}", "{quadruple}"),
        conda:
            ENVIRONMENT
        threads: cores("finetune")
        resources:
            **requests("finetune", gpu=True),
        params:
            **EVALUATED,
            training=lambda wildcards: resolution.training(wildcards.mode),
            others=lambda wildcards: first_of(others_of(d_of(wildcards), wildcards)),
            recipe=lambda wildcards: resolution.few_shot_recipe(BENCH, wildcards.mode),
            shots=BENCH.analogies.shots,
            accumulate=of_model(lambda model: model.accumulate),
            image_size=BENCH.image_size,
            tasks=d_of,
            code=evaluation_code("few_shot", lambda wildcards: training_plugins(modes.get(wildcards.mode))),
        script:
            "../workflow_scripts/training/few_shot.py"

    rule analogies_table:
        input:
            tested=over_analogies("test.csv", BENCH.analogies.modes),
            predictions=over_analogies("predictions.npz", BENCH.analogies.modes),
            few_shot=over_analogies("few_shot.csv", BENCH.analogies.few_shot_modes),
            few_shot_predictions=over_analogies("few_shot_predictions.npz", BENCH.analogies.few_shot_modes),
            labels=expand(FILES.index, task=BENCH.analogies.targets, split="test"),
        output:
            tables=shown_tables("analogies"),
            provenance=FILES.record("analogies_table"),
        log:
            FILES.log("analogies_table"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            tasks=BENCH.analogies.targets,
            shots=BENCH.analogies.shots,
            bootstrap=dict(BENCH.bootstrap),
            footnotes=other_versions,
            code=code_of("analogies_table"),
        script:
            "../workflow_scripts/reporting/analogies_table.py"


if BENCH.analogies.few_shot_modes:

    rule analogies_figure:
        input:
            table=f"{FILES.tables}/analogies.csv",
        output:
            figures=shown_figures("analogies", "analogies_{model}", model=MODELS),
            provenance=FILES.record("analogies_figure"),
        log:
            FILES.log("analogies_figure"),
        conda:
            ENVIRONMENT
        threads: cores("report")
        resources:
            **requests("report"),
        params:
            modes=BENCH.analogies.few_shot_modes,
            code=code_of("analogies_figure"),
        script:
            "../workflow_scripts/reporting/analogies_figure.py"
