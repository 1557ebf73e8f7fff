"""Squared lengths come back as they were written, or the file is refused."""

import numpy as np
import pytest

from lib.files import squared_lengths
from lib.files.own_files import NotFinite, OwnFileError
from lib.files.squared_lengths import SquaredLengths


def lengths(scale=1.0, *, images=None, **more):
    """Of as many task vectors as tasks; images: task -> how many of its images."""
    rng, images = np.random.default_rng(0), images or {"A": 4, "B": 3}
    of = {task: (scale * rng.random((len(images), n))).astype(np.float32) for task, n in images.items()}
    return SquaredLengths(**{"model": "m", "seed": 0, "mode": "linear", "of": of} | more)


def test_they_come_back(tmp_path):
    written = lengths()
    squared_lengths.write(tmp_path / "a.npz", written)
    found = squared_lengths.read(tmp_path / "a.npz")
    assert (found.model, found.seed, found.mode, found.tasks) == ("m", 0, "linear", ["A", "B"])
    for task, values in written.of.items():
        assert found.of[task].dtype == np.float32 and np.array_equal(found.of[task], values)
    squared_lengths.write(tmp_path / "b.npz", written)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_is_not_finite_is_not_written(tmp_path):
    with pytest.raises(NotFinite, match="a.npz: got 14 of 14 squared lengths"):
        squared_lengths.write(tmp_path / "a.npz", lengths(np.inf))
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("n", lambda n: n + 1),
        ("n", lambda n: n * 0),
        ("n", lambda n: n.astype(float)),
        ("tasks", lambda tasks: tasks[:1]),
        ("tasks", lambda tasks: tasks[:0]),
        ("lengths", lambda values: values[:1]),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, name, change):
    squared_lengths.write(tmp_path / "a.npz", lengths())
    with np.load(tmp_path / "a.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "a.npz", **arrays | {name: change(arrays[name])})
    with pytest.raises(OwnFileError, match=r"a.npz: got the arrays"):
        squared_lengths.read(tmp_path / "a.npz")


def test_a_negative_square_is_refused(tmp_path):
    squared_lengths.write(tmp_path / "a.npz", lengths(-1.0))
    with pytest.raises(OwnFileError, match="got 14 negative squared lengths"):
        squared_lengths.read(tmp_path / "a.npz")
