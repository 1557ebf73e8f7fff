"""The tasks' files against the benchmark's table and the published lists."""

import hashlib

import pytest

from lib.data import splits, tasks

# classes, train, fit, validation, test; EuroSAT ships its own validation split
BENCHMARK = {
    "cars": (196, 8144, 7330, 814, 8041),
    "dtd": (47, 3760, 3384, 376, 1880),
    "eurosat": (10, 21600, 21600, 2700, 2700),
    "gtsrb": (43, 26640, 23976, 2664, 12630),
    "mnist": (10, 60000, 55000, 5000, 10000),
    "resisc45": (45, 18900, 17010, 1890, 6300),
    "sun397": (397, 19850, 17865, 1985, 19850),
    "svhn": (10, 73257, 68257, 5000, 26032),
    "imagenet": (1000, 1281167, 1276167, 5000, 50000),
    "stl10": (10, 5000, 4500, 500, 8000),
    "oxford_pets": (37, 3680, 3312, 368, 3669),
    "flowers102": (102, 1020, 918, 102, 6149),
    "cifar100": (100, 50000, 45000, 5000, 10000),
    "pcam": (2, 262144, 257144, 5000, 32768),
    "fer2013": (7, 28709, 25839, 2870, 7178),
    "cifar10": (10, 50000, 45000, 5000, 10000),
    "food101": (101, 75750, 70750, 5000, 25250),
    "fashion_mnist": (10, 60000, 55000, 5000, 10000),
    "rendered_sst2": (2, 6920, 6228, 692, 1821),
    "emnist": (10, 240000, 235000, 5000, 40000),
    "kmnist": (10, 60000, 55000, 5000, 10000),
}
TEMPLATES = {"cars": 8, "dtd": 8, "eurosat": 3, "gtsrb": 3, "mnist": 1, "resisc45": 18, "sun397": 2, "svhn": 1}
TEMPLATES |= {"stl10": 2, "oxford_pets": 1, "flowers102": 1, "cifar100": 18, "pcam": 1, "fer2013": 6, "cifar10": 18}
TEMPLATES |= {"food101": 1, "fashion_mnist": 2, "rendered_sst2": 1, "emnist": 1, "kmnist": 1}
DIGESTS = {
    "cars": "2763e65344b2ab65",
    "dtd": "f8643cbd8ba944ed",
    "eurosat": "c01158c651926b80",
    "gtsrb": "d78ad628aff0e127",
    "mnist": "d11e3e6b1ee856b3",
    "resisc45": "475677c6af59883e",
    "sun397": "4c4fbabd2103ed6f",
    "svhn": "d11e3e6b1ee856b3",
    "imagenet": "e407fe7b3c574805",
    "stl10": "5fb0c2cec103e502",
    "oxford_pets": "e6f925db6b79fdef",
    "flowers102": "9362b6e0d025f913",
    "cifar100": "f23ec67b634f7912",
    "pcam": "3fbc98cb5b116c70",
    "fer2013": "b1f32de17fa1934e",
    "cifar10": "87d688ae349ae508",
    "food101": "66821420747c19e1",
    "fashion_mnist": "567d9e039d250e91",
    "rendered_sst2": "84f4a23388becc72",
    "emnist": "7249e3edcb137318",
    "kmnist": "ad58dbee662afbb0",
}
ALL = tasks.KNOWN


@pytest.mark.parametrize("name", ALL)
def test_sizes_are_the_benchmarks(name):
    task, (classes, train, fit, val, test) = tasks.read(name), BENCHMARK[name]
    assert (len(task.class_names), task.counts["train"], task.counts["test"]) == (classes, train, test)
    drawn = splits.validation_size(train, fraction=0.1, maximum=5000)
    own = task.counts.get("val", 0)
    assert (train - (0 if own else drawn), own or drawn) == (fit, val)


@pytest.mark.parametrize("name", ALL)
def test_names_and_templates_are_the_published_ones(name):
    task = tasks.read(name)
    assert len(task.templates) == TEMPLATES.get(name, 80)
    assert all(template.count("{}") == 1 for template in task.templates)
    text = "\n".join((*task.class_names, *task.templates))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", [name for name in ALL if name != tasks.CONTROL])
def test_class_names_differ(name):
    task = tasks.read(name)
    assert len(set(task.class_names)) == len(task.class_names)
    assert len(set(task.folders)) in (0, len(task.class_names))


@pytest.mark.parametrize("name", ["dtd", "eurosat", "gtsrb", "resisc45", "sun397", "imagenet"])
def test_labels_follow_the_folders_order_as_in_the_papers_code(name):
    assert list(tasks.read(name).folders) == sorted(tasks.read(name).folders)


def test_imagenet_is_open_clips_list():
    from open_clip import IMAGENET_CLASSNAMES, OPENAI_IMAGENET_TEMPLATES

    task = tasks.read("imagenet")
    assert list(task.class_names) == list(IMAGENET_CLASSNAMES)
    assert list(task.templates) == [template("{}") for template in OPENAI_IMAGENET_TEMPLATES]


@pytest.mark.parametrize(
    ("name", "folder", "class_name"),
    [
        ("eurosat", "SeaLake", "lake or sea"),
        ("eurosat", "HerbaceousVegetation", "brushland or shrubland"),
        ("sun397", "t_train_station_platform", "train station platform"),
        ("resisc45", "ground_track_field", "ground track field"),
        ("dtd", "polka-dotted", "polka-dotted"),
        ("gtsrb", "00014", "stop"),
        ("imagenet", "n01440764", "tench"),
        ("imagenet", "n02012849", "crane bird"),
        ("imagenet", "n03126707", "construction crane"),
    ],
)
def test_folders_mean_their_classes(name, folder, class_name):
    task = tasks.read(name)
    assert task.class_names[task.folders.index(folder)] == class_name


@pytest.mark.parametrize("name", ALL)
def test_hub_is_pinned_or_unknown(name):
    hub = tasks.read(name).hub
    assert hub.revision is None or (len(hub.revision) == 40 and set(hub.revision) <= set("0123456789abcdef"))
    assert set(hub.files) == set(hub.counts) == {"train", "test"}


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"no task 'caltech101': expected one of cars, dtd"):
        tasks.read("caltech101")


def test_the_suites_hold_14_and_20_tasks():
    assert len({*tasks.NAMES, *tasks.SUITE14}) == 14 and len({*tasks.NAMES, *tasks.SUITE14, *tasks.SUITE20}) == 20
    assert {path.stem for path in tasks.file("cars").parent.glob("*.yaml")} == set(tasks.KNOWN)


def test_the_classes_of_fer2013_are_in_the_order_of_its_table():
    assert tasks.read("fer2013").class_names[3:] == ("happy", "sad", "surprised", "neutral")
    assert sorted(tasks.read("fer2013").labels) != list(tasks.read("fer2013").labels)  # not that of folders by name
