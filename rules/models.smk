# Models: their initialisation, zero-shot heads, and the accuracy of the pre-trained models.


rule pretrained:
    output:
        clip=FILES.clip,
        clip_sha256=FILES.clip + SUFFIX,
        theta_0=FILES.theta_0,
        theta_0_sha256=FILES.theta_0 + SUFFIX,
        provenance=FILES.record("pretrained", "{model}"),
    log:
        FILES.log("pretrained", "{model}"),
    conda:
        ENVIRONMENT
    threads: cores("pretrained")
    resources:
        **requests("pretrained"),
    params:
        configuration=of_model(resolution.architecture),
        activation=of_model(lambda model: model.activation),
        weights=of_model(resolution.weights),
        image_tower=of_model(lambda model: model.image_tower and dict(model.image_tower)),
        image_size=BENCH.image_size,
        code=code_of("pretrained"),
    script:
        script_of("pretrained")


PROMPTED = (
    {"logit_scale": of_model(lambda model: model.logit_scale), "length": BENCH.texts["length"]} if BENCH.texts else {}
)


rule head:
    input:
        clip=large(FILES.clip),
        clip_sha256=beside(FILES.clip),
        classes=FILES.classes,
    output:
        head=FILES.head,
        head_sha256=FILES.head + SUFFIX,
        provenance=FILES.record("head", "{model}", "{task}"),
    log:
        FILES.log("head", "{model}", "{task}"),
    conda:
        ENVIRONMENT
    threads: cores("head")
    resources:
        **requests("head"),
    params:
        **PROMPTED,
        configuration=of_model(resolution.architecture),
        tokenizer=of_model(resolution.tokenizer),
        code=code_of("head"),
    script:
        script_of("head")


rule zero_shot:
    input:
        theta_0=large(FILES.theta_0),
        heads=large(heads_of([*TASKS, CONTROL])),
        images=large(images_of([*TASKS, CONTROL], ["val", "test"])),
        sha256=beside([FILES.theta_0, *heads_of([*TASKS, CONTROL])]),
        splits=splits_of([*TASKS, CONTROL], ["val", "test"]),
    output:
        accuracy=FILES.pretrained_accuracy,
        predictions=FILES.pretrained_predictions,
        provenance=FILES.record("zero_shot", "{model}"),
    log:
        FILES.log("zero_shot", "{model}"),
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        architecture=of_model(resolution.image_architecture),
        model=resolution.evaluation("standard", BENCH.kind),
        evaluation=EVALUATION,
        tasks=[*TASKS, CONTROL],
        code=code_of("zero_shot", lambda wildcards: evaluation_plugins(modes.get("standard"), BENCH.kind)),
    script:
        "../workflow_scripts/models/zero_shot.py"
