"""Captioned images and their batches: of the seed and the place alone."""

import numpy as np
import torch

from lib.synthetic import captioned
from lib.synthetic.batches import batch_of


def test_captioned_images_do_not_depend_on_where_a_chunk_begins():
    whole = captioned.draw_captioned(5, 0, 40)
    parts = captioned.joined([captioned.draw_captioned(5, 0, 25), captioned.draw_captioned(5, 25, 40)])
    for column in ("images", "families", "labels", "colours"):
        np.testing.assert_array_equal(getattr(whole, column), getattr(parts, column))


def test_captions_name_the_thing_and_in_one_form_its_colour():
    vehicles = 8
    assert [captioned.caption(vehicles, 0, 4, form) for form in range(3)] == [
        "a sedan",
        "a photo of a sedan",
        "a blue sedan",
    ]
    scenes = 7
    assert captioned.caption(scenes, 0, 4, 2) == "a view of a beach"


def test_a_batch_depends_on_the_seed_and_the_step():
    sample = captioned.draw_captioned(0, 0, 64)
    first, again, later = (batch_of(sample, size=16, seed=1, step=step) for step in (3, 3, 4))
    assert torch.equal(first[0], again[0]) and first[1] == again[1] and torch.equal(first[2], again[2])
    assert not torch.equal(first[0], later[0])
    images, captions, target = first
    assert images.shape == (16, 32, 32, 3) and images.dtype == torch.uint8
    assert len(set(captions)) == len(captions) and set(target.tolist()) == set(range(len(captions)))
