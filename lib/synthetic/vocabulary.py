"""A small byte-pair vocabulary in the format of CLIP's, learnt from captions."""

from __future__ import annotations

import gzip
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from lib.files import atomic

Pair = tuple[str, str]


def learn_merges(texts: Iterable[str], limit: int = 2000) -> list[Pair]:
    """Byte-pair merges until each word of the texts is one token, or `limit` merges are made.

    The most frequent pair goes first (Sennrich et al. 2016), the alphabetically first among equals.
    Texts are lower-case ASCII.
    """
    words = Counter(word for text in texts for word in re.findall(r"[a-z]+|[^\sa-z]+", text.lower()))
    pieces = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    merges: list[Pair] = []
    while len(merges) < limit:
        pairs: Counter[Pair] = Counter()
        for word, count in words.items():
            pairs.update({pair: count * n for pair, n in Counter(pairwise(pieces[word])).items()})
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = {word: _merged(parts, best) for word, parts in pieces.items()}
    return merges


def vocabulary_size(merges: Sequence[Pair]) -> int:
    """Bytes, bytes that end a word, merges, start and end of text."""
    return 512 + len(merges) + 2


def write_merges(path: str | os.PathLike, merges: Sequence[Pair]) -> None:
    """Writes what `open_clip.tokenizer.SimpleTokenizer(bpe_path=...)` reads; the bytes depend on merges alone."""
    text = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in merges)])
    with atomic.whole(path) as temporary:
        temporary.write_bytes(gzip.compress(text.encode(), mtime=0))


def _merged(parts: Sequence[str], pair: Pair) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return out
