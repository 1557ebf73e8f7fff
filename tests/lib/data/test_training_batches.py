"""Training batches: by seed and step alone, whoever reads ahead."""

import numpy as np
import pytest
import torch

from lib.data import prepared, preparing
from lib.data.training_batches import TrainingData
from tests.lib.data.raw_images import raw, same


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    preparing.write(folder, "fit", raw([(8, 8)] * 40)[1], np.arange(40), crop=same)
    return prepared.read(folder, "fit")


def test_every_epoch_sees_every_row_once(split):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)
    assert data.steps_per_epoch == 3
    for epoch in range(2):
        rows = np.concatenate([data.rows(3 * epoch + i) for i in range(3)])
        assert sorted(rows) == list(range(40))
    assert not np.array_equal(data.rows(0), data.rows(3))


def test_steps_read_ahead_are_those_read_alone(split):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)

    def halves(rows):
        return [slice(0, rows // 2), slice(rows // 2, rows)]

    ahead = list(data.ahead(2, 5, halves))
    assert len(ahead) == 3 and list(data.ahead(5, 5, halves)) == []
    for step, batches in enumerate(ahead, start=2):
        (whole,) = data.gather(step, [slice(None)])
        assert torch.equal(torch.cat([batch.labels for batch in batches]), whole.labels)
        assert torch.equal(whole.labels, torch.from_numpy(split.label[data.rows(step)]))
        parts = [batch.cropped("cpu", 8)[0] for batch in batches]
        assert torch.equal(torch.cat(parts), whole.cropped("cpu", 8)[0])


def test_an_order_and_crops_belong_to_a_seed(split):
    one, same_seed, other = (TrainingData(split, batch_size=16, image_size=8, seed=seed) for seed in (0, 0, 1))
    first, again, another = (data.gather(4, [slice(None)])[0] for data in (one, same_seed, other))
    assert torch.equal(first.images, again.images) and torch.equal(first.boxes, again.boxes)
    assert not torch.equal(first.boxes, another.boxes)
    assert not np.array_equal(one.rows(0), other.rows(0))


def test_an_error_while_reading_ahead_reaches_the_training_loop(split, monkeypatch):
    data = TrainingData(split, batch_size=16, image_size=8, seed=0)
    monkeypatch.setattr(type(split), "images", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(data.ahead(0, 2, lambda rows: [slice(None)]))
