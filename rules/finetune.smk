# Fine-tuning, a job for each model, seed, mode and task; and the task vectors.


rule finetune:
    input:
        theta_0=PRETRAINED + "/theta.safetensors",
        head=RUN + "/{model}/heads/{task}.safetensors",
        manifest=DATA + "/manifest.json",
        pictures=lambda wildcards: stored(wildcards.task, ["fit"]),
    output:
        theta=MODE + "/{task}/theta.safetensors",
        training_log=MODE + "/{task}/training_log.csv",
        provenance=RECORDS + "/finetune/{model}/seed{seed}/{mode}/{task}.json",
    params:
        architecture=architecture("architecture"),
        architectures=architecture("architectures"),
        accumulate=architecture("accumulate"),
        epochs=of_task("epochs"),
        image_size=BENCH.image_size,
        recipe=lambda wildcards: {
            **{key: value for key, value in BENCH.finetune.items() if key != "save_every_seconds"},
            "learning_rate": BENCH.finetune["learning_rate"][wildcards.mode],
        },
        # a resumable state survives a failed job, because it is no declared output
        state=SCRATCH + "/{model}/seed{seed}/{mode}/{task}/state.safetensors",
        code=code("finetune"),
    log:
        LOGS + "/finetune/{model}/seed{seed}/{mode}/{task}.log",
    threads: cores("finetune")
    resources:
        mem_mb=resource("finetune", "mem_mb"),
        runtime=resource("finetune", "runtime"),
        gpu=resource("finetune", "gpu"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/finetune.py"


rule task_vector:
    input:
        theta_0=PRETRAINED + "/theta.safetensors",
        theta=MODE + "/{task}/theta.safetensors",
    output:
        tau=MODE + "/{task}/tau.safetensors",
        provenance=RECORDS + "/task_vector/{model}/seed{seed}/{mode}/{task}.json",
    params:
        code=code("task_vector"),
    log:
        LOGS + "/task_vector/{model}/seed{seed}/{mode}/{task}.log",
    threads: 1
    resources:
        mem_mb=resource("report", "mem_mb"),
        runtime=resource("report", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/task_vector.py"
