# Task arithmetic in the tangent space: every table and figure, from data and pre-trained weights.
#   snakemake --cores all                                  the papers' benchmark (config.yaml)
#   snakemake --cores all --configfile demo/config.yaml    the embedded default, on a laptop
#   snakemake --profile slurm                              the same on a cluster

from snakemake.utils import min_version

min_version("9.20")


# A --configfile replaces the papers' configuration; Snakemake alone would merge the two into the union of both benchmarks.
if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/prepare.smk"
include: "rules/pretrained.smk"
include: "rules/finetune.smk"
include: "rules/checkpoints.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


if BENCH.pretraining:

    include: "rules/pretrain.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        report_files(),


onsuccess:
    print(
        f"\nTables:   {RUN}/tables/*.md (and .csv, .tex)\nFigures:  {RUN}/figures/*.png (and .pdf)\nFindings: {RUN}/findings.md"
    )


onerror:
    print(
        f"\nThe run is not complete. The reason stands above and in the job's log below {RUN}/logs/; run the same command to go on."
    )
