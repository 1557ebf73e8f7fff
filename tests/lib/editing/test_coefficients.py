"""Hand-written sweeps for the choice of alpha."""

import pytest

from lib.editing import coefficients
from lib.editing.coefficients import NoFeasibleAlpha, choose_addition, choose_negation


def test_grid_holds_both_ends_and_decimal_values():
    grid = coefficients.alpha_grid(0, 1, 21)
    assert grid[0] == 0 and grid[-1] == 1 and grid[3] == 0.15 and len(grid) == 21


def test_addition_takes_the_best_and_of_equals_the_smallest():
    assert choose_addition([0, 0.5, 1], [0.1, 0.9, 0.4]).alpha == 0.5
    assert choose_addition([0, 0.5, 1], [0.1, 0.9, 0.9]).alpha == 0.5
    assert choose_addition([1, 0.5, 0], [0.9, 0.9, 0.1]).alpha == 0.5


def test_negation_takes_the_lowest_target_above_the_control_floor():
    alphas, target, control = [0, 0.5, 1], [0.8, 0.3, 0.1], [0.60, 0.58, 0.40]
    assert choose_negation(alphas, target, control, control_pretrained=0.6, floor=0.95).alpha == 0.5
    assert choose_negation(alphas, target, control, control_pretrained=0.6, floor=0.5).alpha == 1


def test_negation_counts_the_floor_itself_and_keeps_the_smallest_of_equals():
    choice = choose_negation([0, 0.5, 1], [0.8, 0.3, 0.3], [1, 0.95, 0.95], control_pretrained=1.0, floor=0.95)
    assert (choice.alpha, choice.score) == (0.5, 0.3)


def test_negation_without_a_feasible_alpha_shows_the_sweep():
    with pytest.raises(NoFeasibleAlpha, match=r"alpha 0.50: target 0.3000, control 0.1000"):
        choose_negation([0.5], [0.3], [0.1], control_pretrained=0.6, floor=0.95)


def test_normalized_accuracy_is_the_mean_of_ratios_not_the_ratio_of_means():
    value = coefficients.normalized_accuracy({"a": 0.2, "b": 0.9}, {"a": 0.4, "b": 0.9})
    assert value == pytest.approx(0.75)
    with pytest.raises(ValueError, match="tasks differ"):
        coefficients.normalized_accuracy({"a": 0.2}, {"b": 0.4})
    with pytest.raises(ValueError, match="zero on b"):
        coefficients.normalized_accuracy({"b": 0.2}, {"b": 0.0})
