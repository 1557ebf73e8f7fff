"""The embedded world: what is drawn depends on the seed alone, and looks like images."""

import gzip

import numpy as np
import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer

from lib.data.readers import synthetic, sklearn_digits
from lib.synthetic import captioned, vocabulary
from lib.synthetic.batches import batch_of
from lib.synthetic.canvas import Canvas, Pose
from lib.synthetic.world import KINDS


def pixels(split, rows):
    return np.stack([np.asarray(split.image(row)) for row in rows])


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_balanced_and_its_rows_do_not_depend_on_their_number(kind):
    few = synthetic.read(kind, train=60, test=30, seed=3)
    many = synthetic.read(kind, train=200, test=100, seed=3)
    counts = np.bincount(many.train.labels, minlength=len(many.class_names))
    assert counts.max() - counts.min() <= 1
    assert all(template.count("{}") == 1 for template in few.templates)
    rows = [0, 7, 29]
    images = pixels(few.test, rows)
    assert images.shape == (3, 32, 32, 3) and images.dtype == np.uint8 and images.std() > 5
    np.testing.assert_array_equal(images, pixels(many.test, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_splits_and_rows_differ(kind):
    task, other = (synthetic.read(kind, train=3, test=3, seed=seed) for seed in (0, 1))
    first = pixels(task.train, [0])
    for image in (pixels(task.test, [0]), pixels(other.train, [0]), pixels(task.train, [1])):
        assert (image != first).mean() > 0.3


def test_an_unknown_image_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'cats'.*aerial.*vehicles"):
        synthetic.read("cats", train=1, test=1, seed=0)


def test_real_digits_are_split_by_the_seed_without_overlap():
    task = sklearn_digits.read(test=500, seed=0)
    assert (len(task.train), len(task.test)) == (1297, 500)
    train, test = pixels(task.train, range(1297)), pixels(task.test, range(500))
    assert train.shape[1:] == (32, 32, 3) and train.min() == 0 and train.max() == 255
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in test}
    assert set(task.test.labels) == set(range(10))
    assert (sklearn_digits.read(test=500, seed=1).test.labels != task.test.labels).any()
    with pytest.raises(ValueError, match="test is 1797"):
        sklearn_digits.read(test=1797, seed=0)


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


def test_a_pose_moves_and_turns_what_is_drawn():
    pose = Pose(angle=90, zoom=0.5, dx=0.25)
    a, b, c, d, e, f = pose.matrix()
    np.testing.assert_allclose((a * 1 + b * 0.5 + c, d * 1 + e * 0.5 + f), (0.75, 0.75))
    u, v = Canvas((0, 0, 0), (9, 9, 9), pose).coordinates()
    np.testing.assert_allclose((u[48, 72], v[48, 72]), (0.5, 0.5), atol=1e-6)


def test_merges_make_every_word_one_token_and_open_clip_reads_them(tmp_path):
    texts = ["a red star", "the red tree", "stars"]
    merges = vocabulary.learn_merges(texts)
    path = tmp_path / "merges.txt.gz"
    vocabulary.write_merges(path, merges)
    assert gzip.decompress(path.read_bytes()).decode().split("\n")[1:] == [" ".join(pair) for pair in merges]
    tokenizer = SimpleTokenizer(bpe_path=str(path), context_length=6)
    assert tokenizer.vocab_size == vocabulary.vocabulary_size(merges)
    assert [len(tokenizer.encode(text)) for text in texts] == [3, 3, 1]
    assert tokenizer.decode(tokenizer.encode("the red star")) == "the red star "


def test_a_batch_depends_on_the_seed_and_the_step():
    sample = captioned.draw_captioned(0, 0, 64)
    first, again, later = (batch_of(sample, size=16, seed=1, step=step) for step in (3, 3, 4))
    assert torch.equal(first[0], again[0]) and first[1] == again[1] and torch.equal(first[2], again[2])
    assert not torch.equal(first[0], later[0])
    images, captions, target = first
    assert images.shape == (16, 32, 32, 3) and images.dtype == torch.uint8
    assert len(set(captions)) == len(captions) and set(target.tolist()) == set(range(len(captions)))
