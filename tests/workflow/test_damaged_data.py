"""Every kind of damaged input, for each of the nine layouts and the hub: the script names it and leaves nothing."""

import pytest
import yaml

from lib import cost
from lib.data import tasks
from tests.damages import DAMAGES, message
from tests.workflow.conftest import ROOT
from workflow_scripts.commands import workload
from workflow_scripts.configuration.benchmark import Benchmark, Task, load


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_is_refused_by_name_and_nothing_is_half_written(damage, tmp_path):
    said = message(damage, tmp_path)
    for part in (*damage.says, ": got ", ", expected ", " Next: "):
        assert part in said
    assert not list(tmp_path.glob("results/*"))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_the_documentation_shows_the_message(damage):
    lead = f"| {tasks.read(damage.dataset).title} | {damage.source} | {damage.what} |"
    rows = [line for line in (ROOT / "docs/data.md").read_text().splitlines() if line.startswith(lead)]
    assert len(rows) == 1 and all(part in rows[0] for part in damage.says)


def source_row(bench: Benchmark, task: Task) -> str:
    """What docs/data.md says of a task: classes, images, sources, and the estimate of its prepared size."""
    known, sizes = tasks.read(task.dataset), cost.split_sizes(workload.counts(task), **workload.split_rule(bench))
    fit = f"{sizes['fit']:,}" if task is not bench.control else "-"
    images = f"{known.counts['train']:,} | {fit} | {sizes['val']:,} | {sizes['test']:,}"
    disk = workload.prepared_bytes(bench, task, sizes) / 1e9
    return f"| {known.title} | {len(known.class_names)} | {images} | {disk:.1f} | `{known.hub.repo}` |"


@pytest.mark.parametrize("name", [*tasks.NAMES, tasks.CONTROL])
def test_the_documentation_states_counts_sources_and_disk(name):
    text, bench = (ROOT / "docs/data.md").read_text(), load(yaml.safe_load((ROOT / "config.yaml").read_text()))
    known, task = tasks.read(name), next(t for t in (*bench.tasks, bench.control) if t.dataset == name)
    for part in (source_row(bench, task), f"`{known.layout}`", known.hub.revision, *known.hub.deviations):
        assert part in text
