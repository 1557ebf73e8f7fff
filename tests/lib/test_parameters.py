"""Named tensors: patterns of names, differences, and what must agree."""

import numpy as np
import pytest
import torch

from lib.parameters import Differences, ParameterMismatch, matching, require_same_names

NAMES = [
    "conv1.weight",
    "ln_pre.weight",
    "ln_pre.bias",
    "blocks.0.attn.weight",
    "blocks.10.attn.weight",
]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], NAMES),
        ([], []),
        (["nothing*"], []),
        (["*.bias"], ["ln_pre.bias"]),
        (["*attn.weight"], NAMES[3:]),
        (["blocks.?.*"], ["blocks.0.attn.weight"]),
        (["ln_pre.bias", "conv1.weight"], ["conv1.weight", "ln_pre.bias"]),  # the order of the names
        (["*weight", "conv1*"], [NAMES[0], NAMES[1], *NAMES[3:]]),  # a name once
        (["LN_PRE.*"], []),
        (["conv1"], []),  # the whole name
        (["blocks.[1-9]*"], ["blocks.10.attn.weight"]),
    ],
)
def test_names_that_match_a_pattern(patterns, found):
    assert matching(NAMES, patterns) == found
    assert matching(iter(NAMES), iter(patterns)) == found


def test_differences_are_theta_minus_theta_0_each_made_when_asked_for():
    theta_0, theta = {"a": torch.tensor([1.0, 2.0]), "b": torch.zeros(1)}, {"b": torch.ones(1), "a": torch.ones(2)}
    tau = Differences(theta, theta_0)
    assert list(tau) == ["a", "b"] and len(tau) == 2
    assert tau["a"].tolist() == [0.0, -1.0]
    theta["a"] += 1
    assert tau["a"].tolist() == [1.0, 0.0]
    with pytest.raises(KeyError):
        tau["c"]


def test_the_gradient_of_differences_is_thetas():
    theta_0, theta = {"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([4.0, 0.0], requires_grad=True)}
    (Differences(theta, theta_0)["a"] ** 2).sum().backward()
    assert theta["a"].grad.tolist() == [6.0, -4.0]


def test_same_names_and_shapes_pass_whatever_the_order_and_the_framework():
    require_same_names({"a": torch.ones(2, 3), "b": torch.ones(1)}, {"b": np.ones(1), "a": np.ones((2, 3))}, what="x")


def shaped(**shapes):
    return {name: np.zeros(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("expected", "got", "message"),
    [
        (
            shaped(a=1, b=1),
            shaped(a=1),
            r"theta: .* missing 1 \(b\), unexpected none\. Likely causes",
        ),
        (shaped(a=1), shaped(a=1, c=1), r"missing none, unexpected 1 \(c\)"),
        (shaped(a=1), shaped(b=1), r"missing 1 \(a\), unexpected 1 \(b\)"),
        (shaped(d=1, c=1, b=1, a=1), {}, r"missing 4 \(a, b, c, \.\.\.\)"),
        (
            shaped(a=1, b=(2, 3)),
            shaped(a=1, b=(3, 2)),
            r"theta: b has shape \(3, 2\), expected \(2, 3\)\. Likely",
        ),
    ],
)
def test_other_names_or_shapes_are_refused_and_named(expected, got, message):
    with pytest.raises(ParameterMismatch, match=message):
        require_same_names(expected, got, what="theta")
