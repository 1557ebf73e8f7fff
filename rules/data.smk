# Data: one job per task, whatever its source.


def prepared(task, splits):
    """The outputs of a task's preparation."""
    return {
        "images": [FILES.images.format(task=task, split=split) for split in splits],
        "index": [FILES.index.format(task=task, split=split) for split in splits],
        "splits": [FILES.split.format(task=task, split=split) for split in splits],
        "classes": FILES.classes.format(task=task),
        "manifest": FILES.manifest.format(task=task),
        "provenance": record("prepare", task),
    }


def preparation(key):
    """A param of a task's preparation, as a function of the rule's wildcards."""

    def value(wildcards):
        name = getattr(wildcards, "task", CONTROL)
        return resolution.preparation(BENCH, BENCH.task(name), Path(record("prepare", name)))[key]

    return value


PREPARATION = {
    key: preparation(key)
    for key in (
        "name",
        "reading",
        "options",
        "image_size",
        "train_short_side",
        "split",
        "task_file",
        "source_fingerprint",
    )
}
READER = code_of("prepare", lambda wildcards: [preparation("reading")(wildcards)["reader"]])


rule prepare:
    output:
        **prepared("{task}", SPLITS),
    log:
        log_file("prepare", "{task}"),
    wildcard_constraints:
        task="|".join(map(re.escape, TASKS)),
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
        "../workflow_scripts/data/prepare.py"


# The control is never fine-tuned on: of ImageNet's 1.28 million training images only those of val are stored.
use rule prepare as prepare_control with:
    output:
        **prepared(CONTROL, SPLITS[1:]),
    log:
        log_file("prepare", CONTROL),
    params:
        **PREPARATION,
        parts=list(SPLITS[1:]),
        code=READER,
