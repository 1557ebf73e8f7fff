"""The synthetic tasks: images depend on their place alone, and poses on geometry."""

import numpy as np
import pytest
from PIL import Image

from lib.synthetic.canvas import SIDE, Canvas, Pose
from lib.synthetic.style import Style
from lib.synthetic.world import KINDS, draw_row


@pytest.mark.parametrize("name", KINDS)
def test_a_row_is_of_its_class_and_of_its_place_alone(name):
    classes = len(KINDS[name].classes)
    image, label = draw_row(name, "test", 3, classes + 1)
    assert image.shape == (SIDE, SIDE, 3) and image.dtype == np.uint8 and label == 1
    np.testing.assert_array_equal(draw_row(name, "test", 3, classes + 1)[0], image)
    assert (draw_row(name, "test", 3, 1)[0] != image).any()


# mean levels of rows 0, 7 and 40 of the test split of seed 3, before there were any lines to draw
KNOWN = {
    "street_numbers": [97.35, 76.97, 88.6],
    "signs": [128.59, 161.74, 74.72],
    "textures": [136.23, 85.25, 146.58],
    "land_use": [144.78, 85.22, 152.51],
    "aerial": [113.08, 90.26, 74.33],
    "scenes": [173.37, 150.16, 143.1],
    "vehicles": [90.61, 149.37, 99.27],
    "objects": [126.89, 128.27, 133.51],
    "letters": [118.79, 128.7, 33.1],
}


@pytest.mark.parametrize("name", KNOWN)
def test_further_kinds_and_styles_change_no_image_of_the_others(name):
    means = [draw_row(name, "test", 3, row)[0].mean() for row in (0, 7, 40)]
    np.testing.assert_allclose(means, KNOWN[name], atol=0.05)


def test_halves_share_no_class_and_leave_none_out():
    one, other = (set(KINDS[f"photos_{side}"].classes) for side in "ab")
    assert not one & other and one | other == set(KINDS["objects"].classes) and len(one) == len(other)
    for side in "ab":
        assert KINDS[f"sketches_{side}"].classes == KINDS[f"photos_{side}"].classes


@pytest.mark.parametrize("side", "ab")
def test_sketches_are_dark_lines_on_light_paper_and_photos_are_not(side):
    for row in range(14):
        image = draw_row(f"sketches_{side}", "test", 0, row)[0].astype(int)
        assert (image.max(2) - image.min(2)).mean() < 15  # no colour but for noise
        assert 0.02 < (image.mean(2) < 128).mean() < 0.45 and np.median(image) > 190
    photos = [draw_row(f"photos_{side}", "test", 0, row)[0].astype(int) for row in range(14)]
    assert np.mean([(image.max(2) - image.min(2)).mean() for image in photos]) > 40


def test_lines_are_where_neighbours_differ():
    levels = np.full((32, 32, 3), 200, np.uint8)
    levels[8:20, 10:24] = (200, 100, 200)
    drawn = Style(lines=True).develop(np.random.default_rng(0), Image.fromarray(levels)).mean(2)
    edge = np.zeros((32, 32), bool)
    edge[[7, 19], 10:24], edge[8:20, 9], edge[8:20, 23] = True, True, True
    assert (drawn[edge] <= 60).all() and (drawn[~edge] >= 215).all()


def test_a_pose_moves_and_turns_what_is_drawn():
    pose = Pose(angle=90, zoom=0.5, dx=0.25)
    a, b, c, d, e, f = pose.matrix()
    np.testing.assert_allclose((a * 1 + b * 0.5 + c, d * 1 + e * 0.5 + f), (0.75, 0.75))
    u, v = Canvas((0, 0, 0), (9, 9, 9), pose).coordinates()
    np.testing.assert_allclose((u[48, 72], v[48, 72]), (0.5, 0.5), atol=1e-6)
