"""What a method has seen of the tasks' data, in the words of the arena's table.

Every method sees a task's own training images when it is fine-tuned, and the validation labels that alpha is chosen by;
what is told is what it sees beside these.
"""

from __future__ import annotations

from collections.abc import Iterable

VALIDATION_LABELS = "validation labels"
VALIDATION_IMAGES = "unlabelled validation images"
TRAINING_IMAGES = "training images"  # of each task, when task vectors are merged
OTHERS_TRAINING_IMAGES = "other tasks' training images"
TEST_IMAGES = "test images"
READS = (VALIDATION_LABELS, VALIDATION_IMAGES, TRAINING_IMAGES, OTHERS_TRAINING_IMAGES, TEST_IMAGES)
NOTHING = "nothing"


def told(*reads: Iterable[str]) -> str:
    """All that a mode and a rule read, in the order of READS, or NOTHING. Raises ValueError for other words."""
    words = {word for some in reads for word in some}
    if unknown := sorted(words - set(READS)):
        raise ValueError(f"unknown words {unknown}; what a method reads is told in: {', '.join(READS)}")
    return ", ".join(word for word in READS if word in words) or NOTHING
