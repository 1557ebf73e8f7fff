"""Users' own tasks: {train,test[,val]}/<class>/<image>, with templates from the options."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.checks import check_counts, check_labels
from lib.data.readers.errors import DataError
from lib.data.readers.folders import class_directories, images_by_class
from lib.data.readers.images import split_of_files

_CORRECT = "correct the option"


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
    without {}, class_names that do not fit, options of another kind, and splits that share a folder.
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
    _check_kinds(root, templates, class_names, expected_counts)
    names = class_names if class_names is not None else {name: name.replace("_", " ") for name in folders}
    _check_words(root, folders, names, templates)
    splits = {"train": _split(root / "train", folders), "test": _split(root / "test", folders)}
    if (root / "val").is_dir():
        splits["val"] = _split(root / "val", folders)
    _check_own_folders(root, splits, folders)
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
    bad = [template for template in templates if not _is_template(template)]
    if bad or not templates:
        raise DataError(
            f"image_folder {root}: templates",
            got=bad or "none",
            expected="at least one, each with one {} for the class name",
            next_step='write templates such as "a photo of a {}."',
        )


def _is_template(text: object) -> bool:
    if not isinstance(text, str):
        return False
    before, _, after = text.partition("{}")
    return len(before) + len(after) + 2 == len(text) and not set(before + after) & set("{}")


def _check_kinds(root: Path, templates: object, class_names: object, expected_counts: object) -> None:
    if isinstance(templates, str) or not isinstance(templates, Sequence):
        raise DataError(
            f"image_folder {root}: templates", got=repr(templates), expected="a list of texts", next_step=_CORRECT
        )
    words = class_names if class_names is not None else {}
    texts = [*words.keys(), *words.values()] if isinstance(words, Mapping) else [None]
    if not all(isinstance(text, str) and text.strip() and text.isprintable() for text in texts):
        raise DataError(
            f"image_folder {root}: class_names",
            got=repr(class_names),
            expected="a printable text for each folder (in YAML, quote names such as '8' and 'no')",
            next_step=_CORRECT,
        )
    if expected_counts is not None and not isinstance(expected_counts, Mapping):
        raise DataError(
            f"image_folder {root}: expected_counts",
            got=repr(expected_counts),
            expected="a number for each split",
            next_step=_CORRECT,
        )


def _check_own_folders(root: Path, splits: Iterable[str], class_folders: Sequence[str]) -> None:
    """No two splits read the same folder, as links may have it: that would be a leaked split."""
    seen: dict[str, Path] = {}
    for place in [root / split / name for split in splits for name in class_folders]:
        other = seen.setdefault(os.path.realpath(place), place)
        if other != place:
            raise DataError(
                f"image_folder {root}: a leaked split",
                got=f"{place} and {other}, which are one folder",
                expected="a folder of its own for each class and split",
                next_step="put other images there, or remove the link",
            )
