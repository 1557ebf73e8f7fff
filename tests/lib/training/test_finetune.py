"""Laws of the training loop: AdamW by hand, what trains, what decays, accumulation, penalties, masks, resumption."""

import dataclasses
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lib.editing.task_vector import TaskVector
from lib.models.linearize import differentiable_attention
from lib.models.tangent_vit import linearize_vit_at
from lib.models.vit import vit
from lib.precision import matmul_precision
from lib.training import modes
from lib.training.finetune import Diverged, Interrupted, Keeper, finetune
from tests.lib.models.functions import explicit_tangent, function_of
from tests.lib.training.conftest import RECIPE

# 40 images in batches of 16, 16 and 8; three micro-batches of 5, 5 and 6 images, or 2, 3 and 3. A key's bias has no
# gradient but rounding: epsilon keeps AdamW from making steps of it
STEPS = dataclasses.replace(
    RECIPE, steps=7, learning_rate=3e-3, clip_norm=13.0, warmup=3, betas=(0.8, 0.95), epsilon=1e-3
)
RIDGE = 3.0  # weight of the penalty |tau|^2 in the tests below


@pytest.fixture
def exact(tower, encoder, theta_0, head, data):
    """The same problem in float64, with open_clip's module beside the models of this project."""
    return Exact(tower.double(), encoder, {n: v.double() for n, v in theta_0.items()}, head.double(), data)


@dataclasses.dataclass(frozen=True)
class Exact:
    tower: torch.nn.Module
    encoder: object
    theta_0: dict
    head: torch.Tensor
    data: object

    def loss(self, features, labels):
        return F.cross_entropy(F.normalize(features, dim=-1) @ self.head.T, labels, reduction="sum")

    def objective(self, kind):
        """What `finetune` gets: the sum over a micro-batch, by lib.models.vit or its tangent model."""
        shape = self.encoder.shape
        f_lin = linearize_vit_at(shape, self.theta_0)
        model = f_lin if kind == "linear" else lambda theta, x: vit(shape, theta, x)
        return lambda theta, batch, step: self.loss(model(theta, self.pixels(batch[0])), batch[1])

    def mean_loss(self, kind, theta, step):
        """Of all images of a step at once, by open_clip's module or its Jacobian written out."""
        (whole,) = self.data.gather(step, [slice(None)])
        images, labels = whole.cropped("cpu", 8)
        f, x = function_of(self.tower), self.pixels(images)
        if kind == "linear":
            tau = {name: theta[name] - self.theta_0[name] for name in theta}
            with differentiable_attention():
                return self.loss(explicit_tangent(f, self.theta_0, tau, x), labels) / len(labels)
        return self.loss(f(theta, x), labels) / len(labels)

    def pixels(self, images):
        return self.encoder.normalised(images).double()


def rate_by_hand(step, recipe):
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    share = (step - recipe.warmup) / (recipe.steps - recipe.warmup)
    return recipe.learning_rate * (1 + math.cos(math.pi * share)) / 2


def adamw_by_hand(exact, kind, recipe, *, ridge=0.0, mask=None):
    """Algorithm 2 of Loshchilov and Hutter 2019 with clipped gradients: (theta, losses, which steps were clipped)."""
    theta = {name: value.clone() for name, value in exact.theta_0.items()}
    mask = {name: torch.ones_like(value) for name, value in theta.items()} | (mask or {})
    m, v = ({name: torch.zeros_like(value) for name, value in theta.items()} for _ in range(2))
    losses, clipped = [], []
    for step in range(recipe.steps):
        leaves = {name: value.detach().requires_grad_() for name, value in theta.items()}
        loss = exact.mean_loss(kind, leaves, step)
        loss = loss + ridge * sum(((leaves[name] - exact.theta_0[name]) ** 2).sum() for name in leaves)
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
        gradients = {name: gradient * mask[name] for name, gradient in gradients.items()}
        norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
        shrink = min(1.0, recipe.clip_norm / (float(norm) + 1e-6))
        rate, (beta_1, beta_2) = rate_by_hand(step, recipe), recipe.betas
        for name, gradient in gradients.items():
            m[name] = beta_1 * m[name] + (1 - beta_1) * shrink * gradient
            v[name] = beta_2 * v[name] + (1 - beta_2) * (shrink * gradient) ** 2
            m_hat, v_hat = m[name] / (1 - beta_1 ** (step + 1)), v[name] / (1 - beta_2 ** (step + 1))
            moved = theta[name] - rate * recipe.weight_decay * theta[name]
            moved = moved - rate * m_hat / (torch.sqrt(v_hat) + recipe.epsilon)
            theta[name] = torch.where(mask[name].bool(), moved, exact.theta_0[name])
        losses.append(loss.item())
        clipped.append(shrink < 1)
    return theta, losses, clipped


