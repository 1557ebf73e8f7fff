"""What methods took by the clock: from records that are made by hand."""

from lib.provenance.records import Record
from workflow_scripts.commands.arena_cost import costs


def record(rule, seconds, used=(), generated=(), peak=100, **wildcards):
    return Record(
        file="", version="", rule=rule, wildcards=wildcards, params={}, used=dict.fromkeys(used, "0"),
        generated=dict.fromkeys(generated, "0"), code={}, versions={}, machine={"peak_mib": peak}, startedAtTime="",
        endedAtTime="", seconds=seconds,
    )  # fmt: skip


def where(mode, **more):
    return {"model": "m", "seed": "0", "mode": mode, **more}


RECORDS = [
    *(record("finetune", 10.0, **where("standard", task=task)) for task in "ab"),
    *(record("finetune", 16.0, **where("linear", task=task)) for task in "ab"),
    *(record("gram", 3.0, generated=[f"gram-{task}"], peak=900, **where("posthoc", task=task)) for task in "ab"),
    record("addition", 5.0, used=["tau"], **where("linear", merging="sum")),
    record("addition", 7.0, used=["gram-a", "gram-b"], **where("posthoc", merging="regmean")),
]


def test_training_over_standard_and_what_merging_needs():
    linear, posthoc = costs(RECORDS)
    assert (linear["training_seconds"], linear["over_standard"]) == (32.0, 1.6)
    assert (linear["merging_seconds"], linear["peak_mib"]) == (5.0, 100)
    assert (posthoc["training_seconds"], posthoc["over_standard"]) == (20.0, 1.0)  # standard's vectors
    assert (posthoc["merging_seconds"], posthoc["peak_mib"], posthoc["peak_gpu_mib"]) == (13.0, 900, 0)


def test_imported_checkpoints_have_no_training():
    (row,) = costs([RECORDS[-1]])
    assert row["training_seconds"] is None and row["over_standard"] is None and row["merging_seconds"] == 7.0
