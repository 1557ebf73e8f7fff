"""The papers' tasks and the further ones of the field's suites: class names, prompt templates, sizes and sources.

One YAML file a task beside this module.

ASSUME: class names and templates are those that openai/CLIP lists in data/prompts.md (of ImageNet, open_clip's; of
SVHN, MNIST's, as in the code of Ilharco et al. 2023; of EMNIST, FashionMNIST and KMNIST those of the code of Wang et
al. 2024), because the papers evaluate CLIP's zero-shot heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lib.data.readers.errors import DataError

NAMES = ("cars", "dtd", "eurosat", "gtsrb", "mnist", "resisc45", "sun397", "svhn")
CONTROL = "imagenet"
SUITE14 = ("stl10", "oxford_pets", "flowers102", "cifar100", "pcam", "fer2013")  # with NAMES, 14 tasks
SUITE20 = ("cifar10", "food101", "fashion_mnist", "rendered_sst2", "emnist", "kmnist")  # with SUITE14, 20
KNOWN = (*NAMES, CONTROL, *SUITE14, *SUITE20)


@dataclass(frozen=True)
class Hub:
    """Where a task lives on the hub of data sets: files by split are glob patterns inside the repository.

    revision: 40 hexadecimal digits, or None where nobody has pinned one yet.
    """

    repo: str
    revision: str | None
    image: str
    label: str
    files: Mapping[str, str]
    counts: Mapping[str, int]
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One task of the papers or of a suite; class_names, folders and labels are indexed by label.

    folders: the class's directory in the prepared folders (empty where the layout has none). labels: the
    name by which the hub's files declare the class, where it is another than class name and folder.
    counts: images by split as the source ships them; wrong_variants: counts of train that are known to
    belong to another data set, with its description. homes: where the prepared folder may lie under the data
    root, the papers' own place first; layout: what it holds, in words.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    folders: tuple[str, ...]
    labels: tuple[str, ...]
    counts: Mapping[str, int]
    homes: tuple[str, ...]
    layout: str
    hub: Hub
    wrong_variants: Mapping[int, str] = field(default_factory=dict)

    def aliases(self, label: int) -> frozenset[str]:
        """Every spelling by which a source may call the class, simplified by `simplified`."""
        names = [self.class_names[label], *self.folders[label : label + 1], *self.labels[label : label + 1]]
        numbers = [str(int(name)) for name in names if name.isdigit()]
        return frozenset(map(simplified, names + numbers))

    def home(self, root: Path | None) -> Path:
        """The first of `homes` that is a folder below the data root. Raises DataError if there is none."""
        places = [] if root is None else [Path(root) / home for home in self.homes]
        for place in places:
            if place.is_dir():
                return place
        raise DataError(
            f"{self.title}: no data",
            got=f"nothing at {' or '.join(map(str, places))}" if places else "no data root",
            expected=f"one of the accepted sources: folder, as {self.layout} below the data root; hub, {self.hub.repo}",
            next_step=f"put the folder there, or set the source of {self.name} to hub",
        )


def simplified(name: str) -> str:
    """The name's letters and digits in lower case: 'polka-dotted' and 'polka_dotted' agree."""
    return "".join(character for character in name.casefold() if character.isalnum())


def file(name: str) -> Path:
    """The file that holds a task."""
    return Path(__file__).with_name(f"{name}.yaml")


@lru_cache
def read(name: str) -> Task:
    """The task of that name. Raises ValueError for a name that is not in KNOWN."""
    if name not in KNOWN:
        raise ValueError(f"no task {name!r}: expected one of {', '.join(KNOWN)}")
    record = _parse(file(name))
    classes = record["classes"]
    return Task(
        name=name,
        title=record["title"],
        class_names=tuple(row["name"] for row in classes),
        templates=tuple(record["templates"]),
        folders=tuple(row["folder"] for row in classes if "folder" in row),
        labels=tuple(row["label"] for row in classes if "label" in row),
        counts=record["counts"],
        homes=tuple(record["homes"]),
        layout=record["layout"],
        hub=_hub(record["hub"], record["counts"]),
        wrong_variants=record.get("wrong_variants", {}),
    )


def _hub(record: Mapping, counts: Mapping[str, int]) -> Hub:
    values = {"counts": counts, **record, "deviations": tuple(record.get("deviations", ()))}
    return Hub(**values)


def _parse(path: Path) -> dict:
    import yaml

    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
