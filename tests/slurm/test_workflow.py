"""The real workflow on a real Slurm: the same bytes as on one machine, and GPUs for those who need them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import faults
import pytest
from comparing import audited, differences
from faults import Record

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]

# Slurm jobs; a bundle's name stands before its rule's
STARTS = {
    "prepare": 2,
    "prepare_control": 1,
    "pretrained": 1,
    **{f"heads_{task}_head": 1 for task in ("Objects", "Scenes", "Signs")},
    "zero_shot": 1,
    "finetune": 6,
    **{f"task_vectors_tiny_seed0_{mode}_task_vector": 1 for mode in ("standard", "linear", "linear-2")},
    "single_task": 3,
    "addition": 3,
    "negation": 6,
    "disentanglement": 3,
    "similarity": 3,
    **dict.fromkeys(("tables", "findings", "heatmaps", "scatters", "alpha_sweeps", "loss_curves"), 1),
    **dict.fromkeys(("disentanglement_table", "similarity_table", "similarity_maps", "pages"), 1),
    **dict.fromkeys(("bootstrap", "reproduction"), 1),
}


@pytest.fixture(scope="module")
def records(undisturbed) -> list[Record]:
    return faults.accounting(undisturbed.on_slurm)


@pytest.fixture(scope="module")
def folder(undisturbed) -> Path:
    return undisturbed.on_slurm.directory


def test_the_cluster_makes_the_same_bytes_as_one_machine(undisturbed, folder):
    assert differences(undisturbed.local, folder) == []


def test_the_clusters_run_passes_its_audit(folder):
    assert audited(folder) == ""


def test_each_job_ran_once_and_those_of_a_bundle_as_one_slurm_job(records):
    assert {record.state for record in records} == {"COMPLETED"}
    assert Counter(record.rule for record in records) == STARTS


def test_only_fine_tuning_asked_for_gpus(records):
    assert {record.rule for record in records if "gres/gpu=1" in record.resources} == {"finetune"}
    assert {record.rule for record in records if "gres/gpu" not in record.resources} == set(STARTS) - {"finetune"}
    assert {(record.rule == "finetune", record.partition) for record in records} == {(True, "gpu"), (False, "cpu")}


def test_a_bundle_of_two_asks_for_the_memory_and_cores_of_one_and_for_the_minutes_of_both(records):
    bundles = [record for record in records if record.rule.startswith("task_vectors")]
    assert {record.minutes for record in bundles} == {2 * 5}
    for record in bundles:
        assert {"cpu=1", "mem=2000M"} <= set(record.resources.split(","))


def test_every_job_has_a_log_and_a_record_of_its_own_and_every_slurm_job_a_log(records, folder):
    run = folder / "results/tiny"
    for rule, count in (("head", 3), ("task_vector", 6), ("finetune", 6), ("negation", 6)):
        of_jobs = [path.relative_to(run / "logs").with_suffix("") for path in (run / f"logs/{rule}").rglob("*.log")]
        assert len(of_jobs) == count
        assert all((run / "provenance" / path.with_name(f"{path.name}.json")).exists() for path in of_jobs)
    of_slurm = list((folder / ".snakemake/slurm_logs").rglob("*.log"))
    assert sorted(path.stem for path in of_slurm) == sorted(record.id for record in records)
    bundle = next(record for record in records if record.rule.startswith("task_vectors"))
    assert (folder / f".snakemake/slurm_logs/group_{bundle.rule}/{bundle.id}.log").exists()
