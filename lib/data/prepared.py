"""Prepared splits: images decoded once into one memory-mapped array of bytes, with an index beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.files.digests import file_digest
from lib.files.own_files import OwnFileError, read_json, read_npz

FIELDS = ("offset", "height", "width", "label", "row")


class PreparedError(ValueError):
    """A prepared split that is absent, or of another kind than it is asked for."""


@dataclass(frozen=True)
class PreparedSplit:
    """One split on disk. bytes: UInt8[total], memory-mapped; index arrays Int64[n]."""

    bytes: np.ndarray
    offset: np.ndarray
    height: np.ndarray
    width: np.ndarray
    label: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    @property
    def uniform(self) -> bool:
        """True if all images have one size."""
        return len(set(self.height.tolist())) == 1 and len(set(self.width.tolist())) == 1

    def images(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """UInt8[b, h, w, 3]: the given images, each in the top left corner of a frame that holds the largest."""
        if self.uniform:
            return self._view()[np.asarray(rows)]
        frame = np.empty((len(rows), self.height[rows].max(), self.width[rows].max(), 3), np.uint8)
        for slot, row in enumerate(rows):
            h, w = self.height[row], self.width[row]
            frame[slot, :h, :w] = self._image(row)
            frame[slot, h:], frame[slot, :h, w:] = 0, 0  # each byte of the frame is written once
        return frame

    def _view(self) -> np.ndarray:
        return self.bytes.reshape(len(self), int(self.height[0]), int(self.width[0]), 3)

    def _image(self, row: int) -> np.ndarray:
        h, w, start = int(self.height[row]), int(self.width[row]), int(self.offset[row])
        return self.bytes[start : start + h * w * 3].reshape(h, w, 3)


def read(folder: str | os.PathLike, split: str) -> PreparedSplit:
    """Memory-map a stored split. Raises PreparedError if its files are absent, OwnFileError if one is damaged or they
    do not fit each other: images, index, and, where they lie beside them, the split's JSON file and classes.json.
    """
    images, index = Path(folder) / f"{split}.images.bin", Path(folder) / f"{split}.index.npz"
    if not images.exists() or not index.exists():
        raise PreparedError(f"no prepared split {split!r} in {folder}: run the rule `prepare` for this task")
    fields = read_npz(index, FIELDS)
    _require_index(index, fields)
    size, expected = images.stat().st_size, int((fields["height"] * fields["width"] * 3).sum())
    if size != expected:
        raise OwnFileError(images, got=f"{size} bytes", expected=f"{expected}, as its index says")
    _require_entry(Path(folder) / f"{split}.json", index, rows=len(fields["label"]), size=size)
    _require_classes(Path(folder) / "classes.json", index, fields["label"])
    return PreparedSplit(np.memmap(images, np.uint8, "r"), **fields)


def _require_index(index: Path, fields: Mapping[str, np.ndarray]) -> None:
    """Images of at least one pixel that follow each other without gap or overlap; no label or row below zero."""
    shapes = {values.shape for values in fields.values()}
    kinds = {str(values.dtype) for values in fields.values()}
    if kinds != {"int64"} or shapes != {(len(fields["label"]),)} or shapes == {(0,)}:
        raise OwnFileError(
            index, got=f"arrays of {sorted(kinds)} and the shapes {sorted(shapes)}", expected="int64, a value per image"
        )
    sizes = fields["height"] * fields["width"] * 3
    faults = {
        "height": fields["height"] < 1,
        "width": fields["width"] < 1,
        "offset": fields["offset"] != np.cumsum(sizes) - sizes,
        "label": fields["label"] < 0,
        "row": fields["row"] < 0,
    }
    for name, bad in faults.items():
        if bad.any():
            first = int(bad.argmax())
            raise OwnFileError(
                index,
                got=f"{int(bad.sum())} bad values of {name}, the first {fields[name][first]} of image {first}",
                expected="sizes from 1, labels and rows from 0, offsets at which the image before ends",
            )


def _require_entry(file: Path, index: Path, *, rows: int, size: int) -> None:
    """What the split's JSON file says of it, if there is one: a split that is written alone has none."""
    if not file.exists():
        return
    entry = read_json(file, ("n", "bytes", "index_sha256"))
    got = {"n": rows, "bytes": size, "index_sha256": file_digest(index)}
    for key, value in got.items():
        if entry[key] != value:
            raise OwnFileError(index, got=f"{key} {value}", expected=f"{entry[key]}, as {file} says")


def _require_classes(file: Path, index: Path, labels: np.ndarray) -> None:
    if not file.exists():
        return
    classes = len(read_json(file, ("class_names", "templates"))["class_names"])
    if labels.max() >= classes:
        raise OwnFileError(index, got=f"the label {labels.max()}", expected=f"one of the {classes} classes of {file}")
