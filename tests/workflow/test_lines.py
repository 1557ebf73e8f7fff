"""What commands print: all of it, or as much as a reader wants; values that differ in one wording."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.workflow.conftest import ROOT, without_reader
from workflow_scripts.commands.lines import differing

LINES = """
import sys
from workflow_scripts.commands.lines import tell
for number in range(100_000):
    tell(number)
print("all told", file=sys.stderr)
sys.exit(3)
"""


def test_a_reader_that_goes_away_changes_neither_work_nor_status():
    words = [sys.executable, "-c", LINES]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, **pipes) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()  # as head does
        assert process.stderr.read() == "all told\n"
    assert process.returncode == 3


@pytest.mark.parametrize("command", ["reference", "deviations", "plan"])
def test_a_command_ends_quietly_without_a_reader(command, config, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    words = ["--configfile", str(file)] if command == "plan" else []
    done = without_reader(ROOT, "-m", f"workflow_scripts.commands.{command}", *words)
    assert (done.stderr, done.returncode) == ("", 0)


def test_values_that_differ_are_told_by_their_path():
    then = {"recipe": {"warmup": 10, "name": "a"}, "gone": None, "same": [1], "digest": "0" * 64}
    now = {"recipe": {"warmup": 20, "name": "a"}, "new": True, "same": [1], "digest": "f" * 64}
    assert list(differing(then, now)) == [
        "recipe.warmup: 10 -> 20",
        "gone: null -> absent",
        f"digest: {'0' * 12} -> {'f' * 12}",
        "new: absent -> true",
    ]
    (line,) = differing({"text": "x" * 100}, {"text": "y"})
    assert line == f"text: {'x' * 57}... -> y"
