# Single-task accuracy, addition, negation, disentanglement: for each model, seed and mode.

PAIRED_TASKS = list(dict.fromkeys(task for pair in BENCH.disentanglement["pairs"] for task in pair))


rule single_task:
    input:
        theta_0=large(FILES.theta_0),
        taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
        heads=large(heads_of(TASKS)),
        images=large(images_of(TASKS, ["val", "test"])),
        sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
        model_sha256=beside([FILES.theta_0, *heads_of(TASKS)]),
        splits=splits_of(TASKS, ["val", "test"]),
    output:
        accuracy=FILES.single_task,
        predictions=FILES.single_task_predictions,
        provenance=FILES.record("single_task", "{model}", "seed{seed}", "{mode}"),
    log:
        FILES.log("single_task", "{model}", "seed{seed}", "{mode}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **EVALUATED,
        tasks=TASKS,
        code=evaluation_code("single_task"),
    script:
        "../workflow_scripts/editing/single_task.py"


rule addition:
    input:
        theta_0=large(FILES.theta_0),
        taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
        single_task=FILES.single_task,
        heads=large(heads_of(TASKS)),
        images=large(images_of(TASKS, ["val", "test"])),
        sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
        model_sha256=beside([FILES.theta_0, *heads_of(TASKS)]),
        splits=splits_of(TASKS, ["val", "test"]),
        statistics=lambda wildcards: read_of(statistics(wildcards)),
    output:
        sweep=f"{FILES.addition}/sweep_val.csv",
        choice=f"{FILES.addition}/choice.json",
        test=f"{FILES.addition}/test.csv",
        predictions=f"{FILES.addition}/predictions.npz",
        provenance=FILES.record("addition", "{model}", "seed{seed}", "{mode}", "{merging}"),
    log:
        FILES.log("addition", "{model}", "seed{seed}", "{mode}", "{merging}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **EVALUATED,
        merged_by=lambda wildcards: resolution.merging(BENCH, wildcards.merging),
        statistics=lambda wildcards: first_of(statistics(wildcards)),
        random_init=of_model(lambda model: model.image_tower is not None),
        tasks=TASKS,
        code=evaluation_code("addition", lambda wildcards: [resolution.merging(BENCH, wildcards.merging)["module"]]),
    script:
        "../workflow_scripts/editing/addition.py"


if LEARNED:

    rule coefficients:
        input:
            theta_0=large(FILES.theta_0),
            taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
            heads=large(heads_of(TASKS)),
            images=lambda wildcards: large(images_of(TASKS, [learned_from(wildcards)])),
            sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
            model_sha256=beside([FILES.theta_0, *heads_of(TASKS)]),
            splits=lambda wildcards: splits_of(TASKS, [learned_from(wildcards)]),
        output:
            coefficients=FILES.coefficients,
            provenance=FILES.record("coefficients", "{model}", "seed{seed}", "{mode}", "{merging}"),
        log:
            FILES.log("coefficients", "{model}", "seed{seed}", "{mode}", "{merging}"),
        wildcard_constraints:
            merging="|".join(map(re.escape, LEARNED)),
        conda:
            ENVIRONMENT
        threads: cores("evaluate")
        resources:
            **requests("evaluate", gpu=True),
        params:
            **EVALUATED,
            learned_by=lambda wildcards: resolution.learned(BENCH, wildcards.mode, wildcards.merging),
            tasks=TASKS,
            code=evaluation_code("coefficients"),
        script:
            "../workflow_scripts/editing/coefficients.py"


rule negation:
    input:
        theta_0=large(FILES.theta_0),
        tau=lambda wildcards: large(vectors(None)(wildcards)),
        heads=large(heads_of(["{task}", CONTROL])),
        images=lambda wildcards: large(images_of([wildcards.task, CONTROL], ["val", "test"])),
        sha256=lambda wildcards: beside(vectors(None)(wildcards)),
        model_sha256=beside([FILES.theta_0, *heads_of(["{task}", CONTROL])]),
        splits=lambda wildcards: splits_of([wildcards.task, CONTROL], ["val", "test"]),
    output:
        sweep=f"{FILES.negation}/sweep_val.csv",
        choice=f"{FILES.negation}/choice.json",
        test=f"{FILES.negation}/test.csv",
        predictions=f"{FILES.negation}/predictions.npz",
        provenance=FILES.record("negation", "{model}", "seed{seed}", "{mode}", "{task}"),
    log:
        FILES.log("negation", "{model}", "seed{seed}", "{mode}", "{task}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **EVALUATED,
        alphas=alpha_grid(**BENCH.evaluation["alphas"]),
        control_floor=BENCH.evaluation["control_floor"],
        forgetting=lambda wildcards: modes.get(wildcards.mode).forgetting,
        tasks=lambda wildcards: [wildcards.task, CONTROL],
        code=evaluation_code("negation"),
    script:
        "../workflow_scripts/editing/negation.py"


if BENCH.negation_controls:

    rule negation_controls:
        input:
            theta_0=large(FILES.theta_0),
            taus=large(control_vectors()),
            heads=large(heads_of(["{task}", CONTROL])),
            images=lambda wildcards: large(images_of([wildcards.task, CONTROL], ["val", "test"])),
            sha256=beside(control_vectors()),
            model_sha256=beside([FILES.theta_0, *heads_of(["{task}", CONTROL])]),
            splits=lambda wildcards: splits_of([wildcards.task, CONTROL], ["val", "test"]),
        output:
            sweep=f"{FILES.negation_controls}/sweep_val.csv",
            choice=f"{FILES.negation_controls}/choice.json",
            test=f"{FILES.negation_controls}/test.csv",
            predictions=f"{FILES.negation_controls}/predictions.npz",
            provenance=FILES.record("negation_controls", "{model}", "seed{seed}", "{task}"),
        log:
            FILES.log("negation_controls", "{model}", "seed{seed}", "{task}"),
        conda:
            ENVIRONMENT
        threads: cores("evaluate")
        resources:
            **requests("evaluate", gpu=True),
        params:
            **{**EVALUATED, "model": resolution.evaluation("standard", BENCH.kind)},
            controls=CONTROLS,
            seed=BENCH.negation_controls["seed"],
            alphas=alpha_grid(**BENCH.evaluation["alphas"]),
            control_floor=BENCH.evaluation["control_floor"],
            tasks=lambda wildcards: [wildcards.task, CONTROL],
            code=code_of("negation_controls", lambda wildcards: evaluation_plugins(modes.get("standard"), BENCH.kind)),
        script:
            "../workflow_scripts/editing/negation_controls.py"


rule disentanglement:
    input:
        theta_0=large(FILES.theta_0),
        taus=lambda wildcards: large(vectors(PAIRED_TASKS)(wildcards)),
        heads=large(heads_of(PAIRED_TASKS)),
        images=large(images_of(PAIRED_TASKS, ["test"])),
        sha256=lambda wildcards: beside(vectors(PAIRED_TASKS)(wildcards)),
        model_sha256=beside([FILES.theta_0, *heads_of(PAIRED_TASKS)]),
        splits=splits_of(PAIRED_TASKS, ["test"]),
    output:
        grids=of_pairs(FILES.disentanglement),
        outcomes=of_pairs(FILES.outcomes),
        sha256=beside(of_pairs(FILES.outcomes)),
        provenance=FILES.record("disentanglement", "{model}", "seed{seed}", "{mode}"),
    log:
        FILES.log("disentanglement", "{model}", "seed{seed}", "{mode}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **EVALUATED,
        alphas=alpha_grid(**BENCH.disentanglement["alphas"]),
        images=BENCH.disentanglement["images"],
        seed=BENCH.disentanglement["seed"],
        pairs=[list(pair) for pair in BENCH.disentanglement["pairs"]],
        tasks=PAIRED_TASKS,
        code=evaluation_code("disentanglement"),
    script:
        "../workflow_scripts/editing/disentanglement.py"


rule similarity:
    input:
        taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
        sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
    output:
        similarity=FILES.similarity,
        norms=FILES.norms,
        provenance=FILES.record("similarity", "{model}", "seed{seed}", "{mode}"),
    log:
        FILES.log("similarity", "{model}", "seed{seed}", "{mode}"),
    conda:
        ENVIRONMENT
    threads: cores("report")
    resources:
        **requests("report"),
    params:
        tasks=TASKS,
        code=code_of("similarity"),
    script:
        "../workflow_scripts/editing/similarity.py"


if BENCH.subset_runs:

    rule subsets:
        input:
            theta_0=large(FILES.theta_0),
            taus=lambda wildcards: large(vectors(TASKS)(wildcards)),
            single_task=FILES.single_task,
            heads=large(heads_of(TASKS)),
            images=large(images_of(TASKS, ["val", "test"])),
            sha256=lambda wildcards: beside(vectors(TASKS)(wildcards)),
            model_sha256=beside([FILES.theta_0, *heads_of(TASKS)]),
            splits=splits_of(TASKS, ["val", "test"]),
        output:
            sweep=f"{FILES.subsets}/sweep_val.csv",
            tested=f"{FILES.subsets}/subsets.csv",
            predictions=f"{FILES.subsets}/predictions.npz",
            provenance=FILES.record("subsets", "{model}", "seed{seed}", "{mode}"),
        log:
            FILES.log("subsets", "{model}", "seed{seed}", "{mode}"),
        conda:
            ENVIRONMENT
        threads: cores("subsets")
        resources:
            **requests("subsets", gpu=True),
        params:
            **EVALUATED,
            at_once=lambda wildcards: resolution.subsets(BENCH, wildcards.mode)["at_once"],
            sample=lambda wildcards: resolution.subsets(BENCH, wildcards.mode)["sample"],
            alphas=lambda wildcards: resolution.subsets(BENCH, wildcards.mode)["alphas"],
            tasks=TASKS,
            code=evaluation_code("subsets"),
        script:
            "../workflow_scripts/editing/subsets.py"


# Second moments of each fine-tuned model on its own training images, for the merging rules that read them.

STATISTICS = {kind for rule in BENCH.rules for kind in RULES[rule].statistics}
MOMENTS_OF = {
    "architecture": of_model(resolution.image_architecture),
    "encoder": lambda wildcards: resolution.evaluation(wildcards.mode, BENCH.kind)["encoder"],
    "tangent": lambda wildcards: modes.get(wildcards.mode).tangent,
    "drawn": dict(MOMENTS),
}

if STATISTICS & {"gram", "fisher"}:

    rule gram:
        input:
            theta_0=large(FILES.theta_0),
            tau=lambda wildcards: large(vectors(None)(wildcards)),
            head=large(FILES.head),
            images=large([path.replace("{split}", "fit") for path in (FILES.images, FILES.index)]),
            sha256=lambda wildcards: beside(vectors(None)(wildcards)),
            model_sha256=beside([FILES.theta_0, FILES.head]),
            fit=FILES.split.replace("{split}", "fit"),
        output:
            gram=FILES.gram,
            gram_sha256=FILES.gram + SUFFIX,
            provenance=FILES.record("gram", "{model}", "seed{seed}", "{mode}", "{task}"),
        log:
            FILES.log("gram", "{model}", "seed{seed}", "{mode}", "{task}"),
        conda:
            ENVIRONMENT
        threads: cores("evaluate")
        resources:
            **requests("evaluate", gpu=True),
        params:
            **MOMENTS_OF,
            code=kernel_code("gram", lambda wildcards: wildcards.mode),
        script:
            "../workflow_scripts/kernels/moments.py"

    use rule gram as fisher with:
        output:
            fisher=FILES.fisher,
            fisher_sha256=FILES.fisher + SUFFIX,
            provenance=FILES.record("fisher", "{model}", "seed{seed}", "{mode}", "{task}"),
        log:
            FILES.log("fisher", "{model}", "seed{seed}", "{mode}", "{task}"),
        params:
            **MOMENTS_OF,
            code=kernel_code("fisher", lambda wildcards: wildcards.mode),
