"""Both transforms against open_clip's and torchvision's own, on real Pillow images."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torchvision.transforms import RandomResizedCrop

from lib.data import augment
from lib.precision import PRECISIONS, matmul_precision


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
    ours = np.asarray(augment.evaluation_crop(random_image(*shape), size))
    assert np.array_equal(ours, (reference * 255).round().byte().permute(1, 2, 0).numpy())


@pytest.mark.parametrize("shape", [(8, 8), (28, 40), (64, 64), (300, 260)])
@pytest.mark.parametrize("size", [32, 96])
def test_resized_crop_equals_pillow_within_one_level(shape, size):
    images = [random_image(*shape, seed) for seed in range(4)]
    boxes = augment.random_boxes(np.array([shape] * 4), np.random.default_rng(0))
    frame = torch.zeros(4, shape[0] + 7, shape[1] + 3, 3, dtype=torch.uint8)  # frames may be larger than images
    for slot, image in enumerate(images):
        frame[slot, : shape[0], : shape[1]] = torch.from_numpy(np.array(image))
    ours = augment.resized_crop(frame, torch.from_numpy(boxes), size).int()
    for slot, (top, left, h, w) in enumerate(boxes):
        crop = images[slot].crop((left, top, left + w, top + h)).resize((size, size), Image.Resampling.BICUBIC)
        difference = (ours[slot] - torch.from_numpy(np.array(crop)).int()).abs()
        assert difference.max() <= 1 and difference.float().mean() < 0.01


def test_a_crop_is_the_same_in_every_precision():
    frame = torch.from_numpy(np.array(random_image(40, 50)))[None]
    boxes = torch.tensor([[3, 4, 31, 33]])
    exact = augment.resized_crop(frame, boxes, 32)
    for name in PRECISIONS:
        with matmul_precision(name, "cpu"):
            assert torch.equal(augment.resized_crop(frame, boxes, 32), exact)


def test_boxes_follow_torchvisions_distribution():
    sizes = np.array([[60, 90]] * 4000)
    ours = augment.random_boxes(sizes, np.random.default_rng(0))
    torch.manual_seed(0)
    blank = torch.zeros(3, 60, 90)
    theirs = np.array([RandomResizedCrop.get_params(blank, augment.SCALE, augment.RATIO) for _ in range(4000)])
    assert (ours[:, 0] + ours[:, 2] <= 60).all() and (ours[:, 1] + ours[:, 3] <= 90).all() and (ours >= 0).all()
    np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=0.6)
    np.testing.assert_allclose(ours.std(0), theirs.std(0), atol=0.6)


def test_a_image_that_no_box_fits_is_cropped_at_the_centre():
    box = augment.random_boxes(np.array([[10, 200]]), np.random.default_rng(0))[0]
    assert box.tolist() == [0, 93, 10, 13]
