"""That freed memory stays with the process, seen in page faults."""

import subprocess
import sys

import pytest
import torch

from tests.workflow.conftest import ROOT
from workflow_scripts.job import adapter

PROGRAM = """
import resource, sys, torch
from workflow_scripts.job import heap
if sys.argv[1] == "kept" and not heap.keep_freed_memory():
    sys.exit(3)
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for round in range(4):
    before = faults()
    for _ in range(8):
        torch.empty(20_000_000).fill_(1)
print(faults() - before)
"""


def page_faults(heap: str) -> int:
    """Of the last round of allocations, 8 x 80 MB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, heap], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("the C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_process_that_keeps_its_memory_faults_none_of_it_in_again():
    """Pages may be of 4 KB or, where the kernel makes huge ones unasked, of 2 MB: 160,000 faults or 320."""
    kept, default = page_faults("kept"), page_faults("default")
    assert default > 300 and kept < default / 10


def test_jobs_that_imported_torch_keep_their_memory(monkeypatch):
    asked = []
    monkeypatch.setattr(adapter.heap, "keep_freed_memory", lambda: asked.append(True))
    assert torch.__name__ in sys.modules
    adapter.keep_memory()
    assert asked == [True]
    monkeypatch.delitem(sys.modules, "torch")
    adapter.keep_memory()
    assert asked == [True]
