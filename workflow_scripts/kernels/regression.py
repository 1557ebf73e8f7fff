"""Kernel regression on few images of each class of a task, and fine-tuning on the same ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.few_shot import few_shot_rows
from lib.data.points import drawn_rows
from lib.files import predictions, rows
from lib.kernels import regression
from lib.kernels.descent_kernels import descent_kernels
from lib.kernels.few_shot_tuning import tune
from lib.models.linearize import Function
from lib.precision import exact_products
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower, with_bar

VAL, TEST = "val", "test"
_CHOSEN = ("regularization", "initial_scale", "learning_rate")
Candidate = Mapping[str, float]


@dataclass(frozen=True)
class Points:
    """x: Float[Tensor, "n 3 s s"]; labels: Int64[Tensor, "n"]; f_0: the model's logits, Float[Tensor, "n C"]."""

    x: Tensor
    labels: Tensor
    f_0: Tensor

    def at(self, places: Tensor) -> "Points":
        places = places.to(self.x.device)
        return Points(self.x[places], self.labels[places], self.f_0[places])


@dataclass(frozen=True)
class Outcome:
    """One method's: the candidates tried, with their accuracy on val; the best of them; classes predicted on test.

    solvers: of the linear systems, without repetition.
    """

    method: str
    tried: list[Candidate]
    chosen: Candidate
    predicted: Tensor
    solvers: str = ""


def main(
    tower: Tower,
    head: Path,
    data: Path,
    folder: Path,
    *,
    shots: Sequence[int],
    splits: int,
    validation: int,
    test: int,
    kernels: Sequence[str],
    regularizations: Sequence[float],
    initial_scales: Sequence[float],
    finetune: Mapping[str, object],
    seed: int,
    memory_mib: float,
    identity: Mapping[str, str],
) -> None:
    """Write tried.csv (split, shots, method, candidates, accuracy on val), tested.csv (the same of the candidates that
    were chosen, accuracy on test, solver) and predictions.npz, on test, a row for each of tested.csv.

    The k-shot images of a split are drawn by seed + split; those of fewer shots are among them.
    """
    f, fit = tower.logits(head), prepared.read(data, "fit")
    held = {
        part: _points(tower, f, data, part, drawn_rows(len(prepared.read(data, part)), count, seed))
        for part, count in ((VAL, validation), (TEST, test))
    }
    found = [(0, 0, Outcome("zero-shot", [], {}, held[TEST].f_0.argmax(1)))]
    for split in range(splits):
        drawn = few_shot_rows(fit.label, max(shots), seed + split)
        train = _points(tower, f, data, "fit", drawn)
        products = _kernels(tower, f, train, held, kernels, memory_mib)
        for k in shots:
            places = torch.from_numpy(np.flatnonzero(np.isin(drawn, few_shot_rows(fit.label, k, seed + split))))
            few = train.at(places)
            own = {name: _of(kernel, places, len(drawn), held) for name, kernel in products.items()}
            by_kernels = _regressions(own, few, held, regularizations, initial_scales)
            found += [(split, k, outcome) for outcome in by_kernels]
            found += [(split, k, outcome) for outcome in _tunings(tower, f, few, held, seed=seed + split, **finetune)]
    _write(folder, found, held, identity)


def _points(tower: Tower, f: Function, data: Path, part: str, drawn: np.ndarray) -> Points:
    x = tower.points(data, part, drawn)
    labels = torch.from_numpy(prepared.read(data, part).label[drawn]).to(tower.device)
    return Points(x, labels, _logits(tower, f, tower.theta_0, x))


def _logits(tower: Tower, f: Function, theta: Mapping[str, Tensor], x: Tensor) -> Tensor:
    with torch.no_grad(), exact_products(tower.device):
        return torch.cat([f(theta, part) for part in x.split(256)])


def _kernels(
    tower: Tower, f: Function, train: Points, held: Mapping[str, Points], names: Sequence[str], memory_mib: float
) -> dict[str, Tensor]:
    """Name -> K(X, x), Float64[Tensor, "C n m"], x being X itself, then val, then test."""
    x_other = torch.cat([train.x, held[VAL].x, held[TEST].x])
    with exact_products(tower.device):
        return descent_kernels(
            f,
            tower.theta_0,
            train.x,
            x_other,
            kernels=names,
            memory_mib=memory_mib,
            progress=with_bar("kernels"),
        )


def _of(kernel: Tensor, places: Tensor, n: int, held: Mapping[str, Points]) -> dict[str, Tensor]:
    """Part -> K(X, x) of some of the training points."""
    few = kernel.cpu()[:, places]
    at_val = n + len(held[VAL].labels)
    return {"train": few[:, :, places], VAL: few[:, :, n:at_val], TEST: few[:, :, at_val:]}


