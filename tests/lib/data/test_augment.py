"""Both transforms against open_clip's and torchvision's own, on real Pillow images."""

import numpy as np
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


def photo_like(height, width, generator):
    return np.asarray(random_image(height, width, int(generator.integers(2**31))))


def noise(height, width, generator):
    return generator.integers(0, 256, (height, width, 3), np.uint8)


def gradient(height, width, generator):
    rows, columns = np.mgrid[0 : 255 : height * 1j, 0 : 255 : width * 1j]
    return np.stack([rows, columns, (rows + columns) / 2], axis=-1).astype(np.uint8)


def chequered(height, width, generator):
    rows, columns = np.mgrid[:height, :width] // generator.integers(1, 6)
    return np.repeat(255 * ((rows + columns) % 2)[..., None], 3, axis=2).astype(np.uint8)


def crops(make, *, images=200):
    """(resized_crop, Pillow's resize in two calls, columns first, and in one call), Int64, of many random boxes."""
    generator = np.random.default_rng(0)
    for _ in range(images):
        shape, size = tuple(generator.integers(8, 150, 2)), int(generator.choice([16, 24, 32, 48, 64]))
        pixels = make(*shape, generator)
        boxes = augment.random_boxes(np.array([shape] * 4), generator)
        frame = torch.zeros(4, shape[0] + 7, shape[1] + 3, 3, dtype=torch.uint8)  # frames may be larger than images
        frame[:, : shape[0], : shape[1]] = torch.from_numpy(pixels.copy())
        ours = augment.resized_crop(frame, torch.from_numpy(boxes), size).numpy()
        for found, (top, left, h, w) in zip(ours, boxes, strict=True):
            crop = Image.fromarray(pixels).crop((left, top, left + w, top + h))
            ways = found, resized(resized(crop, size, h), size, size), resized(crop, size, size)
            yield tuple(np.asarray(way).astype(int) for way in ways)


def resized(image, width, height):
    return image.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("make", "share", "share_of_rows_first", "most"),
    [
        (photo_like, 2e-4, (0.20, 0.30), 4),
        (noise, 2e-4, (0.20, 0.35), 25),
        (gradient, 5e-5, (0.002, 0.01), 1),
        (chequered, 1.5e-2, (0.30, 0.50), 30),
    ],
)
def test_resized_crop_is_pillows_two_passes_with_columns_first(make, share, share_of_rows_first, most):
    """Pillow 13 itself begins with the rows of some boxes: see DEVIATES in lib/data/augment.py."""
    everything = list(crops(make))
    of_passes = np.concatenate([abs(ours - columns_first).ravel() for ours, columns_first, _ in everything])
    in_one = [abs(ours - once).ravel() for ours, _, once in everything]
    rows_first = np.concatenate([d for d, (_, a, b) in zip(in_one, everything, strict=True) if (a != b).any()])
    of_pillow = np.concatenate(in_one)
    for name, d in (("columns first", of_passes), ("Pillow", of_pillow), ("its boxes with rows first", rows_first)):
        print(f"{make.__name__}, {name}: {(d > 0).mean():.3%} of {len(d):,} values differ, by up to {d.max()}")
    assert len(of_passes) > 10**6
    assert of_passes.max() <= 1 and (of_passes > 0).mean() < share
    assert share_of_rows_first[0] < (rows_first > 0).mean() < share_of_rows_first[1] and rows_first.max() <= most
    assert (of_pillow > 0).mean() < 0.05


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


def test_an_image_that_no_box_fits_is_cropped_at_the_centre():
    box = augment.random_boxes(np.array([[10, 200]]), np.random.default_rng(0))[0]
    assert box.tolist() == [0, 93, 10, 13]
