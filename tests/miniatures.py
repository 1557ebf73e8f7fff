"""Miniatures of the papers' data sets: real files in the official layouts and schemas, a handful of images each.

An image is one colour, which tells label and split, so that a test can see whether a reader's rows are the right ones;
a test that needs other images gives `draw`, a function of (label, split, side).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data import tasks

SIDE = 16
Draw = Callable[[int, str, int], Image.Image]
_DEPTH = {"train": 40, "val": 120, "test": 200}


def colour(label: int, split: str) -> tuple[int, int, int]:
    """The image's colour; distinct for up to 1000 labels even after JPEG."""
    return (label % 32) * 8, (label // 32) * 8, _DEPTH[split]


def one_colour(label: int, split: str, side: int = SIDE) -> Image.Image:
    return Image.new("RGB", (side, side), colour(label, split))


def grey(label: int, split: str, side: int = SIDE) -> Image.Image:
    """MNIST's image, the same in every split."""
    return Image.new("L", (side, side), label * 20)


def encoded(label: int, split: str, form: str = "JPEG", draw: Draw = one_colour) -> bytes:
    buffer = io.BytesIO()
    draw(label, split, SIDE).save(buffer, form)
    return buffer.getvalue()


def folder(name: str, root: Path, *, train: int = 1, test: int = 1, draw: Draw | None = None) -> dict[str, int]:
    """Build the prepared folder of a task below root, `train` and `test` images a class; returns images by split."""
    task = tasks.read(name)
    home = root / task.homes[0]
    home.mkdir(parents=True)
    sizes = {"train": train, "test": test}
    if name == "eurosat":
        sizes["val"] = test
    builder = {
        "cars": _cars,
        "gtsrb": _gtsrb,
        "mnist": _mnist,
        "resisc45": _resisc45,
        "svhn": _svhn,
    }.get(name, _class_folders)
    builder(task, home, sizes, draw or (grey if name == "mnist" else one_colour))
    return {split: size * len(task.class_names) for split, size in sizes.items()}


def hub(
    name: str, folder: Path, *, train: int = 1, test: int = 1, shards: int = 1, draw: Draw = one_colour
) -> dict[str, int]:
    """Write a hub data set's parquet files below folder, labels in the schema's metadata; returns images by split."""
    task = tasks.read(name)
    for split, per_class in (("train", train), ("test", test)):
        labels = np.tile(np.arange(len(task.class_names)), per_class)
        for number, part in enumerate(np.array_split(labels, shards)):
            file = folder / task.hub.files[split].replace("*", f"{number:05d}-of-{shards:05d}")
            parquet(file, part.tolist(), split, list(task.labels or task.class_names), draw=draw)
    return {"train": train * len(task.class_names), "test": test * len(task.class_names)}


def parquet(
    file: Path,
    labels: list[int],
    split: str,
    names: list[str] | None,
    image: str = "image",
    draw: Draw = one_colour,
    label: str = "label",
):
    """One parquet file as the `datasets` library writes it: {bytes, path} and a ClassLabel, three rows a group."""
    import pyarrow
    import pyarrow.parquet

    rows = [{"bytes": encoded(value, split, "PNG", draw), "path": f"{row}.png"} for row, value in enumerate(labels)]
    table = pyarrow.table({image: rows, label: pyarrow.array(labels, pyarrow.int64())})
    if names is not None:
        features = {image: {"_type": "Image"}, label: {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    file.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, file, row_group_size=3)


def image_folder(root: Path, classes: tuple[str, ...] = ("a_cat", "dog"), **sizes: int) -> dict[str, int]:
    """A user's own task: {split}/{class}/{n}.png."""
    for split, size in sizes.items():
        for label, name in enumerate(classes):
            _images(root / split / name, "{}.png", label, split, size)
    return {split: size * len(classes) for split, size in sizes.items()}


def _images(place: Path, pattern: str, label: int, split: str, size: int, draw: Draw = one_colour):
    place.mkdir(parents=True, exist_ok=True)
    form = {"jpg": "JPEG", "JPEG": "JPEG", "png": "PNG", "ppm": "PPM"}[pattern.rsplit(".", 1)[1]]
    for number in range(size):
        (place / pattern.format(number)).write_bytes(encoded(label, split, form, draw))


def _class_folders(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    test_is_val = task.name != "eurosat"
    suffix = "JPEG" if task.name == "imagenet" else "jpg"
    for split, size in sizes.items():
        place = home / ("val" if split == "test" and test_is_val else split)
        for label, name in enumerate(task.folders):
            _images(place / name, f"{name}_{split}_{{}}.{suffix}", label, split, size, draw)


def _cars(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    from scipy.io import savemat

    (home / "devkit").mkdir()
    savemat(home / "devkit" / "cars_meta.mat", {"class_names": np.array([task.class_names], dtype=object)})
    tables = {"train": home / "devkit" / "cars_train_annos.mat", "test": home / "cars_test_annos_withlabels.mat"}
    for split, table in tables.items():
        rows = [
            (1, 1, SIDE, SIDE, label + 1, f"{1 + label * sizes[split] + number:05d}.jpg")
            for label in reversed(range(len(task.class_names)))
            for number in range(sizes[split])
        ]
        fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
        savemat(table, {"annotations": np.array([rows], dtype=[(field, object) for field in fields])})
        for row in rows:
            _images(home / f"cars_{split}", row[-1], row[-2] - 1, split, 1, draw)


def _gtsrb(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    training, final = home / "GTSRB" / "Training", home / "GTSRB" / "Final_Test" / "Images"
    for label, name in enumerate(task.folders):
        _images(training / name, "00000_{:05d}.ppm", label, "train", sizes["train"], draw)
        gtsrb_table(training / name / f"GT-{name}.csv", [("00000_00000.ppm", label)])
    rows = [(f"{row:05d}.ppm", row % len(task.folders)) for row in range(sizes["test"] * len(task.folders))]
    for name, label in rows:
        _images(final, name, label, "test", 1, draw)
    gtsrb_table(home / "GT-final_test.csv", rows)


def gtsrb_table(path: Path, rows: list[tuple[str, int]]):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Filename", "Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId"])
        writer.writerows([name, SIDE, SIDE, 1, 1, SIDE, SIDE, label] for name, label in rows)


def _mnist(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    for split, prefix in (("train", "train"), ("test", "t10k")):
        labels = np.tile(np.arange(10, dtype=np.uint8), sizes[split])
        images = np.stack([np.asarray(draw(label, split, 28).convert("L")) for label in labels.tolist()])
        idx(home / f"{prefix}-images-idx3-ubyte", images)
        idx(home / f"{prefix}-labels-idx1-ubyte.gz", labels)


def idx(path: Path, array: np.ndarray):
    data = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def _svhn(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    from scipy.io import savemat

    for split, size in sizes.items():
        labels = np.tile(np.arange(10), size)
        images = np.stack([np.asarray(draw(label, split, 32)) for label in labels.tolist()], axis=-1)
        savemat(home / f"{split}_32x32.mat", {"X": images, "y": np.where(labels == 0, 10, labels)[:, None]})


def _resisc45(task: tasks.Task, home: Path, sizes: dict[str, int], draw: Draw):
    for split, start in (("train", 0), ("test", 500), ("val", 600)):
        size = sizes.get(split, 1)
        listed = []
        for label, name in enumerate(task.folders):
            place = home / "NWPU-RESISC45" / name
            for number in range(start, start + size):
                _images(place, f"{name}_{number + 1:03d}.jpg", label, split, 1, draw)
                listed.append(f"{name}_{number + 1:03d}.jpg")
        (home / f"resisc45-{split}.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")


def archive(name: str, root: Path, *, train: int = 2, test: int = 1) -> dict[str, int]:
    """Build DTD or SUN397 as their archives unpack, below root; returns images by split."""
    task = tasks.read(name)
    home = root / task.homes[-1]
    images, lists = (home / "images", home / "labels") if name == "dtd" else (home, home / "Partitions")
    lists.mkdir(parents=True)
    files = {
        "dtd": [("train1.txt", "train", train - 1), ("val1.txt", "train", 1), ("test1.txt", "test", test)],
        "sun397": [("Training_01.txt", "train", train), ("Testing_01.txt", "test", test)],
    }[name]
    for file, split, size in files:
        lines = []
        for label, folder_name in reversed(list(enumerate(task.folders))):
            place = folder_name if name == "dtd" else _sun397_place(folder_name)
            pattern = f"{file[:4]}_{{}}.jpg"
            _images(images / place, pattern, label, split, size)
            lines += [("" if name == "dtd" else "/") + f"{place}/{pattern.format(number)}" for number in range(size)]
        (lists / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"train": train * len(task.folders), "test": test * len(task.folders)}


def _sun397_place(name: str) -> str:
    """a_abbey -> a/abbey; the archive has a third level for indoor and outdoor."""
    letter, rest = name.split("_", 1)
    base, _, last = rest.rpartition("_")
    return f"{letter}/{base}/{last}" if last in ("indoor", "outdoor") else f"{letter}/{rest}"
