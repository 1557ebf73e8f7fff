# Data: one job a task, whatever its source.


rule prepare:
    output:
        images=[DATA + f"/{split}.images.bin" for split in SPLITS],
        index=[DATA + f"/{split}.index.npz" for split in SPLITS],
        manifest=DATA + "/manifest.json",
        provenance=RECORDS + "/prepare/{task}.json",
    params:
        dataset=of_task("dataset"),
        source=of_task("source"),
        options=lambda wildcards: dict(BENCH.task(wildcards.task).options or {}),
        data_root=BENCH.data_root,
        image_size=BENCH.image_size,
        train_short_side=BENCH.train_short_side,
        split=dict(BENCH.split),
        code=code("prepare"),
    log:
        LOGS + "/prepare/{task}.log",
    threads: cores("prepare")
    resources:
        mem_mb=resource("prepare", "mem_mb"),
        runtime=resource("prepare", "runtime"),
    conda:
        ENVIRONMENT
    script:
        "../workflow_scripts/prepare.py"
