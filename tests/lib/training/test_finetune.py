"""Laws of the training loop: what trains, what decays, accumulation, sharding, resumption."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from lib.data import prepared
from lib.data.batches import TrainingData
from lib.data.raw_task import RawSplit
from lib.editing.task_vector import TaskVector
from lib.models.encoders import encoder_of
from lib.precision import matmul_precision
from lib.training import finetune as finetuning
from lib.training import modes, resume
from lib.training.finetune import Diverged, Interrupted, Keeper, Recipe
from lib.training.schedule import learning_rate

RECIPE = Recipe(steps=6, learning_rate=1e-3, weight_decay=0.1, clip_norm=1.0, warmup=2, log_every=2)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    pixels = generator.integers(0, 256, (40, 8, 8, 3), np.uint8)
    raw = RawSplit(np.arange(40) % 4, lambda row: Image.fromarray(pixels[row]))
    prepared.write(folder, "fit", raw, np.arange(40), crop=lambda image: image)
    return prepared.read(folder, "fit")


@pytest.fixture
def encoder(tower):
    return encoder_of(SimpleNamespace(visual=tower))


@pytest.fixture
def theta_0(tower):
    return {name: value.detach().clone() for name, value in tower.named_parameters()}


@pytest.fixture
def run(encoder, theta_0, split):
    head = torch.nn.functional.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(2)), dim=-1) * 10

    def train(mode="standard", recipe=RECIPE, **more):
        chosen = modes.get(mode)
        data = TrainingData(split, batch_size=16, image_size=8, seed=0)
        model = chosen.model(encoder, theta_0)
        return finetuning.finetune(model, theta_0, chosen.trained(theta_0), head, data, recipe, **more)

    return train


TRAINED_MODES = [name for name, mode in modes.MODES.items() if mode.owns_checkpoints]


@pytest.mark.parametrize("mode", TRAINED_MODES)
def test_only_the_modes_parameters_move_and_the_loss_falls(run, theta_0, mode):
    theta, log = run(mode, dataclasses.replace(RECIPE, steps=30))
    moved = {name for name in theta_0 if not torch.equal(theta[name], theta_0[name])}
    assert moved == set(modes.get(mode).trained(theta_0))
    assert log[-1]["loss"] < log[0]["loss"]
    assert [row["step"] for row in log] == list(range(2, 31, 2))


@pytest.mark.parametrize("mode", TRAINED_MODES)
def test_training_in_bf16_follows_training_in_float32(run, theta_0, mode):
    """Rounded products move each step a little; products with parameters of an earlier step would move all of them."""
    recipe = dataclasses.replace(RECIPE, steps=60, log_every=10)
    exact, exact_log = run(mode, recipe)
    with matmul_precision("bf16", "cpu"):
        rounded, log = run(mode, recipe)
    taus = [TaskVector.between(theta_0, theta) for theta in (exact, rounded)]
    assert all(value.dtype is torch.float32 for value in rounded.values())
    assert 0 < (taus[0] - taus[1]).norm() < 0.2 * taus[0].norm()
    assert [row["loss"] for row in log] == pytest.approx([row["loss"] for row in exact_log], rel=0.02)


@pytest.mark.parametrize("mode", TRAINED_MODES)
def test_weight_decay_acts_on_theta_in_every_mode(run, theta_0, mode):
    """AdamW multiplies theta, not tau, by 1 - lr * decay: with a huge decay and no warm-up, one step shrinks theta_0
    itself.
    """
    recipe = dataclasses.replace(RECIPE, steps=1, warmup=1, learning_rate=1e-6, weight_decay=1e5)
    theta, _ = run(mode, recipe)
    for name in modes.get(mode).trained(theta_0):
        torch.testing.assert_close(theta[name], 0.9 * theta_0[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_accumulation_averages_the_loss(run, mode):
    whole, _ = run(mode)
    parts, _ = run(mode, dataclasses.replace(RECIPE, accumulate=3))
    for name in whole:
        if "in_proj_bias" not in name:  # a key's bias has no gradient but rounding, of which AdamW takes the sign
            torch.testing.assert_close(parts[name], whole[name], rtol=1e-3, atol=2e-5)


def test_first_gradient_is_the_clipped_mean_gradient(run, encoder, theta_0, split):
    """One step of plain AdamW moves each weight by lr * sign(gradient) where the gradient is not tiny."""
    theta, _ = run("standard", dataclasses.replace(RECIPE, steps=1, warmup=1, weight_decay=0.0))
    step = theta["proj"] - theta_0["proj"]
    assert step.abs().max() <= 1e-3 * 1.001 and step.abs().median() > 0.9e-3


@pytest.mark.parametrize("mode", TRAINED_MODES)
@pytest.mark.parametrize("stop_after", [2, 4])
def test_a_resumed_run_ends_bit_identical(run, tmp_path, mode, stop_after):
    undisturbed, log = run(mode)
    seen = []
    keeper = Keeper(tmp_path / "state.safetensors", "same run", stop=lambda: seen[-1] >= stop_after)
    with pytest.raises(Interrupted, match=f"after step {stop_after}"):
        run(mode, keeper=keeper, on_log=lambda row: seen.append(row["step"]))
    notes = []
    resumed, resumed_log = run(mode, keeper=Keeper(keeper.path, "same run", note=notes.append))
    assert f"resumed after step {stop_after}" in notes[0]
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)
    assert [row["loss"] for row in resumed_log] == [row["loss"] for row in log]


@pytest.mark.parametrize("damage", ["truncated", "bit flipped", "empty", "other run"])
def test_a_bad_state_is_ignored_with_a_message(run, tmp_path, damage):
    path = tmp_path / "state.safetensors"
    with pytest.raises(Interrupted):
        run(keeper=Keeper(path, "same run", stop=lambda: True))
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "bit flipped":
        content[-100] ^= 1
        path.write_bytes(content)
    notes = []
    theta, _ = run(keeper=Keeper(path, "another run" if damage == "other run" else "same run", note=notes.append))
    assert "starting from step 0" in notes[0]
    assert all(torch.equal(theta[name], value) for name, value in run()[0].items())


def test_a_loss_that_is_not_finite_stops_the_run_with_its_step(run, theta_0):
    theta_0["proj"].fill_(float("nan"))
    with pytest.raises(Diverged, match=r"nan at step 0, learning rate 0.0005; last good state: none"):
        run()


def test_every_epoch_sees_every_row_once(split):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)
    assert data.steps_per_epoch == 3
    for epoch in range(2):
        rows = np.concatenate([data.rows(3 * epoch + i) for i in range(3)])
        assert sorted(rows) == list(range(40))
    assert not np.array_equal(data.rows(0), data.rows(3))


def test_steps_read_ahead_are_those_read_alone(split):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)

    def halves(rows):
        return [slice(0, rows // 2), slice(rows // 2, rows)]

    ahead = list(data.ahead(2, 5, halves))
    assert len(ahead) == 3 and list(data.ahead(5, 5, halves)) == []
    for step, batches in enumerate(ahead, start=2):
        (whole,) = data.gather(step, [slice(None)])
        assert torch.equal(torch.cat([batch.labels for batch in batches]), whole.labels)
        assert torch.equal(whole.labels, torch.from_numpy(split.label[data.rows(step)]))
        parts = [batch.cropped("cpu", 8)[0] for batch in batches]
        assert torch.equal(torch.cat(parts), whole.cropped("cpu", 8)[0])


def test_an_error_while_reading_ahead_reaches_the_training_loop(split, monkeypatch):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)
    monkeypatch.setattr(type(split), "images", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(data.ahead(0, 2, lambda rows: [slice(None)]))


def test_a_process_without_a_row_adds_nothing(run):
    """The last batch of an epoch has 8 rows: of 16 processes every second has none, and must still take part."""
    theta, _ = run("standard", dataclasses.replace(RECIPE, steps=3, shard=(0, 16)))
    assert all(torch.isfinite(value).all() for value in theta.values())


def test_schedule():
    rates = [learning_rate(step, peak=1.0, warmup=4, steps=12) for step in range(12)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0 and rates[8] == pytest.approx(0.5)
    assert all(a >= b for a, b in zip(rates[4:], rates[5:], strict=False)) and 0 < rates[-1] < 0.05


def test_state_of_a_file_that_is_absent(tmp_path):
    assert resume.load(tmp_path / "none.safetensors", "any") is None
