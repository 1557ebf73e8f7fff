"""Tests run from the repository's root, on one thread, so that sums come in one order."""

import os

import pytest
import torch

torch.set_num_threads(1)
LONGEST_FIRST = ("test_papers_path", "test_run")  # modules that keep a worker busy for minutes


def pytest_collection_modifyitems(items):
    """With several workers, each takes a module at a time (`--dist loadfile`): begin with those that take longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.path.stem not in LONGEST_FIRST)


@pytest.fixture
def tower():
    """A three-block image tower of open_clip, small enough for an explicit Jacobian."""
    import open_clip

    torch.manual_seed(0)
    configuration = {
        "embed_dim": 8,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 8, "patch_size": 4, "width": 16, "layers": 3, "head_width": 8},
        "text_cfg": {"context_length": 8, "vocab_size": 32, "width": 16, "heads": 2, "layers": 1},
    }
    return open_clip.CLIP(**configuration).visual.eval()
