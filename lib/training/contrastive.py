"""Contrastive pre-training of a small CLIP on captioned images (Radford et al. 2021, arXiv 2103.00020)."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from open_clip.model import CLIP
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from lib.files import atomic
from lib.models.encoders.interface import OPENAI_MEAN, OPENAI_STD
from lib.synthetic.batches import batch_of
from lib.synthetic.captioned import Captioned
from lib.training.schedule import learning_rate

_LARGEST_LOGIT_SCALE = 100.0


@dataclass(frozen=True)
class Recipe:
    """How long and how fast. learning_rate: AdamW's rate after `warmup` steps, then a cosine to zero."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup: int
    weight_decay: float
    max_gradient_norm: float
    seed: int


@dataclass(frozen=True)
class LogRow:
    """Means over the steps since the last row. correct: share of images whose own caption came first, in [0, 1]."""

    step: int
    loss: float
    correct: float
    learning_rate: float
    logit_scale: float


def build(architecture: Mapping[str, object], seed: int) -> CLIP:
    """open_clip's CLIP with initial weights from the seed; architecture as in open_clip's model configs."""
    torch.manual_seed(seed)
    return CLIP(**architecture)


def normalised(images: Tensor) -> Tensor:
    """UInt8[b, h, w, 3] -> Float[b, 3, h, w] with CLIP's mean and deviation."""
    return (
        ((images.float() / 255 - torch.tensor(OPENAI_MEAN)) / torch.tensor(OPENAI_STD)).permute(0, 3, 1, 2).contiguous()
    )


