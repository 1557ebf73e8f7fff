"""Hand-written sweeps for the choice of alpha."""

import pytest

from lib.editing import coefficients
from lib.editing.coefficients import NoFeasibleAlpha, SweepError, choose_addition, choose_negation


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
    with pytest.raises(NoFeasibleAlpha, match=r"alpha 0.5: target 0.3000, control 0.1000"):
        choose_negation([0.5], [0.3], [0.1], control_pretrained=0.6, floor=0.95)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_addition_refuses_a_score_that_is_not_finite_and_shows_the_sweep(value):
    with pytest.raises(SweepError) as error:
        choose_addition([0.0, 0.25, 1.0], [0.5, value, 0.75])
    assert "not finite" in str(error.value)
    assert [line.strip() for line in str(error.value).splitlines()[1:-1]] == [
        "alpha 0: score 0.5000",
        f"alpha 0.25: score {value:.4f}",
        "alpha 1: score 0.7500",
    ]


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize("where", ["target", "control", "control_pretrained", "alphas"])
def test_negation_refuses_a_value_that_is_not_finite_and_shows_the_sweep(where, value):
    """A control that is not a number would else only be infeasible, and an infinite one always feasible."""
    sweep = {"alphas": [0.0, 0.5], "target": [0.8, 0.3], "control": [0.6, 0.6], "control_pretrained": 0.6}
    sweep[where] = value if where == "control_pretrained" else [sweep[where][0], value]
    with pytest.raises(SweepError, match="not finite") as error:
        choose_negation(**sweep, floor=0.95)
    assert type(error.value) is SweepError
    assert "alpha 0: target 0.8000, control 0.6000" in str(error.value)
    assert f"{value:.4g}" in str(error.value)


def test_an_alpha_that_is_not_finite_is_refused_for_addition():
    with pytest.raises(SweepError, match="not finite"):
        choose_addition([0.0, NAN], [0.5, 0.6])


@pytest.mark.parametrize(("alphas", "values"), [([], []), ([0.0, 1.0], [0.5]), ([0.0], [0.5, 0.6])])
def test_sweeps_without_a_value_for_each_alpha_are_refused(alphas, values):
    with pytest.raises(
        ValueError, match=rf"a sweep of {len(alphas)} alphas has .*'score': {len(values)}.* expected one"
    ):
        choose_addition(alphas, values)
    with pytest.raises(ValueError, match=rf"'target': {len(values)}"):
        choose_negation(alphas, values, [0.6] * len(alphas), control_pretrained=0.6, floor=0.95)
    with pytest.raises(ValueError, match=rf"'control': {len(values)}"):
        choose_negation(alphas, [0.6] * len(alphas), values, control_pretrained=0.6, floor=0.95)


def test_normalized_accuracy_is_the_mean_of_ratios_not_the_ratio_of_means():
    value = coefficients.normalized_accuracy({"a": 0.2, "b": 0.9}, {"a": 0.4, "b": 0.9})
    assert value == pytest.approx(0.75)
    with pytest.raises(ValueError, match="tasks differ"):
        coefficients.normalized_accuracy({"a": 0.2}, {"b": 0.4})
    with pytest.raises(ValueError, match="single-task accuracy is nan on b, expected fractions"):
        coefficients.normalized_accuracy({"a": 0.2, "b": 0.2}, {"a": 0.4, "b": NAN})
    with pytest.raises(ValueError, match="zero on b"):
        coefficients.normalized_accuracy({"b": 0.2}, {"b": 0.0})


def test_a_task_that_was_not_learnt_from_random_weights_is_left_out_of_the_mean():
    normalized = coefficients.normalized_accuracy_where_learnt
    assert normalized({"a": 0.2, "b": 0.3, "c": 0.9}, {"a": 0.4, "b": 0.0, "c": 0.9}) == pytest.approx(0.75)
    assert normalized({"a": 0.2, "b": 0.3}, {"a": 0.0, "b": 0.0}) == 0.0
    every = {"a": 0.2, "b": 0.9}, {"a": 0.4, "b": 0.9}
    assert normalized(*every) == coefficients.normalized_accuracy(*every)
    with pytest.raises(ValueError, match="tasks differ"):
        normalized({"a": 0.2}, {"b": 0.0})
    with pytest.raises(ValueError, match="single-task accuracy is nan on b"):
        normalized({"a": 0.2, "b": 0.2}, {"a": 0.4, "b": NAN})


def test_where_nothing_was_learnt_the_smallest_alpha_is_chosen():
    scores = [coefficients.normalized_accuracy_where_learnt({"a": 0.1}, {"a": 0.0}) for _ in range(3)]
    assert choose_addition([0, 0.5, 1], scores).alpha == 0
