"""What can be wrong with the papers' data sets, as changes of miniatures, and what the rule `prepare` says to each.

python -m tests.damages     prints the tables of docs/data.md
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from lib.data import tasks
from lib.data.datasets import reading
from lib.data.readers.errors import DataError
from tests import miniatures
from workflow_scripts.data import prepare

SPLIT = {"seed": 0, "fraction": 0.1, "maximum": 5000}
Counts = dict[str, int]


@dataclass(frozen=True)
class Damage:
    """do: changes the miniature's folder (None: there is none), and the counts that the configuration states where these must not be what is
    refused. says: parts of the message. source: folder, hub, or archive (a folder as the archive unpacks).
    """

    dataset: str
    what: str
    do: Callable[[Path, Counts], object] | None
    says: tuple[str, ...]
    source: str = "folder"

    @property
    def name(self) -> str:
        return f"{self.dataset} {self.source}: {self.what}"


def message(damage: Damage, root: Path) -> str:
    """What the rule's script says; it writes below root/results. Raises AssertionError if it accepts the damage."""
    counts: Counts = {}
    if damage.do is not None:
        home, counts = _built(damage, root)
        damage.do(home, counts)
    options = {"expected_counts": counts} if counts else {}
    parts = ["val", "test"] if damage.dataset == tasks.CONTROL else ["fit", "val", "test"]
    try:
        with mock.patch("lib.data.hub_client.fetch", return_value=root / "snapshot"):
            prepare.main(
                root / "results",
                name=tasks.read(damage.dataset).title,
                reading=reading(damage.dataset, "hub" if damage.source == "hub" else "folder"),
                root=root / "data",
                options=options,
                image_size=16,
                train_short_side=None,
                split=SPLIT,
                parts=parts,
            )
    except DataError as error:
        return str(error).replace(f"{root}/", "")
    raise AssertionError(f"{damage.name} was accepted")


def _built(damage: Damage, root: Path) -> tuple[Path, Counts]:
    train = 1 if damage.dataset == tasks.CONTROL else 2
    if damage.source == "hub":
        return root / "snapshot", miniatures.hub(damage.dataset, root / "snapshot", train=train, shards=3)
    if damage.source == "archive":
        counts = miniatures.archive(damage.dataset, root / "data", train=train)
        return root / "data" / tasks.read(damage.dataset).homes[-1], counts
    return root / "data" / tasks.read(damage.dataset).homes[0], miniatures.folder(
        damage.dataset, root / "data", train=train
    )


def truncated(*names: str, keep: float = 0.5) -> Callable[[Path, Counts], None]:
    """Keep the first part of a file. names: patterns below the folder; of the first, the third file that matches."""

    def do(home: Path, _counts: Counts) -> None:
        for name in names:
            found = sorted(home.glob(name))
            file = found[min(2, len(found) - 1)]
            data = file.read_bytes()
            file.write_bytes(data[: int(len(data) * keep)])

    return do


def without(name: str, **fewer: int) -> Callable[[Path, Counts], None]:
    """Remove a file or folder; fewer: by how much the stated counts shrink."""

    def do(home: Path, counts: Counts) -> None:
        place = home / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        counts.update({split: counts[split] - less for split, less in fewer.items()})

    return do


def emptied(name: str, **fewer: int) -> Callable[[Path, Counts], None]:
    """Remove all files of a folder."""

    def do(home: Path, counts: Counts) -> None:
        for file in (home / name).iterdir():
            file.unlink()
        counts.update({split: counts[split] - less for split, less in fewer.items()})

    return do


def moved(old: str, new: str) -> Callable[[Path, Counts], None]:
    return lambda home, _: (home / old).rename(home / new)


def also(name: str, text: str) -> Callable[[Path, Counts], None]:
    """Append a line to a text file."""
    return lambda home, _: (home / name).write_text((home / name).read_text() + text + "\n")


def copied(source: str, target: str, **more: int) -> Callable[[Path, Counts], None]:
    def do(home: Path, counts: Counts) -> None:
        shutil.copy(next(home.glob(source)), home / target)
        counts.update({split: counts[split] + extra for split, extra in more.items()})

    return do


def instead(name: str, make: Callable[[Path], object]) -> Callable[[Path, Counts], None]:
    """Remove the first file that matches and make something else of its name."""

    def do(home: Path, _counts: Counts) -> None:
        file = min(home.glob(name))
        file.unlink()
        make(file)

    return do


