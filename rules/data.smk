# Data: one job per task, whatever its source.


rule prepare:
    output:
        **prepared("{task}", SPLITS),
    log:
        FILES.log("prepare", "{task}"),
    wildcard_constraints:
        task="|".join(map(re.escape, FINE_TUNED)),
    conda:
        ENVIRONMENT
    threads: cores("prepare")
    resources:
        **requests("prepare"),
    params:
        **PREPARATION,
        parts=list(SPLITS),
        code=READER,
    script:
        script_of("prepare")


# The control is never fine-tuned on: of ImageNet's 1.28 million training images only those of val are stored.
use rule prepare as prepare_control with:
    output:
        **prepared(CONTROL, SPLITS[1:]),
    log:
        FILES.log("prepare", CONTROL),
    params:
        **PREPARATION,
        parts=list(SPLITS[1:]),
        code=READER,
