"""Prepare one task: read its source, check it, split it, store decoded pictures and a manifest."""

from __future__ import annotations

from collections.abc import Mapping
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
) -> None:
    """Write {fit,val,test}.images.bin and .index.npz, then manifest.json, to `folder`."""
    raw = datasets.open_task(dataset, source or "folder", root=root, options=options)
    fit, val = _fit_and_validation(raw, split)
    crop = partial(augment.evaluation_crop, size=image_size)
    parts = {
        "fit": (raw.train, fit, partial(_at_most, short_side=train_short_side)),
        "val": (raw.val or raw.train, val, crop),
        "test": (raw.test, np.arange(len(raw.test)), crop),
    }
    entries = {}
    for part, (rows_of, rows, transform) in parts.items():
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


def _fit_and_validation(raw, split: Mapping[str, object]) -> tuple[np.ndarray, np.ndarray]:
    if raw.val is not None:
        return np.arange(len(raw.train)), np.arange(len(raw.val))
    return splits.fit_and_validation(len(raw.train), **split)


def _at_most(picture: Image.Image, short_side: int | None) -> Image.Image:
    """DEVIATES: large training pictures are kept with a shorter side of `short_side`, not in full; smaller ones are exact."""
    if short_side is None or min(picture.size) <= short_side:
        return picture
    scale = short_side / min(picture.size)
    return picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BICUBIC)


if __name__ == "__main__":
    with adapter.job(snakemake):  # noqa: F821
        params = snakemake.params  # noqa: F821
        main(
            Path(snakemake.output.manifest).parent,  # noqa: F821
            name=snakemake.wildcards.task,  # noqa: F821
            dataset=params.dataset,
            source=params.source,
            root=Path(params.data_root),
            options=params.options,
            image_size=params.image_size,
            train_short_side=params.train_short_side,
            split=params.split,
        )
