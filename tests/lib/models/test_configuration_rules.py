"""The table of rules is open_clip's, all that ships with it is accepted, and each wrong value is refused by its key."""

import copy
import dataclasses
import inspect
import json
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
from open_clip.coca_model import CoCa, MultimodalCfg
from open_clip.model import CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP

from lib.models.architectures import EncoderError, read_configuration
from lib.models.configuration_rules import MULTIMODAL, TEXT, TOP, VISION, checked_configuration, require_rules
from tests.lib.models.conftest import TINY

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = sorted(file.stem for file in (Path(open_clip.__file__).parent / "model_configs").glob("*.json"))


@pytest.mark.parametrize(
    ("rules", "fields"), [(VISION, CLIPVisionCfg), (TEXT, CLIPTextCfg), (MULTIMODAL, MultimodalCfg)]
)
def test_the_keys_are_open_clips(rules, fields):
    assert rules.keys() == {field.name for field in dataclasses.fields(fields)}
    for field in dataclasses.fields(fields):
        assert field.default is None or rules[field.name].allows(field.default), field.name


def test_the_top_keys_are_those_of_open_clips_models():
    known = {name for kind in (open_clip.CLIP, CustomTextCLIP, CoCa) for name in inspect.signature(kind).parameters}
    own = {"cast_dtype", "pad_id"}  # arguments, but no keys of a configuration
    assert TOP.keys() == known - own | {"custom_text"}


def test_all_that_ships_with_open_clip_is_accepted():
    assert len(SHIPPED) > 100
    for name in SHIPPED:
        assert checked_configuration(name) == open_clip.get_model_config(name)


def test_ones_own_are_accepted(tmp_path):
    for file in [ROOT / "demo/clip/ViT-demo-8.json", *ROOT.glob("tests/**/*.json")]:
        if "vision_cfg" in (configuration := json.loads(file.read_text())):
            require_rules(configuration, file.name)
    require_rules(TINY, "tiny")
    require_rules({**TINY, "vision_cfg": {**TINY["vision_cfg"], "image_size": [16, 16]}}, "tiny")


NAN, MISSING = float("nan"), object()
WRONG = [
    ("embed_dim", MISSING, "embed_dim is missing, expected a whole number from 1 to 65536, the width of embeddings"),
    ("text_cfg", MISSING, "text_cfg is missing, expected a mapping, the text tower"),
    ("text_cfg", [], "text_cfg is a list of 0, expected a mapping"),
    ("text_cfg", None, "text_cfg is null, expected a mapping"),
    ("embed_dim", "16", "embed_dim is the text '16', expected a whole number"),
    ("embed_dim", 0, "embed_dim is 0, expected a whole number from 1"),
    ("quick_gelu", "yes", "quick_gelu is the text 'yes', expected true or false"),
    ("quick_gelu", 1, "quick_gelu is 1, expected true or false"),
    ("quick_gello", True, "unknown key 'quick_gello'; did you mean 'quick_gelu'"),
    ("vision_cfg.width", MISSING, "vision_cfg.width is missing"),
    ("vision_cfg.layers", MISSING, "vision_cfg.layers is missing"),
    ("vision_cfg.patch_size", None, "vision_cfg.patch_size is missing"),
    ("vision_cfg.width", 32.0, "vision_cfg.width is 32.0, expected a whole number from 1 to 65536, the channels"),
    ("vision_cfg.width", True, "vision_cfg.width is true"),
    ("vision_cfg.width", 10**9, "vision_cfg.width is 1000000000"),
    ("vision_cfg.width", 10**400, "vision_cfg.width is 1000"),
    ("vision_cfg.width", {}, "vision_cfg.width is a mapping of 0"),
    ("vision_cfg.layers", 0, "vision_cfg.layers is 0, expected a whole number from 1 to 1000"),
    ("vision_cfg.layers", -1, "vision_cfg.layers is -1"),
    ("vision_cfg.layers", 1001, "vision_cfg.layers is 1001"),
    ("vision_cfg.layers", [2, 2], "vision_cfg.layers is a list of 2"),
    ("vision_cfg.layers", [2, 2, 2, "2"], "vision_cfg.layers is a list of 4"),
    ("vision_cfg.image_size", [], "vision_cfg.image_size is a list of 0, expected a whole number from 1 to 4096"),
    ("vision_cfg.image_size", [16, 8], "vision_cfg.image_size is a list of 2"),
    ("vision_cfg.image_size", 8192, "vision_cfg.image_size is 8192"),
    ("vision_cfg.patch_size", 32, "vision_cfg.patch_size is 32, expected a divisor of image_size, 16"),
    ("vision_cfg.patch_size", 7, "vision_cfg.patch_size is 7, expected a divisor of image_size, 16"),
    ("vision_cfg.head_width", 20, "vision_cfg.head_width is 20, expected a divisor of width, 32"),
    ("vision_cfg.head_width", MISSING, "vision_cfg.head_width is 64, expected a divisor of width, 32 .*default is 64"),
    ("vision_cfg.mlp_ratio", 0, "vision_cfg.mlp_ratio is 0, expected a number from 0.01 to 64"),
    ("vision_cfg.mlp_ratio", NAN, "vision_cfg.mlp_ratio is nan"),
    ("vision_cfg.mlp_ratio", 0.02, "vision_cfg.mlp_ratio is 0.02, expected one that leaves the MLP a channel"),
    ("vision_cfg.heads", 2, "unknown key vision_cfg.'heads'; (did you mean|expected one of)"),
    ("vision_cfg.widht", 2, "unknown key vision_cfg.'widht'; did you mean 'width'"),
    ("text_cfg.widht", 2, "unknown key text_cfg.'widht'; did you mean 'width'"),
    ("text_cfg.heads", 3, "text_cfg.width is 16, expected a multiple of heads, 3"),
    ("text_cfg.context_length", 0, "text_cfg.context_length is 0, expected a whole number from 1"),
    ("text_cfg.vocab_size", 0, "text_cfg.vocab_size is 0"),
    ("text_cfg.layers", [1], "text_cfg.layers is a list of 1"),
    ("multimodal_cfg", {"dim_haed": 3}, "unknown key multimodal_cfg.'dim_haed'; did you mean 'dim_head'"),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_each_wrong_value_is_refused_by_its_key(key, value, message):
    configuration = copy.deepcopy(TINY)
    *path, last = key.split(".")
    place = configuration[path[0]] if path else configuration
    place[last] = value
    if value is MISSING:
        del place[last]
    with pytest.raises(EncoderError, match=f"^mine: {message}.*; correct its JSON$"):
        require_rules(configuration, "mine")


def test_a_text_tower_of_another_library_is_left_to_it():
    require_rules({**TINY, "text_cfg": {"hf_model_name": "roberta-base", "width": 5, "heads": 3}}, "mine")


def test_it_imports_neither_open_clip_nor_torch():
    program = (
        "import sys, lib.models.vocabularies; from lib.models.configuration_rules import checked_configuration; "
        "checked_configuration('ViT-B-32'); sys.exit(bool({'open_clip', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_what_is_read_is_returned():
    assert checked_configuration("ViT-B-32") == read_configuration("ViT-B-32")
