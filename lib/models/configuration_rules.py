"""What the keys of open_clip's model configurations may hold, in one table; checked before any job.

The keys are the fields of open_clip's CLIPVisionCfg and CLIPTextCfg; a test compares them. Imports neither torch nor
open_clip.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.models.architectures import EncoderError, read_configuration


@dataclass(frozen=True)
class Rule:
    """kind: a key of KINDS; low and high: the range of numbers, both inside; optional: whether null is allowed."""

    kind: str
    meaning: str
    low: float = 0
    high: float = math.inf
    optional: bool = False

    @property
    def expected(self) -> str:
        bounds = f" from {self.low} to {self.high}" if self.kind in _NUMBERS else ""
        return KINDS[self.kind] + bounds + (" or null" if self.optional else "")

    def allows(self, value: object) -> bool:
        if value is None:
            return self.optional
        if not _IS[self.kind](value):
            return False
        return self.kind not in _NUMBERS or self.low <= value <= self.high


KINDS = {
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "flag or text": "true, false or text",
    "text": "text",
    "mapping": "a mapping",
    "layers": "a whole number from 1 to 1000, or four of them for a ResNet",
    "size": "a whole number from 1 to 4096, or the same one twice in a list",
}
_NUMBERS = ("whole", "number")


def _is_whole(value: object) -> bool:
    return type(value) is int


def _is_layers(value: object) -> bool:
    listed = value if isinstance(value, list) and len(value) == 4 else [value]
    return all(_is_whole(number) and 1 <= number <= 1000 for number in listed)


def _is_size(value: object) -> bool:
    sides = value if isinstance(value, list) and len(value) == 2 else [value]
    return all(_is_whole(side) and 1 <= side <= 4096 and side == sides[0] for side in sides)


_IS = {
    "whole": _is_whole,
    "number": lambda value: type(value) in (int, float) and math.isfinite(value),
    "flag": lambda value: isinstance(value, bool),
    "flag or text": lambda value: isinstance(value, bool | str),
    "text": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, dict),
    "layers": _is_layers,
    "size": _is_size,
}


def _whole(meaning: str, low: int, high: int, *, optional: bool = False) -> Rule:
    return Rule("whole", meaning, low, high, optional)


def _number(meaning: str, low: float, high: float, *, optional: bool = False) -> Rule:
    return Rule("number", meaning, low, high, optional)


def _flag(meaning: str) -> Rule:
    return Rule("flag", meaning)


def _text(meaning: str, *, optional: bool = True) -> Rule:
    return Rule("text", meaning, optional=optional)


def _mapping(meaning: str, *, optional: bool = True) -> Rule:
    return Rule("mapping", meaning, optional=optional)


TOP = {
    "embed_dim": _whole("the width of embeddings", 1, 65536),
    "vision_cfg": _mapping("the image tower", optional=False),
    "text_cfg": _mapping("the text tower", optional=False),
    "multimodal_cfg": _mapping("CoCa's decoder", optional=False),
    "quick_gelu": _flag("whether the towers use QuickGELU"),
    "custom_text": _flag("whether the text tower is a module of its own"),
    "init_logit_scale": _number("the logarithm of the first logit scale", -100, 100),
    "init_logit_bias": _number("the first logit bias", -1000, 1000, optional=True),
    "nonscalar_logit_scale": _flag("whether the logit scale is a vector"),
    "output_dict": _flag("whether the forward pass gives a dictionary"),
}
NEEDED = ("embed_dim", "vision_cfg", "text_cfg")
_BLOCKS = {
    "width": _whole("the channels of the tower", 1, 65536),
    "mlp_ratio": _number("the MLP's width over the tower's", 0.01, 64),
    "ls_init_value": _number("the first layer scale", 0, 1000, optional=True),
    "act_kwargs": _mapping("arguments of the activation"),
    "norm_kwargs": _mapping("arguments of the norms"),
    "block_type": _text("the kind of blocks"),
    "qk_norm": _flag("norms of queries and keys"),
    "scaled_cosine_attn": _flag("cosine attention"),
    "scale_heads": _flag("a scale for each head"),
    "scale_attn_inner": _flag("a norm inside the attention"),
    "scale_attn": _flag("a norm behind the attention"),
    "scale_fc": _flag("a norm inside the MLP"),
    "final_ln_after_pool": _flag("the last norm behind the pooling"),
    "pool_type": _text("the pooling", optional=False),
    "output_tokens": _flag("whether tokens are given, too"),
}
VISION = {
    **_BLOCKS,
    "layers": Rule("layers", "the number of blocks"),
    "head_width": _whole("the channels of a head", 1, 65536),
    "patch_size": _whole("the side of a patch in pixels", 1, 4096, optional=True),
    "image_size": Rule("size", "the side of a square image in pixels"),
    "patch_dropout": _number("the part of patches left out", 0, 1),
    "attentional_pool": Rule("flag or text", "pooling by attention"),
    "attn_pooler_queries": _whole("the queries of that pooling", 1, 65536),
    "attn_pooler_heads": _whole("the heads of that pooling", 1, 65536),
    "no_ln_pre": _flag("no norm before the blocks"),
    "pos_embed_type": _text("the kind of position embeddings", optional=False),
    "timm_model_name": _text("a model of timm's in the place of the tower"),
    "timm_model_pretrained": _flag("timm's own weights"),
    "timm_pool": _text("timm's pooling"),
    "timm_proj": _text("timm's projection"),
    "timm_proj_bias": _flag("a bias of timm's projection"),
    "timm_drop": _number("timm's dropout", 0, 1),
    "timm_drop_path": _number("timm's stochastic depth", 0, 1, optional=True),
}
TEXT = {
    **_BLOCKS,
    "layers": _whole("the number of blocks", 1, 1000),
    "heads": _whole("the heads of a block", 1, 65536),
    "context_length": _whole("the tokens of a text", 1, 65536),
    "vocab_size": _whole("the tokens of the vocabulary", 1, 10_000_000),
    "hf_tokenizer_name": _text("a tokenizer of Hugging Face's"),
    "tokenizer_mode": _text("how it cleans texts"),
    "tokenizer_kwargs": _mapping("arguments of the tokenizer"),
    "embed_cls": _flag("an embedding for the class token"),
    "pad_id": _whole("the token that fills texts up", 0, 10_000_000),
    "eos_id": _whole("the token that ends texts", 0, 10_000_000),
    "no_causal_mask": _flag("attention to later tokens"),
    "proj_bias": _flag("a bias of the projection"),
    "proj_type": _text("the kind of projection", optional=False),
    "hf_model_name": _text("a model of Hugging Face's in the place of the tower"),
    "hf_model_pretrained": _flag("its own weights"),
    "hf_proj_type": _text("its projection"),
    "hf_pooler_type": _text("its pooling", optional=False),
}
MULTIMODAL = {
    **TEXT,
    "dim_head": _whole("the channels of a head", 1, 65536),
    "n_queries": _whole("the queries of the pooling", 1, 65536),
    "attn_pooler_heads": _whole("the heads of the pooling", 1, 65536),
}


def checked_configuration(architecture: str, architectures: str | os.PathLike | None = None) -> dict:
    """`read_configuration`, all of whose values keep the rules. Raises EncoderError."""
    configuration = read_configuration(architecture, architectures)
    require_rules(configuration, f"the architecture {architecture}")
    return configuration


def require_rules(configuration: Mapping[str, object], what: str) -> None:
    """Raise EncoderError with the first fault of a model configuration; what: its name, for the message."""
    for fault in _faults(configuration):
        raise EncoderError(f"{what}: {fault}; correct its JSON")


def _faults(configuration: Mapping[str, object]) -> Iterator[str]:
    for key in NEEDED:
        if key not in configuration:
            yield f"{key} is missing, expected {TOP[key].expected}, {TOP[key].meaning}"
    yield from _wrong_values("", configuration, TOP)
    vision, text = configuration["vision_cfg"], configuration["text_cfg"]
    yield from _wrong_values("vision_cfg.", vision, VISION)
    yield from _wrong_values("text_cfg.", text, TEXT)
    yield from _wrong_values("multimodal_cfg.", configuration.get("multimodal_cfg", {}), MULTIMODAL)
    if not vision.get("timm_model_name") and not isinstance(vision.get("layers"), list):
        yield from _wrong_vit(vision)
    if not text.get("hf_model_name"):
        width, heads = text.get("width", 512), text.get("heads", 8)
        if width % heads:
            yield f"text_cfg.width is {width}, expected a multiple of heads, {heads}"


def _wrong_values(prefix: str, values: Mapping[str, object], rules: Mapping[str, Rule]) -> Iterator[str]:
    for key, value in values.items():
        if key not in rules:
            close = difflib.get_close_matches(key, rules, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(rules)}"
            yield f"unknown key {prefix}{key[:80]!r}; {hint}"
        elif not rules[key].allows(value):
            yield f"{prefix}{key} is {_shown(value)}, expected {rules[key].expected}, {rules[key].meaning}"


def _wrong_vit(vision: Mapping[str, object]) -> Iterator[str]:
    for key in ("layers", "width", "patch_size"):  # what a run costs is computed from them
        if vision.get(key) is None:
            yield f"vision_cfg.{key} is missing, expected {VISION[key].expected}, {VISION[key].meaning}"
    size, patch = vision.get("image_size", 224), vision.get("patch_size", 16)
    side = size[0] if isinstance(size, list) else size
    if patch is None or patch > side or side % patch:
        yield f"vision_cfg.patch_size is {patch}, expected a divisor of image_size, {side}"
    width, head = vision.get("width", 768), vision.get("head_width", 64)
    if width % head:
        yield f"vision_cfg.head_width is {head}, expected a divisor of width, {width} (open_clip's default is 64)"
    if width * vision.get("mlp_ratio", 4.0) < 1:
        yield f"vision_cfg.mlp_ratio is {vision['mlp_ratio']:g}, expected one that leaves the MLP a channel"


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    return repr(value)[:60] if not isinstance(value, str) else f"the text {value[:60]!r}"
