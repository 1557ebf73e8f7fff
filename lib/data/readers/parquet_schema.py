"""What a parquet file says of itself before a row is read: columns, their types, sizes and class names."""

from __future__ import annotations

import json
from pathlib import Path

from lib.data.readers.errors import DataError

MAX_ROWS = 10_000_000
MAX_GROUP_BYTES = 4 * 2**30


def check_columns(schema, file: Path, *, image: str, label: str) -> None:
    """Raise DataError unless there is one column of each name: whole numbers or truths, and bytes or {bytes, ...}."""
    import pyarrow

    names = schema.names
    if any(names.count(name) != 1 for name in (image, label)):
        raise DataError(
            f"parquet file {file}",
            got=f"columns {names}",
            expected=f"the columns {image!r} and {label!r}",
            next_step="take the data set and revision that lib/data/tasks names",
        )
    kinds = pyarrow.types
    kind = schema.field(image).type
    data = kind.field("bytes").type if kinds.is_struct(kind) and kind.get_field_index("bytes") >= 0 else kind
    if not (kinds.is_binary(data) or kinds.is_large_binary(data)):
        raise DataError(
            f"parquet file {file}: column {image!r}",
            got=f"the type {kind}",
            expected="binary, or a struct with a binary field bytes",
            next_step="take the data set and revision that lib/data/tasks names",
        )
    if not (kinds.is_integer(schema.field(label).type) or kinds.is_boolean(schema.field(label).type)):
        raise DataError(
            f"parquet file {file}: column {label!r}",
            got=f"the type {schema.field(label).type}",
            expected="whole numbers",
            next_step="take the data set and revision that lib/data/tasks names",
        )


def group_sizes(metadata, file: Path, image: str) -> list[int]:
    """Rows of each group. Raises DataError for more than MAX_ROWS, or images of more than MAX_GROUP_BYTES in one."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    ours = [column for column in columns if column.path_in_schema.split(".")[0] == image]
    largest = max((column.total_uncompressed_size for column in ours), default=0)
    if metadata.num_rows > MAX_ROWS or largest > MAX_GROUP_BYTES:
        raise DataError(
            f"parquet file {file}",
            got=f"{metadata.num_rows} rows, up to {largest} bytes of images in a group",
            expected=f"at most {MAX_ROWS} rows, and {MAX_GROUP_BYTES} bytes",
            next_step="take the data set and revision that lib/data/tasks names",
        )
    return [group.num_rows for group in groups]


def class_names(schema, file: Path, label: str) -> list[str]:
    """The class names that the schema's metadata declare. Raises DataError if they declare none."""
    try:
        declared = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = declared.get("info", {}).get("features", {}).get(label, {}).get("names")
        found = "none"
    except (ValueError, AttributeError, RecursionError) as error:
        names, found = None, f"{type(error).__name__}: {error}"
    if not names or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(
            f"parquet file {file}",
            got=f"no class names for the column {label!r}: {found}" if not names else f"class names {str(names)[:80]}",
            expected="names in the schema's metadata (huggingface)",
            next_step="take the revision that lib/data/tasks names, or set the option label_order to by_position after "
            "you have checked the zero-shot accuracy",
        )
    return names
