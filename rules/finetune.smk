# Fine-tuning, a job for each model, seed, mode and task; and the task vectors.


rule finetune:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        head=f"{RUN}/{{model}}/heads/{{task}}.safetensors",
        manifest=f"{DATA}/manifest.json",
        images=lambda wildcards: stored(wildcards.task, ["fit"]),
    output:
        theta=f"{MODE}/{{task}}/theta.safetensors",
        training_log=f"{MODE}/{{task}}/training_log.csv",
        provenance=f"{RECORDS}/finetune/{{model}}/seed{{seed}}/{{mode}}/{{task}}.json",
    log:
        f"{LOGS}/finetune/{{model}}/seed{{seed}}/{{mode}}/{{task}}.log",
    conda:
        ENVIRONMENT
    threads: cores("finetune")
    resources:
        **requests("finetune", gpu=True),
    params:
        **ENCODER,
        accumulate=architecture("accumulate"),
        processes=architecture("processes"),
        epochs=of_task("epochs"),
        image_size=BENCH.image_size,
        recipe=lambda wildcards: {
            **{key: value for key, value in BENCH.finetune.items() if key != "save_every_seconds"},
            "learning_rate": BENCH.finetune["learning_rate"][wildcards.mode],
        },
        # a resumable state survives a failed job, because it is no declared output
        state=f"{SCRATCH}/{{model}}/seed{{seed}}/{{mode}}/{{task}}/state.safetensors",
        code=code("finetune_process"),
    script:
        "../workflow_scripts/training/finetune.py"


rule task_vector:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        theta=f"{MODE}/{{task}}/theta.safetensors",
    output:
        tau=f"{MODE}/{{task}}/tau.safetensors",
        provenance=f"{RECORDS}/task_vector/{{model}}/seed{{seed}}/{{mode}}/{{task}}.json",
    log:
        f"{LOGS}/task_vector/{{model}}/seed{{seed}}/{{mode}}/{{task}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **requests("report"),
    params:
        code=code("task_vector"),
    script:
        "../workflow_scripts/training/task_vector.py"
