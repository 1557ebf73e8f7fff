"""Small text encoders with their parameters in float64, and texts of several lengths as stored tokens."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.data.tokens import prompted, tokenizer
from lib.models.encoders.text import TextEncoder, text_encoder
from lib.models.text_configurations import read_text_configuration
from lib.models.text_weights import read_text_encoder
from tests.small_bert import make_bert, make_roberta

WORDS = "this film was so good bad great terrible It"
TEXTS = ["this film was so good", "bad", "was this great"]


@dataclass
class Setting:
    """theta: float64. tokens: UInt8[n, 1, l, 3] of TEXTS."""

    folder: Path
    configuration: dict
    encoder: TextEncoder
    theta: dict
    tokens: torch.Tensor


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    return setting(folder, make_bert(folder), "of_classes", tokenizer(folder / "tokenizer.json", length=24, pad=0))


@pytest.fixture(scope="session")
def roberta(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roberta")
    weights = make_roberta(folder, WORDS)
    return setting(
        folder, weights, "of_texts", prompted(folder / "tokenizer.json", "{} . It was <mask> .", length=16, pad=1)
    )


def setting(folder, weights, prompts, stored):
    configuration = read_text_configuration(folder / "config.json", prompts=prompts)
    encoder = text_encoder(configuration)
    theta = {name: value.double() for name, value in read_text_encoder(weights, encoder).items()}
    return Setting(folder, configuration, encoder, theta, torch.from_numpy(np.stack([stored(text) for text in TEXTS])))


@pytest.fixture(params=["bert", "roberta"])
def known(request):
    return request.getfixturevalue(request.param)
