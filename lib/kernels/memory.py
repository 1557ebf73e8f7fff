"""How many points fit into a stated memory: a trial on two points shows what one takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from lib.kernels.tape import Copies, Tape

MIB = 2**20
BLOCK_BYTES = 2**26  # explicit gradients of factored weights are made in such blocks
_ALIVE = 4  # tensors as large as the tape's largest that a backward pass holds beside the tape


@dataclass(frozen=True)
class Layout:
    """What a trial shows. outputs: d. tape, transient: bytes a point of the tape, and of gradients on their way."""

    outputs: int
    tape: float
    transient: float

    def points(self, memory_mib: float, *, blocks: int) -> int:
        """The points that fit beside so many blocks.

        Raises ValueError if not even two do.
        """
        bytes_a_point = max(self.tape + self.transient, 1.0)
        points = int((memory_mib * MIB - blocks * block_bytes(memory_mib)) / bytes_a_point)
        if points < 2:
            needed = 2 * bytes_a_point / MIB * 16 / (16 - blocks) + 1
            raise ValueError(
                f"memory_mib {memory_mib:g} holds {max(points, 0)} points' tape and gradients, expected two at least: "
                f"give {needed:.0f} or more, or differentiate by fewer parameters (`trained`)"
            )
        return points


def block_bytes(memory_mib: float) -> int:
    """The size of blocks of explicit gradients: a sixteenth of a small memory."""
    return min(BLOCK_BYTES, int(memory_mib * MIB / 16))


def layout_of(copies: Copies, inputs: tuple[Tensor, ...]) -> tuple[Copies, Layout]:
    """The copies with their embedding tables found, and the layout, by a forward pass over two points.

    A table that is also used otherwise (tied to an output layer) is copied like every other parameter.
    """
    pair = tuple(x[[0, -1]] for x in inputs)
    matrices = [name for name in copies.trained if copies.theta[name].ndim == 2] if copies.vectorize else []
    copies = replace(copies, tables=matrices)
    tape, kept = _trial(copies, pair)
    if tied := tape.looked_up & tape.reached:
        copies = replace(copies, tables=[name for name in matrices if name not in tied])
        tape, kept = _trial(copies, pair)
    whole = max((leaf[0].numel() * leaf.element_size() for leaf in tape.whole.values()), default=0)
    layout = Layout(tape.outputs.shape[1], sum(kept) / 2, _ALIVE * max(kept, default=0) / 2 + 2 * whole)
    return replace(copies, tables=[name for name in copies.tables if name in tape.looked_up]), layout


def _trial(copies: Copies, inputs: tuple[Tensor, ...]) -> tuple[Tape, list[int]]:
    """The tape of some points, and the bytes of each of the tensors that it keeps beside theta."""
    own = {value.untyped_storage().data_ptr() for value in copies.theta.values()}
    kept: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # a node that held its own output would never be freed

    try:
        with saved_tensors_hooks(count, lambda tensor: tensor):
            return copies.record(inputs), list(kept.values())
    except RuntimeError as error:
        if not copies.vectorize:
            raise
        raise RuntimeError(
            f"f does not run under torch.func.vmap ({str(error)[:200]}): correct it, or pass vectorize=False to run a "
            "point at a time"
        ) from error
