"""Named tensors: what a model's parameters, a task vector and a gradient have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase


class ParameterMismatch(ValueError):
    """Two sets of named tensors that do not have the same names or shapes."""


def require_same_names(expected: Mapping[str, object], got: Mapping[str, object], *, what: str) -> None:
    """Raise ParameterMismatch unless both mappings hold the same names with the same shapes."""
    missing = sorted(expected.keys() - got.keys())
    surplus = sorted(got.keys() - expected.keys())
    if missing or surplus:
        raise ParameterMismatch(
            f"{what}: parameter names differ; missing {_some(missing)}, unexpected {_some(surplus)}. "
            "Likely causes: another architecture, or a state dict of the whole CLIP instead of its visual tower."
        )
    for name, value in expected.items():
        if tuple(value.shape) != tuple(got[name].shape):
            raise ParameterMismatch(
                f"{what}: {name} has shape {tuple(got[name].shape)}, expected {tuple(value.shape)}. "
                "Likely cause: another architecture."
            )


def matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The names that match one of the shell patterns, in the order of the names."""
    patterns = list(patterns)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


class Differences(Mapping):
    """theta - theta_0 as a mapping, each difference made when it is asked for."""

    def __init__(self, theta: Mapping[str, object], theta_0: Mapping[str, object]):
        self._theta, self._theta_0 = theta, theta_0

    def __getitem__(self, name: str):
        return self._theta[name] - self._theta_0[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._theta_0)

    def __len__(self) -> int:
        return len(self._theta_0)


def _some(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else "none"
