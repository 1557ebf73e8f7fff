"""The whole benchmark on a real Slurm, while things break: it ends with the bytes of an undisturbed run.

One workflow suffers all five faults, one after another. FAULTS=each gives each a workflow of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import breaking
import faults
import pytest
from benchmark_run import LONG, workflow_in
from breaking import CANCEL, CONTROLLER, LIMIT, NODE, SNAKEMAKE, Breakage, Training
from comparing import audited, differences

STANDARD, LINEAR, ATTENTION = (Training(f"{mode}/{LONG}") for mode in ("standard", "linear", "linear-2"))
# one fine-tuning job has a minute, the least that Slurm knows; SIGTERM comes a quarter to three quarters into it
A_MINUTE = {
    "runtime": f"(1 if wildcards.mode == 'linear' and wildcards.task == '{LONG}' else 30) * attempt",
    "slurm_extra": "'--signal=TERM@15'",
}
AT_ONCE = "all five"
CASES = list(breaking.FAULTS) if os.environ.get("FAULTS") == "each" else [AT_ONCE]
# what the run before it made and this one makes again
MADE_AGAIN = ["tiny/seed0", "tables", "figures", "findings.md", "findings.csv", "findings.html", "resamples.npz"]
REPORT = ["bootstrap", "tables", "findings", "reproduction", "pages", "disentanglement_table", "similarity_table"]
REPORT += ["heatmaps", "similarity_maps", "scatters", "alpha_sweeps", "loss_curves"]
MADE_BY = ["finetune", "single_task", "addition", "negation", "disentanglement", "similarity", *REPORT]
RULES = {*MADE_BY, *(f"task_vectors_tiny_seed0_{mode}_task_vector" for mode in ("standard", "linear", "linear-2"))}

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


def up_to_fine_tuning(folder: Path, undisturbed: Path) -> Path:
    """A copy of the undisturbed run that has prepared data, weights and heads, and nothing that follows from them."""
    shutil.copytree(undisturbed, folder)
    run = folder / "results/tiny"
    of_rules = [run / kind / rule for kind in ("logs", "provenance") for rule in [*MADE_BY, "task_vector"]]
    of_rules += [path.with_suffix(suffix) for path in of_rules for suffix in (".json", ".log")]
    for path in [*(run / name for name in MADE_AGAIN), *of_rules]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return folder


def break_with(broken: Breakage, fault: str) -> None:
    """One fault, on a job that trains."""
    training = LINEAR if fault == LIMIT else STANDARD
    held = broken.hold(training)
    strike = {
        CONTROLLER: broken.restart_controller,
        NODE: broken.kill_node,
        CANCEL: broken.cancel,
        LIMIT: broken.overrun,
        SNAKEMAKE: broken.kill_snakemake,
    }[fault]
    strike(held)
    if fault == CONTROLLER:
        held.release()


def break_with_all(broken: Breakage) -> None:
    """All faults: one job runs over its limit, while the others' node dies or they are cancelled; then the rest.

    The controller is left alone until then: it looks at time limits half a minute after it started, and so misses
    that a job of a minute should be told.
    """
    with ThreadPoolExecutor(1) as pool:
        overrun = pool.submit(lambda: broken.overrun(broken.hold(LINEAR)))
        first = broken.hold(STANDARD, ATTENTION)  # whichever runs first: it may end before the other begins
        second = broken.hold(ATTENTION if first.training == STANDARD else STANDARD)
        broken.kill_node(second)
        broken.cancel(first)
        overrun.result()
    held = broken.hold(STANDARD, ATTENTION, LINEAR)
    broken.restart_controller(held)
    broken.kill_snakemake(held)


@dataclass(frozen=True)
class Ended:
    """A workflow that came to its end after what befell it, and the undisturbed one."""

    broken: Breakage
    undisturbed: Path

    @property
    def folder(self) -> Path:
        return self.broken.workflow.directory

    def over_limit(self) -> set[str]:
        """Slurm's numbers of the jobs that were told that their time is up: several, if snakemake starts again."""
        records = faults.accounting(self.broken.workflow) if LIMIT in self.broken.hit else []
        return {record.id for record in records if record.what == LINEAR.what and record.state == "FAILED"}

    def stopped(self, training: Training) -> list[int]:
        """The steps after which its jobs stopped on request, by what Slurm's logs of them say."""
        folder = self.folder / ".snakemake/slurm_logs/rule_finetune" / training.what.partition("wildcards_")[2]
        text = "".join(path.read_text() for path in folder.glob("*.log"))
        return sorted(map(int, re.findall(r"finetune: stopped on request after step (\d+)", text)))

    def resumed(self, training: Training) -> int | None:
        """The step after which its last job went on; None if it began with the first."""
        found = re.search(r"resumed after step (\d+)", (self.folder / training.log).read_text())
        return int(found[1]) if found else None


