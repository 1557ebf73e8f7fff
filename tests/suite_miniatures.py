"""Miniatures of the further tasks of the suites of 14 and 20: real files in the official layouts, a few images a class.

An image is noise that label, split and number decide, so that two rows are never alike.
"""

from __future__ import annotations

import csv
import json
import pickle
import struct
import zlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from lib.data import tasks
from tests.miniatures import idx

TRAIN = {"train": "train", "test": "t10k"}
FOLDER = tuple(name for name in (*tasks.SUITE14, *tasks.SUITE20) if name != "pcam")  # that comes from the hub alone


def noise(name: str, split: str, label: int, number: int, *shape: int) -> np.ndarray:
    """UInt8 of this shape."""
    seed = zlib.crc32(f"{name} {split} {label} {number}".encode())
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def folder(name: str, root: Path, *, train: int = 2, test: int = 1) -> dict[str, int]:
    """Build the folder of a task below root, `train` and `test` images a class; returns images by split."""
    task = tasks.read(name)
    home = root / task.homes[0]
    home.mkdir(parents=True)
    sizes = {"train": train, "test": test}
    rows = {
        split: [(label, number) for number in range(size) for label in range(len(task.class_names))]
        for split, size in sizes.items()
    }
    _BUILDERS[name](task, home, rows)
    return {split: len(listed) for split, listed in rows.items()}


def _grey(task, home, rows):
    for split, prefix in TRAIN.items():
        _write_idx(task, home, prefix, split, rows[split])


def _emnist(task, home, rows):
    for split, listed in rows.items():
        _write_idx(task, home, f"emnist-digits-{split}", split, listed)


def _write_idx(task, home, prefix, split, listed):
    idx(home / f"{prefix}-images-idx3-ubyte", np.stack([noise(task.name, split, *row, 28, 28) for row in listed]))
    idx(home / f"{prefix}-labels-idx1-ubyte", np.array([label for label, _ in listed], np.uint8))


def _cifar(task, home, rows):
    batches = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
    place = home / batches[task.name]
    place.mkdir()
    names = [name.replace(" ", "_").encode() for name in task.class_names]
    keys = (b"labels", b"label_names") if task.name == "cifar10" else (b"fine_labels", b"fine_label_names")
    parts = {"test_batch" if task.name == "cifar10" else "test": ("test", rows["test"])}
    if task.name == "cifar10":
        parts |= {f"data_batch_{n + 1}": ("train", rows["train"][n::5]) for n in range(5)}
        _pickle(place / "batches.meta", {keys[1]: names})
    else:
        parts["train"] = ("train", rows["train"])
        _pickle(place / "meta", {keys[1]: names, b"coarse_label_names": []})
    for file, (split, listed) in parts.items():
        data = np.stack([noise(task.name, split, *row, 3072) for row in listed])
        _pickle(place / file, {b"data": data, keys[0]: [label for label, _ in listed]})


class _Python2(pickle._Pickler):
    """Writes bytes as Python 2 wrote its text, as the official files hold keys, names and pixels."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_text(self, value: bytes):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_text


def _pickle(path: Path, value: object):
    with open(path, "wb") as file:
        _Python2(file, protocol=2).dump(value)


def _stl10(task, home, rows):
    place = home / "stl10_binary"
    place.mkdir()
    (place / "class_names.txt").write_text("\n".join(task.class_names) + "\n")
    for split, listed in rows.items():
        images = np.stack([noise(task.name, split, *row, 3, 96, 96) for row in listed])
        images.tofile(place / f"{split}_X.bin")
        np.array([label + 1 for label, _ in listed], np.uint8).tofile(place / f"{split}_y.bin")


def _flowers102(task, home, rows):
    from scipy.io import savemat

    (home / "jpg").mkdir()
    everything = [(split, row) for split in ("test", "train") for row in rows[split]]
    everything = everything[::-1]  # numbers do not follow the split
    labels, numbers = [], {"train": [], "test": []}
    for number, (split, row) in enumerate(everything, start=1):
        _jpeg(home / "jpg" / f"image_{number:05d}.jpg", noise(task.name, split, *row, 16, 20, 3))
        labels.append(row[0] + 1)
        numbers[split].append(number)
    savemat(home / "imagelabels.mat", {"labels": np.array([labels], np.uint8)})
    tables = {"trnid": [numbers["train"]], "tstid": [numbers["test"]], "valid": [[1]]}
    savemat(home / "setid.mat", {key: np.array(value, np.uint16) for key, value in tables.items()})


def _oxford_pets(task, home, rows):
    for place in ("images", "annotations"):
        (home / place).mkdir()
    count = 0
    for split, table in (("train", "trainval"), ("test", "test")):
        lines = []
        for label, number in rows[split]:
            count += 1
            name = f"{task.class_names[label].replace(' ', '_')}_{count}"
            _jpeg(home / "images" / f"{name}.jpg", noise(task.name, split, label, number, 16, 20, 3))
            lines.append(f"{name} {label + 1} 1 {label + 1}\n")
        (home / "annotations" / f"{table}.txt").write_text("".join(lines))


def _food101(task, home, rows):
    (home / "meta").mkdir()
    for split, listed in rows.items():
        images: dict[str, list[str]] = {}
        for label, number in reversed(listed):  # the lists do not follow the classes
            name = f"{task.folders[label]}/{split == 'test':d}{number}"
            (home / "images" / task.folders[label]).mkdir(parents=True, exist_ok=True)
            _jpeg(home / "images" / f"{name}.jpg", noise(task.name, split, label, number, 16, 20, 3))
            images.setdefault(task.folders[label], []).append(name)
        (home / "meta" / f"{split}.json").write_text(json.dumps(images))


def _rendered_sst2(task, home, rows):
    for split, listed in {**rows, "valid": [(0, 0), (1, 0)]}.items():
        for label, number in listed:
            place = home / split / task.folders[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(task.name, split, label, number, 16, 16, 3)).save(place / f"{number}.png")


def _fer2013(task, home, rows):
    usages = {"train": ["Training"], "test": ["PublicTest", "PrivateTest"]}
    listed = [("train", row) for row in reversed(rows["train"])] + [("test", row) for row in rows["test"]]
    with open(home / "fer2013.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for count, (split, (label, number)) in enumerate(listed):
            pixels = noise(task.name, split, label, number, 48 * 48)
            usage = usages[split][count % len(usages[split])]
            writer.writerow([label, " ".join(map(str, pixels)), usage])


def _jpeg(path: Path, pixels: np.ndarray):
    Image.fromarray(pixels).save(path, "JPEG")


_BUILDERS = {
    "stl10": _stl10,
    "oxford_pets": _oxford_pets,
    "flowers102": _flowers102,
    "cifar100": _cifar,
    "fer2013": _fer2013,
    "cifar10": _cifar,
    "food101": _food101,
    "fashion_mnist": _grey,
    "rendered_sst2": _rendered_sst2,
    "emnist": _emnist,
    "kmnist": _grey,
}
