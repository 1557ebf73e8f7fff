"""What a run costs before it starts: arithmetic of images, optimizer steps, FLOPs, bytes and hours.

A FLOP is one addition or multiplication: the product of matrices [a, b] and [b, c] costs 2abc. Only such products are
counted; norms, activations and the optimizer are left out. Hours are work divided by a measured rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lib.data.datasets import DATASETS
from lib.data.splits import validation_size
from lib.models.architectures import image_size, require_vit
from lib.text_cost import TextTower

FLOAT_BYTES = 4
INDEX_BYTES = 5 * 8  # an image's row in {split}.index.npz
# ASSUME: 56 pixels stand for GTSRB's images, whose sides vary from 15 to 250
TYPICAL_SIDES = {"gtsrb": 56}
PHOTOGRAPH = (512, 4 / 3)  # ASSUME: the short side in pixels and the aspect of all other images


@dataclass(frozen=True)
class Tower:
    """The sizes of open_clip's ViT. text: (context, vocabulary, width, layers) of the text tower, or None.

    `lib.text_cost.TextTower` answers the same of a text encoder.
    """

    image_size: int
    patch_size: int
    width: int
    layers: int
    embed_dim: int
    mlp_ratio: float = 4.0
    text: tuple[int, int, int, int] | None = None

    @property
    def patches(self) -> int:
        return (self.image_size // self.patch_size) ** 2

    @property
    def sizes(self) -> dict[str, int]:
        """Number of elements of every parameter of the image tower, under open_clip's names."""
        return {
            "class_embedding": self.width,
            "positional_embedding": (self.patches + 1) * self.width,
            "proj": self.width * self.embed_dim,
            "conv1.weight": 3 * self.patch_size**2 * self.width,
            **_norm("ln_pre", self.width),
            **_blocks(self.width, self.layers, int(self.width * self.mlp_ratio)),
            **_norm("ln_post", self.width),
        }

    @property
    def size_of_all(self) -> int:
        """Number of parameters of the whole CLIP, logit scale included; without text sizes, of the image tower."""
        own = sum(self.sizes.values())
        if self.text is None:
            return own
        context, vocabulary, width, layers = self.text
        blocks = sum(_blocks(width, layers, 4 * width).values())
        return own + (vocabulary + context) * width + blocks + 2 * width + width * self.embed_dim + 1

    @property
    def weight_flops(self) -> dict[str, int]:
        """FLOPs an image that each weight's product takes in a forward pass: 2 x elements x positions it meets."""
        positions = {"conv1.weight": self.patches, "proj": 1}  # proj sees the class token alone
        ends, sizes = ("in_proj_weight", "out_proj.weight", "c_fc.weight", "c_proj.weight"), self.sizes
        matrices = [name for name in sizes if name.endswith(ends)]
        return {name: 2 * sizes[name] * positions.get(name, self.patches + 1) for name in [*positions, *matrices]}

    @property
    def attention_flops(self) -> int:
        """FLOPs an image of the products without weights (Q K^T, P V) in a forward pass: 4 tokens^2 width a layer."""
        return 4 * (self.patches + 1) ** 2 * self.width * self.layers


def tower(configuration: Mapping) -> Tower:
    """The sizes in an open_clip model configuration. Raises EncoderError unless its image tower is a ViT."""
    require_vit(configuration)
    vision, text = configuration["vision_cfg"], configuration.get("text_cfg", {})
    words = tuple(text.get(key) for key in ("context_length", "vocab_size", "width", "layers"))
    return Tower(
        image_size=image_size(configuration),
        **{key: vision[key] for key in ("patch_size", "width", "layers")},
        embed_dim=configuration["embed_dim"],
        mlp_ratio=vision.get("mlp_ratio", 4.0),
        text=None if None in words else words,
    )


def evaluation_flops(vit: Tower | TextTower, *, tangent: bool, vectors: int = 1) -> int:
    """FLOPs an image of one forward pass; a tangent model's carries `vectors` tangents, each worth two passes."""
    forward = sum(vit.weight_flops.values()) + vit.attention_flops
    return forward * (1 + 2 * vectors) if tangent else forward


def training_flops(vit: Tower | TextTower, *, tangent: bool, trained: Iterable[str]) -> int:
    """FLOPs an image of one training step: forward pass, gradient by activations, gradient by the trained weights.

    With everything trained: 3 forward passes for a model, 5 for its tangent model (value 1, tangent 2, backward 2).
    """
    by_weight = vit.weight_flops
    backward = sum(by_weight.values()) + 2 * vit.attention_flops
    own = set(trained)
    return (
        evaluation_flops(vit, tangent=tangent)
        + backward
        + sum(value for name, value in by_weight.items() if name in own)
    )


