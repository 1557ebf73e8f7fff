"""Row order and labels against torchvision's readers, which the papers' code uses: the seeded split depends on them."""

import gzip
import os

import numpy as np
import pytest

from lib.data.datasets import open_task
from tests import miniatures

PLACES = {
    "dtd": ("dtd/train", "dtd/val"),
    "eurosat": ("EuroSAT_splits/train", "EuroSAT_splits/test"),
    "sun397": ("sun397/train", "sun397/val"),
    "imagenet": ("imagenet/train", "imagenet/val"),
}


def opened(name, root, train=2):
    counts = miniatures.folder(name, root, train=train)
    return open_task(name, "folder", root=root, options={"expected_counts": counts})


def assert_same(split, paths, labels):
    np.testing.assert_array_equal(split.labels, labels)
    assert list(split.image.args[0]) == [str(path) for path in paths]


@pytest.mark.parametrize("name", PLACES)
def test_class_folders(name, tmp_path):
    from torchvision.datasets import ImageFolder

    task = opened(name, tmp_path, train=1 if name == "imagenet" else 3)
    for split, place in zip((task.train, task.test), PLACES[name], strict=True):
        assert_same(split, *zip(*ImageFolder(tmp_path / place).samples, strict=True))


def test_resisc45(tmp_path):
    from torchvision.datasets import ImageFolder

    task = opened("resisc45", tmp_path, train=3)
    for split, name in ((task.train, "train"), (task.test, "test")):
        listed = set((tmp_path / "resisc45" / f"resisc45-{name}.txt").read_text().split())
        folder = ImageFolder(
            tmp_path / "resisc45" / "NWPU-RESISC45",
            is_valid_file=lambda path, listed=listed: os.path.basename(path) in listed,
        )
        assert_same(split, *zip(*folder.samples, strict=True))


def test_cars_and_gtsrb(tmp_path):
    from torchvision.datasets import GTSRB, StanfordCars

    for name, reader in (("cars", StanfordCars), ("gtsrb", GTSRB)):
        task = opened(name, tmp_path)
        assert_same(task.train, *zip(*reader(tmp_path, split="train")._samples, strict=True))
        assert_same(task.test, *zip(*reader(tmp_path, split="test")._samples, strict=True))


def test_mnist(tmp_path):
    from torchvision.datasets import MNIST

    task = opened("mnist", tmp_path, train=3)
    for packed in (tmp_path / "MNIST" / "raw").glob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    for split, train in ((task.train, True), (task.test, False)):
        oracle = MNIST(tmp_path, train=train)
        np.testing.assert_array_equal(split.labels, oracle.targets)
        for row in range(len(split)):
            np.testing.assert_array_equal(np.asarray(split.image(row))[..., 0], oracle.data[row])


def test_svhn(tmp_path, monkeypatch):
    from torchvision.datasets import SVHN

    monkeypatch.setattr(SVHN, "_check_integrity", lambda self: True)  # the miniature has other digests
    task = opened("svhn", tmp_path, train=3)
    for name in ("train", "test"):
        oracle, split = SVHN(tmp_path / "svhn", split=name), getattr(task, name)
        np.testing.assert_array_equal(split.labels, oracle.labels)
        for row in range(len(split)):
            np.testing.assert_array_equal(np.asarray(split.image(row)), oracle[row][0])
