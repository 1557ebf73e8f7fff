"""The sizes of a text encoder, and what a forward pass of it costs; see `lib.cost`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TextTower:
    """The sizes of a BERT or RoBERTa on texts of `tokens` tokens. positions, types: rows of these embeddings;
    language_head: whether the dense layer and the norm of a language model's head belong to it.
    """

    tokens: int
    vocabulary: int
    positions: int
    types: int
    embed_dim: int
    layers: int
    hidden: int
    language_head: bool

    @classmethod
    def of(cls, configuration: Mapping[str, object], tokens: int) -> TextTower:
        """Of a configuration of `lib.models.text_configurations`."""
        config = configuration["config"]
        return cls(
            tokens=tokens,
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            types=config["type_vocab_size"],
            embed_dim=config["hidden_size"],
            layers=config["num_hidden_layers"],
            hidden=config["intermediate_size"],
            language_head=configuration["prompts"] == "of_texts",
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Number of elements of every parameter, under transformers' names."""
        d = self.embed_dim
        rows = {"word": self.vocabulary, "position": self.positions, "token_type": self.types}
        found = {f"embeddings.{name}_embeddings.weight": n * d for name, n in rows.items()}
        found |= _norm("embeddings.LayerNorm", d)
        for i in range(self.layers):
            found |= {f"encoder.layer.{i}.{name}": size for name, size in self._layer().items()}
        head = {**_dense("lm_head.dense", d, d), **_norm("lm_head.layer_norm", d)}
        return found | (head if self.language_head else {})

    @property
    def size_of_all(self) -> int:
        """Number of all parameters: the encoder is the whole model."""
        return sum(self.sizes.values())

    @property
    def weight_flops(self) -> dict[str, int]:
        """FLOPs a text that each weight's product takes in a forward pass: 2 x elements x tokens it is applied to."""
        ends = tuple(f"{name}.weight" for name in ("query", "key", "value", "dense"))
        matrices = [name for name in self.sizes if name.endswith(ends)]
        return {name: 2 * self.sizes[name] * (1 if name.startswith("lm_head") else self.tokens) for name in matrices}

    @property
    def attention_flops(self) -> int:
        """FLOPs a text of the products without weights, Q K^T and P V, in a forward pass: 4 tokens^2 width a layer."""
        return 4 * self.tokens**2 * self.embed_dim * self.layers

    def _layer(self) -> dict[str, int]:
        d = self.embed_dim
        return {
            **_dense("attention.self.query", d, d),
            **_dense("attention.self.key", d, d),
            **_dense("attention.self.value", d, d),
            **_dense("attention.output.dense", d, d),
            **_norm("attention.output.LayerNorm", d),
            **_dense("intermediate.dense", d, self.hidden),
            **_dense("output.dense", self.hidden, d),
            **_norm("output.LayerNorm", d),
        }


def _dense(name: str, inputs: int, outputs: int) -> dict[str, int]:
    return {f"{name}.weight": inputs * outputs, f"{name}.bias": outputs}


def _norm(name: str, width: int) -> dict[str, int]:
    return {f"{name}.weight": width, f"{name}.bias": width}
