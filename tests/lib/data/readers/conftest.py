"""Miniatures of data sets in their official layouts, built once a module, and copies that a test may damage.

A module that asks for them has a fixture `miniature`: a function (name, root) that builds one and returns its images by
split.
"""

import os
import shutil

import pytest

from lib.data import tasks


@pytest.fixture(scope="module")
def built(miniature, tmp_path_factory):
    """Miniatures by name, built once: (root, images by split)."""
    made = {}

    def build(name):
        if name not in made:
            root = tmp_path_factory.mktemp(name)
            made[name] = (root, miniature(name, root))
        return made[name]

    return build


@pytest.fixture
def copied(built, tmp_path):
    """A miniature that the test may damage: (home, root, images by split)."""

    def copy(name):
        root, counts = built(name)
        many = name in ("imagenet", "sun397")  # thousands of files: links, see test_folders.overwrite
        shutil.copytree(root, tmp_path, dirs_exist_ok=True, copy_function=os.link if many else shutil.copy2)
        return tmp_path / tasks.read(name).homes[0], tmp_path, counts

    return copy
