"""What the findings say of analogies and of subsets: means by hand, paired resamples, files that lack a row."""

import numpy as np
import pandas as pd
import pytest

from lib.editing.subsets import every_subset
from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.reporting import edits

BOOTSTRAP = Bootstrap(resamples=300, seed=0)
CLASSES, IMAGES = 4, 200
LABELS = {task: np.random.default_rng(i).integers(0, CLASSES, IMAGES) for i, task in enumerate("ABD")}


@pytest.fixture
def labels(tmp_path):
    found = {}
    for task, label in LABELS.items():
        found[task] = str(tmp_path / f"{task}.index.npz")
        np.savez(found[task], label=label, **dict.fromkeys(("offset", "height", "width", "row"), np.arange(IMAGES)))
    return found


def predicted(task, wrong):
    """Predictions that miss the first `wrong` images of a task."""
    found = LABELS[task].copy()
    found[:wrong] = (found[:wrong] + 1) % CLASSES
    return found


def analogy(folder, seed, zero_shot, edited, starts=("pretrained", "analogy", "pretrained")):
    """One quadruple's files; zero_shot, edited: how many images are missed."""
    place = folder / str(seed)
    place.mkdir()
    rows = [predicted("D", wrong) for wrong in (zero_shot, edited, 0)]
    own = {"model": "m", "seed": seed, "mode": "standard", "quadruple": "A--B--C--D"}
    frame = pd.DataFrame({"task": "D", "start": starts, "shots": ["0", "0", "all"], "alpha": 0.5, "n": IMAGES} | own)
    frame["accuracy"] = [(row == LABELS["D"]).mean() for row in rows]
    frame.to_csv(place / "test.csv", index=False)
    predictions.write(place / "predictions.npz", {("D", "test"): np.stack(rows)}, {"D": CLASSES}, own)
    return {str(place / "test.csv"): str(place / "predictions.npz")}


def test_analogies_are_means_over_seeds_and_paired_with_zero_shot(tmp_path, labels):
    found = edits.of_analogies(analogy(tmp_path, 0, 100, 60) | analogy(tmp_path, 1, 100, 80), labels, BOOTSTRAP)
    before, after = found["m", "standard", "zero-shot d"], found["m", "standard", "analogy"]
    assert (before.value, after.value) == pytest.approx((0.5, 0.65))
    low, high = (after - before).interval
    assert 0.1 < low < 0.15 < high < 0.2  # unpaired, it would be twice as wide
    assert high - low < 0.6 * (after.interval[1] - after.interval[0] + before.interval[1] - before.interval[0])


def test_a_missing_start_is_named(tmp_path, labels):
    files = analogy(tmp_path, 0, 100, 60, starts=("pretrained", "pretrained", "pretrained"))
    with pytest.raises(OwnFileError, match=r"test\.csv.*2 rows of pretrained without images"):
        edits.of_analogies(files, labels, BOOTSTRAP)


def subsets(folder, mode, missed):
    """Files of all three subsets of A and B; missed: subset -> how many images of A and of B its model misses."""
    own = {"model": "m", "seed": 0, "mode": mode}
    stored = {
        (task, "test"): np.stack([predicted(task, missed[subset][task]) for subset in every_subset("AB")])
        for task in "AB"
    }
    predictions.write(folder / f"{mode}.npz", stored, dict.fromkeys("AB", CLASSES), own)
    single = {(task, "test"): predicted(task, 20)[None] for task in "AB"}
    predictions.write(folder / f"{mode}_own.npz", single, dict.fromkeys("AB", CLASSES), own)
    return [str(folder / f"{mode}.npz")], [str(folder / f"{mode}_own.npz")]


def test_one_vector_and_all_of_them(tmp_path, labels):
    missed = {("A",): {"A": 20, "B": 110}, ("B",): {"A": 65, "B": 20}, ("A", "B"): {"A": 38, "B": 56}}
    predicted, single = subsets(tmp_path, "linear", missed)
    known = {task: labels[task] for task in "AB"}
    found = edits.of_subsets(predicted, single, known, {"linear": None}, BOOTSTRAP)
    one, everything = found["m", "linear", "one vector"], found["m", "linear", "all vectors"]
    assert one.value == pytest.approx(np.mean([1, 0.5, 0.75, 1]))
    assert everything.value == pytest.approx(np.mean([0.9, 0.8]))
    for estimate in (one, everything):
        low, high = estimate.interval
        assert low < estimate.value < high < low + 0.15
