"""Merges files: the tokenizer's size is computed as the tokenizer does, and what it cannot open is refused."""

import gzip
import os
from pathlib import Path

import pytest
from open_clip.tokenizer import SimpleTokenizer

from lib.models.architectures import EncoderError, vocabulary_file
from lib.models.vocabularies import require_vocabulary, vocabulary_size

ROOT = Path(__file__).resolve().parents[3]
TEXT = {"context_length": 8, "vocab_size": 600}


def merges(path, text, *, packed=True):
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


@pytest.mark.parametrize("file", [vocabulary_file(None), ROOT / "demo/clip/merges.txt.gz"])
def test_real_vocabularies_have_the_tokenizers_size(file):
    assert vocabulary_size(file) == SimpleTokenizer(str(file)).vocab_size


@pytest.mark.parametrize("text", ["#version\na b", "#version\na b\nab c</w>\n", "x\na b\nb c\na bc\nab c", "\na b\n\n"])
def test_small_vocabularies_have_the_tokenizers_size(tmp_path, text):
    file = merges(tmp_path / "m.gz", text)
    assert vocabulary_size(file) == SimpleTokenizer(str(file)).vocab_size
    require_vocabulary(file, TEXT)
    require_vocabulary(file)


def test_more_tokens_than_embeddings_are_refused(tmp_path):
    file = merges(tmp_path / "m.gz", "#version\na b\nb c")
    require_vocabulary(file, {**TEXT, "vocab_size": 516})
    with pytest.raises(EncoderError, match=r"a vocabulary of 516 tokens, expected at most text_cfg\.vocab_size, 515"):
        require_vocabulary(file, {**TEXT, "vocab_size": 515})
    with pytest.raises(EncoderError, match="state text_cfg.context_length"):
        require_vocabulary(file, {"vocab_size": 516})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#version", "holds no merges behind its first line"),
        ("#version\n\n\n", "holds no merges"),
        ("#version\na b\nabc\n", "line 3, is 'abc', expected two tokens"),
        ("#version\na b c", "line 2, is 'a b c'"),
        ("#version\na b\n\nb c", "line 3, is ''"),
        ("\0" * 20_000_000, "holds more than 16000000 bytes"),
    ],
)
def test_texts_that_are_no_merges_are_refused(tmp_path, text, message):
    with pytest.raises(EncoderError, match=message):
        require_vocabulary(merges(tmp_path / "m.gz", text))


def test_files_that_are_no_vocabulary_are_refused(tmp_path):
    whole = merges(tmp_path / "m.gz", "#version\na b").read_bytes()
    os.mkfifo(tmp_path / "pipe")
    files = {
        "plain": (b"#version\na b", "is not compressed by gzip .* run gzip on the merges"),
        "empty": (b"", "is empty"),
        "cut": (whole[:-9], "is no complete gzip file"),
        "changed": (whole[:-8] + b"\0" * 8, "holds no text compressed by gzip"),
        "more": (whole + b"a", "is no complete gzip file"),
        "bytes": (gzip.compress(b"a\n\xff\xfe b"), "holds no text"),
    }
    for name, (data, message) in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(EncoderError, match=message):
            require_vocabulary(tmp_path / name)
    for name, message in {"pipe": "no regular file", "absent": "no vocabulary at", ".": "no regular file"}.items():
        with pytest.raises(EncoderError, match=message):
            require_vocabulary(tmp_path / name)
