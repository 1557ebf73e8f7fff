"""Trajectories come back as they were written, or the file is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest

from lib.files import trajectories
from lib.files.own_files import OwnFileError
from lib.files.trajectories import KINDS, Trajectories


def drawn(widths=(8, 32, 128), seeds=(0, 1), steps=(0, 5, 10), n=4, m=3, k=2):
    rng = np.random.default_rng(0)
    sizes = {"outputs": n, "outputs_test": m, "weights": k}
    shape = len(widths), len(seeds), len(KINDS), len(steps)
    return Trajectories(
        *(np.array(values) for values in (widths, seeds, steps)),
        rows=np.arange(n),
        rows_test=np.arange(m),
        y=np.resize([1.0, -1.0], n),
        y_test=np.resize([1.0, -1.0], m),
        **{name: rng.normal(size=(*shape, size)).astype(np.float32) for name, size in sizes.items()},
    )


def test_they_come_back(tmp_path):
    written = drawn()
    trajectories.write(tmp_path / "a.npz", written)
    found = trajectories.read(tmp_path / "a.npz")
    for field in fields(Trajectories):
        assert np.array_equal(getattr(found, field.name), getattr(written, field.name)), field.name


@pytest.mark.parametrize("name", ["seeds", "rows_test", "y", "outputs", "weights"])
def test_what_does_not_fit_is_refused(tmp_path, name):
    written = drawn()
    trajectories.write(tmp_path / "a.npz", replace(written, **{name: getattr(written, name)[:-1]}))
    with pytest.raises(OwnFileError, match=r"a.npz: got the arrays"):
        trajectories.read(tmp_path / "a.npz")
