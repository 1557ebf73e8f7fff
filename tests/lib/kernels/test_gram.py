"""Gram matrices by factors against explicit gradients; that FLOPs decide between the two."""

import pytest
import torch

from lib.kernels.gram import NO_TOKEN, PLAIN, Gram

GENERATOR = torch.Generator().manual_seed(0)
PAIRINGS = [PLAIN, ("sign", "sign"), ("sign", "gradient"), ("gradient", "sign")]


def draw(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def explicit(gradients, rows, columns, pairings):
    flat = gradients.flatten(1)
    sides = {"gradient": flat, "sign": flat.sign()}
    return torch.stack([sides[a][slice(*rows)] @ sides[b][slice(*columns)].mT for a, b in pairings])


@pytest.mark.parametrize("block_bytes", [300, 2**26])
@pytest.mark.parametrize(("tokens", "inputs", "outputs"), [(1, 5, 7), (6, 2, 3), (3, 20, 15)])
@pytest.mark.parametrize("pairings", [PAIRINGS[:1], PAIRINGS])
def test_factors_give_what_gradients_give(block_bytes, tokens, inputs, outputs, pairings):
    a, delta = draw(9, tokens, inputs), draw(9, tokens, outputs)
    gradients = torch.einsum("nto,nti->noi", delta, a)
    for rows, columns in (((0, 9), (0, 9)), ((0, 4), (4, 9))):
        by_factors, whole = (Gram(rows, columns, pairings, block_bytes=block_bytes) for _ in range(2))
        by_factors.add_factors(a, delta)
        whole.add_gradient(gradients.mT)
        expected = explicit(gradients, rows, columns, pairings)
        torch.testing.assert_close(by_factors.total, expected)
        torch.testing.assert_close(whole.total, expected)


@pytest.mark.parametrize("pairings", [PAIRINGS[:1], PAIRINGS])
def test_lookups_give_what_one_hot_factors_give(pairings):
    tokens = torch.tensor([[0, 1, 1], [NO_TOKEN, 1, 0], [2, 2, 2]])
    delta = draw(3, 3, 4)
    gradients = torch.zeros(3, 3, 4, dtype=torch.float64)
    for i, row in enumerate(tokens.tolist()):
        for t, token in enumerate(row):
            if token != NO_TOKEN:
                gradients[i, token] += delta[i, t]
    for rows, columns in (((0, 2), (1, 3)), ((0, 3), (0, 3))):
        gram = Gram(rows, columns, pairings, block_bytes=64)
        gram.add_lookups(tokens, delta)
        torch.testing.assert_close(gram.total, explicit(gradients, rows, columns, pairings))


def test_the_cheaper_way_is_taken():
    """One token: the contraction, in + out products a pair against in x out. Many tokens, a small layer: gradients."""
    gram = Gram((0, 10), (0, 10))
    assert gram.contracts(draw(10, 1, 100), draw(10, 1, 100))
    assert not gram.contracts(draw(10, 50, 10), draw(10, 50, 10))
    assert not Gram((0, 10), (0, 10), PAIRINGS).contracts(draw(10, 1, 100), draw(10, 1, 100))


def test_a_matrix_of_samples_with_themselves_is_mirrored():
    gram, a, delta = Gram((0, 40), (0, 40)), draw(40, 30, 700), draw(40, 30, 700)
    assert gram.contracts(a, delta)
    gram.add_factors(a, delta)
    torch.testing.assert_close(gram.total, explicit(delta.mT @ a, (0, 40), (0, 40), [PLAIN]))
    assert torch.equal(gram.total[0, :18, 18:], gram.total[0, 18:, :18].mT)


def test_contributions_add_up():
    gram, gradients = Gram((0, 3), (0, 3)), draw(3, 2, 2)
    gram.add_gradient(gradients)
    gram.add_gradient(gradients[:, 0, 0])
    flat = torch.cat([gradients.flatten(1), gradients[:, 0, :1]], dim=1)
    torch.testing.assert_close(gram.total[0], flat @ flat.mT)
