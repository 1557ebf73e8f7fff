"""The data sets: by which module each is read, from which sources, with which options.

A registry for the edge. The workflow turns a data set into values and hands those to its jobs, which never import this
module: a further data set is one reader in `lib/data/readers/` and one entry here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.data import opening, tasks
from lib.data import options as known_options
from lib.data.options import Option
from lib.data.raw_task import RawTask
from lib.data.readers.errors import DataError


@dataclass(frozen=True)
class DataSet:
    """One data set.

    reader: a module of lib/data/readers, of its folder or its code. official: whether `lib.data.tasks` holds its
    class names, templates and counts; it can then be read from the hub, too, or, hub_alone, from nowhere else. own:
    the options of a data set that is not. side: the longest shorter side of its images in pixels, None where it is
    not known. own_validation: whether the folder has a validation split of its own. from_folder: whether a data set
    that is not official is read from a folder of its own below the data root, the option `path`; else it comes from
    code, or, from_hub, from the repository that its options name. input: what a row is, "image" or "text". package:
    an optional package that its reader needs. total: the number of all its images, of which the option `test` are
    for testing. classes: their number by its options.
    """

    name: str
    reader: str
    meaning: str
    official: bool = True
    hub_alone: bool = False
    own: Callable[[], Mapping[str, Option]] = dict
    side: int | None = None
    own_validation: bool = False
    from_folder: bool = False
    from_hub: bool = False
    input: str = "image"
    package: str | None = None
    total: int | None = None
    classes: Callable[[Mapping[str, object]], int] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it can be read from: "folder", "hub" or "code"."""
        if self.official:
            return ("hub",) if self.hub_alone else ("folder", "hub")
        return ("folder",) if self.from_folder else ("hub",) if self.from_hub else ("code",)

    def options(self, source: str | None) -> Mapping[str, Option]:
        """The options that it takes when it is read from `source`, by name."""
        if not self.official:
            return self.own()
        return known_options.FOLDER if source == "folder" else known_options.HUB

    def counts(self, source: str | None, options: Mapping[str, object]) -> dict[str, int] | None:
        """Images by split, None if they are not known before it is read."""
        if "expected_counts" in options:
            return dict(options["expected_counts"])
        if self.official:
            known = tasks.read(self.name)
            return dict(known.hub.counts if source == "hub" else known.counts)
        if {"train", "test"} <= options.keys():
            return {split: options[split] for split in ("train", "test")}
        return None if self.total is None else {"train": self.total - options["test"], "test": options["test"]}

    def has_own_validation(self, source: str | None) -> bool:
        """Whether it comes with a validation split when it is read from `source`."""
        return self.own_validation and source == "folder"

    def number_of_classes(self, options: Mapping[str, object]) -> int | None:
        """C, None if it is not known before it is read."""
        if self.official:
            return len(tasks.read(self.name).class_names)
        return None if self.classes is None else self.classes(options)


def _official(name: str, reader: str, **more) -> DataSet:
    return DataSet(name, reader, "one of the papers' nine", **more)


def _of_suite(name: str, reader: str, **more) -> DataSet:
    return DataSet(name, reader, "one of the further tasks of the suites of 14 and 20", **more)


def _own(name: str, meaning: str, options: Mapping[str, Option] | Callable, **more) -> DataSet:
    found = options if callable(options) else lambda: options
    return DataSet(name, name, meaning, official=False, own=found, **more)


def _text_classes(options: Mapping[str, object]) -> int:
    from lib.synthetic.texts import KINDS

    return len(KINDS[options["kind"]].classes)


def _kind_classes(options: Mapping[str, object]) -> int:
    from lib.synthetic.world import KINDS

    return len(KINDS[options["kind"]].classes)


DATASETS = {
    dataset.name: dataset
    for dataset in (
        _official("cars", "cars_devkit"),
        _official("dtd", "class_folders"),
        _official("eurosat", "class_folders", side=64, own_validation=True),
        _official("gtsrb", "gtsrb"),
        _official("mnist", "mnist", side=28),
        _official("resisc45", "resisc45", side=256),
        _official("sun397", "class_folders"),
        _official("svhn", "svhn", side=32),
        _official("imagenet", "imagenet"),
        _of_suite("stl10", "stl10", side=96),
        _of_suite("oxford_pets", "oxford_pets"),
        _of_suite("flowers102", "flowers102"),
        _of_suite("cifar100", "cifar", side=32),
        _of_suite("pcam", "hub", side=96, hub_alone=True),  # its official files need a package that is not among ours
        _of_suite("fer2013", "fer2013", side=48),
        _of_suite("cifar10", "cifar", side=32),
        _of_suite("food101", "food101"),
        _of_suite("fashion_mnist", "mnist", side=28),
        _of_suite("rendered_sst2", "rendered_sst2", side=448),
        _of_suite("emnist", "emnist", side=28),
        _of_suite("kmnist", "mnist", side=28),
        _own(
            "image_folder",
            "a task of your own: `{train,test[,val]}/{class}/*`",
            known_options.IMAGE_FOLDER,
            from_folder=True,
        ),
        _own(
            "synthetic",
            "synthetic images, made by code",
            known_options.synthetic,
            side=32,
            classes=_kind_classes,
        ),
        _own(
            "sklearn_digits",
            "the digits that scikit-learn ships",
            known_options.SKLEARN_DIGITS,
            side=32,
            total=known_options.DIGITS,
            classes=lambda options: 10,
        ),
        _own(
            "hub_texts",
            "texts of a data set on the hub, at a pinned commit",
            known_options.HUB_TEXTS,
            input="text",
            from_hub=True,
            classes=lambda options: len(options["class_names"]),
        ),
        _own(
            "faker_texts",
            "short texts, made by Faker",
            known_options.faker_texts,
            input="text",
            package="faker",
            classes=_text_classes,
        ),
    )
}


def reading(dataset: str, source: str | None) -> dict[str, object]:
    """What `lib.data.opening.open_task` needs to know, as builtin values. source: None where there is but one.

    Raises DataError for an unknown data set or a source that it has not.
    """
    if dataset not in DATASETS:
        raise DataError("data set", got=dataset, expected=f"one of {', '.join(DATASETS)}", next_step="correct the name")
    known = DATASETS[dataset]
    if source is None and len(known.sources) == 1:
        (source,) = known.sources
    if source not in known.sources:
        raise DataError(
            f"{dataset}: source", got=source, expected=" or ".join(known.sources), next_step="correct the source"
        )
    reader = "hub" if source == "hub" and known.official else known.reader
    task = dataset if known.official else None
    return {"dataset": dataset, "source": source, "reader": f"lib.data.readers.{reader}", "task": task}


def hub_source(dataset: str, source: str | None, options: Mapping[str, object]) -> tuple[str, str | None, str | None]:
    """Where a data set is read from, and its repository and commit on the hub, None where it has none."""
    found = reading(dataset, source)["source"]
    if not DATASETS[dataset].official:
        return found, options.get("repository"), options.get("revision")
    known = tasks.read(dataset).hub
    return found, known.repo, options.get("revision", known.revision)


def for_reader(options: Mapping[str, object]) -> dict[str, object]:
    """The options that a reader gets: all but `path`, by which the workflow finds its folder."""
    return {name: value for name, value in options.items() if name != "path"}


def open_task(dataset: str, source: str | None, *, root: Path | None, options: Mapping[str, object]) -> RawTask:
    """A task as its source ships it, checked; see `lib.data.opening.open_task`. Raises DataError."""
    return opening.open_task(reading(dataset, source), root=root, options=options)
