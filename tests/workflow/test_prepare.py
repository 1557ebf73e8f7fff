"""The rule's script on a folder of one's own: what the manifest declares, and that images are stored as it says."""

import json

import pytest

from lib.data import prepared
from lib.data.datasets import reading
from tests import miniatures
from workflow_scripts.data import prepare


def manifest(folder, root, short_side: int | None) -> dict:
    prepare.main(
        folder,
        name="Animals",
        reading=reading("image_folder", None),
        root=root / "animals",
        options={"templates": ["a {}"]},
        image_size=8,
        train_short_side=short_side,
        split={"seed": 0, "fraction": 0.25, "maximum": 5000},
        parts=["fit", "val", "test"],
    )
    return json.loads((folder / "manifest.json").read_text())


@pytest.mark.parametrize(("short_side", "stored"), [(None, 16), (16, 16), (12, 12)])
def test_training_images_that_are_not_stored_in_full_are_declared(tmp_path, short_side, stored):
    miniatures.image_folder(tmp_path / "animals", train=4, test=1)
    declared = manifest(tmp_path / "out", tmp_path, short_side)["deviations"]
    assert set(prepared.read(tmp_path / "out", "fit").height) == {stored}
    sentence = "6 of 6 training images of Animals are stored with a shorter side of 12 pixels, not in full"
    assert [text.startswith(sentence) for text in declared] == [True] * (stored == 12)


def test_evaluation_images_are_cropped_whatever_training_images_are(tmp_path):
    miniatures.image_folder(tmp_path / "animals", train=4, test=1)
    digests = [manifest(tmp_path / str(side), tmp_path, side)["splits"]["test"]["images_sha256"] for side in (None, 12)]
    assert digests[0] == digests[1]
