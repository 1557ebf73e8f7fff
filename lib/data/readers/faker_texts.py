"""Tasks whose texts Faker makes: `lib.synthetic.texts`."""

from __future__ import annotations

from lib.data.raw_task import RawTask
from lib.data.readers.errors import DataError
from lib.data.readers.options import check_whole_numbers
from lib.data.text_rows import text_rows
from lib.synthetic.texts import KINDS, TooFewTexts, make


def read(kind: str, *, train: int, test: int, seed: int) -> RawTask:
    """The task of this name with `train` and `test` short texts; no text of test stands in train.

    Raises DataError for an unknown kind and for more texts than Faker has.
    """
    from faker import VERSION

    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(
            "faker_texts: kind", got=repr(kind), expected=f"one of {', '.join(KINDS)}", next_step="correct the name"
        )
    check_whole_numbers("faker_texts", {"train": train, "test": test}, least=1)
    check_whole_numbers("faker_texts", {"seed": seed}, least=0)
    try:
        rows = make(kind, train=train, test=test, seed=seed)
    except TooFewTexts as error:
        raise DataError(
            f"faker_texts: {kind}", got=str(error), expected=f"{train} + {test} texts", next_step="lower train or test"
        ) from error
    return RawTask(
        class_names=KINDS[kind].class_names,
        templates=KINDS[kind].templates,
        train=text_rows(rows["train"]),
        test=text_rows(rows["test"]),
        origin={"source": "faker_texts", "kind": kind, "seed": seed, "faker": VERSION},
    )
