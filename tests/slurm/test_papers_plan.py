"""The papers' configuration as a cluster would get it: a dry run with the profile, which needs no cluster."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.workflow.conftest import ROOT, run_snakemake

# three models in five modes, one of them without addition, and, for Table 3 alone, three from random weights in two
# rule: (jobs, Slurm jobs, GPUs a Slurm job)
JOBS = {
    "prepare": (8, 8, 0),
    "prepare_control": (1, 1, 0),
    "pretrained": (6, 6, 0),
    "head": (54, 9, 0),  # a bundle a task
    "zero_shot": (6, 6, 1),
    "finetune": (144, 144, 1),
    "task_vector": (144, 18, 0),  # a bundle a model and mode
    "single_task": (21, 21, 1),
    "addition": (18, 18, 1),
    "negation": (120, 120, 1),
    "negation_controls": (24, 24, 1),
    "negation_controls_table": (1, 1, 0),
    "disentanglement": (12, 12, 1),
    "similarity": (9, 9, 0),
    **dict.fromkeys(
        ("disentanglement_table", "similarity_table", "similarity_maps", "bootstrap", "reproduction"), (1, 1, 0)
    ),
    **dict.fromkeys(("tables", "random_init", "findings", "heatmaps"), (1, 1, 0)),
    **dict.fromkeys(("scatters", "alpha_sweeps", "loss_curves", "pages"), (1, 1, 0)),
    "subsets": (12, 12, 1),
    **dict.fromkeys(("subset_tables", "subset_figures"), (1, 1, 0)),
    "localization": (18, 18, 1),  # three pairs of tasks, of random models, too
    "kernel_regression": (9, 9, 1),
    "wide_networks": (1, 1, 1),
    "laziness": (12, 12, 1),
    **{f"{kind}_{what}": (1, 1, 0) for kind in ("localization", "wide_networks") for what in ("table", "figures")},
    **{f"{kind}_{what}": (1, 1, 0) for kind in ("kernel_regression", "laziness") for what in ("table", "figure")},
}
BLOCK = re.compile(r"^( *)rule (\w+):\n((?:\1    .*\n)*)", re.M)
GROUP = re.compile(r"Group job (\S+) \(jobs.*\n")


@dataclass(frozen=True)
class Planned:
    """A job of the dry run: its rule, what it asks for, and the bundle that it goes in, if any."""

    rule: str
    bundle: str | None
    asked: dict[str, int]
    resources: str


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> list[Planned]:
    options = ["--profile", str(ROOT / "slurm"), "--workflow-profile", "none", "--dry-run"]
    options += ["--cores", "64"]  # a dry run assumes one core otherwise, and shows one thread for every job
    done = run_snakemake(tmp_path_factory.mktemp("plan"), *options, "--configfile", str(ROOT / "config.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    bundles = [(found.end(), found[1]) for found in GROUP.finditer(done.stdout)]
    jobs = []
    for found in BLOCK.finditer(done.stdout):
        indent, rule, text = found.groups()
        if rule == "all":
            continue
        # jobs of a bundle are indented, below its line
        bundle = [name for end, name in bundles if end <= found.start()][-1] if indent else None
        resources = re.search(r"resources: (.*)$", text, re.M)[1]
        asked = {key: int(n) for key, n in re.findall(r"\b(mem_mb|runtime|gpu)=(\d+)", resources)}
        threads = re.search(r"^ *threads: (\d+)$", text, re.M)
        jobs.append(Planned(rule, bundle, {"gpu": 0, "threads": int(threads[1]) if threads else 1} | asked, resources))
    return jobs


@pytest.fixture(scope="module")
def submitted(planned) -> list[tuple[str, dict[str, int]]]:
    """Rule and request of every Slurm job: a bundle runs in turn, so it asks for its largest job and all minutes."""
    alone = [(job.rule, job.asked) for job in planned if job.bundle is None]
    bundles = {}
    for job in planned:
        if job.bundle is not None:
            bundles.setdefault((job.rule, job.bundle), []).append(job.asked)
    together = [
        (rule, {key: (sum if key == "runtime" else max)(asked[key] for asked in members) for key in members[0]})
        for (rule, _), members in bundles.items()
    ]
    return alone + together


def test_the_papers_run_makes_so_many_slurm_jobs(planned, submitted):
    jobs, slurm_jobs = Counter(job.rule for job in planned), Counter(rule for rule, _ in submitted)
    assert {rule: (jobs[rule], slurm_jobs[rule]) for rule in jobs} == {rule: row[:2] for rule, row in JOBS.items()}
    assert (len(planned), len(submitted)) == (643, 472)


def test_gpu_jobs_ask_for_one_gpu_and_no_others_do(submitted):
    assert {(rule, asked["gpu"]) for rule, asked in submitted} == {(rule, row[2]) for rule, row in JOBS.items()}
    assert sum(asked["gpu"] for _, asked in submitted) == 397


def test_the_largest_requests(submitted):
    def largest(*rules: str) -> dict[str, int]:
        chosen = [asked for rule, asked in submitted if rule in (rules or JOBS)]
        return {key: max(asked[key] for asked in chosen) for key in ("threads", "mem_mb", "runtime", "gpu")}

    assert largest() == {"threads": 8, "mem_mb": 48000, "runtime": 720, "gpu": 1}
    assert largest("head") == {"threads": 8, "mem_mb": 16000, "runtime": 360, "gpu": 0}
    assert largest("task_vector") == {"threads": 1, "mem_mb": 8000, "runtime": 40, "gpu": 0}


def test_fine_tuning_and_nothing_else_is_warned_before_its_time_limit(planned):
    warned = Counter(job.rule for job in planned if "--signal=TERM@120" in job.resources)
    assert warned == {"finetune": JOBS["finetune"][0]}


def test_bundled_jobs_run_in_turn(planned):
    """The resource of which a Slurm job has one: without it a bundle would ask for the sum of its jobs' memory."""
    for job in planned:
        assert ("turn=1" in job.resources) == (job.bundle is not None), job
