"""Task vectors, tau = theta_t - theta_0, and their algebra (Ilharco et al. 2023, Sec. 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Real

from lib.parameters import require_same_names


class TaskVector(Mapping):
    """A vector in parameter space, as a read-only mapping of parameter names to tensors (or arrays).

    Supports +, -, unary -, multiplication by a real number on both sides, division by one, and sum().
    Two vectors combine only if their names and shapes agree: ParameterMismatch otherwise.
    """

    __array_ufunc__ = None  # a numpy scalar on the left leaves the product to __rmul__

    def __init__(self, tensors: Mapping[str, object]):
        self._tensors = dict(tensors)

    @classmethod
    def between(cls, theta_0: Mapping[str, object], theta: Mapping[str, object]) -> TaskVector:
        """tau = theta - theta_0. Raises ParameterMismatch if names or shapes differ."""
        require_same_names(theta_0, theta, what="task vector")
        return cls({name: theta[name] - theta_0[name] for name in theta_0})

    def apply(self, theta_0: Mapping[str, object], alpha: float = 1.0) -> dict[str, object]:
        """The edited parameters theta_0 + alpha tau. Raises ParameterMismatch if names or shapes differ."""
        require_same_names(theta_0, self, what="edited parameters")
        return {name: value + alpha * self[name] for name, value in theta_0.items()}

    def dot(self, other: TaskVector) -> float:
        """<tau, tau'>, summed in float64."""
        require_same_names(self, other, what="dot product")
        return sum(_dot(self[name], other[name]) for name in self)

    def norm(self) -> float:
        """The Euclidean norm |tau|."""
        return self.dot(self) ** 0.5

    def cosine(self, other: TaskVector) -> float:
        """<tau, tau'> / (|tau| |tau'|), in [-1, 1]. Raises ValueError if one of them is zero."""
        scale = self.norm() * other.norm()
        if scale == 0:
            raise ValueError("cosine of a zero task vector is not defined: was this task fine-tuned at all?")
        return self.dot(other) / scale

    def __getitem__(self, name: str):
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __add__(self, other):
        if isinstance(other, Real) and other == 0:  # the start value of sum()
            return self
        if not isinstance(other, TaskVector):
            return NotImplemented
        require_same_names(self, other, what="sum of task vectors")
        return TaskVector({name: value + other[name] for name, value in self.items()})

    __radd__ = __add__

    def __sub__(self, other):
        return self + -other if isinstance(other, TaskVector) else NotImplemented

    def __neg__(self) -> TaskVector:
        return TaskVector({name: -value for name, value in self.items()})

    def __mul__(self, factor):
        if not isinstance(factor, Real):
            return NotImplemented
        return TaskVector({name: float(factor) * value for name, value in self.items()})

    __rmul__ = __mul__

    def __truediv__(self, factor):
        return self * (1.0 / factor) if isinstance(factor, Real) else NotImplemented

    def __repr__(self) -> str:
        return f"TaskVector({len(self)} tensors, norm {self.norm():.4g})"


def _dot(a, b) -> float:
    if hasattr(a, "double"):
        return float(a.double().flatten().dot(b.double().flatten()))
    return float(a.astype("float64").ravel().dot(b.astype("float64").ravel()))
