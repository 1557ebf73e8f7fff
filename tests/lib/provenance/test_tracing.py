"""The tree behind a file: each job's inputs once, in order, with what was used held against what was made."""

import re
from dataclasses import replace

import pytest

from lib.provenance import tracing
from lib.provenance.records import Graph, Record


def job(rule, used, generated, **more):
    moments = {"startedAtTime": "", "endedAtTime": "", "seconds": 75.4}
    code = {"commit": "c" * 40, "modified": False}
    known = {"version": "0", "wildcards": {}, "params": {}, "versions": {}, "machine": {"host": "node1"}, "code": code}
    return Record(
        file=f"{rule}.json",
        rule=rule,
        used={name: name * 20 for name in used},
        generated={name: name * 20 for name in generated},
        **{**known, **moments, **more},
    )


JOBS = (
    job("weights", ["w"], ["t", "c"]),
    job("head", ["c"], ["h"]),
    job("train", ["t", "h"], ["f", "l"]),
    job("measure", ["t", "f", "h"], ["m"]),
    job("measure_other", ["f"], ["o"]),
    job("table", ["m", "o"], ["r"]),
)


@pytest.fixture
def graph():
    return Graph.of(JOBS)


def files(node):
    return [found.file for found in node.walk()]


def test_a_tree_holds_every_file_behind_and_no_other(graph):
    assert set(files(tracing.behind(graph, "m"))) == {"m", "f", "t", "h", "c", "w"}


def test_each_file_stands_once_and_each_use_is_told(graph):
    root = tracing.behind(graph, "r")
    assert len(files(root)) == len(set(files(root)))
    uses = {(node.file, used) for node in root.walk() for used in [*(n.file for n in node.inputs), *node.repeated]}
    expanded = {(made, used) for record in JOBS for made in record.generated for used in record.used}
    told_once = {("c", "w"), ("l", "t"), ("l", "h")}  # of a job with two files, below the first that appears
    assert uses == expanded - told_once


def test_inputs_come_by_rank_and_else_as_the_job_lists_them(graph):
    assert [node.file for node in tracing.behind(graph, "m").inputs] == ["t", "f"]  # h stands below f
    ranked = tracing.behind(graph, "m", rank=lambda file: "hft".index(file) if file in "hft" else 9)
    assert [node.file for node in ranked.inputs][:2] == ["h", "f"]


def test_only_what_is_kept_is_followed(graph):
    root = tracing.behind(graph, "r", keep=lambda user, used: user.rule != "table" or used == "o")
    assert "m" not in files(root) and [node.file for node in root.inputs] == ["o"]


def test_a_file_from_outside_has_no_maker(graph):
    *_, last = (node for node in tracing.behind(graph, "t").walk())
    assert (last.file, last.maker, last.digest) == ("w", None, "w" * 20)
    assert tracing.behind(graph, "elsewhere") == tracing.Node("elsewhere", None, None)


def test_what_was_used_is_held_against_what_was_made(graph):
    changed = Graph.of((*JOBS[:2], replace(JOBS[2], generated={"f": "x" * 20, "l": "l" * 20}), *JOBS[3:]))
    broken = [node.file for node in tracing.behind(changed, "r").walk() if node.broken]
    assert broken == ["f"]
    assert not any(node.broken for node in tracing.behind(graph, "r").walk())
    (line,) = (line for line in tracing.lines(tracing.behind(changed, "r"), name=str.upper) if "BROKEN" in line)
    assert "F  f  ffffffffffff" in line and "made xxxxxxxxxxxx" in line


def test_a_line_says_what_file_digest_rule_duration_and_host(graph):
    first, *rest = tracing.lines(tracing.behind(graph, "h"), name=str.upper, details=lambda node: [f"of {node.file}"])
    assert first == "H  h  hhhhhhhhhhhh  head, 1 min 15 s, node1"
    assert rest == [
        "│  of h",
        "└─ C  c  cccccccccccc  weights, 1 min 15 s, node1",
        "   │  of c",
        "   └─ W  w  wwwwwwwwwwww  from outside the run",
        "         of w",
    ]


def test_repeated_inputs_are_counted_by_what_they_are(graph):
    text = list(tracing.lines(tracing.behind(graph, "m"), name=lambda file: "x"))
    assert text[1] == "│  also used, shown above: x" and sum("shown above" in line for line in text) == 2


def test_the_flowchart_has_a_box_a_file_and_an_arrow_a_use(graph):
    root = tracing.behind(graph, "r")
    first, *rest = tracing.mermaid(root, name=str.upper)
    box = re.compile(r'    (n\d+)\["\w<br/>(\w)<br/>.*"\]')
    boxes = {match[1]: match[2] for line in rest if (match := box.fullmatch(line))}
    arrows = [match.groups() for line in rest if (match := re.fullmatch(r"    (n\d+) --> (n\d+)", line))]
    assert first == "flowchart BT" and sorted(boxes.values()) == sorted(files(root))
    assert len(boxes) + len(arrows) == len(rest)
    assert {("f", "m"), ("t", "m")} <= {(boxes[a], boxes[b]) for a, b in arrows}


def test_commits_are_counted_by_jobs(graph):
    changed = Graph.of((replace(JOBS[0], code={"commit": None, "modified": None}), *JOBS[1:]))
    assert tracing.commits(tracing.behind(graph, "h")) == {"c" * 12: 2}
    assert tracing.commits(tracing.behind(changed, "h")) == {"c" * 12: 1, "no commit": 1}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min 00 s"), (3599.6, "1 h 00 min"), (7380, "2 h 03 min")],
)
def test_durations(seconds, text):
    assert tracing.duration(seconds) == text
