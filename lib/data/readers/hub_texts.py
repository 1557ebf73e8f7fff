"""Texts of a pinned revision on the hub of data sets: parquet files or JSON lines with a column of texts and one of
labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lib.data import hub_client
from lib.data.raw_task import RawTask
from lib.data.readers.checks import check_counts, check_labels
from lib.data.readers.errors import DataError
from lib.data.readers.regular_files import regular
from lib.data.text_rows import text_rows

MOST_BYTES = 4 * 2**30  # of a file


def read(
    cache: Path | None,
    *,
    repository: str,
    revision: str,
    files: Mapping[str, str],
    text: str,
    label: str,
    class_names: Sequence[str],
    templates: Sequence[str],
    expected_counts: Mapping[str, int],
) -> RawTask:
    """The task's splits, fetched if the cache lacks them; rows in the file's order.

    files: split -> file inside the repository. text, label: names of columns. Raises DataError for anything the hub
    refuses, for damaged files, other numbers of rows, and labels that are not in [0, C).
    """
    commit = hub_client.pinned(repository, revision)
    folder = hub_client.fetch(repository, commit, tuple(files.values()), cache)
    splits = {split: text_rows(list(_rows(folder / name, text, label))) for split, name in files.items()}
    check_counts(repository, splits, expected_counts, {})
    check_labels(repository, splits, class_names)
    origin = {"source": "hub", "repo": repository, "revision": commit}
    return RawTask(tuple(class_names), tuple(templates), **splits, origin=origin)


def _rows(file: Path, text: str, label: str) -> Iterator[tuple[str, int]]:
    """(text, label) of each row. Raises DataError, which names the first row that is none."""
    rows = _of_parquet(file, text, label) if file.suffix == ".parquet" else _of_json_lines(file, text, label)
    try:
        if regular(file).stat().st_size > MOST_BYTES:
            raise ValueError(f"{file.stat().st_size} bytes, more than {MOST_BYTES}")
        for number, (sentence, value) in enumerate(rows):
            if not isinstance(sentence, str) or type(value) is not int:
                raise ValueError(f"row {number} holds {sentence!r:.60} and the label {value!r:.60}")
            yield sentence, value
    except DataError:
        raise
    except Exception as error:  # arrow raises its own and the system's errors for broken files
        raise DataError(
            f"texts in {file}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a text in {text!r} and a whole number in {label!r} in each row",
            next_step="take the repository and revision that the configuration names, and fetch them again",
        ) from error


def _of_parquet(file: Path, text: str, label: str) -> Iterator[tuple[object, object]]:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(file, columns=[text, label])
    yield from zip(table[text].to_pylist(), table[label].to_pylist(), strict=True)


def _of_json_lines(file: Path, text: str, label: str) -> Iterator[tuple[object, object]]:
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row[text], row[label]
