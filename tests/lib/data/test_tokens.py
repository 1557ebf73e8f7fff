"""Texts as stored tokens, and training batches of them."""

import numpy as np
import pytest
import torch

from lib.data import prepared, preparing
from lib.data.text_rows import text_rows
from lib.data.token_batches import TrainingData
from lib.data.tokens import TokenError, open_tokenizer, prompted, tokenizer
from tests.small_bert import make_bert, make_roberta


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    make_bert(folder)
    return folder / "tokenizer.json"


def ids(stored):
    low, high, _ = stored[0].astype(int).T
    return low + 256 * high


def test_a_text_is_its_tokens_then_padding(file):
    known, stored = open_tokenizer(file), tokenizer(file, length=12, pad=0)("a b, c")
    expected = known.encode("a b, c").ids
    assert stored.shape == (1, 12, 3) and stored.dtype == np.uint8
    assert ids(stored).tolist() == expected + [0] * (12 - len(expected))
    assert stored[0, :, 2].tolist() == [1] * len(expected) + [0] * (12 - len(expected))


def test_a_long_text_loses_its_end_and_keeps_the_last_special_token(file):
    stored, known = tokenizer(file, length=6, pad=0)("abcdefghij"), open_tokenizer(file)
    assert ids(stored).tolist() == [*known.encode("abcdefghij").ids[:5], known.token_to_id("[SEP]")]


def test_ids_above_255_take_two_bytes(tmp_path):
    make_roberta(tmp_path, " ".join(f"word{i}" for i in range(600)))
    stored, known = tokenizer(tmp_path / "tokenizer.json", length=4, pad=1)("word555"), None
    known = open_tokenizer(tmp_path / "tokenizer.json")
    assert ids(stored)[1] == known.token_to_id("word555") > 255


@pytest.mark.parametrize("words", [1, 3, 10, 50])
def test_a_prompt_loses_the_end_of_the_text_and_nothing_else(tmp_path, words):
    make_roberta(tmp_path, "good film it was")
    file = tmp_path / "tokenizer.json"
    stored, known = prompted(file, "{} . it was <mask> .", length=16, pad=1), open_tokenizer(file)
    found = ids(stored(" ".join(["film"] * words)))
    text = [known.token_to_id("film")] * min(words, 9)
    tail = [known.token_to_id(token) for token in (".", "it", "was", "<mask>", ".", "</s>")]
    assert found[: len(text) + 7].tolist() == [0, *text, *tail]


def test_a_template_that_fills_the_length_is_refused(tmp_path):
    make_roberta(tmp_path, "good film it was")
    with pytest.raises(TokenError, match="raise texts.length"):
        prompted(tmp_path / "tokenizer.json", "{} . it was <mask> .", length=7, pad=1)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TokenError, match="fetch it again"):
        open_tokenizer(tmp_path / "tokenizer.json")


def test_batches_are_the_stored_texts_in_the_order_of_training(file, tmp_path):
    """No crop: the bytes of prepared rows reach the encoder, every row once an epoch."""
    rows, stored = [(f"text {i}", i % 3) for i in range(10)], tokenizer(file, length=8, pad=0)
    preparing.write(tmp_path, "fit", text_rows(rows), np.arange(10), crop=stored)
    data = TrainingData(prepared.read(tmp_path, "fit"), 4, image_size=0, seed=0)
    batches = list(data.ahead(0, 3, lambda n: [slice(0, n)]))
    tokens, labels = zip(*(part.cropped("cpu", 0) for (part,) in batches), strict=True)
    order = np.concatenate([data.rows(step) for step in range(3)])
    expected = np.stack([stored(rows[row][0]) for row in order])
    assert sorted(order) == list(range(10)) and torch.equal(torch.cat(tokens), torch.from_numpy(expected))
    assert torch.cat(labels).tolist() == [rows[row][1] for row in order]
