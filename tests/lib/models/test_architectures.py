"""Model configurations, read without open_clip or torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest

from lib.models import architectures
from lib.models.architectures import EncoderError, read_configuration
from tests.lib.models.conftest import TINY

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["ViT-B-32-quickgelu", "RN50", "coca_ViT-B-32"])
def test_a_configuration_is_open_clips(name):
    assert read_configuration(name) == open_clip.get_model_config(name)


def test_a_folder_of_ones_own_comes_first(tmp_path):
    (tmp_path / "ViT-B-32.json").write_text(json.dumps(TINY))
    assert read_configuration("ViT-B-32", tmp_path) == TINY
    assert read_configuration("ViT-B-32") != TINY


def test_unknown_architectures_are_refused(tmp_path):
    with pytest.raises(EncoderError, match="no architecture 'ViT-Z-99': did you mean ViT-"):
        read_configuration("ViT-Z-99")
    with pytest.raises(EncoderError, match="list_models"):
        read_configuration("nothing alike")
    (tmp_path / "ViT-Z-98.json").write_text("{}")
    with pytest.raises(EncoderError, match="did you mean ViT-Z-98"):
        read_configuration("ViT-Z-99", tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "no vision_cfg"), ("{}", "no vision_cfg")])
def test_files_that_are_no_configurations_are_refused(tmp_path, text, message):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(EncoderError, match=message):
        read_configuration("mine", tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is a file of 0 bytes, expected a model configuration of 1 to 1000000 bytes"),
        (b" " * 1_000_001, "is a file of 1000001 bytes"),
        (b'{"a": "\xff"}', r"is not JSON \('utf-8' codec"),
        (b'{"embed_dim": NaN, "vision_cfg": {}}', "is not JSON .*NaN is no number"),
        (b'{"embed_dim": 1, "embed_dim": 2}', "is not JSON .*'embed_dim' stands there twice"),
        (b'{"embed_dim": ' + b"1" * 5000 + b"}", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"vision_cfg": []}', "no vision_cfg"),
    ],
)
def test_odd_bytes_are_refused(tmp_path, data, message):
    (tmp_path / "mine.json").write_bytes(data)
    with pytest.raises(EncoderError, match=message):
        read_configuration("mine", tmp_path)


def test_what_is_no_file_or_folder_is_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("gone.json")
    for name, message in {"pipe": "no regular file", "folder": "no regular file", "link": "cannot be read"}.items():
        with pytest.raises(EncoderError, match=message):
            read_configuration(name, tmp_path)
    for folder in (tmp_path / "absent", tmp_path / "pipe.json"):
        with pytest.raises(EncoderError, match="is no folder, expected one of model configurations"):
            read_configuration("ViT-B-32", folder)


@pytest.mark.parametrize("name", ["", ".", "..", "../mine", "a/b", "/mine", "a\\b", "local-dir:a", "a\0b", ".hidden"])
def test_a_name_leads_nowhere_else(tmp_path, name):
    (tmp_path / "inside").mkdir()
    (tmp_path / "mine.json").write_text(json.dumps(TINY))
    with pytest.raises(EncoderError, match="cannot name an architecture: expected the name of a JSON file"):
        read_configuration(name, tmp_path / "inside")


def test_where_open_clip_is_missing_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(architectures, "find_spec", lambda name: None)
    (tmp_path / "mine.json").write_text(json.dumps(TINY))
    assert read_configuration("mine", tmp_path) == TINY
    with pytest.raises(architectures.OpenClipMissing, match="'ViT-B-32' cannot be looked up: `make setup`"):
        read_configuration("ViT-B-32", tmp_path)
    assert architectures.vocabulary_file(None) is None and architectures.vocabulary_file("a") == Path("a")


def test_reading_imports_neither_open_clip_nor_torch():
    program = (
        "import sys; from lib.models.architectures import read_configuration, vocabulary_file; "
        "read_configuration('ViT-B-32'); assert vocabulary_file(None).is_file(); "
        "sys.exit(bool({'open_clip', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_the_image_part_is_what_the_tower_is_made_of():
    assert architectures.image_part(TINY) == {key: TINY[key] for key in ("embed_dim", "quick_gelu", "vision_cfg")}
    assert architectures.image_part(read_configuration("ViT-B-32")).keys() == {"embed_dim", "vision_cfg"}


def test_sizes_and_activations():
    assert architectures.image_size(TINY) == 16 and architectures.image_size({"vision_cfg": {}}) == 224
    assert architectures.image_size({"vision_cfg": {"image_size": [32, 32]}}) == 32
    assert architectures.activation(TINY) == "quick_gelu" and architectures.activation({"vision_cfg": {}}) == "gelu"


@pytest.mark.parametrize(
    ("vision", "plain", "editable"),
    [
        ({"patch_size": 8, "layers": 2}, True, True),
        ({"patch_size": 8, "layers": 2, "pool_type": "avg"}, False, True),
        ({"layers": [1, 1]}, False, False),
        ({"timm_model_name": "vit", "patch_size": 8, "layers": 2}, False, False),
    ],
)
def test_what_is_a_vit(vision, plain, editable):
    configuration = {"embed_dim": 8, "vision_cfg": vision}
    assert architectures.is_plain_vit(configuration) == plain
    if editable:
        architectures.require_vit(configuration)
    else:
        with pytest.raises(EncoderError, match="only open_clip's own ViTs can be edited"):
            architectures.require_vit(configuration)