def kernel_flops(vit: Tower | TextTower, rows: int, columns: int, *, outputs: int, pairings: int = 1) -> int:
    """FLOPs of NTKs between two sets of points, one for each output: one forward pass, then for each output the
    gradients of all points and, for each pairing of their transforms, their inner products over all parameters.

    An upper bound: products of activations with gradients may take the inner products' place, and a set with itself
    needs its gradients once.
    """
    parameters = vit.sizes
    forward = evaluation_flops(vit, tangent=False)
    backward = training_flops(vit, tangent=False, trained=parameters) - forward
    inner = 2 * rows * columns * sum(parameters.values())
    return (rows + columns) * (forward + outputs * backward) + outputs * pairings * inner


def split_sizes(counts: Mapping[str, int], *, fraction: float, maximum: int) -> dict[str, int]:
    """Images of fit, val and test; without a val of its own, a source's val is taken off train (`lib.data.splits`)."""
    val = counts.get("val") or validation_size(counts["train"], fraction=fraction, maximum=maximum)
    fit = counts["train"] - (0 if counts.get("val") else val)
    return {"fit": fit, "val": val, "test": counts["test"]}


def optimizer_steps(epochs: int, fit: int, batch_size: int) -> int:
    """epochs x ceil(fit / batch_size)."""
    return epochs * math.ceil(fit / batch_size)


def passes(models: int, *, tangent: bool) -> int:
    """Passes over the images that evaluate `models` edited models: one suffices for a tangent model."""
    return 1 if tangent else models


def evaluation_bytes(images: int, image_size: int) -> int:
    """Bytes of an evaluation split: square uint8 RGB images and their index."""
    return images * (3 * image_size**2 + INDEX_BYTES)


def text_bytes(texts: int, length: int) -> int:
    """Bytes of a split of texts: three a token (`lib.data.tokens`), and their index."""
    return texts * (3 * length + INDEX_BYTES)


def fit_bytes(images: int, dataset: str, short_side: int | None) -> int:
    """Estimated bytes of a fit split: images in their own size, with a short side of at most `short_side` pixels."""
    known = TYPICAL_SIDES.get(dataset, DATASETS[dataset].side)
    side, aspect = PHOTOGRAPH if known is None else (known, 1.0)
    side = side if short_side is None else min(side, short_side)
    return images * (3 * side * round(side * aspect) + INDEX_BYTES)


@dataclass(frozen=True)
class Measurement:
    """A measured rate. stage: train or evaluate; peak_memory_gb in 10^9 bytes; device begins with CPU if it is no GPU.

    A CPU's rate is that of one core. gigaflops_per_image is by this module's formulas, to scale to other models.
    """

    architecture: str
    mode: str
    stage: str
    images_per_second: float
    gigaflops_per_image: float
    peak_memory_gb: float
    device: str
    precision: str
    source: str

    @property
    def on_gpu(self) -> bool:
        return not self.device.startswith("CPU")

    def seconds(self, flops: float) -> float:
        """The time for that much work at the measured FLOPs a second."""
        return flops / (1e9 * self.images_per_second * self.gigaflops_per_image)


def closest(
    rows: Sequence[Measurement], *, architecture: str, mode: str, stage: str, precision: str, gigaflops: float
) -> tuple[Measurement, bool] | None:
    """The measurement to plan with, and whether it is of this very case; None if there is none at all.

    Precedence: architecture, stage, mode, precision, then the nearest in FLOPs an image.
    """
    wanted = (architecture, stage, mode, precision)

    def distance(row: Measurement):
        differs = tuple(
            a != b for a, b in zip(wanted, (row.architecture, row.stage, row.mode, row.precision), strict=True)
        )
        return (*differs, abs(math.log(row.gigaflops_per_image / gigaflops)))

    if not rows:
        return None
    best = min(rows, key=distance)
    return best, not any(distance(best)[:4])


def _blocks(width: int, layers: int, hidden: int) -> dict[str, int]:
    return {
        f"transformer.resblocks.{i}.{name}": size for i in range(layers) for name, size in _block(width, hidden).items()
    }


def _block(width: int, hidden: int) -> dict[str, int]:
    return {
        **_norm("ln_1", width),
        "attn.in_proj_weight": 3 * width**2,
        "attn.in_proj_bias": 3 * width,
        "attn.out_proj.weight": width**2,
        "attn.out_proj.bias": width,
        **_norm("ln_2", width),
        "mlp.c_fc.weight": width * hidden,
        "mlp.c_fc.bias": hidden,
        "mlp.c_proj.weight": hidden * width,
        "mlp.c_proj.bias": width,
    }


def _norm(name: str, width: int) -> dict[str, int]:
    return {f"{name}.weight": width, f"{name}.bias": width}
