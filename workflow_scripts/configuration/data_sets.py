"""What is wrong with a configuration's data sets: options, sources, and splits that leave nothing to work on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from lib.data.datasets import DATASETS, for_reader, open_task
from lib.data.readers.errors import DataError
from lib.data.splits import validation_size
from workflow_scripts.configuration.names import tasks_of
from workflow_scripts.configuration.schema import option_faults


def wrong_data(config: Mapping[str, object], *, look: bool) -> Iterator[str]:
    """The faults of every task's data. look: list the images of folders that no configuration can count."""
    for key, task in tasks_of(config):
        found = list(_wrong_kind(config, key, task)) or list(_wrong_options(key, task))
        yield from found or _too_few(config, key, task, look=look)
    if "epochs" in config["control"]:
        yield f"control.epochs: got {config['control']['epochs']}, but nothing is fine-tuned on the control; remove it"
    side, size = config.get("train_short_side"), config.get("image_size")
    if side is not None and side < size:
        yield f"train_short_side: got {side}, expected at least image_size, {size}, or null to store images unchanged"


def _wrong_kind(config: Mapping[str, object], key: str, task: Mapping[str, object]) -> Iterator[str]:
    """A data set of images in a run on texts, or the other way round; one whose package is not installed."""
    dataset, wanted = DATASETS[task["dataset"]], "text" if "texts" in config else "image"
    if dataset.input != wanted:
        known = ", ".join(name for name, other in DATASETS.items() if other.input == wanted)
        held = f"{dataset.name} holds {dataset.input}s, but the run is on {wanted}s"
        yield f"{key}.dataset: {held}; choose one of {known}"
    elif dataset.package is not None and find_spec(dataset.package) is None:
        yield (
            f"{key}.dataset: {dataset.name} needs the package {dataset.package}, which is not installed here, expected "
            "that of envs/text.lock; run `make setup-text`"
        )


def _wrong_options(key: str, task: Mapping[str, object]) -> Iterator[str]:
    dataset = DATASETS[task["dataset"]]
    source, known = task.get("source"), dataset.sources
    if source is None and len(known) > 1:
        yield f"{key}: source is missing; choose {' or '.join(known)}"
    elif source is not None and source not in known:
        words = "is made by code" if known == ("code",) else f"is read from {_PLACES[known[0]]}"
        yield f"{key}.source: got {source!r}, but {dataset.name} {words}; remove source"
    else:
        yield from option_faults(f"{key}.options", dataset.name, source, task.get("options", {}))


_PLACES = {"folder": "a folder", "hub": "the hub"}


def _too_few(config: Mapping[str, object], key: str, task: Mapping[str, object], *, look: bool) -> Iterator[str]:
    """Splits without images, or with fewer than classes or than a batch."""
    dataset, options = DATASETS[task["dataset"]], task.get("options", {})
    counts, classes = dataset.counts(task.get("source"), options), dataset.number_of_classes(options)
    if dataset.from_folder and look:
        home = Path(config["data_root"], options["path"])
        try:
            raw = open_task(dataset.name, "folder", root=home, options=for_reader(options)) if _there(home) else None
        except DataError as error:
            yield f"{key}: {error}"
            return
        if raw is not None:
            splits = {"train": raw.train, "val": raw.val, "test": raw.test}
            counts = {split: len(rows) for split, rows in splits.items() if rows is not None}
            classes = len(raw.class_names)
    if counts is None:
        return
    for split in ("train", "test"):
        if classes is not None and counts[split] < classes:
            given = f"{counts[split]} {dataset.input}s to {split}"
            yield f"{key}: {given}, expected at least one of each of its {classes} classes"
    yield from _empty_splits(config, key, task, counts)


def _empty_splits(
    config: Mapping[str, object], key: str, task: Mapping[str, object], counts: Mapping[str, int]
) -> Iterator[str]:
    rule, n = config["split"], counts["train"]
    own = "val" in counts or DATASETS[task["dataset"]].has_own_validation(task.get("source"))
    v = 0 if own else validation_size(n, fraction=rule["fraction"], maximum=rule["maximum"])
    if not own and not 0 < v < n:
        yield (
            f"split.fraction: {rule['fraction']} of the {n} training images of {task['name']} leaves {n - v} to fit "
            f"and {v} to validate, expected at least one of each; choose another fraction, or more images"
        )
    elif key != "control" and (batch := config["finetune"]["batch_size"]) > n - v:
        yield (
            f"finetune.batch_size: {batch}, but {task['name']} leaves {n - v} images to fit; lower it, or take "
            "more images"
        )


def _there(home: Path) -> bool:
    try:
        return home.is_dir()
    except OSError:
        return False


def _reader_options(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if name != "path"}
