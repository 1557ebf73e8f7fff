"""The frozen zero-shot head: text embeddings of the class names, times CLIP's logit scale.

Radford et al. 2021, Sec. 3.1.

DEVIATES: the head comes from the pre-trained text tower whatever the image tower is; in the released code a randomly
initialised model would get a random head, which the paper's Table 3 cannot mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib.precision import exact_products


def zero_shot_head(
    model: nn.Module, tokenizer: Callable, class_names: Sequence[str], templates: Sequence[str]
) -> Tensor:
    """Float32[C, d]: exp(logit_scale) * unit(mean over templates of unit(text embedding)), one row per class.

    model: open_clip's CLIP with the *pre-trained* text tower. templates contain "{}". Raises ValueError for a
    template without "{}" or for no class.
    """
    from open_clip import build_zero_shot_classifier

    wrong = [template for template in templates if "{}" not in template]
    if wrong or not templates or not class_names:
        raise ValueError(f"templates need a {{}} for the class name, got {wrong or list(templates)}")
    fillers = [lambda name, template=template: template.format(name) for template in templates]
    with torch.no_grad():
        columns = build_zero_shot_classifier(model, tokenizer, list(class_names), fillers)
        return (model.logit_scale.exp() * columns.T).float().contiguous()


def tokenizer_of(architecture: str, vocabulary: Path | None = None) -> Callable:
    """open_clip's tokenizer of an architecture, or its SimpleTokenizer over a merges file of one's own."""
    import open_clip

    if vocabulary is None:
        return open_clip.get_tokenizer(architecture)
    length = open_clip.get_model_config(architecture)["text_cfg"]["context_length"]
    return open_clip.tokenizer.SimpleTokenizer(bpe_path=str(vocabulary), context_length=length)


def logits(embeddings: Tensor, head: Tensor) -> Tensor:
    """Float[n, C]: scaled cosines of embeddings Float[n, d] with the head's rows; the only non-linear step after f."""
    return products(F.normalize(embeddings.float(), dim=-1), head)


def products(features: Tensor, head: Tensor) -> Tensor:
    """Float32[n, C]: features Float[n, d] times the head's rows, in float32 whatever the precision around.

    A logit is some ten times a cosine: in bf16, its rounding would decide between classes.
    """
    with exact_products(head.device.type):
        return features.float() @ head.T
