"""The state of a fine-tuning run: written whole, checked by a digest, used only by the run that wrote it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lib.files import checkpoints
from lib.files.own_files import NotFinite


class StateRefused(ValueError):
    """A state file that is damaged or not finite, or that another run wrote."""


@dataclass(frozen=True)
class State:
    """After `step` optimizer steps: named tensors (parameters and moments), and the rows of the training log."""

    step: int
    tensors: dict[str, Tensor]
    log: list[dict[str, float]]


def save(path: Path, state: State, fingerprint: str) -> None:
    """Write the state, whole or not at all; fingerprint says which run it belongs to. Raises NotFinite."""
    content = {"fingerprint": fingerprint, "step": str(state.step), "log": json.dumps(state.log)}
    checkpoints.save(path, state.tensors, content | {"sha256": _digest(state.tensors, content)})


def load(path: Path, fingerprint: str) -> State | None:
    """The state in `path`, or None if there is no file. Raises StateRefused, with the reason, if it cannot be used."""
    if not path.exists():
        return None
    try:
        content, tensors = checkpoints.metadata(path), checkpoints.load(path)
    except checkpoints.CheckpointError as error:
        raise StateRefused(f"{path} is damaged ({error})") from error
    except NotFinite as error:
        raise StateRefused(str(error)) from error
    digest = content.pop("sha256", "")
    if digest != _digest(tensors, content):
        raise StateRefused(f"{path} is damaged: its digest does not match its content")
    if content["fingerprint"] != fingerprint:
        raise StateRefused(f"{path} belongs to a run with other settings, data or code")
    return State(int(content["step"]), tensors, json.loads(content["log"]))


def _digest(tensors: Mapping[str, Tensor], content: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(sorted(content.items()))).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
