"""Zero-shot heads of text encoders, from prompts of classes or of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lib.models.architectures import EncoderError
from lib.models.encoders.text import TextEncoder

_WORDS = "embeddings.word_embeddings.weight"


def class_head(
    encoder: TextEncoder,
    theta: Mapping[str, Tensor],
    tokens: Callable[[str], np.ndarray],
    class_names: Sequence[str],
    templates: Sequence[str],
    *,
    scale: float,
) -> Tensor:
    """Float32[C, d]: scale * unit(mean over templates of unit(embedding of the prompt)), as CLIP's head is made.

    tokens: of `lib.data.tokens.tokenizer`. Raises ValueError for a template without "{}" or for no class.
    """
    wrong = [template for template in templates if "{}" not in template]
    if wrong or not templates or not class_names:
        raise ValueError(f"templates need a {{}} for the class name, got {wrong or list(templates)}")
    rows = []
    with torch.no_grad():
        for name in class_names:
            prompts = torch.from_numpy(np.stack([tokens(template.format(name)) for template in templates]))
            rows.append(F.normalize(encoder.encode(theta, prompts), dim=-1).mean(0))
        return (scale * F.normalize(torch.stack(rows), dim=-1)).float().contiguous()


def label_word_head(theta: Mapping[str, Tensor], tokenizer, class_names: Sequence[str], *, scale: float) -> Tensor:
    """Float32[C, d]: scale * the word embedding of each class name, which must be one token after a space.

    The language model's logits at the mask are w . h + b, with h of a layer norm, so of nearly constant length.

    DEVIATES: the head is frozen, h has length `scale` exactly, and b is left out: the features and heads of all models
    of this project are compared by cosines. Malladi et al. (2023) train w and b, which are the encoder's own. Raises
    EncoderError for a class name that is several tokens.
    """
    ids = {name: tokenizer.encode(f" {name}", add_special_tokens=False).ids for name in class_names}
    wrong = [name for name, found in ids.items() if len(found) != 1]
    if wrong:
        raise EncoderError(f"label words must be one token each, got {', '.join(wrong)}; choose other class_names")
    return (scale * theta[_WORDS][[found[0] for found in ids.values()]]).float().contiguous()
