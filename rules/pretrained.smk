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
        clip=PRETRAINED + "/clip.safetensors",
        theta_0=PRETRAINED + "/theta.safetensors",
        provenance=RECORDS + "/pretrained/{model}.json",
    params:
        architecture=architecture("architecture"),
        architectures=architecture("architectures"),
        activation=architecture("activation"),
        weights=lambda wildcards: dict(BENCH.model(wildcards.model).weights),
        image_size=BENCH.image_size,
        code=code("pretrained"),
    log:
        LOGS + "/pretrained/{model}.log",
    threads: cores("pretrained")
    resources:
        mem_mb=resource("pretrained", "mem_mb"),
        runtime=resource("pretrained", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/pretrained.py"


rule head:
    input:
        clip=PRETRAINED + "/clip.safetensors",
        manifest=DATA + "/manifest.json",
    output:
        head=RUN + "/{model}/heads/{task}.safetensors",
        provenance=RECORDS + "/head/{model}/{task}.json",
    params:
        architecture=architecture("architecture"),
        architectures=architecture("architectures"),
        vocabulary=architecture("vocabulary"),
        code=code("head"),
    log:
        LOGS + "/head/{model}/{task}.log",
    threads: cores("head")
    resources:
        mem_mb=resource("head", "mem_mb"),
        runtime=resource("head", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/head.py"


rule zero_shot:
    input:
        theta_0=PRETRAINED + "/theta.safetensors",
        heads=expand(RUN + "/{{model}}/heads/{task}.safetensors", task=[*TASKS, CONTROL]),
        manifests=expand(DATA + "/manifest.json", task=[*TASKS, CONTROL]),
        pictures=[path for task in [*TASKS, CONTROL] for path in stored(task, ["val", "test"])],
    output:
        accuracy=PRETRAINED + "/accuracy.csv",
        provenance=RECORDS + "/zero_shot/{model}.json",
    params:
        architecture=architecture("architecture"),
        architectures=architecture("architectures"),
        evaluation={key: BENCH.evaluation[key] for key in ("batch_size", "precision")},
        tasks=[*TASKS, CONTROL],
        code=code("zero_shot"),
    log:
        LOGS + "/zero_shot/{model}.log",
    threads: cores("evaluate")
    resources:
        mem_mb=resource("evaluate", "mem_mb"),
        runtime=resource("evaluate", "runtime"),
        gpu=resource("evaluate", "gpu"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/zero_shot.py"