def contrastive_loss(features: Tensor, captions: Tensor, target: Tensor, logit_scale: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each image against the batch's distinct captions, and the share that is right.

    features: Float[b, d]; captions: Float[m, d], both of unit norm; target: Int64[b] in [0, m).
    DEVIATES: CLIP contrasts against every caption of the batch; here few captions exist, and a copy of the
    right one would count as wrong.
    """
    logits = logit_scale * features @ captions.T
    return F.cross_entropy(logits, target), (logits.argmax(1) == target).float().mean()


def optimizer_of(model: CLIP, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW that decays matrices but neither vectors nor the logit scale."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), eps=1e-6)


def pretrain(
    model: CLIP,
    tokenize: Callable[[Sequence[str]], Tensor],
    captioned: Captioned,
    recipe: Recipe,
    *,
    state: str | os.PathLike | None = None,
    log_every: int = 50,
    save_every: int = 100,
    threads: int = 1,
    bfloat16: bool = False,
    on_row: Callable[[LogRow], None] = lambda row: None,
    stop_after: int | None = None,
) -> list[LogRow]:
    """Trains `model` in place and returns the log.

    state: a file for resuming; it is written every save_every steps and read if it exists, and a run that
    was interrupted ends with the same weights as one that was not. stop_after: the step after which to
    stop early. bfloat16 autocasts: several times faster where the processor has it, with coarser rounding.
    Raises ValueError if `state` belongs to another recipe, FloatingPointError if the loss is not finite.
    """
    optimizer = optimizer_of(model, recipe)
    done = _resume(state, model, optimizer, recipe)
    replicas = Replicas(model, threads, bfloat16)
    tokens: dict[str, Tensor] = {}
    last = min(recipe.steps, stop_after or recipe.steps)
    model.train()
    for step in range(done.step, last):
        rate = learning_rate(step, peak=recipe.learning_rate, warmup=recipe.warmup, steps=recipe.steps)
        images, captions, target = batch_of(captioned, size=recipe.batch_size, seed=recipe.seed, step=step)
        batch = normalised(images), _tokenized(captions, tokens, tokenize), target
        done.sums += _step(replicas, model, optimizer, rate, batch, recipe)
        done.step = step + 1
        if done.step % log_every == 0 or done.step == recipe.steps:
            on_row(done.close_row(log_every, rate, model))
        if state is not None and (done.step % save_every == 0 or done.step == last):
            _save(state, model, optimizer, recipe, done)
    return done.log


@dataclass
class _SoFar:
    step: int = 0
    log: list[LogRow] = field(default_factory=list)
    sums: Tensor = field(default_factory=lambda: torch.zeros(2))

    def close_row(self, log_every: int, rate: float, model: CLIP) -> LogRow:
        loss, correct = (self.sums / ((self.step - 1) % log_every + 1)).tolist()
        self.log.append(LogRow(self.step, loss, correct, rate, model.logit_scale.exp().item()))
        self.sums = torch.zeros(2)
        return self.log[-1]


class Replicas:
    """Copies of a model that share its weights but not its gradients, one a thread.

    Threads that meet twice a step lose less to other users of the processors than kernels that split each operation.
    """

    def __init__(self, model: CLIP, threads: int, bfloat16: bool) -> None:
        self._models = [model, *(copy.deepcopy(model) for _ in range(threads - 1))]
        for replica in self._models[1:]:
            for ours, shared in zip(replica.parameters(), model.parameters(), strict=True):
                ours.data = shared.data
        self._pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        self._bfloat16 = bfloat16

    def features(self, images: Tensor, text: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Float[b / threads, d] of the images and Float[m / threads, d] of the captions, a piece a thread."""
        n = len(self._models)
        pieces = self._pool.map(self._forward, self._models, images.tensor_split(n), text.tensor_split(n))
        of_images, of_text = zip(*pieces, strict=True)
        return list(of_images), list(of_text)

    def backward(self, features: list[tuple[Tensor, Tensor]], gradients: list[tuple[Tensor, Tensor]]) -> None:
        """Adds the weights' gradients, given those of the features, to the first model's."""
        list(self._pool.map(torch.autograd.backward, features, gradients))
        first, *others = (list(replica.parameters()) for replica in self._models)
        for replica in others:
            for ours, total in zip(replica, first, strict=True):
                if ours.grad is not None:
                    total.grad.add_(ours.grad)
                    ours.grad = None

    def _forward(self, model: CLIP, images: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            return model.encode_image(images).float(), model.encode_text(text).float()


def _step(
    replicas: Replicas,
    model: CLIP,
    optimizer: torch.optim.AdamW,
    rate: float,
    batch: tuple[Tensor, Tensor, Tensor],
    recipe: Recipe,
) -> Tensor:
    images, text, target = batch
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    # The fused attention kernel's backward pass takes most of a step on a CPU; the plain one a tenth.
    with sdpa_kernel(SDPBackend.MATH):
        of_images, of_text = replicas.features(images, text)
        loss, correct, gradients = _loss_and_gradients(of_images, of_text, target, model.logit_scale)
        replicas.backward(list(zip(of_images, of_text, strict=True)), gradients)
    if not torch.isfinite(loss):
        raise FloatingPointError(
            f"the loss became {loss.item()}. Lower the peak rate {recipe.learning_rate} or lengthen the warm-up."
        )
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(0, math.log(_LARGEST_LOGIT_SCALE))
    return torch.stack([loss.detach(), correct])


def _loss_and_gradients(
    of_images: list[Tensor], of_text: list[Tensor], target: Tensor, logit_scale: Tensor
) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
    leaves = [[piece.detach().requires_grad_() for piece in pieces] for pieces in (of_images, of_text)]
    features, captions = (F.normalize(torch.cat(pieces), dim=-1) for pieces in leaves)
    loss, correct = contrastive_loss(features, captions, target, logit_scale.exp())
    loss.backward()
    return loss, correct, [(a.grad, b.grad) for a, b in zip(*leaves, strict=True)]


def _tokenized(captions: list[str], known: dict[str, Tensor], tokenize: Callable[[Sequence[str]], Tensor]) -> Tensor:
    new = [text for text in captions if text not in known]
    if new:
        known.update(zip(new, tokenize(new), strict=True))
    return torch.stack([known[text] for text in captions])


def _save(state: str | os.PathLike, model: CLIP, optimizer: torch.optim.AdamW, recipe: Recipe, so_far: _SoFar) -> None:
    content = {
        "recipe": asdict(recipe),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": so_far.step,
        "log": [asdict(row) for row in so_far.log],
        "sums": so_far.sums,
    }
    with atomic.whole(state) as temporary:
        torch.save(content, temporary)


def _resume(state: str | os.PathLike | None, model: CLIP, optimizer: torch.optim.AdamW, recipe: Recipe) -> _SoFar:
    if state is None or not Path(state).exists():
        return _SoFar()
    content = torch.load(state, weights_only=True)
    if content["recipe"] != asdict(recipe):
        raise ValueError(
            f"{state} was made with {content['recipe']}, expected {asdict(recipe)}. Delete it to start again."
        )
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    return _SoFar(content["step"], [LogRow(**row) for row in content["log"]], content["sums"])
