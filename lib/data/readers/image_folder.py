"""Users' own tasks: {train,test[,val]}/<class>/<image>, with templates from the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.checks import check_counts, check_labels
from lib.data.readers.errors import DataError
from lib.data.readers.folders import class_directories, images_by_class
from lib.data.readers.images import split_of_files


def read(
    root: Path | None,
    *,
    templates: Sequence[str],
    class_names: Mapping[str, str] | None = None,
    expected_counts: Mapping[str, int] | None = None,
) -> RawTask:
    """A task of a folder; labels follow the folders' sorted names.

    templates: prompts with one {} each. class_names: folder -> class name; without it, the folder's name with
    spaces for underscores. Raises DataError for absent folders, folders that differ between the splits, templates
    without {} and class_names that do not fit.
    """
    if root is None or not Path(root).is_dir():
        raise DataError(
            "image_folder: no data",
            got="no root" if root is None else f"nothing at {root}",
            expected="a folder with {train,test[,val]}/<class>/<image>, the only accepted source",
            next_step="set root to that folder",
        )
    root = Path(root)
    folders = sorted(class_directories(root / "train", "image_folder"))
    names = class_names if class_names is not None else {name: name.replace("_", " ") for name in folders}
    _check_words(root, folders, names, templates)
    splits = {"train": _split(root / "train", folders), "test": _split(root / "test", folders)}
    if (root / "val").is_dir():
        splits["val"] = _split(root / "val", folders)
    ordered = tuple(names[folder] for folder in folders)
    if expected_counts is not None:
        check_counts(f"image_folder {root}", splits, expected_counts, {})
    check_labels(f"image_folder {root}", splits, ordered)
    return RawTask(ordered, tuple(templates), **splits, origin={"source": "folder", "folder": root.name})


def _split(folder: Path, class_folders: Sequence[str]) -> RawSplit:
    return split_of_files(*images_by_class(folder, class_folders, "image_folder"))


def _check_words(root: Path, folders: Sequence[str], names: Mapping[str, str], templates: Sequence[str]) -> None:
    if sorted(names) != list(folders):
        raise DataError(
            f"image_folder {root}: class_names",
            got=sorted(names),
            expected=f"one name for each of {list(folders)}",
            next_step="name every folder of train, and no other",
        )
    bad = [template for template in templates if template.count("{}") != 1]
    if bad or not templates:
        raise DataError(
            f"image_folder {root}: templates",
            got=bad or "none",
            expected="at least one, each with one {} for the class name",
            next_step='write templates such as "a photo of a {}."',
        )
