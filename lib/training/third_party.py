"""Fine-tuned checkpoints that others made, as theta: their files and layouts, turned into open_clip's image tower.

Files: those of `lib.files.weights_files`. Layouts: open_clip's names behind any prefix; the names of Hugging Face's
transformers; the parameter lists that the code released by Ortiz-Jimenez et al. (2023) saves for linearized encoders.
Importing this module imports no torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from lib.files.checkpoints import CheckpointError
from lib.files.weights_files import read, weights_file
from lib.parameters import ParameterMismatch, require_same_names

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["detect", "moved", "read", "read_tower", "require_mode", "tower", "weights_file"]

OPEN_CLIP, TRANSFORMERS, LINEARIZED = "open_clip", "transformers", "linearized"
# relative distance of one parameter: rounding to float16 or bfloat16 stays below, fine-tuning does not
TOLERANCE = 3e-3


def read_tower(path: str | os.PathLike, theta_0: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """theta of a checkpoint file: float32, with the names, shapes and order of theta_0; see `read` and `tower`."""
    return tower(read(path), theta_0, what=str(path))


def detect(tensors: Mapping[str, object]) -> str:
    """The layout of a checkpoint's tensors by their names: OPEN_CLIP, TRANSFORMERS or LINEARIZED."""
    if any(name.endswith(_HUB_ANCHOR) for name in tensors):
        return TRANSFORMERS
    return LINEARIZED if _list_of(tensors, "params") else OPEN_CLIP


def tower(
    tensors: Mapping[str, Tensor], theta_0: Mapping[str, Tensor], *, what: str = "checkpoint"
) -> dict[str, Tensor]:
    """theta, the image tower inside a checkpoint, in float32, with the names, shapes and order of theta_0.

    theta_0: the pre-trained tower, in the order of named_parameters(), on which the linearized layout relies. A
    CLIPVisionModel of transformers has no projection: it takes theta_0's `proj`, which those who train it keep frozen.
    Raises CheckpointError if there is no image tower or one of another architecture, if a value is not finite, or if
    theta equals theta_0: a pre-trained checkpoint in the place of a fine-tuned one.
    """
    convert = {OPEN_CLIP: _from_open_clip, TRANSFORMERS: _from_transformers, LINEARIZED: _from_lists}
    found = convert[detect(tensors)](tensors, theta_0, what)
    _require_names(theta_0, found, what)
    for name, value in found.items():
        if not value.is_floating_point():
            raise CheckpointError(f"{what}: {name} has the type {value.dtype}, expected floats: save it in float32")
    theta = {name: found[name].float().contiguous() for name in theta_0}
    infinite = [name for name, value in theta.items() if not value.isfinite().all()]
    if infinite:
        bad = theta[infinite[0]].isfinite().logical_not().sum().item()
        raise CheckpointError(
            f"{what}: {infinite[0]} is not finite: {bad} of its {theta[infinite[0]].numel()} values are NaN or "
            f"infinite ({len(infinite)} such parameters). Likely cause: a diverged run; choose an earlier checkpoint."
        )
    if all(theta[name].equal(value) for name, value in theta_0.items()):
        raise CheckpointError(
            f"{what} equals the pre-trained weights, expected fine-tuned ones: beside a zeroshot.pt, name finetuned.pt"
        )
    return theta


def moved(theta_0: Mapping[str, Tensor], theta: Mapping[str, Tensor]) -> list[str]:
    """The parameters with |theta - theta_0| > TOLERANCE |theta_0|: more than rounding explains."""
    return [name for name, value in theta_0.items() if (theta[name].float() - value).norm() > TOLERANCE * value.norm()]


def require_mode(
    mode: str,
    layout: str,
    theta_0: Mapping[str, Tensor],
    theta: Mapping[str, Tensor],
    trained: Collection[str],
    *,
    tangent: bool,
    what: str,
) -> None:
    """Raise CheckpointError if theta cannot come from a mode: linearized, or moved where the mode trains nothing.

    mode: its name, for the message; trained: the names of the parameters that it trains; tangent: whether it trains the
    tangent model.
    """
    if layout == LINEARIZED and not tangent:
        raise CheckpointError(
            f"{what} was fine-tuned as a linearized model, but is named for the mode {mode}: correct mode"
        )
    untrained = theta_0.keys() - set(trained)
    surplus = moved({name: value for name, value in theta_0.items() if name in untrained}, theta)
    if surplus:
        raise CheckpointError(
            f"{what}: {len(surplus)} parameters that {mode} does not train differ from theta_0 ({surplus[0]}). "
            "Likely causes: a checkpoint of another mode, or of other pre-trained weights. Correct mode, model or file."
        )


def _require_names(theta_0: Mapping[str, Tensor], found: Mapping[str, Tensor], what: str) -> None:
    try:
        require_same_names(theta_0, found, what=what)
    except ParameterMismatch as error:
        raise CheckpointError(str(error)) from error


