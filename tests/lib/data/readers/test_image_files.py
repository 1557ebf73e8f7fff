"""Listing of class folders: links, special files and odd names are read right or refused by name."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from lib.data import tasks
from lib.data.datasets import open_task
from lib.data.readers import folders
from lib.data.readers.errors import DataError
from tests import miniatures

OPTIONS = {"templates": ["a {}."]}


@pytest.fixture
def home(tmp_path):
    """A good image folder: a_cat and dog, three images each in train and test."""
    miniatures.image_folder(tmp_path / "data", train=3, test=3)
    return tmp_path / "data"


def opened(home):
    return open_task("image_folder", "folder", root=home, options=OPTIONS)


def refused(home, text):
    with pytest.raises(DataError, match=text) as error:
        opened(home)
    assert all(part in str(error.value) for part in (": got ", ", expected ", " Next: "))


def test_fifos_folders_and_broken_links_under_an_images_name_are_refused(home):
    place = home / "train" / "dog" / "b.png"
    os.mkfifo(place)
    refused(home, r"image .*dog/b.png: got a fifo, socket or device")
    place.unlink()
    for target in ("gone.png", "b.png", ".", "/dev/null"):
        place.symlink_to(target)
        refused(home, rf"link .*dog/b.png: got a link to {target}")
        place.unlink()
    place.mkdir()
    shutil.copy(home / "train" / "dog" / "0.png", place / "c.png")
    assert len(opened(home).train) == 7  # a folder is a folder, as to torchvision


def test_what_is_no_image_is_left_unopened(home):
    place = home / "train" / "dog"
    os.mkfifo(place / "fifo")
    os.mkfifo(home / "train" / "fifo")
    for name in (".DS_Store", "Thumbs.db", "._0.png", ".directory", "desktop.ini"):
        (place / name).write_bytes(b"\0\5\x16\7")
    (place / ".#0.png").symlink_to("user@host.123")
    assert len(opened(home).train) == 6


@pytest.mark.parametrize("target", ["..", ".", "../a_cat", "/etc", "../../test/dog"])
def test_links_to_folders_below_a_class_are_refused(target, home):
    (home / "train" / "dog" / "more").symlink_to(target)
    refused(home, rf"link .*dog/more: got a link to {target}")


@pytest.mark.parametrize("target", [".", "..", "dog", "/", "dog/inner"])
def test_class_folders_that_hold_one_another_are_refused(target, home):
    (home / "train" / "dog" / "inner").mkdir()
    (home / "train" / "wolf").symlink_to(target)
    shutil.copytree(home / "train" / "a_cat", home / "test" / "wolf")
    refused(home, "expected folders that share no image")


def test_broken_class_folders_are_refused(home):
    (home / "train" / "wolf").symlink_to("gone")
    refused(home, r"link .*train/wolf: got a link to gone")


def test_the_root_classes_and_images_may_be_links(home, tmp_path):
    expected = np.asarray(opened(home).train.image(4))
    (home / "train" / "dog").rename(tmp_path / "elsewhere")
    (home / "train" / "dog").symlink_to(tmp_path / "elsewhere")
    blob = tmp_path / "blob"
    (tmp_path / "elsewhere" / "1.png").rename(blob)
    (tmp_path / "elsewhere" / "1.png").symlink_to(blob)
    (tmp_path / "root").symlink_to(home)
    train = opened(tmp_path / "root").train
    np.testing.assert_array_equal(train.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(np.asarray(train.image(4)), expected)


def test_splits_that_are_one_folder_are_refused(home):
    shutil.rmtree(home / "test" / "dog")
    (home / "test" / "dog").symlink_to("../train/dog")
    refused(home, r"a leaked split: got .*test/dog and .*train/dog, which are one folder")
    shutil.rmtree(home / "test")
    (home / "test").symlink_to("train")
    refused(home, "a leaked split")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2J", "caf\udce9", ".ipynb_checkpoints"])
def test_odd_folder_names_are_refused_as_escaped(name, home):
    os.mkdir(os.fsencode(home / "train") + b"/" + os.fsencode(name))
    with pytest.raises(DataError, match="got the name") as error:
        opened(home)
    assert repr(name).replace("\\", "") in str(error.value).replace("\\", "") and str(error.value).isprintable()
    os.rmdir(os.fsencode(home / "train") + b"/" + os.fsencode(name))
    os.mkdir(os.fsencode(home / "train" / "dog") + b"/" + os.fsencode(name))
    refused(home, "got the name")


def test_folders_that_cannot_be_listed_are_refused(home, monkeypatch):
    (home / "train" / "dog" / "inner").mkdir()
    scandir = os.scandir

    def denied(place):
        if str(place).endswith("inner"):
            raise PermissionError(13, "Permission denied", place)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", denied)
    refused(home, r"folder .*inner: got PermissionError")


def test_nested_folders_come_in_torchvisions_order(tmp_path):
    from torchvision.datasets import ImageFolder

    for place in ("dog", "dog/b", "dog/b-c", "dog/b/d", "dog/a.png", "Cat", "Cat/z"):
        for name in ("1.png", "10.PNG", "2.Jpeg", "x.txt", ".h.png"):
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
            (tmp_path / place / name).touch()
    paths, labels = zip(*ImageFolder(tmp_path).samples, strict=True)
    assert folders.images_by_class(tmp_path, ["Cat", "dog"], "x") == (list(paths), list(labels))


def test_numbers_are_class_folders_like_others(tmp_path):
    names = ("8", "9", "10", "11", "12")
    miniatures.image_folder(tmp_path, names, train=1, test=1)
    assert opened(tmp_path).class_names == ("10", "11", "12", "8", "9")


def test_letters_are_a_level_of_sun397_alone(tmp_path):
    miniatures.image_folder(tmp_path / "own", ("a", "b"), train=1, test=1)
    assert opened(tmp_path / "own").class_names == ("a", "b")
    counts = miniatures.folder("sun397", tmp_path)
    train = tmp_path / "sun397" / "train"
    (train / "a" / "a_abbey").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(train / "a" / "a_abbey" / "extra.jpg")
    with pytest.raises(DataError, match=r"a_abbey in .*a_abbey, expected folders that share no image"):
        open_task("sun397", "folder", root=tmp_path, options={"expected_counts": counts})
    (train / "b").mkdir()
    shutil.rmtree(train / "a")
    (train / "b" / "1").mkdir()
    with pytest.raises(DataError, match="missing: none; unknown: 1"):
        open_task("sun397", "folder", root=tmp_path, options={"expected_counts": counts})


@pytest.mark.parametrize("name", ["cars", "gtsrb"])
def test_listed_special_files_are_refused(name, tmp_path):
    counts = miniatures.folder(name, tmp_path)
    images = tmp_path / tasks.read(name).homes[0] / {"cars": "cars_test", "gtsrb": "GTSRB/Final_Test/Images"}[name]
    image = min(images.iterdir())
    image.unlink()
    os.mkfifo(image)
    with pytest.raises(DataError, match=rf"image .*{image.name}: got a fifo"):
        open_task(name, "folder", root=tmp_path, options={"expected_counts": counts})
