"""The fine-tuning modes: which parameters train, whether the model is its tangent model, whose task vectors are used.

This is the only place that branches on a mode. A further mode is one entry of MODES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _every(name: str) -> bool:
    return True


def _attention_weights(name: str) -> bool:
    """W_q, W_k, W_v and W_o of every attention layer, without biases (Jin et al. 2024)."""
    return name.endswith(("attn.in_proj_weight", "attn.out_proj.weight"))


@dataclass(frozen=True)
class Mode:
    """One way to get and to use a task vector.

    vectors_of: the mode whose checkpoints give tau. tangent: trained and evaluated as f_lin. trains: parameter name
    -> is it trained. title: as the papers' tables name it.
    """

    name: str
    title: str
    vectors_of: str
    tangent: bool
    trains: Callable[[str], bool] = _every

    @property
    def owns_checkpoints(self) -> bool:
        return self.vectors_of == self.name

    def trained(self, names: Iterable[str]) -> list[str]:
        """The names of the parameters that this mode trains, in order."""
        return [name for name in names if self.trains(name)]

    def model(self, encoder, theta_0) -> Callable:
        """(theta, images) -> embeddings: the function that this mode trains, differentiable in theta."""
        return encoder.tangent_model_at(theta_0) if self.tangent else encoder.encode

    def predictions(self, encoder, theta_0, taus, coefficients, batches, head):
        """Int64[k, n]: classes predicted by the k models theta_0 + sum_j coefficients[k, j] tau_j; see
        `lib.editing.edited_models`.
        """
        from lib.editing import edited_models

        edited = edited_models.tangent_predictions if self.tangent else edited_models.nonlinear_predictions
        return edited(encoder, theta_0, taus, coefficients, batches, head)


MODES = {
    mode.name: mode
    for mode in (
        Mode("standard", "Non-linear FT", vectors_of="standard", tangent=False),
        Mode("posthoc", "Post-hoc lin.", vectors_of="standard", tangent=True),
        Mode("linear", "Linear FT", vectors_of="linear", tangent=True),
        Mode("linear-2", "Linear layers FT", vectors_of="linear-2", tangent=False, trains=_attention_weights),
    )
}
PRETRAINED = "pretrained"
TITLES = {PRETRAINED: "Pre-trained"} | {name: mode.title for name, mode in MODES.items()}


def get(name: str) -> Mode:
    """The mode of that name. Raises ValueError, listing the known ones, for any other."""
    if name not in MODES:
        raise ValueError(f"unknown mode {name!r}; known modes: {', '.join(MODES)}")
    return MODES[name]
