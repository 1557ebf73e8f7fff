"""Resampled accuracies: means and ratios of both the measured numbers and their resamples; paired; stored whole."""

import numpy as np
import pytest

from lib.files.own_files import OwnFileError
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.resamples import Key, Outcomes, Resampled, Who

TASKS = ("A", "B")
STANDARD = Who("tiny", 0, "standard")
RNG = np.random.default_rng(0)
CORRECT = {
    (evaluation, task): RNG.random(n) < share
    for (evaluation, share), (task, n) in zip(
        [("single_task", 0.9), ("single_task", 0.8), ("addition", 0.6), ("addition", 0.5)],
        [("A", 80), ("B", 60), ("A", 80), ("B", 60)],
        strict=True,
    )
}


def outcomes():
    for (evaluation, task), correct in CORRECT.items():
        rule = "sum" if evaluation == "addition" else None
        yield Outcomes(Key(evaluation, *STANDARD, rule, task), task, correct)
    yield Outcomes(Key("zero_shot", *Who.pretrained("tiny"), None, "A"), "A", CORRECT["addition", "A"])
    for side, images in (("target", "A"), ("control", "B")):
        yield Outcomes(Key(side, *STANDARD, None, "A"), images, CORRECT["addition", images])


@pytest.fixture
def found():
    return Resampled.of(list(outcomes()), Bootstrap(resamples=300, seed=0))


def test_the_first_value_is_the_measured_number(found):
    single = [CORRECT["single_task", task].mean() for task in TASKS]
    added = [CORRECT["addition", task].mean() for task in TASKS]
    assert found.mean("single_task", STANDARD, TASKS)[0] == pytest.approx(np.mean(single))
    assert found.mean("addition", STANDARD, TASKS, "sum")[0] == pytest.approx(np.mean(added))
    assert found.normalized(STANDARD, TASKS, "sum")[0] == pytest.approx(np.mean(np.divide(added, single)))
    assert found.images("addition", STANDARD, TASKS, "sum") == 140
    assert found.resamples == 300


def test_each_row_is_the_bootstrap_of_its_outcomes_alone(found):
    bootstrap = Bootstrap(resamples=300, seed=0)
    for outcome in outcomes():
        expected = bootstrap.means(outcome.correct, outcome.images)[0]
        np.testing.assert_array_equal(found.values[found.row(outcome.key)][1:], expected)


def test_the_same_outcomes_on_the_same_images_have_the_same_resamples(found):
    """A negated, an added and a pre-trained model that are right on the same images differ in no resample."""
    one = found.per_task("zero_shot", Who.pretrained("tiny"), ["A"])
    np.testing.assert_array_equal(one, found.per_task("addition", STANDARD, ["A"], "sum"))
    np.testing.assert_array_equal(one, found.per_task("target", STANDARD, ["A"]))


def test_tasks_are_drawn_independently(found):
    correlation = np.corrcoef(found.per_task("single_task", STANDARD, TASKS)[:, 1:])[0, 1]
    assert abs(correlation) < 0.25


def test_what_is_written_is_read(found, tmp_path):
    found.write(tmp_path / "resamples.npz")
    again = Resampled.read(tmp_path / "resamples.npz")
    assert again.keys == found.keys
    np.testing.assert_array_equal(again.values, found.values)
    np.testing.assert_array_equal(again.n, found.n)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("values"),
        lambda arrays: arrays.update(values=arrays["values"] + 1),
        lambda arrays: arrays.update(values=arrays["values"][:-1]),
        lambda arrays: arrays.update(task=np.array(["A"] * 7), evaluation=np.array(["target"] * 7)),
        lambda arrays: arrays["values"].__setitem__((0, 0), np.nan),
    ],
)
def test_a_damaged_file_is_refused(found, tmp_path, change):
    file = tmp_path / "resamples.npz"
    found.write(file)
    with np.load(file) as opened:
        arrays = {name: opened[name] for name in opened.files}
    change(arrays)
    np.savez(file, **arrays)
    with pytest.raises(OwnFileError, match=r"resamples\.npz: got .*, expected"):
        Resampled.read(file)
