"""Stanford Cars as its devkit annotates it."""

from __future__ import annotations

from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_names
from lib.data.readers.errors import DataError, some
from lib.data.readers.folders import image_names
from lib.data.readers.images import split_of_files
from lib.data.readers.listed_images import check_listed
from lib.data.readers.matlab import load_mat
from lib.data.tasks import Task

_MAX_BYTES = 64 * 2**20  # the largest table has 5 million


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the annotations' order. Raises DataError for absent or damaged files and other class names."""
    meta = load_mat(home / "devkit" / "cars_meta.mat", "class_names", kinds=frozenset({"cell"}), at_most=_MAX_BYTES)
    check_names(f"{task.title}: {home / 'devkit' / 'cars_meta.mat'}", [str(name) for name in meta.ravel()], task)
    return {
        "train": _split(home / "devkit" / "cars_train_annos.mat", home / "cars_train"),
        "test": _split(home / "cars_test_annos_withlabels.mat", home / "cars_test"),
    }


def _split(annotations: Path, images: Path) -> RawSplit:
    rows = load_mat(annotations, "annotations", kinds=frozenset({"struct"}), at_most=_MAX_BYTES)
    if not {"fname", "class"} <= set(rows.dtype.names or ()):
        raise DataError(
            f"Cars: {annotations}",
            got=f"fields {rows.dtype.names}",
            expected="the fields fname and class",
            next_step="take cars_test_annos_withlabels.mat, not the devkit's cars_test_annos.mat",
        )
    names = [str(name) for name in rows["fname"].ravel()]
    check_listed(f"Cars: {annotations}", names)
    present = image_names(images)
    absent = [name for name in names if name not in present]
    if absent:
        raise DataError(
            f"Cars: images in {images}",
            got=f"{len(absent)} of {len(names)} absent: {some(absent)}",
            expected=f"all files that {annotations.name} lists",
            next_step="unpack the archive of the images again",
        )
    return split_of_files([str(images / name) for name in names], _labels(annotations, rows["class"].ravel().tolist()))


def _labels(annotations: Path, found: list[object]) -> list[int]:
    strange = [label for label in found if not isinstance(label, int | float) or label not in range(1, 2**16)]
    if strange:
        raise DataError(
            f"Cars: {annotations}: classes",
            got=some([repr(label)[:80] for label in strange]),
            expected="whole numbers from 1",
            next_step="fetch the table again; it is damaged or another one",
        )
    return [int(label) - 1 for label in found]  # the devkit counts from 1
