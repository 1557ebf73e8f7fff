"""The disentanglement error by hand."""

import torch

from lib.editing import disentanglement
from lib.editing.disentanglement import coefficient_rows, error_term


def test_coefficient_rows_hold_the_own_axis_then_the_grid():
    rows = coefficient_rows([-1.0, 2.0], own=1)
    assert rows.tolist() == [[0, -1], [0, 2], [-1, -1], [-1, 2], [2, -1], [2, 2]]
    assert coefficient_rows([-1.0, 2.0], own=0)[:2].tolist() == [[-1, 0], [2, 0]]


def test_error_term_by_hand():
    """Two alphas, two images. Own task first: row i of the grid is compared with the model (a_i, 0)."""
    alone = torch.tensor([[0, 0], [1, 1]])
    joint = torch.tensor([[0, 0], [0, 9], [1, 0], [7, 7]])  # (a1, a2) = (0,0), (0,1), (1,0), (1,1)
    predictions = torch.cat([alone, joint])
    assert error_term(predictions, own=0).tolist() == [[0.0, 0.5], [0.5, 1.0]]
    assert error_term(predictions, own=1).tolist() == [[0.0, 1.0], [0.5, 1.0]]


def test_error_is_zero_for_vectors_that_do_not_interact():
    """Predictions on task 1 depend on a1 alone, on task 2 on a2 alone: xi is zero everywhere."""
    alphas = [-1.0, 0.0, 1.0]
    a, b = disentanglement.error_terms(alphas, lambda own, rows: rows[:, own : own + 1].long().expand(-1, 6))
    assert a.shape == (3, 3) and torch.equal(a + b, torch.zeros(3, 3, dtype=torch.float64))


def test_error_is_two_where_every_prediction_differs_on_both_tasks():
    def predict(own, rows):
        return (rows != 0).all(1).long()[:, None].expand(-1, 4)

    a, b = disentanglement.error_terms([0.0, 1.0], predict)
    assert (a + b).tolist() == [[0, 0], [0, 2]]
