"""Prepare one task: read its source, check it, split it, store decoded pictures and a manifest."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from lib import atomic, augment, datasets, prepared, splits
from workflow_scripts import adapter


def main(
    folder: Path,
    *,
    name: str,
    dataset: str,
    source: str | None,
    root: Path,
    options: Mapping[str, object],
    image_size: int,
    train_short_side: int | None,
    split: Mapping[str, object],
    parts: Sequence[str],
) -> None:
    """Write .images.bin and .index.npz of the wanted parts (fit, val, test), then manifest.json, to `folder`."""
    raw = _open(dataset, source, root, options)
    fit, val = _fit_and_validation(raw, split)
    crop = partial(augment.evaluation_crop, size=image_size)
    known = {
        "fit": (raw.train, fit, partial(_at_most, short_side=train_short_side)),
        "val": (raw.val or raw.train, val, crop),
        "test": (raw.test, np.arange(len(raw.test)), crop),
    }
    entries = {}
    for part in parts:
        rows_of, rows, transform = known[part]
        bar = partial(adapter.progress, total=len(rows), what=f"{name} {part}", unit="image")
        entries[part] = prepared.write(folder, part, rows_of, rows, crop=transform, progress=bar)
    atomic.write_json(
        folder / "manifest.json",
        {
            "task": name,
            "class_names": list(raw.class_names),
            "templates": list(raw.templates),
            "splits": entries,
            "split_rule": dict(split) if raw.val is None else "the source's own validation split",
            "image_size": image_size,
            "train_short_side": train_short_side,
            "source": dict(raw.origin),
            "deviations": list(raw.deviations),
        },
    )


def _open(dataset: str, source: str | None, root: Path, options: Mapping[str, object]):
    if dataset == "image_folder":
        rest = {key: value for key, value in options.items() if key != "path"}
        return datasets.open_task(dataset, "folder", root=root / options["path"], options=rest)
    return datasets.open_task(dataset, source or "code", root=root, options=options)


def _fit_and_validation(raw, split: Mapping[str, object]) -> tuple[np.ndarray, np.ndarray]:
    if raw.val is not None:
        return np.arange(len(raw.train)), np.arange(len(raw.val))
    fit, val = splits.fit_and_validation(len(raw.train), **split)
    return np.sort(fit), np.sort(val)  # in the source's order, in which files are read fastest


def _at_most(picture: Image.Image, short_side: int | None) -> Image.Image:
    """DEVIATES: large training pictures are kept with a shorter side of `short_side`, not in full; smaller ones are
    exact.
    """
    if short_side is None or min(picture.size) <= short_side:
        return picture
    scale = short_side / min(picture.size)
    return picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BICUBIC)


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.manifest).parent,
            name=params.name,
            dataset=params.dataset,
            source=params.source,
            root=Path(params.data_root),
            options=params.options,
            image_size=params.image_size,
            train_short_side=params.train_short_side,
            split=params.split,
            parts=params.parts,
        )
