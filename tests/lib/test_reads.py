"""What a method read, in words."""

import pytest

from lib.editing.merging_rules import RULES
from lib.reads import OTHERS_TRAINING_IMAGES, TEST_IMAGES, VALIDATION_LABELS, told
from lib.training.modes import MODES


def test_words_come_in_one_order_each_once():
    assert told((), ()) == "nothing"
    both = told((TEST_IMAGES,), (VALIDATION_LABELS, TEST_IMAGES))
    assert both == f"{VALIDATION_LABELS}, {TEST_IMAGES}"
    with pytest.raises(ValueError, match="unknown words"):
        told(("pixels",))


@pytest.mark.parametrize("known", [*RULES.values(), *MODES.values()], ids=lambda known: known.name)
def test_what_reads_files_of_tasks_says_so(known):
    assert told(known.reads)
    files = getattr(known, "statistics", ()) or getattr(known, "others", ())
    assert known.reads if files else True


def test_a_mode_that_reads_the_others_training_images_says_so():
    for mode in MODES.values():
        assert ("fit" in mode.others) <= (OTHERS_TRAINING_IMAGES in mode.reads)
