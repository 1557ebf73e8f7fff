"""Parquet files of other types, values and metadata than the hub's: refused with column, got and expected."""

import json
import os

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from lib.data.readers import parquet, parquet_schema
from lib.data.readers.errors import DataError, ImageError
from tests import miniatures

PNG = miniatures.encoded(1, "train", "PNG")
CELLS = [{"bytes": PNG, "path": "a.png"}] * 2


def written(tmp_path, images=CELLS, labels=(0, 1), kind=None, label_kind=None, metadata=None):
    table = pyarrow.table({"image": pyarrow.array(images, kind), "label": pyarrow.array(labels, label_kind)})
    file = tmp_path / "train-00000-of-00001.parquet"
    pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), file)
    return file


def read(file):
    return parquet.read([file], image="image", label="label")


def refused(file, text):
    with pytest.raises(DataError, match=text) as error:
        read(file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize("kind", [pyarrow.uint8(), pyarrow.int16(), pyarrow.int64(), pyarrow.uint64()])
def test_whole_numbers_of_any_width_are_labels(kind, tmp_path):
    split = read(written(tmp_path, label_kind=kind))
    assert split.labels.dtype == np.int64 and split.labels.tolist() == [0, 1]
    assert split.image(1).getpixel((0, 0)) == miniatures.colour(1, "train")


@pytest.mark.parametrize("kind", [pyarrow.binary(), pyarrow.large_binary()])
def test_plain_bytes_are_images(kind, tmp_path):
    assert read(written(tmp_path, [PNG, PNG], kind=kind)).image(0).size == (16, 16)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["a", "b"], "column 'label': got the type string, expected whole numbers"),
        ([0.0, 1.0], "column 'label': got the type double, expected whole numbers"),
        ([[0], [1]], r"got the type list"),
        ([None, None], "got the type null"),
        ([0, None], "column 'label': got 1 nulls in 2 rows of 2, expected a label for each row"),
        ([2**63, 1], "got ArrowInvalid: .*9223372036854775808"),
    ],
)
def test_other_labels_are_refused(labels, text, tmp_path):
    large = pyarrow.uint64() if labels[0] == 2**63 else None
    refused(written(tmp_path, labels=labels, label_kind=large), text)


@pytest.mark.parametrize(
    ("images", "text"),
    [
        ([1, 2], "column 'image': got the type int64, expected binary, or a struct with a binary field bytes"),
        ([None, None], "got the type null"),
        (["a.png", "/etc/passwd"], "got the type string"),
        ([{"path": "a"}, {"path": "b"}], r"got the type struct<path: string>"),
        ([{"bytes": "text"}] * 2, r"got the type struct<bytes: string>"),
        ([[PNG], [PNG]], "got the type list<"),
        ([[0, 1], [2, 3]], "got the type list<"),
    ],
)
def test_other_images_are_refused(images, text, tmp_path):
    refused(written(tmp_path, images), text)


def test_paths_in_cells_are_never_opened(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    cells = [{"bytes": None, "path": str(tmp_path / "a.png")}, {"bytes": PNG, "path": "/etc/passwd"}]
    split = read(written(tmp_path, cells))
    with pytest.raises(ImageError, match="row 0 of the split: the cell holds no bytes"):
        split.image(0)
    assert split.image(1).size == (16, 16)


def test_columns_of_one_name_twice_are_refused(tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array(CELLS), *[pyarrow.array([0, 1])] * 2], ["image", "label", "label"])
    file = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(table, file)
    refused(file, r"columns \['image', 'label', 'label'\]")


def test_empty_files_and_files_without_rows(tmp_path):
    empty = written(tmp_path, [], [], pyarrow.struct({"bytes": pyarrow.binary()}), pyarrow.int64())
    assert len(read(empty)) == 0
    full = tmp_path / "b.parquet"
    full.write_bytes(written(tmp_path).read_bytes())
    empty = written(tmp_path, [], [], pyarrow.struct({"bytes": pyarrow.binary()}), pyarrow.int64())
    assert parquet.read([empty, full, empty], image="image", label="label").image(1).size == (16, 16)
    empty.write_bytes(b"")
    refused(empty, "got ArrowInvalid.*truncated or not parquet")


def test_special_files_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "is not a regular file")
    (tmp_path / "b.parquet").mkdir()
    refused(tmp_path / "b.parquet", "is not a regular file")


@pytest.mark.parametrize("bound", ["MAX_ROWS", "MAX_GROUP_BYTES"])
def test_files_that_claim_too_much_are_refused(bound, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_schema, bound, 1)
    refused(written(tmp_path), r"got 2 rows, up to \d+ bytes of images in a group, expected at most")


@pytest.mark.parametrize(
    "said",
    [
        b"{broken",
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"\xff",
        b'{"info": 3}',
        b'{"info": {"features": {"label": []}}}',
        b"null",
    ],
)
def test_broken_metadata_are_refused(said, tmp_path):
    file = written(tmp_path, metadata={"huggingface": said})
    with pytest.raises(DataError, match="expected names in the schema's metadata"):
        parquet.declared_names(file, "label")


@pytest.mark.parametrize("names", ["abc", [1, 2], [None], {"a": 1}, 7])
def test_class_names_that_are_no_list_of_texts_are_refused(names, tmp_path):
    said = json.dumps({"info": {"features": {"label": {"names": names}}}})
    file = written(tmp_path, metadata={"huggingface": said})
    with pytest.raises(DataError, match="got class names"):
        parquet.declared_names(file, "label")


def test_shards_of_two_series_and_of_a_huge_one(tmp_path):
    for name in ("train-00000-of-99999999999999.parquet", "train-00001-of-00002.parquet"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="got 2 files, without number 2, 3, 4, 5, 6 and 1 more, expected 2 or 999999"):
        parquet.shards(tmp_path, "train-*.parquet")