def content(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def image(pixels: np.ndarray, form: str = "PNG") -> Callable[[Path], object]:
    return lambda file: Image.fromarray(pixels).save(file, form)


def benchmark_counts(_home: Path, counts: Counts) -> None:
    """State none: the benchmark's then hold."""
    counts.clear()


def _other_class_order(home: Path, _counts: Counts) -> None:
    from scipy.io import savemat

    first, second, *rest = tasks.read("cars").class_names
    names = np.array([[second, first, *rest]], dtype=object)
    savemat(home / "devkit" / "cars_meta.mat", {"class_names": names})


def _cars_test_without_labels(home: Path, _counts: Counts) -> None:
    from scipy.io import savemat

    rows = np.array([[("00001.jpg",), ("00002.jpg",)]], dtype=[("fname", object)])
    savemat(home / "cars_test_annos_withlabels.mat", {"annotations": rows})


def _svhn_labels(labels: np.ndarray) -> Callable[[Path, Counts], None]:
    def do(home: Path, _counts: Counts) -> None:
        from scipy.io import savemat

        savemat(home / "train_32x32.mat", {"X": np.zeros((32, 32, 3, 20), np.uint8), "y": labels[:, None]})

    return do


def _gtsrb_class_of_another(home: Path, _counts: Counts) -> None:
    miniatures.gtsrb_table(home / "GTSRB/Training/00007/GT-00007.csv", [("00000_00000.ppm", 8)])


def _corrupt_gzip(home: Path, _counts: Counts) -> None:
    file = home / "train-labels-idx1-ubyte.gz"
    data = bytearray(file.read_bytes())
    data[11] ^= 0xFF  # behind the header of ten bytes
    file.write_bytes(bytes(data))


def _svhn_cells(home: Path, _counts: Counts) -> None:
    from scipy.io import savemat

    savemat(home / "train_32x32.mat", {"X": np.array(["a", "bc"], object), "y": np.arange(2)})


def _cars_name_outside(home: Path, _counts: Counts) -> None:
    from scipy.io import savemat

    rows = np.array([[("../00001.jpg", 1), ("00002.jpg", 2)]], dtype=[("fname", object), ("class", object)])
    savemat(home / "cars_test_annos_withlabels.mat", {"annotations": rows})


def _column(name: str, value: object) -> Callable[[Path, Counts], None]:
    """Another value in all rows of a column of MNIST's first file of test."""

    def do(home: Path, _counts: Counts) -> None:
        import pyarrow
        import pyarrow.parquet

        file = home / "mnist/test-00000-of-00003.parquet"
        table = pyarrow.parquet.read_table(file)
        cells = pyarrow.array([value] * len(table))
        pyarrow.parquet.write_table(table.set_column(table.column_names.index(name), name, cells), file)

    return do


def _broken_schema(home: Path, _counts: Counts) -> None:
    import pyarrow.parquet

    file = home / "mnist/train-00000-of-00003.parquet"
    table = pyarrow.parquet.read_table(file)
    said = table.schema.metadata[b"huggingface"][:9]
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"huggingface": said}), file)


def _labels(name: str, names: list[str] | None, labels: list[int], split: str = "train", **changes: str):
    """Replace the shards of a hub split by one file."""

    def do(home: Path, _counts: Counts) -> None:
        files = sorted(home.glob(tasks.read(name).hub.files[split]))
        for file in files:
            file.unlink()
        miniatures.parquet(files[0].with_name(f"{split}-00000-of-00001.parquet"), labels, split, names, **changes)

    return do


def _broken_cell(home: Path, _counts: Counts) -> None:
    import pyarrow
    import pyarrow.parquet

    file = home / "mnist/test-00001-of-00003.parquet"
    table = pyarrow.parquet.read_table(file)
    cells = table["image"].to_pylist()
    cells[0]["bytes"] = cells[0]["bytes"][:50]
    column = pyarrow.array(cells, table.schema.field("image").type)
    pyarrow.parquet.write_table(table.set_column(0, "image", column), file)


def _resisc_names() -> list[str]:
    names = list(tasks.read("resisc45").class_names)
    names.insert(13, names.pop(1))
    return names


