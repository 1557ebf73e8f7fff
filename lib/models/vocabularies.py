"""A tokenizer's merges file, looked at before any job: what `open_clip.tokenizer.SimpleTokenizer` will read of it.

The tokenizer knows 256 bytes, 256 bytes that end a word, the merges of at most MOST_MERGES lines behind the first, and
the start and end of a text. Imports neither torch nor open_clip.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from functools import lru_cache

from lib.models.architectures import EncoderError

MOST_BYTES = 16_000_000  # unpacked; CLIP's has 3.2 million
MOST_MERGES = 49152 - 256 - 2
_PAIRS = re.compile(r"(?:\S++ \S++(?:\n|\Z))+")


def require_vocabulary(file: str | os.PathLike, text_cfg: dict | None = None) -> None:
    """Raise EncoderError unless `file` is a gzip file of merges, with no more tokens than text_cfg's vocab_size.

    text_cfg: that of the model configuration, whose context_length the tokenizer needs, too. A vocab_size that is
    larger than the tokenizer's vocabulary is allowed: its last embeddings are never used.
    """
    size = vocabulary_size(file)
    if text_cfg is None:
        return
    if "context_length" not in text_cfg:
        raise EncoderError(f"{file} needs the tokens of a text: state text_cfg.context_length in the architecture")
    if size > text_cfg.get("vocab_size", 49408):
        raise EncoderError(
            f"{file} makes a vocabulary of {size} tokens, expected at most text_cfg.vocab_size, "
            f"{text_cfg.get('vocab_size', 49408)}: name the merges that the weights were trained with"
        )


def vocabulary_size(file: str | os.PathLike) -> int:
    """The number of tokens of the tokenizer that a merges file makes. Raises EncoderError."""
    try:
        state = os.stat(file)
    except (OSError, ValueError) as error:
        raise EncoderError(f"no vocabulary at {file} ({error}): correct its path") from error
    if not stat.S_ISREG(state.st_mode) or not state.st_size:
        raise EncoderError(
            f"{file} is {'empty' if stat.S_ISREG(state.st_mode) else 'no regular file'}, expected a tokenizer's "
            "merges, compressed by gzip: correct the path"
        )
    return _size(os.fspath(file), state.st_size, state.st_mtime_ns)


@lru_cache
def _size(file: str, *_) -> int:
    lines = _unpacked(file).split("\n", MOST_MERGES + 1)[1 : MOST_MERGES + 1]
    merges = "\n".join(lines).rstrip("\n")
    if not merges:
        raise EncoderError(
            f"{file} holds no merges behind its first line, expected two tokens a line: correct the path"
        )
    if not _PAIRS.fullmatch(merges):
        number, line = next(
            (n, line) for n, line in enumerate(merges.split("\n"), start=2) if not _PAIRS.fullmatch(line)
        )
        raise EncoderError(
            f"{file}, line {number}, is {line[:60]!r}, expected two tokens to merge and a space between them: it is no "
            "merges file; correct the path"
        )
    empty = not lines[-1]  # the tokenizer takes a line without merges for a token
    return 2 * 256 + len(set(merges.replace(" ", "").split("\n"))) + empty + 2


def _unpacked(file: str) -> str:
    try:
        with open(file, "rb") as packed:
            data = packed.read(MOST_BYTES + 1)
        if data[:2] != b"\x1f\x8b":
            raise EncoderError(
                f"{file} is not compressed by gzip (it starts with {data[:16]!r}), expected what open_clip's tokenizer "
                "opens: run gzip on the merges"
            )
        reader = zlib.decompressobj(wbits=31)
        text = reader.decompress(data, MOST_BYTES + 1)
        if len(data) > MOST_BYTES or len(text) > MOST_BYTES:
            raise EncoderError(f"{file} holds more than {MOST_BYTES} bytes, expected a tokenizer's merges: correct it")
        if not reader.eof or reader.unused_data:
            raise EncoderError(f"{file} is no complete gzip file: fetch it again")
        return text.decode()
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}): correct its permissions") from error
    except (zlib.error, UnicodeDecodeError) as error:
        raise EncoderError(f"{file} holds no text compressed by gzip ({str(error)[:100]}): fetch it again") from error
