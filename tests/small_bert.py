"""Small text encoders on disk, in the layout of transformers: a BERT of random weights, and a RoBERTa with its head."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-'.,:;@/_"


def make_bert(folder: Path, *, seed: int = 0) -> Path:
    """config.json, tokenizer.json and model.safetensors of a BERT that reads letter by letter; returns the weights."""
    from transformers import BertConfig, BertModel

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(vocabulary), type_vocab_size=2, pad_token_id=0, **SIZES)
    return _saved(folder, BertModel(config), tokenizer)


def make_roberta(folder: Path, words: str, *, seed: int = 0) -> Path:
    """The same of a RoBERTa with its language model's head, whose tokens are these words and full stops."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *dict.fromkeys(words.split()), ".", ":", "<mask>"]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    torch.manual_seed(seed)
    config = RobertaConfig(vocab_size=len(vocabulary), type_vocab_size=1, pad_token_id=1, **SIZES)
    weights = _saved(folder, RobertaForMaskedLM(config), tokenizer)
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "mask_token_id": vocabulary.index("<mask>")}))
    return weights


def _saved(folder: Path, model, tokenizer: Tokenizer) -> Path:
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))  # biases and norms begin at 0 and 1, which would hide them
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "model.safetensors"
