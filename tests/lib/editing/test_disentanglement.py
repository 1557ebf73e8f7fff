"""The disentanglement error by hand, and of real models: where it is zero, and its symmetry."""

import pytest
import torch
import torch.nn.functional as F

from lib.editing import disentanglement, edited_models, tangent_models
from lib.editing.disentanglement import coefficient_rows, reference_rows, term
from lib.models.encoders.tangent import tangent_of

ALPHAS = [-1.5, 0.0, 0.5, 2.0]


def test_coefficient_rows_hold_the_own_axis_then_the_grid():
    rows = coefficient_rows([-1.0, 2.0], own=1)
    assert rows.tolist() == [[0, -1], [0, 2], [-1, -1], [-1, 2], [2, -1], [2, 2]]
    assert coefficient_rows([-1.0, 2.0], own=0)[:2].tolist() == [[-1, 0], [2, 0]]


@pytest.mark.parametrize("own", [0, 1])
def test_every_row_is_compared_with_its_own_task_alone_at_its_own_alpha(own):
    rows = coefficient_rows(ALPHAS, own)
    references = reference_rows(len(ALPHAS), own)
    assert torch.equal(rows[references][:, own], rows[:, own])
    assert (rows[references][:, 1 - own] == 0).all() and references[:4] == [0, 1, 2, 3]


def test_a_term_by_hand():
    """Two alphas, two images. Own task first: row i of the grid is compared with the model (a_i, 0)."""
    alone = torch.tensor([[0, 0], [1, 1]])
    joint = torch.tensor([[0, 0], [0, 9], [1, 0], [7, 7]])  # (a1, a2) = (0,0), (0,1), (1,0), (1,1)
    predictions, distances = torch.cat([alone, joint]), torch.arange(12.0).reshape(6, 2)
    assert term(predictions, distances, own=0).error.tolist() == [[0.0, 0.5], [0.5, 1.0]]
    found = term(predictions, distances, own=1)
    assert found.error.tolist() == [[0.0, 1.0], [0.5, 1.0]]
    assert found.differs[0].tolist() == [[False, False], [True, True]]
    assert found.distance[1].tolist() == [[8.0, 9.0], [10.0, 11.0]]
    assert found.representation.tolist() == [[4.5, 6.5], [8.5, 10.5]]


def test_error_is_zero_for_vectors_that_do_not_interact():
    """Predictions on task 1 depend on a1 alone, on task 2 on a2 alone: xi is zero everywhere."""

    def compare(own, rows, references):
        return rows[:, own : own + 1].long().expand(-1, 6), torch.zeros(len(rows), 6)

    a, b = disentanglement.terms([-1.0, 0.0, 1.0], compare)
    assert torch.equal(a.error + b.error, torch.zeros(3, 3, dtype=torch.float64))


def test_error_is_two_where_every_prediction_differs_on_both_tasks():
    def compare(own, rows, references):
        return (rows != 0).all(1).long()[:, None].expand(-1, 4), torch.zeros(len(rows), 4)

    a, b = disentanglement.terms([0.0, 1.0], compare)
    assert (a.error + b.error).tolist() == [[0, 0], [0, 2]]


# real models: both tasks have images of their own


@pytest.fixture(params=["edited", "tangent"])
def of_pair(request, setting):
    """(two of (tau, batches)) -> both terms."""
    encoder, module = setting.encoder, edited_models
    if request.param == "tangent":
        encoder, module = tangent_of(encoder), tangent_models

    def terms(first, second):
        taus, batches = zip(first, second, strict=True)

        def compare(own, rows, references):
            given = (encoder, setting.theta_0, list(taus), rows, batches[own], setting.head, references)
            return module.predictions_and_distances(*given)

        return disentanglement.terms(ALPHAS, compare)

    return terms


@pytest.fixture
def pair(setting):
    return list(zip(setting.taus, (setting.batches[:2], setting.batches[2:]), strict=True))


def test_xi_is_zero_where_the_other_task_is_left_out(of_pair, pair):
    a, b = of_pair(*pair)
    zero = ALPHAS.index(0)
    assert (a.error[:, zero] == 0).all() and (b.error[zero] == 0).all()
    assert (a.representation[:, zero] < 1e-15).all() and (b.representation[zero] < 1e-15).all()
    others = [index for index in range(len(ALPHAS)) if index != zero]
    assert (a.representation[:, others] > 1e-6).all() and (b.representation[others] > 1e-6).all()
    assert a.error.sum() > 0 and a.representation.max() <= 2


def test_xi_is_symmetric_under_swapping_the_tasks(of_pair, pair):
    (a, b), (swapped_b, swapped_a) = of_pair(*pair), of_pair(*pair[::-1])
    for ours, swapped in ((a, swapped_a), (b, swapped_b)):
        assert torch.equal(ours.error, swapped.error.T)
        torch.testing.assert_close(ours.representation, swapped.representation.T, rtol=1e-4, atol=1e-6)


def test_terms_equal_one_pair_of_models_at_a_time(of_pair, pair, setting, request):
    """The definition, in loops, with the embeddings of each single and joint model."""
    tangent = "tangent" in request.node.callspec.id
    f = tangent_of(setting.encoder).model_at(setting.theta_0) if tangent else setting.encoder.encode
    tau_1, tau_2 = (tau for tau, _ in pair)
    for own, found in enumerate(of_pair(*pair)):
        images = torch.cat(pair[own][1])
        for i, a1 in enumerate(ALPHAS):
            for j, a2 in enumerate(ALPHAS):
                single = (a1 * tau_1, a2 * tau_2)[own].apply(setting.theta_0)
                joint = (a1 * tau_1 + a2 * tau_2).apply(setting.theta_0)
                one, both = (f(theta, images).double() for theta in (single, joint))
                expected = 1 - F.cosine_similarity(one, both)
                torch.testing.assert_close(found.distance[i, j].double(), expected, rtol=1e-4, atol=2e-6)
                classes = [F.normalize(e, dim=-1) @ setting.head.double().T for e in (one, both)]
                assert torch.equal(found.differs[i, j], classes[0].argmax(-1) != classes[1].argmax(-1))
