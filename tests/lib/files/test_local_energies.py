"""Local energies come back as they were written, or the file is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest

from lib.files import local_energies
from lib.files.local_energies import LocalEnergies
from lib.files.own_files import OwnFileError


def energies(n=3, m=2, d=2, **more):
    rng = np.random.default_rng(0)
    values = -np.sort(-rng.random((d, n)))
    given = {"rows_task": np.arange(n), "rows_control": np.arange(m), "cut_offs": np.array([0.9]), "values": values}
    given |= {"energy": rng.random((1, d, n + m)), "rank": np.full((1, d), 2)}
    return LocalEnergies(**({"model": "m", "task": "A", "control": "B"} | given | more))


def test_they_come_back(tmp_path):
    written = energies()
    local_energies.write(tmp_path / "a.npz", written)
    found = local_energies.read(tmp_path / "a.npz")
    for field in fields(LocalEnergies):
        assert np.array_equal(getattr(found, field.name), getattr(written, field.name)), field.name
    assert found.own.tolist() == [True, True, True, False, False] and isinstance(found.task, str)
    local_energies.write(tmp_path / "b.npz", written)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("name", ["rows_control", "cut_offs", "values", "energy", "rank"])
def test_what_does_not_fit_is_refused(tmp_path, name):
    written = energies()
    local_energies.write(tmp_path / "a.npz", replace(written, **{name: getattr(written, name)[:0]}))
    with pytest.raises(OwnFileError, match=r"a.npz: got the arrays"):
        local_energies.read(tmp_path / "a.npz")
