# Fine-tuning, one job per model, seed, mode and task; checkpoints of others in its place; task vectors.

CHECKPOINTS = {(entry.model, str(entry.seed), entry.mode, entry.task): entry for entry in BENCH.checkpoints}
# as a constraint of the path's first wildcard, it looks ahead to the others: the rule matches what is named and nothing else
NAMED = "|".join("{}/seed{}/{}/{}".format(*map(re.escape, key)) for key in CHECKPOINTS) or "(?!)"


rule finetune:
    input:
        theta_0=large(FILES.theta_0),
        head=large(FILES.head),
        images=large([path.replace("{split}", "fit") for path in (FILES.images, FILES.index)]),
        sha256=beside([FILES.theta_0, FILES.head]),
        fit=FILES.split.replace("{split}", "fit"),
        others=lambda wildcards: read_of(others(wildcards)),
    output:
        theta=FILES.theta,
        theta_sha256=FILES.theta + SUFFIX,
        training_log=FILES.training_log,
        provenance=FILES.record("finetune", "{model}", "seed{seed}", "{mode}", "{task}"),
    log:
        FILES.log("finetune", "{model}", "seed{seed}", "{mode}", "{task}"),
    conda:
        ENVIRONMENT
    threads: cores("finetune")
    resources:
        **requests("finetune", gpu=True),
    params:
        architecture=of_model(resolution.image_architecture),
        training=lambda wildcards: resolution.training(wildcards.mode, BENCH.kind),
        others=lambda wildcards: first_of(others(wildcards)),
        accumulate=of_model(lambda model: model.accumulate),
        processes=of_model(lambda model: model.processes),
        epochs=lambda wildcards: BENCH.task(wildcards.task).epochs,
        image_size=BENCH.image_size,
        recipe=lambda wildcards: resolution.recipe(BENCH, wildcards.mode),
        state=FILES.training_state,
        code=code_of("finetune", lambda wildcards: training_plugins(modes.get(wildcards.mode), BENCH.kind)),
    script:
        "../workflow_scripts/training/finetune.py"


rule curvature:
    input:
        theta_0=large(FILES.theta_0),
        images=large([path.replace("{split}", "fit") for path in (FILES.images, FILES.index)]),
        sha256=beside(FILES.theta_0),
        split=FILES.split.replace("{split}", "fit"),
    output:
        factors=FILES.curvature,
        factors_sha256=FILES.curvature + SUFFIX,
        provenance=FILES.record("curvature", "{model}", "{task}"),
    log:
        FILES.log("curvature", "{model}", "{task}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **resolution.curvature(BENCH.kind),
        architecture=of_model(resolution.image_architecture),
        code=code_of("curvature", lambda wildcards: [resolution.curvature(BENCH.kind)["encoder"]]),
    script:
        "../workflow_scripts/training/curvature.py"


ruleorder: import_checkpoint > finetune


rule import_checkpoint:
    input:
        theta_0=large(FILES.theta_0),
        sha256=beside(FILES.theta_0),
    output:
        theta=FILES.theta,
        theta_sha256=FILES.theta + SUFFIX,
        training_log=FILES.training_log,
        # fine-tuning's own file: Snakemake sees that the maker changed only if all outputs are the same
        provenance=FILES.record("finetune", "{model}", "seed{seed}", "{mode}", "{task}"),
    log:
        FILES.log("import_checkpoint", "{model}", "seed{seed}", "{mode}", "{task}"),
    wildcard_constraints:
        model=rf"(?=(?:{NAMED})(?:/|\.json))[^/]+",
    conda:
        ENVIRONMENT
    threads: cores("pretrained")
    resources:
        **requests("pretrained"),
    params:
        architecture=of_model(resolution.image_architecture),
        tangent=lambda wildcards: modes.get(wildcards.mode).tangent,
        trains=lambda wildcards: list(modes.get(wildcards.mode).trains),
        checkpoint=lambda wildcards: resolution.weights(
            CHECKPOINTS[wildcards.model, wildcards.seed, wildcards.mode, wildcards.task]
        ),
        code=code_of("import_checkpoint"),
    script:
        "../workflow_scripts/training/import_checkpoint.py"


rule task_vector:
    input:
        theta_0=large(FILES.theta_0),
        theta=large(FILES.theta),
        sha256=beside([FILES.theta_0, FILES.theta]),
    output:
        tau=FILES.tau,
        tau_sha256=FILES.tau + SUFFIX,
        provenance=FILES.record("task_vector", "{model}", "seed{seed}", "{mode}", "{task}"),
    log:
        FILES.log("task_vector", "{model}", "seed{seed}", "{mode}", "{task}"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **requests("report"),
    params:
        state=FILES.training_state,
        code=code_of("task_vector"),
    script:
        "../workflow_scripts/training/task_vector.py"


# The demo's CLIP from scratch: `snakemake pretrain` with a configuration that has a section `pretraining`.
if BENCH.pretraining:

    rule pretrain:
        output:
            clip=f"{FILES.run}/pretraining/clip.safetensors",
            log=f"{FILES.run}/pretraining/pretrain_log.csv",
            provenance=FILES.record("pretrain"),
        log:
            FILES.log("pretrain"),
        conda:
            ENVIRONMENT
        threads: cores("pretrain")
        resources:
            **requests("pretrain"),
        params:
            architecture=lambda wildcards: json.loads(Path(BENCH.pretraining["architecture"]).read_text()),
            vocabulary=lambda wildcards: resolution.checkpoint(BENCH.pretraining["vocabulary"]),
            images=BENCH.pretraining["images"],
            recipe=dict(BENCH.pretraining["recipe"]),
            bfloat16=BENCH.pretraining["bfloat16"],
            state=f"{FILES.scratch}/pretraining/state.pt",
            code=code_of("pretrain"),
        script:
            "../workflow_scripts/training/pretrain.py"