def assert_theta(found, expected, theta_0):
    for name in expected:
        moved = (expected[name] - theta_0[name]).norm()
        assert (found[name] - expected[name]).norm() <= 1e-6 * moved + 1e-13, name


def ridge(tau, step):
    return RIDGE * sum((difference**2).sum() for difference in tau.values())


@pytest.mark.parametrize("penalised", [False, True])
@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("kind", ["standard", "linear"])
def test_every_step_is_adamws_by_hand(exact, kind, accumulate, penalised):
    """In float64: the mean gradient of a step's images, whatever the micro-batches, and the penalty's once, clipped."""
    recipe = dataclasses.replace(STEPS, accumulate=accumulate)
    penalty = ridge if penalised else None
    theta, log = finetune(
        exact.theta_0, list(exact.theta_0), exact.objective(kind), exact.data, recipe, penalty=penalty
    )
    expected, losses, clipped = adamw_by_hand(exact, kind, recipe, ridge=RIDGE * penalised)
    assert set(clipped) == {True, False}
    assert_theta(theta, expected, exact.theta_0)
    assert [row["step"] for row in log] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["loss"] for row in log] == pytest.approx(losses, rel=1e-6)
    assert [row["learning_rate"] for row in log] == pytest.approx([rate_by_hand(i, recipe) for i in range(7)])


@pytest.mark.parametrize("kind", ["standard", "linear"])
def test_a_masked_step_is_adamws_by_hand(exact, kind):
    """Gradients that the mask leaves out count neither in the moments nor in the norm that is clipped."""
    generator = torch.Generator().manual_seed(5)
    names = [name for name in exact.theta_0 if "attn" in name or name == "proj"]
    mask = {name: torch.rand(exact.theta_0[name].shape, generator=generator) < 0.3 for name in names}
    theta, log = finetune(
        exact.theta_0, list(exact.theta_0), exact.objective(kind), exact.data, STEPS, penalty=ridge, mask=mask
    )
    expected, losses, clipped = adamw_by_hand(exact, kind, STEPS, ridge=RIDGE, mask=mask)
    assert any(clipped)
    assert_theta(theta, expected, exact.theta_0)
    assert [row["loss"] for row in log] == pytest.approx(losses, rel=1e-6)


@pytest.mark.parametrize("penalised", [False, True])
def test_processes_that_add_their_gradients_give_what_one_gives(exact, penalised):
    """Two threads in the place of processes. The penalty is counted once, not once a process."""
    penalty = ridge if penalised else None
    arguments = exact.theta_0, list(exact.theta_0), exact.objective("standard"), exact.data
    alone, alone_log = finetune(*arguments, STEPS, penalty=penalty)
    barrier, parts = threading.Barrier(2, timeout=60), {}

    def train(rank):
        def all_reduce(tensor):
            parts[rank] = tensor.clone()
            barrier.wait()
            tensor.copy_(parts[0] + parts[1])
            barrier.wait()

        recipe = dataclasses.replace(STEPS, shard=(rank, 2))
        return finetune(*arguments, recipe, penalty=penalty, all_reduce=all_reduce)

    with ThreadPoolExecutor(2) as pool:
        for theta, log in pool.map(train, range(2)):
            assert_theta(theta, alone, exact.theta_0)
            assert [row["loss"] for row in log] == pytest.approx([row["loss"] for row in alone_log], rel=1e-6)


