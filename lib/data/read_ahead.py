"""Reading ahead of the work, in order, by a few threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def read_ahead(read: Callable[[int], T], places: Sequence[int], *, readers: int = 2) -> Generator[T]:
    """read(place) for all places, in order; so many threads read those that come next."""
    with ThreadPoolExecutor(readers, "read-ahead") as pool:
        coming = deque(pool.submit(read, place) for place in places[:readers])
        following = iter(places[readers:])
        while coming:
            found = coming.popleft().result()
            coming.extend(pool.submit(read, place) for place in islice(following, 1))
            yield found
