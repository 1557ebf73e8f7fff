# Pre-trained weights, zero-shot heads, and the accuracy of the pre-trained models.


rule pretrained:
    input:
        files=lambda wildcards: [
            path
            for path in (
                BENCH.model(wildcards.model).weights.get("file"),
                BENCH.model(wildcards.model).vocabulary,
            )
            if path
        ],
    output:
        clip=f"{PRETRAINED}/clip.safetensors",
        theta_0=f"{PRETRAINED}/theta.safetensors",
        provenance=f"{RECORDS}/pretrained/{{model}}.json",
    log:
        f"{LOGS}/pretrained/{{model}}.log",
    conda:
        ENVIRONMENT
    threads: cores("pretrained")
    resources:
        **requests("pretrained"),
    params:
        **ENCODER,
        activation=architecture("activation"),
        weights=lambda wildcards: dict(BENCH.model(wildcards.model).weights),
        image_size=BENCH.image_size,
        code=code("pretrained"),
    script:
        "../workflow_scripts/models/pretrained.py"


rule head:
    input:
        clip=f"{PRETRAINED}/clip.safetensors",
        manifest=f"{DATA}/manifest.json",
    output:
        head=f"{RUN}/{{model}}/heads/{{task}}.safetensors",
        provenance=f"{RECORDS}/head/{{model}}/{{task}}.json",
    log:
        f"{LOGS}/head/{{model}}/{{task}}.log",
    conda:
        ENVIRONMENT
    threads: cores("head")
    resources:
        **requests("head"),
    params:
        **ENCODER,
        vocabulary=architecture("vocabulary"),
        code=code("head"),
    script:
        "../workflow_scripts/models/head.py"


rule zero_shot:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        heads=expand(f"{RUN}/{{{{model}}}}/heads/{{task}}.safetensors", task=[*TASKS, CONTROL]),
        manifests=expand(f"{DATA}/manifest.json", task=[*TASKS, CONTROL]),
        images=[path for task in [*TASKS, CONTROL] for path in stored(task, ["val", "test"])],
    output:
        accuracy=f"{PRETRAINED}/accuracy.csv",
        provenance=f"{RECORDS}/zero_shot/{{model}}.json",
    log:
        f"{LOGS}/zero_shot/{{model}}.log",
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **ENCODER,
        evaluation=EVALUATION,
        tasks=[*TASKS, CONTROL],
        code=code("zero_shot"),
    script:
        "../workflow_scripts/models/zero_shot.py"