def _from_open_clip(tensors: Mapping[str, Tensor], theta_0: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """What stands behind the one prefix that leads to all names of the tower: "", "visual.", "model.visual.", ..."""
    anchor = next(iter(theta_0))
    prefixes = [name.removesuffix(anchor) for name in tensors if f".{name}".endswith(f".{anchor}")]
    full = [prefix for prefix in prefixes if all(prefix + name in tensors for name in theta_0)]
    if len(full) > 1:
        raise CheckpointError(
            f"{what} holds {len(full)} image towers ({', '.join(full)}), expected one: save that one alone"
        )
    if not prefixes:
        raise CheckpointError(
            f"{what} holds no image tower: found {len(tensors)} tensors ({', '.join([*tensors][:3])}, ...), expected "
            f"{anchor} behind some prefix such as visual.; likely causes: a head, a text tower or an adapter alone. "
            "Name the whole encoder."
        )
    prefix = (full or prefixes)[0]
    inside = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    return {name: value for name, value in inside.items() if value.is_floating_point()}


_HUB_ANCHOR = "embeddings.patch_embedding.weight"
_HUB_LAYER = r"^encoder\.layers\.(\d+)\."
_BLOCK = r"transformer.resblocks.\1."
_HUB_NAMES = (
    (r"^embeddings\.class_embedding$", "class_embedding"),
    (r"^embeddings\.patch_embedding\.", "conv1."),
    (r"^embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^pre_layrnorm\.", "ln_pre."),
    (r"^post_layernorm\.", "ln_post."),
    (_HUB_LAYER + r"layer_norm([12])\.", _BLOCK + r"ln_\2."),
    (_HUB_LAYER + r"self_attn\.(in_proj_|out_proj\.)", _BLOCK + r"attn.\2"),
    (_HUB_LAYER + r"mlp\.fc1\.", _BLOCK + "mlp.c_fc."),
    (_HUB_LAYER + r"mlp\.fc2\.", _BLOCK + "mlp.c_proj."),
)


def _from_transformers(tensors: Mapping[str, Tensor], theta_0: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    prefix = next(name for name in tensors if name.endswith(_HUB_ANCHOR)).removesuffix(_HUB_ANCHOR)
    inside = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    projections = [value for name, value in tensors.items() if f".{name}".endswith(".visual_projection.weight")]
    inside = {name: value for name, value in inside.items() if name != "embeddings.position_ids"}
    theta = {_open_clip_name(name): value for name, value in _joined_attention(inside).items()}
    if "proj" in theta_0:
        theta["proj"] = projections[0].T if projections else theta_0["proj"]
    return theta


def _joined_attention(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The projections of queries, keys and values, three tensors [d, d] or [d], stacked to open_clip's one."""
    import torch

    joined = dict(tensors)
    for name in tensors:
        if ".self_attn.q_proj." in name:
            parts = [name.replace(".q_proj.", f".{kind}_proj.") for kind in "qkv"]
            if all(part in joined for part in parts):
                joined[name.replace(".q_proj.", ".in_proj_")] = torch.cat([joined.pop(part) for part in parts])
    return joined


def _open_clip_name(name: str) -> str:
    for pattern, replacement in _HUB_NAMES:
        name, count = re.subn(pattern, replacement, name)
        if count:
            break
    return name


def _from_lists(tensors: Mapping[str, Tensor], theta_0: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """The tower's run inside the list of all parameters of the released encoder, some of the text tower's around it.

    `params` is what was trained; `params0` (`func0_params`), where the model was linearized, must be theta_0.
    """
    params, start = _list_of(tensors, "params"), _list_of(tensors, "params0") or _list_of(tensors, "func0_params")
    shapes, expected = [value.shape for value in params], [value.shape for value in theta_0.values()]
    offsets = [i for i in range(len(shapes)) if shapes[i : i + len(expected)] == expected]
    if len(offsets) != 1:
        raise CheckpointError(
            f"{what} holds a linearized encoder of {len(shapes)} parameters; {len(offsets)} runs of them have the "
            f"shapes of theta_0 ({len(expected)} parameters), expected one. Likely cause: another architecture. "
            "Correct model or file."
        )
    run = slice(offsets[0], offsets[0] + len(expected))
    if start:
        origin = dict(zip(theta_0, start[run], strict=False))
        _require_names(theta_0, origin, f"{what}, params0")
        if other := moved(theta_0, origin):
            raise CheckpointError(
                f"{what} was linearized at weights other than theta_0 ({len(other)} parameters differ: {other[0]}). "
                "Likely cause: other pre-trained weights. Correct model, its weights, or file."
            )
    return dict(zip(theta_0, params[run], strict=True))


def _list_of(tensors: Mapping[str, Tensor], kind: str) -> list[Tensor]:
    """The parameter list `kind`, in the order of its numbers."""
    numbered = {}
    for name, value in tensors.items():
        if found := re.search(rf"(?:^|\.){kind}\.(\d+)$", name):
            numbered[int(found[1])] = value
    return [numbered[i] for i in sorted(numbered)]
