"""Image files in class folders, listed in the order of torchvision's ImageFolder.

A class folder may be a link, and so may an image. Below a class folder a link to a folder is refused: it leads back,
out, or to images that are counted twice. What is no image by its name is never opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lib.data.readers.checks import check_classes
from lib.data.readers.errors import DataError
from lib.data.readers.formats import EXTENSIONS

_LITTER = ("._", ".#")  # what macOS and editors put beside a file, under its name


def images_by_class(
    folder: Path, class_folders: Sequence[str], what: str, *, by_letter: bool = False
) -> tuple[list[str], list[int]]:
    """Paths and labels of all images below `folder`, classes in the order of their folders' names.

    The label of an image is the position of its folder in class_folders; for by_letter see `class_directories`. Raises
    DataError if the folders found are not exactly these, and for what `list_images` refuses.
    """
    found = class_directories(folder, what, by_letter=by_letter)
    place = f"{what}: class folders of {folder}"
    check_classes(place, found, class_folders, kind="folders", next_step="unpack or split the data set again")
    label_of = {name: label for label, name in enumerate(class_folders)}
    paths, labels = [], []
    for name in sorted(found):
        images = list_images(found[name])
        paths += images
        labels += [label_of[name]] * len(images)
    return paths, labels


def class_directories(folder: Path, what: str, *, by_letter: bool = False) -> Mapping[str, Path]:
    """Class folders by name. by_letter: folders of one letter (SUN397's a/a_abbey) are entered, not classes.

    Raises DataError if `folder` is absent, for names that are hidden or cannot be printed, for broken links, and for
    class folders that are the same folder or lie in one another.
    """
    if not folder.is_dir():
        raise DataError(
            f"{what}: missing folder",
            got=f"nothing at {folder}",
            expected="one folder a class in it",
            next_step="check the data root and the layout, or take the source hub",
        )
    found = _folders_in(folder)
    if by_letter:
        letters = [place for place in found if len(place.name) == 1]
        found = [place for place in found if len(place.name) > 1]
        found += [inside for letter in letters for inside in _folders_in(letter)]
    _check_apart(folder, found, what)
    return {place.name: place for place in found}


def list_images(folder: Path | str) -> list[str]:
    """Image files below a folder, in the order in which torchvision's ImageFolder walks them.

    Raises DataError, with its name, for what looks like an image and is no file, for links to folders, for hidden
    folders and for what cannot be read.
    """
    waiting, found = [os.fspath(folder)], []
    while waiting:
        place = waiting.pop()
        images, folders = _contents(place)
        found.append((place, images))
        waiting += [os.path.join(place, name) for name in folders]
    return [os.path.join(place, name) for place, names in sorted(found) for name in sorted(names)]


def image_names(folder: Path) -> frozenset[str]:
    """Names of the image files in a folder itself, none if it is absent. Raises DataError as `list_images` does."""
    return frozenset(_contents(os.fspath(folder))[0] if folder.is_dir() else ())


def _contents(place: str) -> tuple[list[str], list[str]]:
    """Names of the images and of the folders in a folder."""
    images, folders = [], []
    with _listing(place) as entries:
        for entry in entries:
            name = entry.name
            is_image = name.lower().endswith(EXTENSIONS)
            if name.startswith(_LITTER):
                continue
            if entry.is_file(follow_symlinks=False):
                if is_image:
                    images.append(name)
            elif entry.is_symlink():
                _check_link(entry)
                if is_image:
                    images.append(name)
            elif entry.is_dir(follow_symlinks=False):
                _check_name(entry)
                folders.append(name)
            elif is_image:
                raise DataError(
                    f"image {entry.path}",
                    got="a fifo, socket or device",
                    expected="a file",
                    next_step="remove it, or put the image there",
                )
    return images, folders


def _folders_in(folder: Path) -> list[Path]:
    """The folders in a folder; what is neither a folder nor a link stays unread, as in torchvision."""
    found = []
    with _listing(os.fspath(folder)) as entries:
        for entry in entries:
            if entry.is_symlink() and not os.path.exists(entry.path):
                _check_link(entry)
            elif entry.is_dir():
                _check_name(entry)
                found.append(Path(entry.path))
    return found


@contextmanager
def _listing(place: str) -> Iterator[Iterator[os.DirEntry]]:
    try:
        with os.scandir(place) as entries:
            yield entries
    except OSError as error:
        raise DataError(
            f"folder {place}",
            got=f"{type(error).__name__}: {error}",
            expected="a folder that can be listed",
            next_step="check its permissions and that its disk is whole",
        ) from error


def _check_link(entry: os.DirEntry) -> None:
    if not os.path.isfile(entry.path):
        raise DataError(
            f"link {entry.path}",
            got=f"a link to {os.readlink(entry.path)}",
            expected="only links to files in a class folder: others are counted twice, without end or not at all",
            next_step="put the folder or file itself there, or remove the link",
        )


def _check_name(entry: os.DirEntry) -> None:
    if entry.name.startswith(".") or not entry.name.isprintable():
        raise DataError(
            f"folder {entry.path}",
            got=f"the name {entry.name!r}",
            expected="a name of printable characters that does not begin with a dot",
            next_step="rename the folder, or remove it if no images of yours are in it",
        )


def _check_apart(folder: Path, found: Sequence[Path], what: str) -> None:
    """Each class folder lies outside the others, and no link makes one of them the folder that holds them."""
    home = os.path.realpath(folder)
    real = sorted((os.path.join(os.path.realpath(place), ""), str(place)) for place in found)
    pairs = [(one, other) for (a, one), (b, other) in zip(real, real[1:], strict=False) if b.startswith(a)]
    pairs += [(place, home) for path, place in real if os.path.join(home, "").startswith(path)]
    by_name = {place.name: place for place in found}
    pairs += [(str(by_name[place.name]), str(place)) for place in found if by_name[place.name] is not place]
    if pairs:
        raise DataError(
            f"{what}: class folders of {folder}",
            got=f"{pairs[0][1]} in {pairs[0][0]}",
            expected="folders that share no image",
            next_step="remove the link or the copy; an image must have one class",
        )
