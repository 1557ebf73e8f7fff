"""The synthetic tasks: images depend on their place alone, and poses on geometry."""

import numpy as np
import pytest

from lib.synthetic.canvas import SIDE, Canvas, Pose
from lib.synthetic.world import KINDS, draw_row


@pytest.mark.parametrize("name", KINDS)
def test_a_row_is_of_its_class_and_of_its_place_alone(name):
    classes = len(KINDS[name].classes)
    image, label = draw_row(name, "test", 3, classes + 1)
    assert image.shape == (SIDE, SIDE, 3) and image.dtype == np.uint8 and label == 1
    np.testing.assert_array_equal(draw_row(name, "test", 3, classes + 1)[0], image)
    assert (draw_row(name, "test", 3, 1)[0] != image).any()


def test_a_pose_moves_and_turns_what_is_drawn():
    pose = Pose(angle=90, zoom=0.5, dx=0.25)
    a, b, c, d, e, f = pose.matrix()
    np.testing.assert_allclose((a * 1 + b * 0.5 + c, d * 1 + e * 0.5 + f), (0.75, 0.75))
    u, v = Canvas((0, 0, 0), (9, 9, 9), pose).coordinates()
    np.testing.assert_allclose((u[48, 72], v[48, 72]), (0.5, 0.5), atol=1e-6)