@pytest.fixture(scope="module", params=CASES)
def ended(request, undisturbed, tmp_path_factory) -> Ended:
    folder = up_to_fine_tuning(tmp_path_factory.mktemp("broken") / "run", undisturbed.local)
    config = {**undisturbed.config, "finetune": {**undisturbed.config["finetune"], "save_every_seconds": 0.01}}
    begun, limited = time.monotonic(), A_MINUTE if request.param in (AT_ONCE, LIMIT) else None
    with Breakage(workflow_in(folder, config, seconds=1500, finetune=limited)) as broken:
        break_with_all(broken) if request.param == AT_ONCE else break_with(broken, request.param)
        broken.finish()
    found = Ended(broken, undisturbed.local)
    report(request.param, found, time.monotonic() - begun)
    return found


def report(case: str, ended: Ended, seconds: float) -> None:
    """Print what befell the run: a row for each fault."""
    records = faults.accounting(ended.broken.workflow)
    print(f"\n{case}: {seconds:.0f} s, {len(records)} starts of jobs")
    for fault, held in ended.broken.hit.items():
        states = [record.state for record in records if record.what == held.job.what]
        steps = f"stopped after {ended.stopped(held.training)}, resumed after {ended.resumed(held.training)}"
        print(f"  {fault}: {held.training.where}: {', '.join(states)}; {steps}")


def test_it_ends_with_the_undisturbed_bytes(ended):
    assert differences(ended.undisturbed, ended.folder) == []


def test_it_passes_its_audit(ended):
    assert audited(ended.folder) == ""


def test_each_job_that_was_hit_went_on_from_its_state(ended):
    for fault, held in ended.broken.hit.items():
        if fault != CONTROLLER or SNAKEMAKE in ended.broken.hit:
            assert (ended.resumed(held.training) or 0) > 0, fault
        assert "starting from step 0" not in (ended.folder / held.training.log).read_text()
        assert not (ended.folder / held.training.state).exists(), "extracting the task vector removes it"


def test_told_to_stop_a_job_loses_no_step(ended):
    for fault in {CANCEL, LIMIT, SNAKEMAKE} & set(ended.broken.hit):
        training = ended.broken.hit[fault].training
        # later, if a job that nobody watched any more had trained to its end
        assert ended.resumed(training) >= ended.stopped(training)[-1], fault


def test_only_what_was_hit_ran_again(ended):
    """Every other start of a job ended well. Of those that snakemake did not live to see the end of, some end twice."""
    records, broken = faults.accounting(ended.broken.workflow), ended.broken
    allowed = ended.over_limit().union(*broken.ended.values())
    assert {record.id for record in records if record.state != "COMPLETED"} <= allowed
    unseen = {record.what for record in records if record.id in broken.ended.get(SNAKEMAKE, ())}
    done = Counter(record.what for record in records if record.state == "COMPLETED")
    assert {what for what, times in done.items() if times > 1} <= unseen
    assert {record.rule for record in records} == RULES


def test_accounting_says_what_happened(ended):
    records, hit = faults.accounting(ended.broken.workflow), ended.broken.hit
    expected = {NODE: "NODE_FAIL", CANCEL: "CANCELLED", LIMIT: "FAILED", SNAKEMAKE: "CANCELLED"}
    again = {hit[NODE].job.id} if NODE in hit else set()
    for fault, held in hit.items():
        states = [record.state for record in records if record.id == held.job.id]
        assert len(states) == (2 if held.job.id in again else 1), "only Slurm itself runs a job again under its number"
        assert fault == CONTROLLER or expected[fault] in states, fault


def test_a_lost_node_and_a_restarted_controller_use_no_attempt(ended):
    """Only a job that failed is submitted again, by the snakemake that saw it fail."""
    again = ended.broken.workflow.text().count("Trying to restart job")
    over_limit = ended.over_limit() - ended.broken.ended.get(SNAKEMAKE, set())
    assert again == len({CANCEL} & set(ended.broken.hit)) + len(over_limit)


def test_a_node_that_dies_does_not_run_the_job_again(ended):
    if NODE in ended.broken.hit:
        job = ended.broken.hit[NODE].job
        nodes = [record.node for record in faults.accounting(ended.broken.workflow) if record.id == job.id]
        assert nodes[0] == job.node != nodes[1]
