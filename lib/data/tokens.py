"""Texts as tokens of one length, stored as prepared images are: a text of L tokens is UInt8[1, L, 3].

A token takes three bytes, as a pixel does: the low and the high byte of its id, then 1 where there is text and 0 where
there is padding. So the index, the digests and the checks of `lib.data.prepared` are those of texts too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

MOST_IDS = 2**16


class TokenError(ValueError):
    """A tokenizer that cannot be read, or a text that its tokens cannot hold."""


def tokenizer(file: Path, *, length: int, pad: int) -> Callable[[str], np.ndarray]:
    """text -> UInt8[1, length, 3], cut at the end where it is longer; file: a tokenizer.json of Hugging Face's.

    pad: the id of padding. Raises TokenError if the file is none, or has ids that two bytes cannot hold.
    """
    known = open_tokenizer(file)
    known.enable_truncation(length)
    known.enable_padding(length=length, pad_id=pad, pad_token=known.id_to_token(pad))
    return lambda text: _stored(known.encode(text))


def prompted(file: Path, template: str, *, length: int, pad: int) -> Callable[[str], np.ndarray]:
    """The same of template.format(text): a text that is too long loses its end, the template nothing."""
    plain, stored = open_tokenizer(file), tokenizer(file, length=length, pad=pad)
    room = length - len(plain.encode(template.format("")).ids)
    if room < 1:
        raise TokenError(f"the template {template!r} leaves no token of {length} for the text; raise texts.length")

    def tokens(text: str) -> np.ndarray:
        offsets, keep = plain.encode(text, add_special_tokens=False).offsets, room
        whole = text
        while len(plain.encode(template.format(text)).ids) > length:
            text, keep = whole[: offsets[keep - 1][1]], keep - 1
        return stored(template.format(text))

    return tokens


def open_tokenizer(file: Path):
    """The tokenizer of a file, without padding or truncation. Raises TokenError."""
    from tokenizers import Tokenizer

    try:
        known = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises plain exceptions
        raise TokenError(
            f"{file} is no tokenizer ({str(error)[:200]}), expected a tokenizer.json of Hugging Face's: fetch it again"
        ) from error
    if known.get_vocab_size() > MOST_IDS:
        raise TokenError(
            f"{file} has {known.get_vocab_size()} tokens, expected at most {MOST_IDS}: take another text encoder"
        )
    known.no_padding()
    known.no_truncation()
    return known


def _stored(encoding) -> np.ndarray:
    ids, mask = np.array(encoding.ids, np.uint16), np.array(encoding.attention_mask, np.uint8)
    return np.stack([(ids & 255).astype(np.uint8), (ids >> 8).astype(np.uint8), mask], axis=1)[None]