def _regressions(
    kernels: Mapping[str, Mapping[str, Tensor]],
    train: Points,
    held: Mapping[str, Points],
    regularizations: Sequence[float],
    scales: Sequence[float],
) -> Iterator[Outcome]:
    """Each kernel with the hyperparameters that are best on val; then the closed form, which has none."""
    y = regression.one_hot(train.labels, train.f_0.shape[1]).cpu()
    for name, kernel in kernels.items():
        best, tried = regression.choose(
            kernel["train"],
            y,
            kernel[VAL],
            held[VAL].labels,
            regularizations=regularizations,
            f_0=train.f_0,
            f_0_val=held[VAL].f_0,
            f_0_scales=scales,
        )
        listed = [_candidate(choice) for choice in tried]
        yield _regression(f"kernel-{name}", kernel, y, train, held, listed, _candidate(best))
    if "sgd" in kernels:
        limit = {"regularization": 0.0, "initial_scale": 1.0}
        yield _regression("closed-form", kernels["sgd"], y, train, held, [], limit)


def _candidate(choice: regression.Choice) -> Candidate:
    return {
        "regularization": choice.regularization,
        "initial_scale": choice.f_0_scale,
        "accuracy": choice.accuracy,
    }


def _regression(
    method: str,
    kernel: Mapping[str, Tensor],
    y: Tensor,
    train: Points,
    held: Mapping[str, Points],
    tried: list[Candidate],
    chosen: Candidate,
) -> Outcome:
    scale = chosen["initial_scale"]
    f_0, f_0_test = ((scale * part.f_0.double().cpu()) if scale else None for part in (train, held[TEST]))
    found = regression.fit(kernel["train"], y, regularization=chosen["regularization"], f_0=f_0)
    predicted = found.predict(kernel[TEST], f_0_test).argmax(1)
    return Outcome(method, tried, chosen, predicted, "+".join(sorted(set(found.solvers))))


def _tunings(
    tower: Tower,
    f: Function,
    train: Points,
    held: Mapping[str, Points],
    *,
    seed: int,
    steps: int,
    batch_size: int,
    learning_rates: Mapping[str, Sequence[float]],
) -> Iterator[Outcome]:
    """Each optimizer with the learning rate that is best on val; ties keep the first."""
    for optimizer, rates in learning_rates.items():
        tried, best = [], None
        for rate in rates:
            options = {"optimizer": optimizer, "learning_rate": rate, "steps": steps, "batch_size": batch_size}
            with exact_products(tower.device):
                theta = tune(f, tower.theta_0, train.x, train.labels, seed=seed, **options)
            accuracy = regression.accuracy(_logits(tower, f, theta, held[VAL].x), held[VAL].labels)
            tried.append({"learning_rate": rate, "accuracy": accuracy})
            if best is None or accuracy > best[0]["accuracy"]:
                best = tried[-1], theta
        chosen, theta = best
        yield Outcome(f"tuning-{optimizer}", tried, chosen, _logits(tower, f, theta, held[TEST].x).argmax(1))


def _write(
    folder: Path, found: list[tuple[int, int, Outcome]], held: Mapping[str, Points], identity: Mapping[str, str]
) -> None:
    tried, tested = [], []
    labels = held[TEST].labels.cpu()
    predicted = [outcome.predicted.cpu() for *_, outcome in found]
    for (split, k, outcome), classes in zip(found, predicted, strict=True):
        own = {**identity, "split": split, "shots": k, "method": outcome.method}
        for candidate in outcome.tried:
            told = {name: candidate.get(name) for name in _CHOSEN}
            tried.append({**own, **told, "accuracy": candidate["accuracy"], "n": len(held[VAL].labels)})
        told = {name: outcome.chosen.get(name) for name in _CHOSEN}
        accuracy = (classes == labels).double().mean().item()
        tested.append({**own, **told, "solver": outcome.solvers, "accuracy": accuracy, "n": len(labels)})
    rows.write(folder / "tried.csv", tried)
    rows.write(folder / "tested.csv", tested)
    stored = {(identity["task"], TEST): torch.stack(predicted)}
    predictions.write(folder / "predictions.npz", stored, {identity["task"]: held[TEST].f_0.shape[1]}, {**identity})


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
        main(
            open_tower(snakemake),
            Path(inputs.head),
            Path(inputs.splits[0]).parent,
            Path(snakemake.output.tested).parent,
            **params.drawn,
            memory_mib=params.memory_mib,
            identity={name: wildcards[name] for name in ("model", "task")},
        )
