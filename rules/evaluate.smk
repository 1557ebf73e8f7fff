# Single-task accuracy, addition, negation, disentanglement: for each model, seed and mode.


rule single_task:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        taus=vectors(TASKS),
        heads=expand(f"{RUN}/{{{{model}}}}/heads/{{task}}.safetensors", task=TASKS),
        manifests=expand(f"{DATA}/manifest.json", task=TASKS),
        images=[path for task in TASKS for path in stored(task, ["val", "test"])],
    output:
        accuracy=f"{MODE}/single_task.csv",
        provenance=f"{RECORDS}/single_task/{{model}}/seed{{seed}}/{{mode}}.json",
    log:
        f"{LOGS}/single_task/{{model}}/seed{{seed}}/{{mode}}.log",
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **ENCODER,
        evaluation=EVALUATION,
        tasks=TASKS,
        code=code("single_task"),
    script:
        "../workflow_scripts/editing/single_task.py"


rule addition:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        taus=vectors(TASKS),
        single_task=f"{MODE}/single_task.csv",
        heads=expand(f"{RUN}/{{{{model}}}}/heads/{{task}}.safetensors", task=TASKS),
        manifests=expand(f"{DATA}/manifest.json", task=TASKS),
        images=[path for task in TASKS for path in stored(task, ["val", "test"])],
    output:
        sweep=f"{MODE}/addition/sweep_val.csv",
        choice=f"{MODE}/addition/choice.json",
        test=f"{MODE}/addition/test.csv",
        provenance=f"{RECORDS}/addition/{{model}}/seed{{seed}}/{{mode}}.json",
    log:
        f"{LOGS}/addition/{{model}}/seed{{seed}}/{{mode}}.log",
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **ENCODER,
        evaluation=EVALUATION,
        alphas=ALPHAS,
        tasks=TASKS,
        code=code("addition"),
    script:
        "../workflow_scripts/editing/addition.py"


rule negation:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        tau=vectors(None),
        heads=expand(f"{RUN}/{{{{model}}}}/heads/{{task}}.safetensors", task=["{task}", CONTROL]),
        manifests=expand(f"{DATA}/manifest.json", task=["{task}", CONTROL]),
        images=lambda wildcards: [
            path for task in (wildcards.task, CONTROL) for path in stored(task, ["val", "test"])
        ],
    output:
        sweep=f"{MODE}/negation/{{task}}/sweep_val.csv",
        choice=f"{MODE}/negation/{{task}}/choice.json",
        test=f"{MODE}/negation/{{task}}/test.csv",
        provenance=f"{RECORDS}/negation/{{model}}/seed{{seed}}/{{mode}}/{{task}}.json",
    log:
        f"{LOGS}/negation/{{model}}/seed{{seed}}/{{mode}}/{{task}}.log",
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **ENCODER,
        evaluation=EVALUATION,
        alphas=ALPHAS,
        control_floor=BENCH.evaluation["control_floor"],
        tasks=lambda wildcards: [wildcards.task, CONTROL],
        code=code("negation"),
    script:
        "../workflow_scripts/editing/negation.py"


rule disentanglement:
    input:
        theta_0=f"{PRETRAINED}/theta.safetensors",
        taus=vectors(PAIRED_TASKS),
        heads=expand(f"{RUN}/{{{{model}}}}/heads/{{task}}.safetensors", task=PAIRED_TASKS),
        manifests=expand(f"{DATA}/manifest.json", task=PAIRED_TASKS),
        images=[path for task in PAIRED_TASKS for path in stored(task, ["test"])],
    output:
        grids=[f"{MODE}/disentanglement/{pair}.npz" for pair in BENCH.pairs],
        provenance=f"{RECORDS}/disentanglement/{{model}}/seed{{seed}}/{{mode}}.json",
    log:
        f"{LOGS}/disentanglement/{{model}}/seed{{seed}}/{{mode}}.log",
    conda:
        ENVIRONMENT
    threads: cores("evaluate")
    resources:
        **requests("evaluate", gpu=True),
    params:
        **ENCODER,
        evaluation=EVALUATION,
        alphas=XI_ALPHAS,
        images=BENCH.disentanglement["images"],
        seed=BENCH.disentanglement["seed"],
        pairs=[list(pair) for pair in BENCH.disentanglement["pairs"]],
        tasks=PAIRED_TASKS,
        code=code("disentanglement"),
    script:
        "../workflow_scripts/editing/disentanglement.py"
