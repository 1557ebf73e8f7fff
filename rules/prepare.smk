# Data: one job a task, whatever its source.


rule prepare:
    output:
        images=[f"{DATA}/{split}.images.bin" for split in SPLITS],
        index=[f"{DATA}/{split}.index.npz" for split in SPLITS],
        manifest=f"{DATA}/manifest.json",
        provenance=f"{RECORDS}/prepare/{{task}}.json",
    log:
        f"{LOGS}/prepare/{{task}}.log",
    wildcard_constraints:
        task="|".join(map(re.escape, TASKS)),
    conda:
        ENVIRONMENT
    threads: cores("prepare")
    resources:
        **requests("prepare"),
    params:
        name=lambda wildcards: wildcards.task,
        dataset=of_task("dataset"),
        source=of_task("source"),
        options=of_task("options"),
        data_root=BENCH.data_root,
        image_size=BENCH.image_size,
        train_short_side=BENCH.train_short_side,
        split=dict(BENCH.split),
        parts=SPLITS,
        code=lambda wildcards: source_code(BENCH.task(wildcards.task).dataset),
    script:
        "../workflow_scripts/data/prepare.py"


# The control is never fine-tuned on: of ImageNet's 1.28 million training images only those of val are stored.
use rule prepare as prepare_control with:
    output:
        images=[f"{RUN}/data/{CONTROL}/{split}.images.bin" for split in SPLITS[1:]],
        index=[f"{RUN}/data/{CONTROL}/{split}.index.npz" for split in SPLITS[1:]],
        manifest=f"{RUN}/data/{CONTROL}/manifest.json",
        provenance=f"{RECORDS}/prepare/{CONTROL}.json",
    log:
        f"{LOGS}/prepare/{CONTROL}.log",
    params:
        name=CONTROL,
        dataset=BENCH.control.dataset,
        source=BENCH.control.source,
        options=BENCH.control.options,
        data_root=BENCH.data_root,
        image_size=BENCH.image_size,
        train_short_side=BENCH.train_short_side,
        split=dict(BENCH.split),
        parts=SPLITS[1:],
        code=source_code(BENCH.control.dataset),
