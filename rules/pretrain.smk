# The embedded CLIP from scratch: `snakemake pretrain` with a configuration that has a section `pretraining`.


rule pretrain:
    input:
        architecture=BENCH.pretraining["architecture"],
        merges=BENCH.pretraining["vocabulary"],
    output:
        clip=f"{RUN}/pretraining/clip.safetensors",
        log=f"{RUN}/pretraining/pretrain_log.csv",
        provenance=f"{RECORDS}/pretrain.json",
    log:
        f"{LOGS}/pretrain.log",
    conda:
        ENVIRONMENT
    threads: cores("pretrain")
    resources:
        **requests("pretrain"),
    params:
        images=BENCH.pretraining["images"],
        recipe=dict(BENCH.pretraining["recipe"]),
        bfloat16=BENCH.pretraining["bfloat16"],
        state=f"{SCRATCH}/pretraining/state.pt",
        code=code("pretrain"),
    script:
        "../workflow_scripts/training/pretrain.py"
