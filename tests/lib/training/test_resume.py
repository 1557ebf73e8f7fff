"""The state of an unfinished run: whole, its own, or refused with the reason."""

import pytest
import torch
from safetensors.torch import save_file

from lib.files import checkpoints
from lib.files.own_files import NotFinite
from lib.training import resume
from lib.training.resume import State, StateRefused

STATE = State(3, {"theta/a": torch.arange(4.0), "exp_avg/a": torch.ones(4)}, [{"step": 1, "loss": 0.1 + 0.2}])


@pytest.fixture
def path(tmp_path):
    resume.save(tmp_path / "state.safetensors", STATE, "mine")
    return tmp_path / "state.safetensors"


def test_a_state_comes_back_to_the_bit(path):
    found = resume.load(path, "mine")
    assert (found.step, found.log) == (STATE.step, STATE.log)
    assert found.tensors.keys() == STATE.tensors.keys()
    assert all(torch.equal(found.tensors[name], value) for name, value in STATE.tensors.items())


def test_state_of_a_file_that_is_absent(tmp_path):
    assert resume.load(tmp_path / "none.safetensors", "any") is None


def test_the_state_of_another_run_is_refused(path):
    with pytest.raises(StateRefused, match="belongs to a run with other settings, data or code"):
        resume.load(path, "another")


@pytest.mark.parametrize("key", ["fingerprint", "step", "log"])
def test_changed_metadata_are_refused(path, key):
    content = checkpoints.metadata(path)
    checkpoints.save(path, checkpoints.load(path), content | {key: "7"})
    with pytest.raises(StateRefused, match="its digest does not match its content"):
        resume.load(path, "7" if key == "fingerprint" else "mine")


def test_a_file_that_is_no_checkpoint_is_refused(path):
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(StateRefused, match="is damaged"):
        resume.load(path, "mine")


def test_a_state_that_is_not_finite_is_neither_written_nor_used(path):
    bad = State(3, STATE.tensors | {"exp_avg/a": torch.tensor([1.0, float("nan")])}, STATE.log)
    before = path.read_bytes()
    with pytest.raises(NotFinite, match=r"1 of 2 values of 'exp_avg/a' not finite, expected none; nothing was written"):
        resume.save(path, bad, "mine")
    assert path.read_bytes() == before
    save_file(bad.tensors, path, metadata=checkpoints.metadata(path))
    with pytest.raises(StateRefused, match="1 of 2 values of 'exp_avg/a' not finite"):
        resume.load(path, "mine")
