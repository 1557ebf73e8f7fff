"""Records of jobs: read strictly, joined by the files that they made and used."""

import json

import pytest

from lib.provenance import records
from lib.provenance.records import Graph, RecordError
from lib.provenance.tracing import behind

WHOLE = {
    "version": "0.1.0",
    "rule": "finetune",
    "wildcards": {"model": "m", "task": "Cars"},
    "params": {},
    "used": {"theta_0": "00"},
    "generated": {"theta": "11"},
    "code": {"commit": "c", "modified": False},
    "versions": {"python": "3.11"},
    "machine": {"host": "h"},
    "startedAtTime": "2025-01-01T00:00:00+00:00",
    "endedAtTime": "2025-01-01T00:00:01+00:00",
    "seconds": 1.0,
}


def write(folder, name, **changed):
    file = folder / "run/provenance" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**WHOLE, **changed}))
    return str(file.relative_to(folder))


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = records.read(tmp_path, write(tmp_path, "a.json"))
    assert {key: getattr(record, key) for key in records.KEYS} == WHOLE
    assert record.name == "finetune m Cars" and record.file == "run/provenance/a.json"


@pytest.mark.parametrize("key", records.KEYS)
def test_a_record_without_one_of_its_keys_is_refused(tmp_path, key):
    file = write(tmp_path, "a.json")
    (tmp_path / file).write_text(json.dumps({name: value for name, value in WHOLE.items() if name != key}))
    with pytest.raises(RecordError, match=rf"a.json is no record: {key} missing"):
        records.read(tmp_path, file)


@pytest.mark.parametrize("changed", [{"used": []}, {"seconds": "1"}, {"more": 1}])
def test_other_types_and_further_keys_are_refused(tmp_path, changed):
    with pytest.raises(RecordError, match=next(iter(changed))):
        records.read(tmp_path, write(tmp_path, "a.json", **changed))


@pytest.mark.parametrize("text", ["", "[1]", '{"rule": ', "null"])
def test_what_is_no_record_is_refused_by_name(tmp_path, text):
    file = write(tmp_path, "a.json")
    (tmp_path / file).write_text(text)
    with pytest.raises(RecordError, match="a.json is no record"):
        records.read_all(tmp_path, "run/provenance")


def test_records_are_joined_by_files(tmp_path):
    write(tmp_path, "a.json", used={}, generated={"theta_0": "00"})
    write(tmp_path, "deep/b.json")
    write(tmp_path, "deep/c.json", used={"theta": "11", "theta_0": "00"}, generated={"tau": "22"})
    graph = records.read_all(tmp_path, "run/provenance")
    assert {path: record.file for path, record in graph.makers.items()} == {
        "theta_0": "run/provenance/a.json",
        "theta": "run/provenance/deep/b.json",
        "tau": "run/provenance/deep/c.json",
    }
    tau = behind(graph, "tau")
    (theta,) = tau.inputs
    assert (theta.file, [node.file for node in theta.inputs], tau.repeated) == ("theta", ["theta_0"], ("theta_0",))


def test_a_run_without_records_has_an_empty_graph(tmp_path):
    assert records.read_all(tmp_path, "run/provenance") == Graph((), {})
