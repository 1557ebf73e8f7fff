"""Random mutations of both shipped configurations: refused in form, or planned to the end and read as written."""

import copy
import dataclasses
import math
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflow.conftest import ROOT
from tests.workflow.wrong_configurations import FORM
from workflow_scripts.commands.why import planned
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective

SHIPPED = {name: yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "demo/config.yaml")}
# what a configuration that leaves them out is read as
DEFAULTS = {
    "checkpoints": [], "deterministic": False, "auxiliary": [], "analogies": {"modes": [], "quadruples": []},
    "kernels": {"memory_mib": 0},
}  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([None, True, False]),
    st.sampled_from([0, 1, 2, 3, -1, 7, 64, 1000, 2**31, 2**63 - 1, 2**64, 10**40]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, -0.1, 1e-12, 1e9, 1e308, math.nan, math.inf, -math.inf]),
    st.sampled_from(["", " ", "x", "Mean", "data", "addition", "1", "1e-5", "a\n", "\t", "é", "a--b", "../x", "{}"]),
    st.sampled_from(["n" * 300, [], {}, [None], [[]], {"a": 1}, {"": None}, [1, 1], ["x", "y"], [0.5, math.nan]]),
)


def paths(node, path=()):
    """The path of every value of a configuration."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


def at(config, path):
    for key in path:
        config = config[key]
    return config


@st.composite
def mutations(draw):
    """A shipped configuration with one to three values replaced, removed, repeated, renamed, added or exchanged."""
    config = copy.deepcopy(draw(st.sampled_from(list(SHIPPED.values()))))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        known = list(paths(config))
        *outer, last = draw(st.sampled_from(known))
        inside = at(config, outer)
        change = draw(st.sampled_from(["replace", "replace", "scale", "remove", "repeat", "rename", "add", "exchange"]))
        if change == "replace":
            inside[last] = draw(VALUES)
        elif change == "scale" and isinstance(inside[last], int | float):
            inside[last] *= draw(st.sampled_from([2, -1, 0.5, 1000]))
        elif change == "remove":
            del inside[last]
        elif change == "repeat" and isinstance(inside, list):
            inside.append(copy.deepcopy(inside[last]))
        elif change == "rename" and isinstance(inside, dict):
            inside[f"{last}s"] = inside.pop(last)
        elif change == "add" and isinstance(inside, dict):
            inside[draw(st.sampled_from(["base", "seed", "name", "options", "x"]))] = draw(VALUES)
        elif change == "exchange":
            inside[last] = copy.deepcopy(at(config, draw(st.sampled_from(known)))) if known else None
    return config


def plain(value):
    """A value with lists for tuples, without what is None or empty: what defaults may add."""
    if isinstance(value, dict):
        found = {key: plain(entry) for key, entry in value.items()}
        return {key: entry for key, entry in found.items() if entry is not None and entry != {}}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(mutations())
def test_a_mutated_configuration_is_refused_in_form_or_read_as_written(tmp_path_factory, config):
    file = tmp_path_factory.mktemp("mutated") / "config.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    try:
        read = load(read_effective([file]))
    except ConfigurationError as error:
        told, read = str(error), None
    if read is None:
        assert FORM.fullmatch(told) and ".py" not in told, told
    else:
        written = {key: [] if key == "checkpoints" and not value else value for key, value in config.items()}
        assert plain({**DEFAULTS, **written}) == plain(dataclasses.asdict(read))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(mutations())
def test_what_is_not_refused_can_be_planned_to_the_end(tmp_path_factory, config):
    """Snakemake's own dry run, of every configuration that passes the check."""
    try:
        load(config)
    except ConfigurationError:
        return
    folder = tmp_path_factory.mktemp("planned")
    (folder / "demo").symlink_to(ROOT / "demo")
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    here = Path.cwd()
    try:
        jobs, _ = planned(ROOT / "Snakefile", file, folder)
    finally:
        os.chdir(here)
    assert len(jobs) > 10


@pytest.mark.parametrize("name", SHIPPED)
def test_both_shipped_configurations_are_read_as_written(name):
    read = load(read_effective([ROOT / name]))
    assert plain({**DEFAULTS, **SHIPPED[name]}) == plain(dataclasses.asdict(read))
