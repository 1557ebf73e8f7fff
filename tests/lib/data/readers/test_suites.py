"""The further tasks of the suites: each is read as torchvision reads it, and what is wrong is told by name."""

import json
import pickle
import shutil
import types

import numpy as np
import pytest

from lib.data import tasks
from lib.data.datasets import DATASETS, open_task
from lib.data.readers import cifar
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from tests import miniatures, suite_miniatures
from tests.suite_miniatures import FOLDER

CLASSES = {
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
    "emnist": "EMNIST",
    "fashion_mnist": "FashionMNIST",
    "fer2013": "FER2013",
    "flowers102": "Flowers102",
    "food101": "Food101",
    "kmnist": "KMNIST",
    "oxford_pets": "OxfordIIITPet",
    "rendered_sst2": "RenderedSST2",
    "stl10": "STL10",
}
BELOW_ROOT = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "stl10": "STL10"}  # a folder that torchvision does not add
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def miniature():
    return suite_miniatures.folder


def opened(name, root, counts):
    return open_task(name, "folder", root=root, options={"expected_counts": counts})


def torchvisions(name, root, split, monkeypatch):
    """The data set as torchvision reads it, its check of digests left out."""
    import torchvision.datasets as known

    kind = getattr(known, CLASSES[name])
    for module in (known.cifar, known.flowers102, known.fer2013, known.stl10):
        monkeypatch.setattr(module, "check_integrity", lambda *_, **__: True)
    root = root / BELOW_ROOT.get(name, "")
    if name == "emnist":
        return kind(root, split="digits", train=split == "train")
    if name in ("cifar10", "cifar100", "fashion_mnist", "kmnist"):
        return kind(root, train=split == "train")
    return kind(root, split="trainval" if (name, split) == ("oxford_pets", "train") else split)


@pytest.mark.parametrize("name", FOLDER)
def test_rows_are_those_of_torchvision(name, built, monkeypatch):
    root, counts = built(name)
    task = opened(name, root, counts)
    assert (task.class_names, task.templates) == (tasks.read(name).class_names, tasks.read(name).templates)
    assert task.val is None and len(task.deviations) == 1
    check_decodable(task)
    for split in counts:
        rows, expected = getattr(task, split), torchvisions(name, root, split, monkeypatch)
        assert len(rows) == counts[split] == len(expected) and rows.labels.dtype == np.int64
        for row in range(len(rows)):
            image, label = expected[row]
            assert rows.labels[row] == label
            np.testing.assert_array_equal(np.asarray(rows.image(row)), np.asarray(image.convert("RGB")))


def test_class_names_that_torchvision_knows_are_in_its_order(built, monkeypatch):
    for name in ("cifar10", "cifar100", "emnist", "fashion_mnist", "food101", "kmnist", "oxford_pets", "rendered_sst2"):
        root, _ = built(name)
        names = torchvisions(name, root, "train", monkeypatch).classes
        assert [tasks.simplified(n) for n in names] == [tasks.simplified(n) for n in tasks.read(name).class_names], name


@pytest.mark.parametrize("name", FOLDER)
def test_benchmark_counts_are_required_by_default(name, built):
    root, _ = built(name)
    with pytest.raises(DataError, match="wrong split size"):
        open_task(name, "folder", root=root, options={})


@pytest.mark.parametrize("name", FOLDER)
def test_no_data_names_both_sources(name, tmp_path):
    with pytest.raises(DataError, match=f"no data: got nothing at .* hub, {tasks.read(name).hub.repo}"):
        open_task(name, "folder", root=tmp_path, options={})


@pytest.mark.parametrize("name", (*tasks.SUITE14, *tasks.SUITE20))
def test_the_hubs_files_are_read_once_a_commit_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr("lib.data.hub_client.fetch", lambda repo, revision, patterns, cache: tmp_path)
    task = tasks.read(name)
    names, counts = list(task.labels or task.class_names), {"train": 2 * len(task.class_names), "test": 0}
    for split, per_class in (("train", 2), ("test", 1)):
        labels = list(range(len(names))) * per_class
        file = tmp_path / task.hub.files[split].replace("*", "00000-of-00001")
        miniatures.parquet(file, labels, split, names, image=task.hub.image, label=task.hub.label)
        counts[split] = len(labels)
    options = {"expected_counts": counts, "revision": COMMIT}
    found = open_task(name, "hub", root=None, options=options)
    assert (len(found.train), len(found.test)) == (counts["train"], counts["test"]) and found.val is None
    assert found.train.image(1).getpixel((0, 0)) == miniatures.colour(1, "train")
    if task.hub.revision is None:
        with pytest.raises(DataError, match="make pin"):
            open_task(name, "hub", root=None, options={"expected_counts": counts})


