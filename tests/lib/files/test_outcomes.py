"""Outcomes per image come back as they were written; a damaged file is refused."""

import numpy as np
import pytest

from lib.files import outcomes
from lib.files.outcomes import Outcomes
from lib.files.own_files import NotFinite, OwnFileError


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    sizes = (11, 16)  # one fills its bytes, one does not
    return Outcomes(
        *("m", 3, "linear", ("A", "B")),
        alphas=np.array([-1.0, 0.0, 2.0]),
        differs=tuple(rng.random((3, 3, n)) < 0.4 for n in sizes),
        distance=tuple((2 * rng.random((3, 3, n))).astype(np.float32) for n in sizes),
    )


def test_what_was_written_comes_back_to_the_bit(found, tmp_path):
    file = tmp_path / "A--B.npz"
    outcomes.write(file, found)
    back = outcomes.read(file)
    assert (back.model, back.seed, back.mode, back.pair) == ("m", 3, "linear", ("A", "B"))
    np.testing.assert_array_equal(back.alphas, found.alphas)
    for ours, theirs in zip((*back.differs, *back.distance), (*found.differs, *found.distance), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    before = file.read_bytes()
    outcomes.write(file, found)
    assert file.read_bytes() == before


def test_stored_bytes_are_those_of_the_arrays(found, tmp_path):
    file = tmp_path / "A--B.npz"
    outcomes.write(file, found)
    with np.load(file) as arrays:
        held = sum(arrays[name].nbytes for name in arrays.files if name.startswith(("differs", "distance")))
    assert outcomes.stored_bytes(3, {"A": 11, "B": 16}) == held


def test_a_distance_that_is_not_finite_is_not_written(found, tmp_path):
    found.distance[1][0, 1, 2] = np.inf
    with pytest.raises(NotFinite, match="1 distances that are not finite, .*disentanglement.alphas"):
        outcomes.write(tmp_path / "A--B.npz", found)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("distance_a", np.full((3, 3, 11), np.nan, np.float32), "99 of 99 values of distance_a not finite"),
        (
            "distance_b",
            np.full((3, 3, 16), 2.5, np.float32),
            "144 of 144 values of distance_b outside, expected 0 to 2",
        ),
        ("distance_b", np.zeros((3, 3, 15), np.float32), "'distance_b': 'f[3, 3, 15]'"),
        ("differs_a", np.zeros((3, 3, 1), np.uint8), "'differs_a': 'u[3, 3, 1]'"),
        ("differs_a", np.zeros((3, 3, 2), np.uint16), "expected"),
        ("alphas", np.zeros(2), "'alphas': 'f[2]'"),
        ("n", np.array([0, 16]), "each of one image at least"),
        ("n", np.array([11, 16, 3]), "'n': 'i[3]'"),
        ("seed", np.array(0.5), "'seed': 'f[]'"),
        ("pair", np.array(["A"]), "'pair': 'U[1]'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(found, tmp_path, name, values, told):
    file = tmp_path / "A--B.npz"
    outcomes.write(file, found)
    with np.load(file) as opened:
        arrays = {key: opened[key] for key in opened.files}
    np.savez(file, **{**arrays, name: values})
    with pytest.raises(OwnFileError) as error:
        outcomes.read(file)
    assert str(file) in str(error.value) and told in str(error.value)


def test_a_file_that_is_cut_is_refused(found, tmp_path):
    file = tmp_path / "A--B.npz"
    outcomes.write(file, found)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(OwnFileError, match="no npz"):
        outcomes.read(file)
    with pytest.raises(OwnFileError, match="no file"):
        outcomes.read(tmp_path / "none.npz")


def test_a_file_that_lacks_an_array_is_refused(found, tmp_path):
    file = tmp_path / "A--B.npz"
    outcomes.write(file, found)
    with np.load(file) as opened:
        arrays = {key: opened[key] for key in opened.files if key != "distance_a"}
    np.savez(file, **arrays)
    with pytest.raises(OwnFileError, match="distance_a"):
        outcomes.read(file)
