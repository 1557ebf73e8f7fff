"""The towers of transformers under open_clip's names: a hand-written forward of theirs equals the plain image tower."""

import pytest
import torch
import torch.nn.functional as F

from lib.files.checkpoints import CheckpointError
from lib.models.vit import VitShape, vit
from lib.training import third_party

WIDTH, LAYERS, HEADS, PATCH, SIDE, OUT = 12, 2, 3, 4, 8, 5
PREFIX = "vision_model."


def normal(seed, *shape):
    return 0.5 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def pair(name, seed, *shape):
    return {f"{name}.weight": normal(seed, *shape), f"{name}.bias": normal(seed + 1, shape[0])}


@pytest.fixture(scope="module")
def state():
    """A CLIPVisionModel's state dict, under the names of its safetensors files; no two tensors alike."""
    found = {
        "embeddings.class_embedding": normal(1, WIDTH),
        "embeddings.patch_embedding.weight": normal(2, WIDTH, 3, PATCH, PATCH),
        "embeddings.position_embedding.weight": normal(3, (SIDE // PATCH) ** 2 + 1, WIDTH),
        **pair("pre_layrnorm", 4, WIDTH),
        **pair("post_layernorm", 6, WIDTH),
    }
    for layer in range(LAYERS):
        at, seed = f"encoder.layers.{layer}.", 100 * (layer + 1)
        for number, kind in enumerate("qkv"):
            found |= pair(f"{at}self_attn.{kind}_proj", seed + 10 * number, WIDTH, WIDTH)
        found |= pair(f"{at}self_attn.out_proj", seed + 40, WIDTH, WIDTH)
        found |= pair(f"{at}mlp.fc1", seed + 50, 4 * WIDTH, WIDTH) | pair(f"{at}mlp.fc2", seed + 60, WIDTH, 4 * WIDTH)
        found |= pair(f"{at}layer_norm1", seed + 70, WIDTH) | pair(f"{at}layer_norm2", seed + 80, WIDTH)
    return {PREFIX + name: value for name, value in found.items()}


@pytest.fixture(scope="module")
def theta_0(state):
    """A pre-trained tower of open_clip's names and order, with other values."""
    shapes = {
        "class_embedding": (WIDTH,),
        "positional_embedding": ((SIDE // PATCH) ** 2 + 1, WIDTH),
        "proj": (WIDTH, OUT),
        "conv1.weight": (WIDTH, 3, PATCH, PATCH),
        "ln_pre.weight": (WIDTH,),
        "ln_pre.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        at = f"transformer.resblocks.{layer}."
        shapes |= {
            f"{at}ln_1.weight": (WIDTH,),
            f"{at}ln_1.bias": (WIDTH,),
            f"{at}attn.in_proj_weight": (3 * WIDTH, WIDTH),
            f"{at}attn.in_proj_bias": (3 * WIDTH,),
            f"{at}attn.out_proj.weight": (WIDTH, WIDTH),
            f"{at}attn.out_proj.bias": (WIDTH,),
            f"{at}ln_2.weight": (WIDTH,),
            f"{at}ln_2.bias": (WIDTH,),
            f"{at}mlp.c_fc.weight": (4 * WIDTH, WIDTH),
            f"{at}mlp.c_fc.bias": (4 * WIDTH,),
            f"{at}mlp.c_proj.weight": (WIDTH, 4 * WIDTH),
            f"{at}mlp.c_proj.bias": (WIDTH,),
        }
    shapes |= {"ln_post.weight": (WIDTH,), "ln_post.bias": (WIDTH,)}
    return {name: normal(1000 + number, *shape) for number, (name, shape) in enumerate(shapes.items())}


def hub_embedding(state, proj, pixels):
    """What a CLIPVisionModel computes, written out head by head, with the projection of CLIP behind it."""
    tensors = {name.removeprefix(PREFIX): value.double() for name, value in state.items()}

    def linear(name, x):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(name, x):
        return F.layer_norm(x, (WIDTH,), tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def attention(at, x):
        heads = []
        for part in torch.arange(WIDTH).chunk(HEADS):
            q, k, v = (linear(f"{at}self_attn.{kind}_proj", x)[..., part] for kind in "qkv")
            heads.append((q @ k.transpose(1, 2) / len(part) ** 0.5).softmax(-1) @ v)
        return linear(f"{at}self_attn.out_proj", torch.cat(heads, -1))

    grid = F.conv2d(pixels, tensors["embeddings.patch_embedding.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    first = tensors["embeddings.class_embedding"].expand(len(pixels), 1, WIDTH)
    x = norm("pre_layrnorm", torch.cat([first, grid], 1) + tensors["embeddings.position_embedding.weight"])
    for layer in range(LAYERS):
        at = f"encoder.layers.{layer}."
        x = x + attention(at, norm(f"{at}layer_norm1", x))
        hidden = linear(f"{at}mlp.fc1", norm(f"{at}layer_norm2", x))
        x = x + linear(f"{at}mlp.fc2", hidden * torch.sigmoid(1.702 * hidden))  # quick-gelu
    return norm("post_layernorm", x[:, 0]) @ proj.double()


def test_the_plain_tower_computes_what_the_hubs_model_does(state, theta_0):
    theta = third_party.tower(state, theta_0)
    assert list(theta) == list(theta_0) and theta["proj"].equal(theta_0["proj"])
    pixels = normal(5, 3, 3, SIDE, SIDE).double()
    shape = VitShape((PATCH, PATCH), LAYERS, HEADS, "quick_gelu")
    ours = vit(shape, {name: value.double() for name, value in theta.items()}, pixels)
    expected = hub_embedding(state, theta_0["proj"], pixels)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


def test_queries_keys_and_values_are_not_exchanged(state, theta_0):
    swapped = {name.replace(".q_proj.", ".x_proj.").replace(".k_proj.", ".q_proj."): v for name, v in state.items()}
    swapped = {name.replace(".x_proj.", ".k_proj."): value for name, value in swapped.items()}
    one, other = (third_party.tower(tensors, theta_0) for tensors in (state, swapped))
    name = "transformer.resblocks.1.attn.in_proj_weight"
    queries, keys, values = one[name].chunk(3)
    assert not queries.equal(keys)
    assert all(map(torch.equal, other[name].chunk(3), (keys, queries, values)))


def test_a_tower_that_lacks_a_projection_is_refused_by_name(state, theta_0):
    without = {name: value for name, value in state.items() if "layers.1.self_attn.k_proj.weight" not in name}
    with pytest.raises(CheckpointError, match=r"resblocks\.1\.attn\.in_proj_weight"):
        third_party.tower(without, theta_0)