NAMES = (*tasks.NAMES, tasks.CONTROL)
DIGITS = [*"0123456789"]
BROKEN = "images that cannot be decoded: got"
DAMAGES = [
    *(
        Damage(name, "no data", None, (f"nothing at data/{tasks.read(name).homes[0]}", "hub, ", "set the source of"))
        for name in NAMES
    ),
    *(
        Damage(name, "another number of images", benchmark_counts,
               ("wrong split size: got images", f"'test': {tasks.read(name).counts['test']}", "expected_counts"))
        for name in NAMES
    ),
    Damage("cars", "a truncated table", truncated("devkit/cars_train_annos.mat"), ("cars_train_annos.mat", "readable file", "fetch the file again")),
    Damage("cars", "an image that the tables list is missing", without("cars_test/00005.jpg"), ("1 of 196 absent: 00005.jpg", "unpack the archive")),
    Damage("cars", "the test table without labels", _cars_test_without_labels, ("fields ('fname',)", "take cars_test_annos_withlabels.mat")),
    Damage("cars", "another label order", _other_class_order, ("label order differs: got 0: 'Acura RL Sedan 2012'", "expected 0: 'AM General Hummer SUV 2000'")),
    Damage("cars", "a name that leads out of the folder", _cars_name_outside, ("got '../00001.jpg', expected names below the data set's own folder",)),
    Damage("cars", "a truncated image", truncated("cars_test/*.jpg"), (BROKEN, "test row", "00003.jpg", "fetch these files again")),
    Damage("dtd", "a missing class folder", without("train/bumpy"), ("missing: bumpy", "the 47 folders", "unpack or split")),
    Damage("dtd", "a class folder of another name", moved("train/bumpy", "train/lumpy"), ("missing: bumpy; unknown: lumpy",)),
    Damage("dtd", "a class without images", emptied("val/bumpy", test=1), ("classes without an image in test: got none of bumpy", "it is incomplete")),
    Damage("dtd", "an image in train and in test", copied("train/bumpy/*.jpg", "val/bumpy", test=1), ("a leaked split", "1 in both: bumpy/", "expected none")),
    Damage("dtd", "two truncated images", truncated("train/braided/*.jpg", "val/bumpy/*.jpg"), (BROKEN, "train row", "test row", "braided", "bumpy")),
    Damage("dtd", "a fifo under an image's name", instead("train/bumpy/*.jpg", os.mkfifo), ("image data/dtd/train/bumpy/bumpy_train_0.jpg: got a fifo",)),
    Damage("dtd", "a broken link", instead("train/bumpy/*.jpg", lambda file: file.symlink_to("gone.jpg")), ("got a link to gone.jpg", "only links to files")),
    Damage("dtd", "a link that leads back", instead("train/bumpy/*.jpg", lambda file: file.with_name("more").symlink_to("..")), ("link data/dtd/train/bumpy/more: got a link to ..",)),
    Damage("dtd", "two classes in one folder", instead("train/bumpy/*.jpg", lambda file: (file.parents[1] / "lumpy").symlink_to("bumpy")), ("class folders of data/dtd/train", "share no image")),
    Damage("dtd", "an EPS file under an image's name", instead("train/bumpy/*.jpg", content(b"%!PS-Adobe-3.0 EPSF-3.0")), (BROKEN, "got none of the formats JPEG, PNG")),
    Damage("dtd", "an empty file", instead("train/bumpy/*.jpg", content(b"")), (BROKEN, "got none of the formats JPEG, PNG")),
    Damage("dtd", "a truncated list of the split", truncated("labels/test1.txt", keep=0.995), ("1 of 47 absent", "unpack the archives of the images and of the lists"), "archive"),
    Damage("dtd", "a list of the split is missing", without("labels/val1.txt"), ("neither data/dtd/train nor data/dtd/labels/val1.txt", "take the source hub"), "archive"),
    Damage("eurosat", "a missing class folder", without("train/Forest"), ("missing: Forest", "the 10 folders")),
    Damage("eurosat", "the validation split is missing", without("val"), ("nothing at data/EuroSAT_splits/val", "take the source hub")),
    Damage("eurosat", "a truncated image", truncated("val/Forest/*.jpg"), (BROKEN, "val row", "Forest_val_0.jpg")),
    Damage("eurosat", "an image of too many pixels", instead("val/Forest/*.jpg", content(b"P5 60000 60000 255\n")), (BROKEN, "3600000000 pixels")),
    Damage("eurosat", "an image of one row", instead("val/Forest/*.jpg", image(np.zeros((1, 3000), np.uint8))), (BROKEN, "got 3000 x 1 pixels, expected sides that differ by a factor of 100 at most")),
    Damage("eurosat", "an image of floats", instead("val/Forest/*.jpg", image(np.zeros((9, 9), np.float32), "TIFF")), (BROKEN, "got grey values of mode F", "as 8-bit PNG")),
    Damage("gtsrb", "a missing class folder", without("GTSRB/Training/00003"), ("missing: 00003", "the 43 folders")),
    Damage("gtsrb", "a truncated table of the test set", truncated("GT-final_test.csv", keep=0.985), ("table data/gtsrb/GT-final_test.csv: got line", "whole rows", "GTSRB_Final_Test_GT")),
    Damage("gtsrb", "a class's table contradicts its folder", _gtsrb_class_of_another, ("got classes [8], expected only 7", "unpack the training archive again")),
    Damage("gtsrb", "an image that the table lists is missing", without("GTSRB/Final_Test/Images/00004.ppm"), ("1 of 43 absent: 00004.ppm", "unpack the archive")),
    Damage("gtsrb", "a truncated image", truncated("GTSRB/Training/00003/*.ppm"), (BROKEN, "train row", "00003/00000_00001.ppm")),
    Damage("gtsrb", "a class of 5,000 digits", also("GT-final_test.csv", "9.ppm;" * 7 + "9" * 5000), ("got line 45 that is not whole",)),
    Damage("gtsrb", "an image twice in the table", also("GT-final_test.csv", "00001.ppm;1;1;1;1;1;1;1"), ("images listed more than once: got 1: 00001.ppm",)),
    Damage("mnist", "a truncated file", truncated("train-images-idx3-ubyte"), ("train-images-idx3-ubyte: got magic 00000803", "as many bytes as the shape says", "fetch the file again")),
    Damage("mnist", "a truncated gzip file", truncated("t10k-labels-idx1-ubyte.gz"), ("t10k-labels-idx1-ubyte: got EOFError", "fetch it again")),
    Damage("mnist", "a corrupt gzip file", _corrupt_gzip, ("train-labels-idx1-ubyte: got error", "whole", "fetch it again")),
    Damage("mnist", "a gzip file of too much", instead("t10k-labels-idx1-ubyte.gz", lambda file: miniatures.idx(file, np.zeros(200_000, np.uint8))), ("shape (200000,), 100001 bytes of data or more", "n up to 100000")),
    Damage("mnist", "a missing file", without("t10k-images-idx3-ubyte"), ("t10k-images-idx3-ubyte: got FileNotFoundError", "fetch it again")),
    Damage("mnist", "labels of other images", lambda home, _: miniatures.idx(home / "train-labels-idx1-ubyte.gz", np.zeros(7, np.uint8)), ("20 images and 7 labels", "fetch both files again")),
    Damage("mnist", "a missing class", lambda home, _: miniatures.idx(home / "train-labels-idx1-ubyte.gz", np.arange(20, dtype=np.uint8) % 9), ("classes without an image in train: got none of 9",)),
    Damage("resisc45", "a missing class folder", without("NWPU-RESISC45/beach"), ("missing: beach", "the 45 folders")),
    Damage("resisc45", "a missing list of the split", without("resisc45-train.txt"), ("nothing at data/resisc45/resisc45-train.txt", "arXiv 1911.06721")),
    Damage("resisc45", "a truncated list of the split", truncated("resisc45-train.txt", keep=0.505), ("RESISC45: images of resisc45-train.txt: got 1 of", "unpack the archives of the images and of the lists")),
    Damage("resisc45", "an image in train and in test", also("resisc45-test.txt", "beach_001.jpg"), ("a leaked split", "beach_001.jpg")),
    Damage("resisc45", "a name that leads out of the folder", also("resisc45-test.txt", "../../a.jpg"), ("resisc45-test.txt", "got '../../a.jpg', expected names below the data set's own folder")),
    Damage("resisc45", "a list that is no text", instead("resisc45-test.txt", content(b"caf\xe9.jpg\n")), ("split list data/resisc45/resisc45-test.txt: got UnicodeDecodeError", "printable UTF-8 text")),
    Damage("resisc45", "a truncated image", truncated("NWPU-RESISC45/beach/beach_5*.jpg"), (BROKEN, "test row", "beach_501.jpg")),
    Damage("sun397", "a missing class folder", without("train/a_abbey"), ("missing: a_abbey", "the 397 folders")),
    Damage("sun397", "a class without images", emptied("train/a_abbey", train=2), ("classes without an image in train: got none of abbey",)),
    Damage("sun397", "a truncated image", truncated("val/a_abbey/*.jpg"), (BROKEN, "test row 0", "a_abbey_test_0.jpg")),
    Damage("sun397", "a truncated list of the split", truncated("Partitions/Testing_01.txt", keep=0.9999), ("1 of 397 absent", "unpack the archives of the images and of the lists"), "archive"),
    Damage("svhn", "a truncated file", truncated("test_32x32.mat"), ("test_32x32.mat", "readable file", "fetch the file again")),
    Damage("svhn", "a missing class", _svhn_labels(1 + np.arange(20) % 9), ("classes without an image in train: got none of 0",)),
    Damage("svhn", "labels out of range", _svhn_labels(np.full(20, 11)), ("labels of train out of range: got 11, expected 0 to 9",)),
    Damage("svhn", "cells for numbers", _svhn_cells, ("train_32x32.mat: got ValueError: X is cell, expected double",)),
    Damage("imagenet", "a missing class folder", without("val/n01440764"), ("ImageNet (test): class folders", "missing: n01440764", "the 1000 folders")),
    Damage("imagenet", "a class without images", emptied("train/n01440764", train=1), ("classes without an image in train: got none of tench",)),
    Damage("imagenet", "a truncated image", truncated("val/n01440764/*.JPEG"), (BROKEN, "test row 0", "n01440764_test_0.JPEG")),
    Damage("svhn", "another number of images", benchmark_counts, ("wrong split size", "expected_counts"), "hub"),
    Damage("cars", "a truncated file", truncated("data/train-*.parquet"), ("train-00002-of-00003.parquet: got Arrow", "delete the file and fetch it again"), "hub"),
    Damage("cars", "a missing file", without("data/train-00001-of-00003.parquet"), ("got 2 files, without number 1, expected 3 files", "fetch the data set again"), "hub"),
    Damage("resisc45", "another label order", _labels("resisc45", _resisc_names(), list(range(45)) * 2), ("label order differs: got 1: 'baseball diamond'", "label_order to by_name"), "hub"),
    Damage("svhn", "other label names", lambda home, _: [_relisted(home, split) for split in ("train", "test")], ("label names differ: got 9: 'nine', expected 9: '9'",), "hub"),
    Damage("mnist", "a class more", _labels("mnist", [*DIGITS, "10"], list(range(10)) * 2), ("got 11 classes, expected 10 classes",), "hub"),
    Damage("mnist", "a missing class", _labels("mnist", DIGITS, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8] * 2), ("classes without an image in train: got none of 9",), "hub"),
    Damage("mnist", "other columns", _labels("mnist", DIGITS, list(range(10)) * 2, image="img"), ("columns ['img', 'label']", "take the data set and revision"), "hub"),
    Damage("mnist", "labels of text", _column("label", "seven"), ("column 'label': got the type string, expected whole numbers",), "hub"),
    Damage("mnist", "images of text", _column("image", "/etc/hosts"), ("column 'image': got the type string, expected binary, or a struct with a binary field bytes",), "hub"),
    Damage("mnist", "a broken schema", _broken_schema, ("train-00000-of-00003.parquet: got no class names for the column 'label': JSONDecodeError", "expected names in the schema's metadata"), "hub"),
    Damage("mnist", "a truncated image", _broken_cell, (BROKEN, "test row 4", "test-00001-of-00003.parquet, row 4"), "hub"),
]  # fmt: skip


def _relisted(home: Path, split: str) -> None:
    _labels("svhn", [*DIGITS[:9], "nine"], list(range(10)) * (2 if split == "train" else 1), split)(home, {})


def rows() -> list[str]:
    """The tables of docs/data.md, a line each: what is wrong, and the message."""
    lines = ["| task | source | what is wrong | message |", "|:---|:---|:---|:---|"]
    for damage in DAMAGES:
        with tempfile.TemporaryDirectory() as folder:
            said = message(damage, Path(folder)).replace("|", r"\|")
        lines.append(f"| {tasks.read(damage.dataset).title} | {damage.source} | {damage.what} | {said} |")
    return lines


if __name__ == "__main__":
    print("\n".join(rows()))
