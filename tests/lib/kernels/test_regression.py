"""Kernel regression against textbook solves: one kernel, one for each class, all pairs; badly conditioned ones."""

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

from lib.kernels.ntk import ntk
from lib.kernels.regression import accuracy, choose, converged, fit, one_hot
from tests.lib.kernels.functions import case

GENERATOR = torch.Generator().manual_seed(0)


def draw(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def gram(n=8, m=3, p=20, classes=()):
    """K(X, X), "... n n", and K(X, x), "... n m"."""
    gradients = draw(*classes, n + m, p)
    whole = gradients @ gradients.mT
    return whole[..., :n, :n], whole[..., :n, n:]


@pytest.mark.parametrize("regularization", [0.0, 0.01, 1.0])
def test_it_equals_scikit_learns_ridge(regularization):
    (square, beside), y = gram(), draw(8, 4)
    alpha = regularization * np.linalg.norm(square.numpy(), ord=2)
    expected = KernelRidge(alpha=alpha, kernel="precomputed").fit(square.numpy(), y.numpy()).predict(beside.mT.numpy())
    found = fit(square, y, regularization=regularization)
    assert found.solvers == ("cholesky",) * 4
    np.testing.assert_allclose(found.predict(beside).numpy(), expected, rtol=1e-8)


def test_a_class_has_a_kernel_of_its_own_and_the_initial_function_is_adjusted_for():
    (square, beside), y, f_0, f_0_other = gram(classes=(4,)), draw(8, 4), draw(8, 4), draw(3, 4)
    found = fit(square, y, regularization=0.1, f_0=f_0).predict(beside, f_0_other)
    for c in range(4):
        norm = torch.linalg.eigvalsh(square[c])[-1]
        beta = torch.linalg.inv(square[c] + 0.1 * norm * torch.eye(8, dtype=torch.float64)) @ (y - f_0)[:, c]
        torch.testing.assert_close(found[:, c], f_0_other[:, c] + beside[c].mT @ beta)


def test_an_asymmetric_kernel_is_solved_as_it_is():
    square, y = draw(8, 8), draw(8, 2)
    found = fit(square, y, regularization=0.2)
    norm = torch.linalg.svdvals(square)[0]
    assert found.solvers == ("lu", "lu")
    torch.testing.assert_close((square + 0.2 * norm * torch.eye(8, dtype=torch.float64)) @ found.beta, y)


def test_a_singular_kernel_is_solved_by_least_squares_of_smallest_norm():
    """Two equal points with different targets, and a kernel of rank 3: the textbook's pseudo-inverse."""
    gradients, y = draw(8, 3), draw(8, 2)
    square = gradients @ gradients.mT
    found = fit(square, y, regularization=0.0)
    assert found.solvers == ("lstsq", "lstsq") and (found.condition > 1e12).all()
    torch.testing.assert_close(found.beta, torch.linalg.pinv(square, hermitian=True) @ y)
    regular = fit(square, y, regularization=1e-3)
    assert regular.solvers == ("cholesky", "cholesky") and regular.condition[0].item() == pytest.approx(1001)


def test_the_condition_number_is_that_of_the_regularized_kernel():
    square = torch.diag(torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64))
    assert fit(square, draw(3, 1), regularization=0.25).condition.item() == pytest.approx(5 / 2)


def test_the_closed_form_interpolates_and_knows_what_it_was_trained_on():
    (square, beside), y, f_0 = gram(), draw(8, 4), draw(8, 4)
    torch.testing.assert_close(converged(square, square, y, f_0=f_0, f_0_other=f_0), y)
    expected = beside.mT @ torch.linalg.inv(square) @ y
    torch.testing.assert_close(converged(square, beside, y), expected)


def test_the_closed_form_with_all_pairs_of_outputs():
    """Gradient descent to convergence moves all outputs together; K couples them."""
    one = case("mlp")
    pairs = ntk(one.f, one.theta, one.x, outputs="pairs")
    square, beside = pairs[:, :, :3, :3], pairs[:, :, :3, 3:]
    y, f_0 = draw(3, 3), one.f(one.theta, one.x)
    jacobians = one.jacobians().flatten(0, 1)
    moved = torch.linalg.pinv(jacobians[:9]) @ (y - f_0[:3]).flatten()
    found = converged(square, beside, y, f_0=f_0[:3], f_0_other=f_0[3:])
    torch.testing.assert_close(found, f_0[3:] + (jacobians[9:] @ moved).view(2, 3))


def test_classes_that_gradients_separate_are_learned():
    labels = torch.arange(30) % 3
    centres = torch.eye(3, dtype=torch.float64).repeat_interleave(5, dim=1)
    gradients = centres[labels] + 0.3 * draw(30, 15)
    whole = gradients @ gradients.mT
    found = fit(whole[:18, :18], one_hot(labels[:18], 3), regularization=0.01).predict(whole[:18, 18:])
    assert accuracy(found, labels[18:]) == 1.0
    assert accuracy(found.roll(1, dims=1), labels[18:]) == 0.0


def test_the_choice_is_made_by_validation_accuracy_and_ties_keep_the_first():
    """f_0 alone is right on every validation point, the kernel alone on none: the more is left to f_0, the better."""
    square, y = torch.eye(4, dtype=torch.float64), one_hot(torch.tensor([0, 1, 0, 1]), 2)
    beside, labels = torch.eye(4, dtype=torch.float64), torch.tensor([1, 0, 1, 0])
    f_0 = 10 * one_hot(labels, 2)
    grid = {"regularizations": [1e-3, 1e6, 1e7], "f_0_scales": [0.0, 1.0]}
    best, tried = choose(square, y, beside, labels, f_0=f_0, f_0_val=f_0, **grid)
    assert (best.regularization, best.f_0_scale, best.accuracy) == (1e6, 1.0, 1.0)
    assert [round(choice.accuracy, 2) for choice in tried] == [0, 0, 0, 0, 1, 1]
    best, tried = choose(square, y, beside, labels, **grid)
    assert best.regularization == 1e-3 and {choice.f_0_scale for choice in tried} == {0.0}


def test_wrong_input_is_refused():
    (square, beside), y = gram(), draw(8, 4)
    for arguments, options, message in [
        ((square[:5], y), {}, r"shape \(4, 5, 8\), expected \(4, 8, 8\)"),
        ((square, y), {"regularization": -1}, "regularization -1"),
        ((square, y), {"regularization": float("nan")}, "regularization nan"),
        ((torch.full_like(square, torch.inf), y), {}, "not finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit(*arguments, **{"regularization": 0.1, **options})
    with pytest.raises(ValueError, match="nothing to choose from"):
        choose(square, y, beside, torch.zeros(3, dtype=torch.long), regularizations=[])
