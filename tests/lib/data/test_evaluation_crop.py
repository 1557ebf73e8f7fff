"""The evaluation crop against open_clip's own transform."""

import numpy as np
import open_clip
import pytest
from PIL import Image

from lib.data.evaluation_crop import evaluation_crop


def random_image(height, width, seed=0):
    generator = np.random.default_rng(seed)
    smooth = Image.fromarray(generator.integers(0, 256, (5, 5, 3), np.uint8)).resize((width, height))
    noise = generator.integers(-20, 20, (height, width, 3))
    return Image.fromarray((np.asarray(smooth) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "shape", [(8, 8), (28, 28), (31, 47), (64, 50), (333, 500), (500, 375), (224, 224), (225, 224)]
)
@pytest.mark.parametrize("size", [32, 224])
def test_evaluation_crop_equals_open_clip_to_the_bit(shape, size):
    reference = open_clip.image_transform(size, is_train=False, mean=(0, 0, 0), std=(1, 1, 1))(random_image(*shape))
    ours = np.asarray(evaluation_crop(random_image(*shape), size))
    assert np.array_equal(ours, (reference * 255).round().byte().permute(1, 2, 0).numpy())