def test_pcam_has_truths_for_labels_and_no_names(tmp_path, monkeypatch):
    import pyarrow
    import pyarrow.parquet

    monkeypatch.setattr("lib.data.hub_client.fetch", lambda repo, revision, patterns, cache: tmp_path)
    (tmp_path / "data").mkdir()
    for split in ("train", "test"):
        cells = [{"bytes": miniatures.encoded(label, split, "PNG"), "path": None} for label in (1, 0)]
        table = pyarrow.table({"image": cells, "label": pyarrow.array([True, False])})
        pyarrow.parquet.write_table(table, tmp_path / f"data/{split}-00000-of-00001.parquet")
    options = {"expected_counts": {"train": 2, "test": 2}, "revision": COMMIT}
    with pytest.raises(DataError, match="no class names .* by_position"):
        open_task("pcam", "hub", root=None, options=options)
    task = open_task("pcam", "hub", root=None, options=options | {"label_order": "by_position"})
    assert task.train.labels.tolist() == [1, 0] and task.train.labels.dtype == np.int64
    assert DATASETS["pcam"].sources == ("hub",)


@pytest.mark.parametrize(("order", "refused"), [("table", False), ("folders", True)])
def test_the_classes_of_fer2013_are_checked_against_the_sources_names(order, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("lib.data.hub_client.fetch", lambda repo, revision, patterns, cache: tmp_path)
    names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    names = names if order == "table" else sorted(names)
    for split in ("train", "test"):
        file = tmp_path / tasks.read("fer2013").hub.files[split].replace("*", "0000")
        miniatures.parquet(file, list(range(7)), split, names, image="img_bytes", label="labels")
    options = {"expected_counts": {"train": 7, "test": 7}, "revision": COMMIT}
    if refused:
        with pytest.raises(DataError, match=r"label order differs: got 4: 'neutral', 5: 'sad', 6: 'surprise'"):
            open_task("fer2013", "hub", root=None, options=options)
        options["label_order"] = "by_name"
    task = open_task("fer2013", "hub", root=None, options=options)
    listed = [task.class_names[label] for label in task.train.labels]
    assert listed == (
        ["angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"] if refused else list(task.class_names)
    )


def test_fer2013s_other_table_has_other_columns(copied):
    home, root, counts = copied("fer2013")
    rows = [line.split(",") for line in (home / "fer2013.csv").read_text().splitlines()[1:]]
    lines = ["emotion, Usage, pixels", *(f"{label},{usage},{pixels}" for label, pixels, usage in rows)]
    before = opened("fer2013", root, counts).test
    (home / "fer2013.csv").unlink()
    (home / "icml_face_data.csv").write_text("\n".join(lines))
    after = opened("fer2013", root, counts).test
    assert after.labels.tolist() == before.labels.tolist() and after.image(3) == before.image(3)


def test_emnist_as_its_archive_unpacks_and_transposed_as_stored(copied):
    home, root, counts = copied("emnist")
    before = opened("emnist", root, counts).train
    (home / "gzip").mkdir()
    for file in home.glob("emnist-*"):
        miniatures.idx(home / "gzip" / f"{file.name}.gz", _array(file))
        file.unlink()
    after = opened("emnist", root, counts).train
    assert after.image(3) == before.image(3)
    stored = suite_miniatures.noise("emnist", "train", 3, 0, 28, 28)
    np.testing.assert_array_equal(np.asarray(after.image(3))[..., 0], stored)


def _array(file):
    data = file.read_bytes()
    shape = np.frombuffer(data[4 : 4 + 4 * data[3]], ">u4")
    return np.frombuffer(data[4 + 4 * data[3] :], np.uint8).reshape(shape)


@pytest.mark.parametrize(("rows", "variant"), [(60000, "the split mnist"), (124800, "the split letters")])
def test_the_other_emnists_are_named(rows, variant):
    assert tasks.read("emnist").wrong_variants[rows] == variant


DAMAGES = {
    "a truncated idx file": ("kmnist", "train-images-idx3-ubyte", lambda data: data[:-5], "as many bytes as the shape"),
    "an idx file of letters": ("emnist", "emnist-digits-train-labels-idx1-ubyte", lambda data: data[:8] + b"\x15" * 20, "labels of train out of range: got 21"),
    "labels of other images": ("stl10", "stl10_binary/train_y.bin", lambda data: data[:-1], "as many images as labels"),
    "other class names": ("stl10", "stl10_binary/class_names.txt", lambda data: data.replace(b"car\n", b"automobile\n"), "label names differ: got 2: 'automobile'"),
    "a truncated batch": ("cifar10", "cifar-10-batches-py/data_batch_3", lambda data: data[: len(data) // 2], "data_batch_3: got"),
    "a batch that is none": ("cifar100", "cifar-100-python/train", lambda data: pickle.dumps([1, 2]), "a list, expected a pickled mapping"),
    "a batch without fine labels": ("cifar100", "cifar-100-python/test", lambda data: data.replace(b"fine_labels", b"nice_labels"), "under fine_labels"),
    "a batch that runs code": ("cifar10", "cifar-10-batches-py/test_batch", lambda data: pickle.dumps(print), "builtins.print; nothing was run"),
    "classes in another order": ("cifar10", "cifar-10-batches-py/batches.meta", lambda data: pickle.dumps({b"label_names": [b"cat", b"bird"] * 5}), "label names differ"),
    "an image outside": ("flowers102", "imagelabels.mat", None, "expected images from 1 to 10"),
    "a breed of another number": ("oxford_pets", "annotations/test.txt", lambda data: data.replace(b"Bombay_82 8 ", b"Bombay_82 9 "), "Boxer|breeds|classes"),
    "a table of something else": ("oxford_pets", "annotations/trainval.txt", lambda data: b"a b c d\n", "lines such as 'Abyssinian_100 1 1 1'"),
    "a list that is no JSON": ("food101", "meta/train.json", lambda data: data[:-3], "expected JSON"),
    "a class less": ("food101", "meta/test.json", lambda data: json.dumps({k: v for k, v in json.loads(data).items() if k != "sushi"}).encode(), "missing: sushi; unknown: none"),
    "a leaked image": ("food101", "meta/test.json", lambda data: data.replace(b"sushi/10", b"sushi/00"), "leaked split"),
    "a row cut short": ("fer2013", "fer2013.csv", lambda data: data.replace(b" 1", b"", 1), "row 2 with"),
    "an unknown usage": ("fer2013", "fer2013.csv", lambda data: data.replace(b"PublicTest", b"Secret"), "Secret"),
    "a table without labels of test": ("fer2013", "fer2013.csv", lambda data: b"pixels\n1 2 3\n", "columns emotion, pixels"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_by_name(damage, copied):
    name, file, change, message = DAMAGES[damage]
    home, root, counts = copied(name)
    if change is None:
        from scipy.io import savemat

        savemat(home / file, {"labels": np.arange(1, 11)[None]})
    else:
        data = (home / file).read_bytes()
        changed = change(data)
        assert changed != data
        (home / file).write_bytes(changed)
    with pytest.raises(DataError, match=message):
        opened(name, root, counts)


@pytest.mark.parametrize(
    ("name", "image"),
    [("flowers102", "jpg/image_00007.jpg"), ("food101", "images/sushi/00.jpg"), ("oxford_pets", "images/Beagle_5.jpg")],
)
def test_listed_images_that_are_absent_are_named(name, image, copied):
    home, root, counts = copied(name)
    (home / image).unlink()
    with pytest.raises(DataError, match=f"1 of .* absent: .*{image.rpartition('/')[2]}"):
        opened(name, root, counts)


def test_a_folder_that_is_both_splits_is_a_leak(copied):
    home, root, counts = copied("rendered_sst2")
    shutil.rmtree(home / "test")
    (home / "test").symlink_to(home / "train")
    with pytest.raises(DataError, match="leaked split"):
        opened("rendered_sst2", root, counts)


def test_what_a_batch_may_name():
    with pytest.raises(pickle.UnpicklingError, match=r"os\.system; nothing was run"):
        cifar._Arrays.find_class(types.SimpleNamespace(), "os", "system")