def same_bits(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_a_penalty_of_zero_changes_no_bit(run, mode):
    theta, log = run(mode)
    penalised, penalised_log = run(mode, penalty=lambda tau, step: 0.0 * sum(d.sum() for d in tau.values()))
    assert same_bits(theta, penalised) and log == penalised_log


def test_a_penalty_gets_the_task_vector_and_the_step(run, theta_0):
    seen = []

    def penalty(tau, step):
        assert list(tau) == list(theta_0)
        seen.append((step, all(not difference.any() for difference in tau.values())))
        return 0.0 * tau["proj"].sum()

    run(penalty=penalty)
    assert seen == [(0, True), *((step, False) for step in range(1, 6))]


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_what_the_mask_leaves_out_keeps_its_bits_under_weight_decay(run, theta_0, mode):
    generator = torch.Generator().manual_seed(5)
    mask = {name: torch.rand(value.shape, generator=generator) < 0.5 for name, value in theta_0.items()}
    whole = {name for name in mask if name.startswith("ln_")}  # names that are left out train as a whole
    mask = {name: value for name, value in mask.items() if name not in whole} | {"proj": torch.zeros(16, 8).bool()}
    recipe = dataclasses.replace(RECIPE, weight_decay=10.0)
    theta, _ = run(mode, recipe, mask=mask)
    for name, trains in mask.items():
        assert torch.equal(theta[name][~trains], theta_0[name][~trains])
        assert (theta[name][trains] != theta_0[name][trains]).float().mean() > 0.9 or not trains.any()
    assert all((theta[name] != theta_0[name]).any() for name in whole)


@pytest.mark.parametrize("mode", ["standard", "linear", "linear-2"])
def test_a_mask_of_everything_changes_no_bit(run, theta_0, mode):
    theta, log = run(mode)
    masked, masked_log = run(mode, mask={name: torch.ones_like(value).bool() for name, value in theta_0.items()})
    assert same_bits(theta, masked) and log == masked_log


@pytest.mark.parametrize("read_every", [1, 3, 4, 100])
def test_how_often_losses_are_read_changes_no_bit_and_no_row(run, read_every):
    theta, log = run(keeper=Keeper(read_every=2))
    rows = []
    other, other_log = run(keeper=Keeper(read_every=read_every), on_progress=rows.append)
    assert same_bits(theta, other) and log == other_log
    assert [row["step"] for row in rows] == sorted({*range(read_every, 7, read_every), 6})
    assert all(row.items() >= log[row["step"] - 1].items() and row["images_per_second"] > 0 for row in rows)


def test_a_row_of_the_log_has_no_time_in_it(run):
    assert [list(row) for row in run()[1]] == [["step", "loss", "learning_rate"]] * 6


@pytest.mark.parametrize("clip_norm", [1e-3, 1e3])
def test_a_step_of_gradient_ascent_is_the_mirrored_step_of_cross_entropy(run, theta_0, clip_norm):
    recipe = dataclasses.replace(RECIPE, steps=1, weight_decay=0.0, clip_norm=clip_norm)
    (down, down_log), (up, up_log) = run("standard", recipe), run("gradient-ascent", recipe)
    assert up_log[0]["loss"] == -down_log[0]["loss"] < 0
    for name in theta_0:
        torch.testing.assert_close(up[name] - theta_0[name], theta_0[name] - down[name], rtol=1e-3, atol=1e-7)
    assert (up["proj"] != theta_0["proj"]).all()


def test_under_gradient_ascent_every_loss_is_negative_and_the_cross_entropy_grows(run):
    losses = [row["loss"] for row in run("gradient-ascent", dataclasses.replace(RECIPE, steps=30))[1]]
    assert max(losses) < 0 and np.mean(losses[-3:]) < 1.5 * np.mean(losses[:3])


TRAINED_MODES = [name for name, mode in modes.MODES.items() if mode.owns_checkpoints]


@pytest.mark.parametrize("mode", TRAINED_MODES)
def test_only_the_modes_parameters_move_and_the_loss_falls(run, theta_0, mode):
    theta, log = run(mode, dataclasses.replace(RECIPE, steps=30))
    moved = {name for name in theta_0 if not torch.equal(theta[name], theta_0[name])}
    assert moved == set(modes.get(mode).trained(theta_0))
    losses = [row["loss"] for row in log]
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) and losses[-1] < losses[0]
    assert [row["step"] for row in log] == list(range(1, 31))


