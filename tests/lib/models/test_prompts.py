"""Zero-shot heads of text encoders, written out."""

import json

import pytest
import torch

from lib.data.tokens import open_tokenizer, tokenizer
from lib.models.architectures import EncoderError
from lib.models.encoders.text import text_encoder
from lib.models.prompts import class_head, label_word_head
from lib.models.text_configurations import most_tokens, read_text_configuration
from lib.models.text_weights import read_text_encoder, require_mask
from tests.small_bert import make_bert, make_roberta


def opened(folder, prompts):
    encoder = text_encoder(read_text_configuration(folder / "config.json", prompts=prompts))
    return encoder, read_text_encoder(folder / "model.safetensors", encoder)


def test_a_class_head_is_the_scaled_unit_mean_of_unit_embeddings(tmp_path):
    make_bert(tmp_path)
    encoder, theta = opened(tmp_path, "of_classes")
    stored = tokenizer(tmp_path / "tokenizer.json", length=16, pad=0)
    names, templates = ["cat", "a dog"], ["{}", "this is {}"]
    head = class_head(encoder, theta, stored, names, templates, scale=20)
    for row, name in zip(head, names, strict=True):
        units = []
        for template in templates:
            embedding = encoder.encode(theta, torch.from_numpy(stored(template.format(name))[None]))[0]
            units.append(embedding / embedding.norm())
        mean = sum(units) / 2
        torch.testing.assert_close(row, (20 * mean / mean.norm()).detach())
    assert head.dtype == torch.float32
    with pytest.raises(ValueError, match="need a {}"):
        class_head(encoder, theta, stored, names, ["nothing"], scale=20)


def test_a_head_of_label_words_is_of_their_embeddings(tmp_path):
    make_roberta(tmp_path, "great terrible so")
    _, theta = opened(tmp_path, "of_texts")
    known = open_tokenizer(tmp_path / "tokenizer.json")
    head = label_word_head(theta, known, ["terrible", "great"], scale=2)
    rows = [known.token_to_id(word) for word in ("terrible", "great")]
    torch.testing.assert_close(head, 2 * theta["embeddings.word_embeddings.weight"][rows])
    with pytest.raises(EncoderError, match="so great; choose other class_names"):
        label_word_head(theta, known, ["so great", "great"], scale=2)


@pytest.mark.parametrize(
    ("change", "prompts", "message"),
    [
        ({"model_type": "gpt2"}, "of_classes", "model_type is 'gpt2', expected one of bert, roberta"),
        ({"hidden_size": "wide"}, "of_classes", "hidden_size is 'wide', expected a whole number from 1"),
        ({"vocab_size": 70000}, "of_classes", "70000 tokens, expected at most 65536"),
        ({"position_embedding_type": "relative_key"}, "of_classes", "positions are not absolute"),
        ({}, "of_texts", "prompts of texts are read at the mask of a roberta"),
        ({"model_type": "roberta"}, "of_texts", "does not say mask_token_id"),
    ],
)
def test_a_configuration_that_cannot_be_computed_is_refused(tmp_path, change, prompts, message):
    make_bert(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(EncoderError, match=message):
        read_text_configuration(file, prompts=prompts)


def test_a_configuration_that_is_none_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(EncoderError, match="lacks vocab_size"):
        read_text_configuration(tmp_path / "config.json", prompts="of_classes")
    with pytest.raises(EncoderError, match="cannot be read"):
        read_text_configuration(tmp_path / "absent.json", prompts="of_classes")


def test_the_longest_text_is_that_of_the_positions(tmp_path):
    make_bert(tmp_path / "bert")
    make_roberta(tmp_path / "roberta", "a")
    found = [
        most_tokens(read_text_configuration(tmp_path / kind / "config.json", prompts="of_classes"))
        for kind in ("bert", "roberta")
    ]
    assert found == [40, 38]


def test_weights_of_another_encoder_or_that_are_not_finite_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    make_bert(tmp_path)
    encoder, _ = opened(tmp_path, "of_classes")
    stored, file = load_file(tmp_path / "model.safetensors"), tmp_path / "other.safetensors"
    name = "encoder.layer.0.attention.self.query.weight"
    for change, message in (
        ({name: stored[name][:4].contiguous()}, "expected floats of"),
        ({name: torch.full_like(stored[name], float("nan"))}, "is not finite"),
        ({name: None}, "lacks 1 of"),
    ):
        save_file({key: value for key, value in {**stored, **change}.items() if value is not None}, file)
        with pytest.raises(EncoderError, match=message):
            read_text_encoder(file, encoder)


def test_a_tokenizer_with_another_mask_is_refused(tmp_path):
    make_roberta(tmp_path, "great terrible")
    encoder, _ = opened(tmp_path, "of_texts")
    known = open_tokenizer(tmp_path / "tokenizer.json")
    require_mask(encoder, known, "tokenizer.json")
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "mask_token_id": 0}))
    wrong, _ = opened(tmp_path, "of_texts")
    with pytest.raises(EncoderError, match="correct mask_token_id"):
        require_mask(wrong, known, "tokenizer.json")
