# Checkpoints that the configuration names: each enters in the place of one fine-tuning job.

CHECKPOINTS = {(entry.model, str(entry.seed), entry.mode, entry.task): entry.weights for entry in BENCH.checkpoints}
# as a constraint of the path's first wildcard, it looks ahead to the others: the rule matches what is named and nothing else
NAMED = "|".join("{}/seed{}/{}/{}".format(*map(re.escape, key)) for key in CHECKPOINTS) or "(?!)"


ruleorder: import_checkpoint > finetune


rule import_checkpoint:
    input:
        checkpoint=lambda wildcards: CHECKPOINTS[wildcards.model, wildcards.seed, wildcards.mode, wildcards.task],
        theta_0=f"{PRETRAINED}/theta.safetensors",
    output:
        theta=f"{MODE}/{{task}}/theta.safetensors",
        training_log=f"{MODE}/{{task}}/training_log.csv",
        # fine-tuning's own file: Snakemake sees that the maker changed only if all outputs are the same
        provenance=f"{RECORDS}/finetune/{{model}}/seed{{seed}}/{{mode}}/{{task}}.json",
    log:
        f"{LOGS}/import_checkpoint/{{model}}/seed{{seed}}/{{mode}}/{{task}}.log",
    wildcard_constraints:
        model=rf"(?=(?:{NAMED})(?:/|\.json))[^/]+",
    conda:
        ENVIRONMENT
    threads: cores("pretrained")
    resources:
        **requests("pretrained"),
    params:
        **ENCODER,
        code=code("import_checkpoint"),
    script:
        "../workflow_scripts/training/import_checkpoint.py"
