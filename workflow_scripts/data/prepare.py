"""Prepare one task: read its source, check it, split it, store decoded images and a manifest."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data import preparing, splits
from lib.data.evaluation_crop import evaluation_crop
from lib.data.opening import open_task
from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError, ImageError
from lib.files import atomic
from workflow_scripts.job import adapter


def main(
    folder: Path,
    *,
    name: str,
    reading: Mapping[str, object],
    root: Path,
    options: Mapping[str, object],
    image_size: int,
    train_short_side: int | None,
    split: Mapping[str, object] | None,
    parts: Sequence[str],
) -> None:
    """Write .images.bin, .index.npz and .json of the wanted parts (fit, val, test), then classes.json (class names and
    templates) and manifest.json (all of it, for people and audits) to `folder`.

    reading: of `lib.data.datasets.reading`. split: the rule for val, None for a source with a val of its own. All files
    or none. Raises DataError for a source that is absent, damaged or another one; of images that cannot be decoded it
    names the first five.
    """
    raw = open_task(reading, root=root, options=options)
    fit, val = _fit_and_validation(raw, split)
    crop, shrink = partial(evaluation_crop, size=image_size), _Shrink(train_short_side)
    known = {
        "fit": (raw.train, fit, shrink),
        "val": (raw.val or raw.train, val, crop),
        "test": (raw.test, np.arange(len(raw.test)), crop),
    }
    with _all_or_nothing(folder), _naming_broken_images(raw, [known[part][:2] for part in parts]):
        entries = {}
        for part in parts:
            rows_of, rows, transform = known[part]
            bar = partial(adapter.progress, total=len(rows), what=f"{name} {part}", unit="image")
            entries[part] = preparing.write(folder, part, rows_of, rows, crop=transform, progress=bar)
            atomic.write_json(folder / f"{part}.json", entries[part])
        classes = {"class_names": list(raw.class_names), "templates": list(raw.templates)}
        atomic.write_json(folder / "classes.json", classes)
        manifest = {
            "task": name,
            **classes,
            "splits": entries,
            "split_rule": dict(split) if raw.val is None else "the source's own validation split",
            "image_size": image_size,
            "train_short_side": train_short_side,
            "source": dict(raw.origin),
            "deviations": [*raw.deviations, *shrink.deviations(name)],
        }
        atomic.write_json(folder / "manifest.json", manifest)


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Remove what the block wrote to `folder` if it raises: whole splits without a manifest are of no use."""
    before = set(folder.glob("*"))
    try:
        yield
    except BaseException:
        for path in set(folder.glob("*")) - before:
            path.unlink()
        raise


@contextmanager
def _naming_broken_images(raw: RawTask, wanted: Sequence[tuple[RawSplit, np.ndarray]]) -> Iterator[None]:
    """After the first image that cannot be decoded, look for more, so that one message names several.

    wanted: splits of `raw` and the rows that are read of them.
    """
    try:
        yield
    except ImageError:
        rows: dict[str, list[int]] = {}
        for split, chosen in wanted:
            name = next(name for name in ("train", "val", "test") if getattr(raw, name) is split)
            rows.setdefault(name, []).extend(chosen.tolist())
        check_decodable(raw, rows={name: sorted(chosen) for name, chosen in rows.items()})
        raise


def _fit_and_validation(raw: RawTask, split: Mapping[str, object] | None) -> tuple[np.ndarray, np.ndarray]:
    if raw.val is not None:
        return np.arange(len(raw.train)), np.arange(len(raw.val))
    if split is None:
        raise DataError(
            "validation split",
            got="a source without one",
            expected="one of its own, as the configuration of this data set says",
            next_step="check the folder: its val is missing",
        )
    fit, val = splits.fit_and_validation(len(raw.train), **split)
    return np.sort(fit), np.sort(val)  # in the source's order, in which files are read fastest


class _Shrink:
    """DEVIATES: large training images are kept with a shorter side of `short_side`, not in full; smaller ones are
    exact. None keeps all as they are.
    """

    def __init__(self, short_side: int | None):
        self.short_side, self.seen, self.shrunk = short_side, 0, 0

    def __call__(self, image: Image.Image) -> Image.Image:
        self.seen += 1
        if self.short_side is None or min(image.size) <= self.short_side:
            return image
        self.shrunk += 1
        scale = self.short_side / min(image.size)
        return image.resize([round(side * scale) for side in image.size], Image.Resampling.BICUBIC)

    def deviations(self, name: str) -> list[str]:
        """The sentence for the manifest, if an image was shrunk."""
        told = (
            f"{self.shrunk} of {self.seen} training images of {name} are stored with a shorter side of "
            f"{self.short_side} pixels, not in full; crops are taken from these."
        )
        return [told] if self.shrunk else []


def place(config: Mapping[str, object], name: str) -> Path:
    """Where a task of the configuration is read from: the data root, or a folder of its own below it."""
    (task,) = (task for task in [*config["tasks"], config["control"]] if task["name"] == name)
    return Path(config["data_root"], task.get("options", {}).get("path", ""))


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.manifest).parent,
            name=params.name,
            reading=params.reading,
            root=place(snakemake.config, params.name),
            options=params.options,
            image_size=params.image_size,
            train_short_side=params.train_short_side,
            split=params.split,
            parts=params.parts,
        )
