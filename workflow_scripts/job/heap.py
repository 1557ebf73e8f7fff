"""The C library's heap, which torch takes its memory on a CPU from."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> bool:
    """Have this process keep what it frees for what it allocates next; False where the C library cannot.

    By default glibc hands large blocks and the top of the heap back at once, and each step of training has its
    activations faulted in anew, page by page: 4 to 13 % of its time. Memory at its peak grows by up to an eighth.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # neither musl nor macOS has it
    return mallopt is not None and all([mallopt(_TRIM_THRESHOLD, -1), mallopt(_MMAP_MAX, 0)])
