"""configs/suite14.yaml and configs/suite20.yaml: the papers' protocol on more tasks."""

import pytest

from lib.data import tasks
from lib.data.splits import validation_size
from tests.workflow.conftest import ROOT
from workflow_scripts.commands.workload import counts
from workflow_scripts.configuration.base import merged
from workflow_scripts.configuration.benchmark import ConfigurationError, read
from workflow_scripts.configuration.pins import require_pinned

SUITES = {14: (*tasks.NAMES, *tasks.SUITE14), 20: (*tasks.NAMES, *tasks.SUITE14, *tasks.SUITE20)}

STEPS = {
    "STL10": 2160,
    "OxfordIIITPet": 2132,
    "Flowers102": 1176,
    "CIFAR100": 2112,
    "PCAM": 2009,
    "FER2013": 2020,
    "CIFAR10": 2112,
    "Food101": 2212,
    "FashionMNIST": 2150,
    "RenderedSST2": 1911,
    "EMNIST": 3672,
    "KMNIST": 2150,
}


@pytest.mark.parametrize("size", SUITES)
def test_a_suite_is_the_papers_run_on_more_tasks(size):
    bench, papers = read(ROOT / f"configs/suite{size}.yaml"), read(ROOT / "config.yaml")
    assert [task.dataset for task in bench.tasks] == list(SUITES[size])
    assert [task.name for task in bench.tasks] == [tasks.read(name).title for name in SUITES[size]]
    assert bench.tasks[:8] == papers.tasks and bench.subsets is None and papers.subsets is not None
    for section in ("models", "control", "modes", "merging", "split", "finetune", "evaluation", "disentanglement"):
        assert getattr(bench, section) == getattr(papers, section)


@pytest.mark.parametrize("file", ["config.yaml", *(f"configs/suite{size}.yaml" for size in SUITES)])
def test_everything_that_a_shipped_configuration_reads_is_pinned(file):
    require_pinned(read(ROOT / file))


def test_jobs_wait_for_what_nobody_has_pinned(tmp_path):
    text = (ROOT / "configs/suite20.yaml").read_text().replace("base: ../", f"base: {ROOT}/")
    (tmp_path / "mine.yaml").write_text(
        text.replace("dataset: cifar10, source: folder", "dataset: cifar10, source: hub")
    )
    expected = r"CIFAR10: nobody has pinned tanganke/cifar10 yet.*make pin"
    with pytest.raises(ConfigurationError, match=expected) as error:
        require_pinned(read(tmp_path / "mine.yaml"))
    assert str(error.value).count("nobody has pinned") == 1


def test_the_steps_of_the_further_tasks():
    """About 2,000 each, as the papers' tasks have; fewer of Flowers102, more of EMNIST."""
    bench = read(ROOT / "configs/suite20.yaml")
    found = {}
    for task in bench.tasks[8:]:
        train = counts(task)["train"]
        fit = train - validation_size(train, fraction=0.1, maximum=5000)
        found[task.name] = task.epochs * -(-fit // bench.finetune["batch_size"])
    assert found == STEPS
    assert all(1000 <= steps <= 4000 for steps in found.values())


def test_null_leaves_a_section_out_and_replaces_values():
    below = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert merged(below, {"a": None}) == {"e": 3}
    assert merged(below, {"a": {"c": None}, "e": None}) == {"a": {"b": 1}, "e": None}
    assert below["a"]["c"] == {"d": 2}
