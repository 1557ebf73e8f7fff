"""Every prepared folder: a good miniature gives the right images, a damaged one is refused by name."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from lib.data import tasks
from lib.data.datasets import open_task
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from tests import miniatures

ALL = (*tasks.NAMES, tasks.CONTROL)


def opened(name, root, counts):
    return open_task(name, "folder", root=root, options={"expected_counts": counts})


@pytest.fixture(scope="module")
def miniature():
    return lambda name, root: miniatures.folder(name, root, train=1 if name == "imagenet" else 2)


def overwrite(path, data):
    """Replace a file, not the bytes that it may share with other copies."""
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("name", ALL)
def test_rows_are_the_right_images(name, built):
    root, counts = built(name)
    task = opened(name, root, counts)
    assert task.class_names == tasks.read(name).class_names
    assert task.templates == tasks.read(name).templates
    assert (task.val is not None) == (name == "eurosat")
    assert len(task.deviations) == 1
    assert "the benchmark's has" in task.deviations[0]
    for split in counts:
        rows = getattr(task, split)
        assert len(rows) == counts[split]
        assert rows.labels.dtype == np.int64
        for row in range(0, len(rows), max(1, len(rows) // 50)):
            label = int(rows.labels[row])
            expected = (label * 20,) * 3 if name == "mnist" else miniatures.colour(label, split)
            np.testing.assert_allclose(np.asarray(rows.image(row)).reshape(-1, 3).mean(0), expected, atol=3)


@pytest.mark.parametrize("name", ALL)
def test_benchmark_counts_are_required_by_default(name, built):
    root, counts = built(name)
    with pytest.raises(DataError) as error:
        open_task(name, "folder", root=root, options={})
    assert "wrong split size" in str(error.value)
    assert f"'train': {counts['train']}" in str(error.value)
    assert f"'train': {tasks.read(name).counts['train']}" in str(error.value)


@pytest.mark.parametrize("name", ALL)
def test_absent_data_name_every_source_and_the_place(name, tmp_path):
    task = tasks.read(name)
    with pytest.raises(DataError) as error:
        open_task(name, "folder", root=tmp_path, options={})
    for part in (str(tmp_path / task.homes[0]), task.layout, task.hub.repo, "source"):
        assert part in str(error.value)


@pytest.mark.parametrize("name", ["dtd", "sun397", "eurosat", "gtsrb", "resisc45", "imagenet"])
def test_missing_and_unknown_class_folders_are_named(name, copied):
    home, root, counts = copied(name)
    folder = next(path for path in sorted(home.rglob(tasks.read(name).folders[3])) if path.is_dir())
    folder.rename(folder.with_name("another"))
    with pytest.raises(DataError, match=rf"missing: {tasks.read(name).folders[3]}; unknown: another"):
        opened(name, root, counts)


@pytest.mark.parametrize("name", ["dtd", "eurosat", "sun397", "imagenet"])
def test_class_without_images_is_named(name, copied):
    home, root, counts = copied(name)
    folder = next(path for path in sorted((home / "train").rglob(tasks.read(name).folders[3])) if path.is_dir())
    images = list(folder.iterdir())
    for image in images:
        image.unlink()
    with pytest.raises(DataError, match=rf"without an image in train: got none of {tasks.read(name).class_names[3]}"):
        opened(name, root, {**counts, "train": counts["train"] - len(images)})


@pytest.mark.parametrize("name", ["cars", "dtd", "eurosat", "gtsrb", "resisc45", "sun397", "imagenet"])
def test_broken_images_are_named(name, copied):
    home, root, counts = copied(name)
    whole = opened(name, root, counts)
    check_decodable(whole, splits=("test",))
    place = Path(str(whole.test.image.args[0][4]))
    assert place.is_relative_to(home)
    overwrite(place, place.read_bytes()[:-300])
    with pytest.raises(DataError, match=rf"test row 4: cannot decode .*{place.name}"):
        check_decodable(opened(name, root, counts), splits=("test",))


@pytest.mark.parametrize("name", ["dtd", "eurosat", "sun397"])
def test_leaked_split_is_refused(name, copied):
    home, root, counts = copied(name)
    folder = tasks.read(name).folders[0]
    image = min((home / "train" / folder).iterdir())
    shutil.copy(image, home / ("test" if name == "eurosat" else "val") / folder)
    with pytest.raises(DataError, match=rf"leaked split\): got 1 in both: {folder}.{image.name}"):
        opened(name, root, {**counts, "test": counts["test"] + 1})


@pytest.mark.parametrize(
    ("name", "train", "text"),
    [
        ("gtsrb", 39209, "the final training set of 2011, as in ilee0022/GTSRB"),
        ("sun397", 108754, "unsplit, as in 1aurent/SUN397"),
        ("sun397", 76128, "as in dpdl-benchmark/sun397"),
        ("eurosat", 16200, "as in timm/eurosat-rgb"),
        ("dtd", 1880, "merge its val split into train"),
    ],
)
def test_known_wrong_variants_are_named(name, train, text):
    from lib.data.raw_task import RawSplit
    from lib.data.readers.checks import check_counts

    task = tasks.read(name)
    splits = {"train": RawSplit(np.zeros(train, np.int64), None), "test": RawSplit(np.zeros(9, np.int64), None)}
    with pytest.raises(DataError, match=text):
        check_counts(task.title, splits, task.counts, task.wrong_variants)


def test_sun397_with_a_folder_per_letter(copied):
    home, root, counts = copied("sun397")
    before = opened("sun397", root, counts).train.labels
    for split in ("train", "val"):
        for folder in list((home / split).iterdir()):
            (home / split / folder.name[0]).mkdir(exist_ok=True)
            folder.rename(home / split / folder.name[0] / folder.name)
    np.testing.assert_array_equal(opened("sun397", root, counts).train.labels, before)


def test_imagenet_accepts_val_in_folder(copied):
    home, root, counts = copied("imagenet")
    (home / "val").rename(home / "val_in_folder")
    assert len(opened("imagenet", root, counts).test) == counts["test"]


def test_imagenet_lists_without_decoding(copied):
    home, root, counts = copied("imagenet")
    for image in (home / "train").rglob("*.JPEG"):
        overwrite(image, b"")
    assert len(opened("imagenet", root, counts).train) == counts["train"]


def test_cars_in_another_label_order(copied):
    from scipy.io import savemat

    home, root, counts = copied("cars")
    names = list(tasks.read("cars").class_names)
    names[0], names[1] = names[1], names[0]
    savemat(home / "devkit" / "cars_meta.mat", {"class_names": np.array([names], dtype=object)})
    with pytest.raises(DataError, match="label order differs: got 0: 'Acura RL Sedan 2012', 1: 'AM General Hummer"):
        opened("cars", root, counts)


def test_cars_test_table_without_labels(copied):
    from scipy.io import savemat

    home, root, counts = copied("cars")
    rows = np.array([[("00001.jpg",)]], dtype=[("fname", object)])
    savemat(home / "cars_test_annos_withlabels.mat", {"annotations": rows})
    with pytest.raises(DataError, match=r"take cars_test_annos_withlabels.mat"):
        opened("cars", root, counts)


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("cars", "devkit/cars_train_annos.mat", "MATLAB file .*cars_train_annos.mat"),
        ("svhn", "test_32x32.mat", "MATLAB file .*test_32x32.mat"),
        ("mnist", "train-images-idx3-ubyte", "idx file .*train-images-idx3-ubyte: got magic 00000803"),
        ("mnist", "t10k-labels-idx1-ubyte.gz", "idx file .*t10k-labels-idx1-ubyte: got EOFError"),
        ("gtsrb", "GT-final_test.csv", "table .*GT-final_test.csv"),
    ],
)
def test_truncated_and_absent_files_are_named(name, file, text, copied):
    home, root, counts = copied(name)
    data = (home / file).read_bytes()
    (home / file).write_bytes(data[: len(data) // 2 - 2])
    with pytest.raises(DataError, match=text):
        opened(name, root, counts)
    (home / file).unlink()
    with pytest.raises(DataError, match=Path(file).name.removesuffix(".gz")):
        opened(name, root, counts)


@pytest.mark.parametrize(
    ("name", "images", "text"),
    [
        ("cars", "cars_test", "1 of 196 absent: 00005.jpg"),
        ("gtsrb", "GTSRB/Final_Test/Images", "1 of 43 absent: 00004.ppm"),
        ("resisc45", "NWPU-RESISC45/beach", "1 of 90 absent: beach_001.jpg"),
    ],
)
def test_listed_images_that_are_absent_are_named(name, images, text, copied):
    home, root, counts = copied(name)
    listed = {"cars": "00005.jpg", "gtsrb": "00004.ppm", "resisc45": "beach_001.jpg"}[name]
    (home / images / listed).unlink()
    with pytest.raises(DataError, match=text):
        opened(name, root, counts)


def test_gtsrb_tables_must_agree_with_their_folders(copied):
    home, root, counts = copied("gtsrb")
    miniatures.gtsrb_table(home / "GTSRB" / "Training" / "00007" / "GT-00007.csv", [("00000_00000.ppm", 8)])
    with pytest.raises(DataError, match=r"GT-00007.csv: got classes \[8\], expected only 7"):
        opened("gtsrb", root, counts)


def test_gtsrb_table_without_labels(copied):
    home, root, counts = copied("gtsrb")
    (home / "GT-final_test.csv").write_text("Filename;Width\n00000.ppm;16\n")
    with pytest.raises(DataError, match="GTSRB_Final_Test_GT"):
        opened("gtsrb", root, counts)


def test_resisc45_lists_that_leak_or_lack(copied):
    home, root, counts = copied("resisc45")
    train, test = home / "resisc45-train.txt", home / "resisc45-test.txt"
    with open(test, "a", encoding="utf-8") as file:
        file.write("beach_001.jpg\n")
    with pytest.raises(DataError, match="leaked split"):
        opened("resisc45", root, counts)
    train.unlink()
    with pytest.raises(DataError, match=r"resisc45-train\.txt"):
        opened("resisc45", root, counts)


def test_svhn_labels_out_of_range_and_full_numbers(copied):
    from scipy.io import savemat

    home, root, counts = copied("svhn")
    images = np.zeros((32, 32, 3, 20), np.uint8)
    savemat(home / "train_32x32.mat", {"X": images, "y": np.full((20, 1), 11)})
    with pytest.raises(DataError, match="labels of train out of range: got 11, expected 0 to 9"):
        opened("svhn", root, counts)
    savemat(home / "train_32x32.mat", {"X": images[:, :30], "y": np.full((20, 1), 1)})
    with pytest.raises(DataError, match=r"X \(32, 30, 3, 20\)"):
        opened("svhn", root, counts)


def test_mnist_images_without_their_labels(copied):
    home, root, counts = copied("mnist")
    miniatures.idx(home / "train-labels-idx1-ubyte.gz", np.zeros(7, np.uint8))
    with pytest.raises(DataError, match="20 images and 7 labels"):
        opened("mnist", root, counts)


@pytest.mark.parametrize("name", ["dtd", "sun397"])
def test_archives_as_they_unpack(name, tmp_path):
    counts = miniatures.archive(name, tmp_path)
    task = opened(name, tmp_path, counts)
    for split in counts:
        rows = getattr(task, split)
        assert list(rows.labels) == sorted(rows.labels)  # the order of the prepared folders
        for row in range(0, len(rows), 20):
            expected = miniatures.colour(int(rows.labels[row]), split)
            np.testing.assert_allclose(rows.image(row).getpixel((3, 3)), expected, atol=3)


def test_archive_without_list_or_image(tmp_path):
    counts = miniatures.archive("dtd", tmp_path)
    image = tmp_path / "dtd" / "images" / "bumpy" / "val1_0.jpg"
    data = image.read_bytes()
    image.unlink()
    with pytest.raises(DataError, match=r"1 of 94 absent: bumpy/val1_0.jpg; unknown classes: none"):
        opened("dtd", tmp_path, counts)
    image.write_bytes(data)
    labels = tmp_path / "dtd" / "labels"
    with open(labels / "test1.txt", "a", encoding="utf-8") as file:
        file.write("bumpy/val1_0.jpg\n")
    with pytest.raises(DataError, match="leaked split"):
        opened("dtd", tmp_path, counts)
    (labels / "val1.txt").unlink()
    with pytest.raises(DataError, match=r"neither .*train nor .*labels.val1.txt, expected dtd/\{train,val\}"):
        opened("dtd", tmp_path, counts)
