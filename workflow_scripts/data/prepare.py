"""Prepare one task: read its source, check it, split it, store decoded images and a manifest."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data.evaluation_crop import evaluation_crop
from lib.data.opening import open_task
from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import ImageError
from workflow_scripts.data.task_files import all_or_nothing, fit_and_validation, place, write_manifest, write_parts
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
    fit, val = fit_and_validation(raw, split)
    crop, shrink = partial(evaluation_crop, size=image_size), _Shrink(train_short_side)
    known = {
        "fit": (raw.train, fit, shrink),
        "val": (raw.val or raw.train, val, crop),
        "test": (raw.test, np.arange(len(raw.test)), crop),
    }
    wanted = {part: known[part] for part in parts}
    with all_or_nothing(folder), _naming_broken_images(raw, [part[:2] for part in wanted.values()]):
        entries = write_parts(folder, wanted, name=name, unit="image")
        told = {"image_size": image_size, "train_short_side": train_short_side}
        write_manifest(folder, raw, entries, name=name, split=split, told=told, deviations=shrink.deviations(name))


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
