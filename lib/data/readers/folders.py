"""Image files in class folders, listed in the order of torchvision's ImageFolder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.data.readers.errors import DataError, some

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def images_by_class(folder: Path, class_folders: Sequence[str], what: str) -> tuple[list[str], list[int]]:
    """Paths and labels of all images below `folder`, classes in the order of their folders' names.

    The label of an image is the position of its folder in class_folders. Raises DataError if the folders
    found are not exactly these.
    """
    found = class_directories(folder, what)
    missing, strange = sorted(set(class_folders) - set(found)), sorted(set(found) - set(class_folders))
    if missing or strange:
        raise DataError(
            f"{what}: class folders of {folder}",
            got=f"missing: {some(missing) or 'none'}; unknown: {some(strange) or 'none'}",
            expected=f"the {len(class_folders)} folders {some(class_folders, 3)}",
            next_step="unpack or split the data set again",
        )
    label_of = {name: label for label, name in enumerate(class_folders)}
    paths, labels = [], []
    for name in sorted(found):
        images = list_images(found[name])
        paths += images
        labels += [label_of[name]] * len(images)
    return paths, labels


def class_directories(folder: Path, what: str) -> Mapping[str, Path]:
    """Class folders by name; folders of one letter (SUN397's a/a_abbey) are entered. Raises DataError if absent."""
    if not folder.is_dir():
        raise DataError(
            f"{what}: missing folder",
            got=f"nothing at {folder}",
            expected="one folder a class in it",
            next_step="check the data root and the layout, or take the source hub",
        )
    directories: dict[str, Path] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            inside = [entry] if len(entry.name) > 1 else filter(Path.is_dir, entry.iterdir())
            directories.update({directory.name: directory for directory in inside})
    return directories


def list_images(folder: Path, extensions: Sequence[str] = EXTENSIONS) -> list[str]:
    """Image files below a folder, in the order in which torchvision's ImageFolder walks them."""
    return [
        os.path.join(place, name)
        for place, _, names in sorted(os.walk(folder, followlinks=True))
        for name in sorted(names)
        if name.lower().endswith(tuple(extensions))
    ]
