"""A text encoder of transformers as functions of named tensors: stored tokens in, an embedding of each text out.

Prompts of classes: f is the mean of the last layer over a text's tokens (Reimers and Gurevych 2019), to be compared
with the embeddings of class names. Prompts of texts: f is what the language model's head makes of the last layer at the
mask, before the product with the word embeddings (Gao et al. 2021; Malladi et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib.models.encoders.interface import Model, Parameters

_HEAD = "lm_head."


@dataclass(frozen=True)
class TextEncoder:
    """Texts UInt8[Tensor, "n 1 l 3"] as `lib.data.tokens` stores them in, embeddings out.

    config, prompts, mask: of `lib.models.text_configurations.read_text_configuration`.

    ASSUME: no dropout in training, as CLIP's image towers have none: f is one function of theta and x, and so is its
    tangent model.
    """

    config: Mapping[str, object]
    prompts: str
    mask: int | None = None

    def __post_init__(self):
        _ = self.module  # transforms of torch.func, inside which `value` is called, cannot build it

    @cached_property
    def module(self) -> nn.Module:
        """Names and layers without numbers; attention is plain products, which every transform of torch.func takes."""
        from transformers import AutoConfig, AutoModel

        settings = {**self.config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        config = AutoConfig.for_model(settings.pop("model_type"), **settings)
        with torch.device("meta"):
            return AutoModel.from_config(config, attn_implementation="eager", add_pooling_layer=False).eval()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter -> its shape: transformers' names inside the encoder, and lm_head.* where prompts are of texts."""
        found = {name: tuple(value.shape) for name, value in self.module.named_parameters()}
        if self.prompts == "of_texts":
            d = self.config["hidden_size"]
            head = {"dense.weight": (d, d), "dense.bias": (d,), "layer_norm.weight": (d,), "layer_norm.bias": (d,)}
            found |= {f"{_HEAD}{name}": shape for name, shape in head.items()}
        return found

    def normalised(self, tokens: Tensor) -> Tensor:
        """UInt8[Tensor, "n 1 l 3"] to x, Int64[Tensor, "n 2 l"]: ids, then 1 for text and 0 for padding."""
        low, high, text = tokens.squeeze(1).long().unbind(-1)
        return torch.stack([low + 256 * high, text], dim=1)

    def value(self, theta: Parameters, x: Tensor) -> Tensor:
        """f(x; theta), Float[Tensor, "n d"], of ids and mask x, Int64[Tensor, "n 2 l"]."""
        states = self._last_layer(theta, x[:, 0], x[:, 1])
        if self.prompts == "of_classes":
            text = x[:, 1].unsqueeze(-1).to(states.dtype)
            return (states * text).sum(1) / text.sum(1)
        at_mask = (x[:, 0] == self.mask).unsqueeze(-1).to(states.dtype)
        return self._language_head(theta, (states * at_mask).sum(1) / at_mask.sum(1))

    def encode(self, theta: Parameters, tokens: Tensor) -> Tensor:
        """f(x; theta), Float[Tensor, "n d"], of stored tokens; differentiable in theta."""
        return self.value(theta, self.normalised(tokens))

    def model_at(self, theta_0: Parameters) -> Model:
        """The encoder itself: it is trained as a non-linear function of theta."""
        return self.encode

    def _last_layer(self, theta: Parameters, ids: Tensor, text: Tensor) -> Tensor:
        """Float[Tensor, "n l d"]. Positions, types and the additive mask are given: the module has no numbers."""
        own = {name: value for name, value in theta.items() if not name.startswith(_HEAD)}
        dtype = next(iter(own.values())).dtype
        inputs = {
            "input_ids": ids,
            "attention_mask": (1 - text)[:, None, None, :].to(dtype) * torch.finfo(dtype).min,
            "token_type_ids": torch.zeros_like(ids),
            "position_ids": self._positions(text),
        }
        return torch.func.functional_call(self.module, own, kwargs=inputs).last_hidden_state

    def _positions(self, text: Tensor) -> Tensor:
        """Int64[Tensor, "n l"]. RoBERTa counts from pad_token_id + 1, and leaves padding at pad_token_id."""
        if self.config["model_type"] == "roberta":
            return text.cumsum(1) * text + self.config["pad_token_id"]
        return torch.arange(text.shape[1], device=text.device).expand_as(text)

    def _language_head(self, theta: Parameters, states: Tensor) -> Tensor:
        """RobertaLMHead without its last product."""
        y = F.gelu(F.linear(states, theta[f"{_HEAD}dense.weight"], theta[f"{_HEAD}dense.bias"]))
        weight, bias = (theta[f"{_HEAD}layer_norm.{name}"] for name in ("weight", "bias"))
        return F.layer_norm(y, y.shape[-1:], weight, bias, self.config["layer_norm_eps"])


def text_encoder(configuration: Mapping, *, recompute: bool = False) -> TextEncoder:
    """The encoder of a configuration of `lib.models.text_configurations`, without weights.

    Raises ValueError for `recompute`: only plain ViTs recompute their activations.
    """
    if recompute:
        raise ValueError("a text encoder keeps its activations: set activation_checkpointing: false")
    return TextEncoder(**configuration)


image_encoder = text_encoder  # the name by which jobs ask the module of a model for its encoder
