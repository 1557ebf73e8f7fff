"""That a job's process ends at once when it succeeded, and as Python ends it when it did not."""

import subprocess
import sys

import pytest

from tests.workflow.conftest import ROOT

PROGRAM = """
import sys

class Taken:
    def __del__(self):
        print("taken apart", file=sys.stderr)

kept = Taken()
kept.itself = kept  # so that only the interpreter's end takes it
if "job" in sys.argv:
    snakemake = object()
from workflow_scripts.job import ending
ending.prepare()
print("said", end="")
if "fails" in sys.argv:
    sys.exit(3)
ending.finished()
"""


@pytest.mark.parametrize(
    ("words", "status", "taken"), [(["job"], 0, False), (["job", "fails"], 3, True), ([], 0, True)], ids=str
)
def test_only_a_job_that_succeeded_ends_at_once(words, status, taken):
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, "said")
    assert ("taken apart" in done.stderr) == taken
