"""Fine-tuning from theta_0: AdamW, warm-up and cosine, clipped gradients, whatever the objective.

DEVIATES: the gradient is that of the mean over all images of a step. The released code adds the mean losses of its
micro-batches without dividing, so with two of them it clips a gradient twice as long (`clip_norm` 0.5 gives its steps).

ASSUME: PyTorch's fused AdamW stands for the released code's default one; they differ in rounding only.
ASSUME: weight decay acts on theta itself in every mode, biases and norms included, as in the released code.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from lib.data.training_batches import HostBatch, TrainingData
from lib.parameters import Differences
from lib.training import resume
from lib.training.objectives.interface import Mask, Objective, Penalty
from lib.training.schedule import learning_rate


class Diverged(RuntimeError):
    """The loss, or the norm of its gradient, is no longer finite."""


class Interrupted(RuntimeError):
    """Training stopped on request, after its state was saved."""


@dataclass(frozen=True)
class Recipe:
    """How the objective is minimised. learning_rate is the peak; weight_decay and clip_norm as usual.

    accumulate: micro-batches per optimizer step. shard: (rank, world): this process's share of every batch.
    """

    steps: int
    learning_rate: float
    weight_decay: float
    clip_norm: float
    warmup: int
    accumulate: int = 1
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    shard: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class Keeper:
    """Where and how often an unfinished run is saved; stop says whether to save now and end. No path, no saving.

    read_every: steps between two readings of the losses, for which a GPU is waited for; changes no number. Of several
    processes that train together all read the state, one writes it, and all must be told to stop alike.
    """

    path: Path | None = None
    fingerprint: str = ""
    every_seconds: float = 600.0
    read_every: int = 10
    stop: Callable[[], bool] = lambda: False
    note: Callable[[str], None] = lambda message: None
    writes: bool = True


def finetune(
    theta_0: Mapping[str, Tensor],
    trained: list[str],
    objective: Objective,
    data: TrainingData,
    recipe: Recipe,
    *,
    penalty: Penalty | None = None,
    mask: Mask | None = None,
    keeper: Keeper = Keeper(),
    on_progress: Callable[[dict[str, float]], None] = lambda row: None,
    all_reduce: Callable[[Tensor], None] = lambda gradient: None,
) -> tuple[dict[str, Tensor], list[dict[str, float]]]:
    """Minimise the mean of `objective` over each step's images over the parameters named in `trained`, from theta_0.

    objective, penalty, mask: see `lib.training.objectives.interface`; elements that the mask leaves out keep theta_0's
    bits. all_reduce: sum a tensor in place over the processes of recipe.shard. on_progress gets the last row and
    images_per_second whenever losses were read. The keeper's file ends with what was trained.

    Returns theta (all names of theta_0) and the log: step, loss and learning_rate of every step. Raises Diverged if a
    loss or the norm of a gradient is not finite, Interrupted when keeper.stop() says so.
    """
    run = _Run(theta_0, trained, objective, data, recipe, penalty, mask, keeper, all_reduce)
    run.restore()
    with closing(run.batches()) as steps:
        for batches in steps:
            run.advance(batches)
            if run.step % keeper.read_every == 0 or run.step == recipe.steps:
                on_progress(run.read_losses())
            run.keep()
    run.keep_result()
    return {name: value.detach() for name, value in run.theta.items()}, run.log


@dataclass
class _Run:
    theta_0: Mapping[str, Tensor]
    trained: list[str]
    objective: Objective
    data: TrainingData
    recipe: Recipe
    penalty: Penalty | None
    mask: Mask | None
    keeper: Keeper
    all_reduce: Callable
    step: int = 0
    log: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self):
        names = set(self.trained)
        self.theta = {n: v.detach().clone().requires_grad_(n in names) for n, v in self.theta_0.items()}
        self.leaves = [self.theta[name] for name in self.trained]
        self.device = self.leaves[0].device
        recipe = self.recipe
        self.optimizer = torch.optim.AdamW(
            self.leaves,
            lr=recipe.learning_rate,
            betas=recipe.betas,
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.losses, self.norms = list[Tensor](), list[Tensor]()
        self.images, self.since, self.saved_at = 0, time.monotonic(), time.monotonic()

    def batches(self) -> Generator[list[HostBatch]]:
        """This process's micro-batches of each step that is left."""
        pin = self.device.type == "cuda"
        return self.data.ahead(self.step, self.recipe.steps, self._parts, pin=pin)

    def advance(self, batches: list[HostBatch]) -> None:
        """One optimizer step: gradients of all micro-batches, one clip, one update."""
        rows = len(self.data.rows(self.step))
        loss = torch.zeros((), device=self.device)
        for batch in batches:
            share = self.objective(self.theta, batch.cropped(self.device, self.data.image_size), self.step) / rows
            share.backward()
            loss += share.detach()
        for tensor in [loss, *self._gradients()]:
            self.all_reduce(tensor)
        if self.penalty is not None:  # the same in all processes, so added after their sum
            added = self.penalty(Differences(self.theta, self.theta_0), self.step)
            added.backward()
            loss += added.detach()
        self.norms.append(self._update())
        self.losses.append(loss)
        self.step, self.images = self.step + 1, self.images + rows

    def _update(self) -> Tensor:
        """Returns the gradient's norm before it was clipped."""
        frozen = [] if self.mask is None else [(self.theta[name], name) for name in self.trained if name in self.mask]
        for leaf, name in frozen:
            leaf.grad.mul_(self.mask[name])
        norm = torch.nn.utils.clip_grad_norm_(self.leaves, self.recipe.clip_norm)
        self.optimizer.param_groups[0]["lr"] = self._rate(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            for leaf, name in frozen:  # weight decay moved them
                leaf.copy_(torch.where(self.mask[name], leaf, self.theta_0[name]))
        return norm

    def read_losses(self) -> dict[str, float]:
        """Append the steps since the last reading to the log. Their losses and gradients' norms leave the device here
        and nowhere else, so this is where they are checked."""
        first = self.step - len(self.losses)
        losses, norms = (torch.stack(values).tolist() for values in (self.losses, self.norms))
        for step, (loss, norm) in enumerate(zip(losses, norms, strict=True), start=first):
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise self._diverged(step, loss, norm)
            self.log.append({"step": step + 1, "loss": loss, "learning_rate": self._rate(step)})
        now = time.monotonic()
        rate = self.images / max(now - self.since, 1e-9)
        self.losses, self.norms, self.images, self.since = [], [], 0, now
        return {**self.log[-1], "images_per_second": rate}

    def keep(self) -> None:
        """Save the state if it is time to, or if asked to stop; only when no loss is pending."""
        if self.keeper.path is None or self.losses or self.step == self.recipe.steps:
            return
        stop = self.keeper.stop()
        due = stop or time.monotonic() - self.saved_at >= self.keeper.every_seconds
        if due and self.keeper.writes:
            resume.save(self.keeper.path, resume.State(self.step, self._tensors(), self.log), self.keeper.fingerprint)
            self.saved_at = time.monotonic()
        if stop:
            self.all_reduce(torch.zeros((), device=self.device))  # all wait for the one that writes
            raise Interrupted(f"stopped on request after step {self.step}; the state is in {self.keeper.path}")

    def keep_result(self) -> None:
        """Save what was trained, without moments. Until somebody accepts it, a job can be lost after its last step."""
        if self.keeper.path is not None and self.keeper.writes:
            tensors = {f"theta/{name}": leaf for name, leaf in zip(self.trained, self.leaves, strict=True)}
            resume.save(self.keeper.path, resume.State(self.step, tensors, self.log), self.keeper.fingerprint)

    def restore(self) -> None:
        """Go on from a saved state, if there is a good one."""
        if self.keeper.path is None:
            return
        try:
            state = resume.load(self.keeper.path, self.keeper.fingerprint)
        except resume.StateRefused as reason:
            self.keeper.note(f"{reason}; starting from step 0")
            return
        if state is None:
            return
        with torch.no_grad():
            for name, leaf in zip(self.trained, self.leaves, strict=True):
                leaf.copy_(state.tensors[f"theta/{name}"])
                if state.step < self.recipe.steps:
                    moments = {key: state.tensors[f"{key}/{name}"].to(leaf) for key in ("exp_avg", "exp_avg_sq")}
                    steps = torch.tensor(float(state.step), device=leaf.device)
                    self.optimizer.state[leaf] = {"step": steps, **moments}
        self.step, self.log = state.step, state.log
        self.keeper.note(f"resumed after step {self.step} from {self.keeper.path}")

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {}
        for name, leaf in zip(self.trained, self.leaves, strict=True):
            tensors[f"theta/{name}"] = leaf
            for key in ("exp_avg", "exp_avg_sq"):
                tensors[f"{key}/{name}"] = self.optimizer.state[leaf][key]
        return tensors

    def _gradients(self) -> list[Tensor]:
        """Those of all leaves: zero where this process had no row of a step."""
        for leaf in self.leaves:
            if leaf.grad is None:
                leaf.grad = torch.zeros_like(leaf)
        return [leaf.grad for leaf in self.leaves]

    def _parts(self, rows: int) -> list[slice]:
        """This process's rows of a step, in `accumulate` contiguous parts of nearly equal length."""
        rank, world = self.recipe.shard
        pieces = world * self.recipe.accumulate
        bounds = [rows * i // pieces for i in range(pieces + 1)]
        mine = range(rank * self.recipe.accumulate, (rank + 1) * self.recipe.accumulate)
        return [slice(bounds[i], bounds[i + 1]) for i in mine if bounds[i] < bounds[i + 1]]

    def _rate(self, step: int) -> float:
        return learning_rate(step, peak=self.recipe.learning_rate, warmup=self.recipe.warmup, steps=self.recipe.steps)

    def _diverged(self, step: int, loss: float, norm: float) -> Diverged:
        saved = self.keeper.path is not None and self.keeper.path.exists()
        return Diverged(
            f"the loss is {loss} at step {step}, its gradient's norm {norm:.3g}, learning rate {self._rate(step):.3g}; "
            f"last good state: {self.keeper.path if saved else 'none was saved yet'}. Lower the learning rate of this "
            "mode, or use float32 if the precision is bf16, and run the rule again."
        )