@pytest.mark.parametrize("mode", TRAINED_MODES)
def test_training_in_bf16_follows_training_in_float32(run, theta_0, mode):
    """Rounded products move each step a little; products with parameters of an earlier step would move all of them."""
    recipe = dataclasses.replace(RECIPE, steps=60)
    exact, exact_log = run(mode, recipe)
    with matmul_precision("bf16", "cpu"):
        rounded, log = run(mode, recipe)
    taus = [TaskVector.between(theta_0, theta) for theta in (exact, rounded)]
    assert all(value.dtype is torch.float32 for value in rounded.values())
    assert 0 < (taus[0] - taus[1]).norm() < 0.2 * taus[0].norm()
    means = [np.reshape([row["loss"] for row in rows], (6, 10)).mean(1) for rows in (log, exact_log)]
    assert means[0] == pytest.approx(means[1], rel=0.02)


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


@pytest.mark.parametrize("mode", TRAINED_MODES)
@pytest.mark.parametrize("stop_after", [2, 4])
def test_a_resumed_run_ends_bit_identical(run, tmp_path, mode, stop_after):
    undisturbed, log = run(mode)
    seen = []
    keeper = Keeper(tmp_path / "state.safetensors", "same run", read_every=2, stop=lambda: seen[-1] >= stop_after)
    with pytest.raises(Interrupted, match=f"after step {stop_after}"):
        run(mode, keeper=keeper, on_progress=lambda row: seen.append(row["step"]))
    notes = []
    resumed, resumed_log = run(mode, keeper=Keeper(keeper.path, "same run", note=notes.append))
    assert f"resumed after step {stop_after}" in notes[0]
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)
    assert resumed_log == log


@pytest.mark.parametrize("damage", ["truncated", "bit flipped", "empty", "other run"])
def test_a_bad_state_is_ignored_with_a_message(run, tmp_path, damage):
    path = tmp_path / "state.safetensors"
    with pytest.raises(Interrupted):
        run(keeper=Keeper(path, "same run", read_every=2, stop=lambda: True))
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
    with pytest.raises(
        Diverged, match=r"nan at step 0, its gradient's norm nan, learning rate 0.0005; last good state: none"
    ):
        run()


def test_a_gradient_that_is_not_finite_stops_the_run_though_its_loss_is(exact, tmp_path):
    """The last step's, too, after which no loss would tell: sqrt has a finite value at 0 and no finite slope."""

    def penalty(tau, step):
        nothing = 0 * tau["proj"].sum()
        return nothing if step < 6 else nothing.sqrt()

    path = tmp_path / "state.safetensors"
    arguments = exact.theta_0, list(exact.theta_0), exact.objective("standard"), exact.data, STEPS
    with pytest.raises(Diverged, match=r"the loss is \d\.\d+ at step 6, its gradient's norm nan, learning rate"):
        finetune(*arguments, penalty=penalty, keeper=Keeper(path))
    assert not path.exists()


def test_a_process_without_a_row_adds_nothing(run):
    """The last batch of an epoch has 8 rows: of 16 processes every second has none, and must still take part."""
    theta, _ = run("standard", dataclasses.replace(RECIPE, steps=3, shard=(0, 16)))
    assert all(torch.isfinite(value).all() for value in theta.values())
