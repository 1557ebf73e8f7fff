"""The examples on the files of a run, made by hand: a tiny model, three tasks, and what each edit must give."""

import json
import re

import numpy as np
import pytest
import torch

from examples import add, analogy, negate
from examples.common import Run, arguments
from lib.data import prepared, preparing
from lib.data.raw_task import RawSplit
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from lib.models import clip
from lib.models.architectures import image_part, read_configuration
from lib.models.encoders import image, tangent
from tests.workflow.conftest import make_clip

TASKS = {"A": 0, "B": 1, "C": 2, "Control": 3}
N = 20
TRAINED = ("standard", "linear", "gradient-ascent")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from PIL import Image

    folder = tmp_path_factory.mktemp("examples")
    make_clip(folder)
    model = clip.load_clip("tiny", folder / "tiny.safetensors", architectures=folder)
    theta_0 = clip.tower_parameters(model)
    checkpoints.save(folder / "tiny/pretrained/theta.safetensors", theta_0)
    record = {"params": {"architecture": image_part(read_configuration("tiny", folder))}}
    (folder / "provenance/zero_shot").mkdir(parents=True)
    (folder / "provenance/zero_shot/tiny.json").write_text(json.dumps(record))
    for task, seed in TASKS.items():
        generator = np.random.default_rng(seed)
        pixels = generator.integers(0, 256, (N, 16, 16, 3), dtype=np.uint8)
        raw = RawSplit(generator.integers(0, 4, N), lambda row, pixels=pixels: Image.fromarray(pixels[row]))
        preparing.write(folder / "data" / task, "test", raw, np.arange(N), crop=lambda image: image)
        torch.manual_seed(seed)
        checkpoints.save(folder / f"tiny/heads/{task}.safetensors", {"weight": torch.randn(4, 32)})
        tau = {name: 0.1 * torch.randn_like(value) for name, value in theta_0.items()}
        for mode in TRAINED:
            checkpoints.save(folder / f"tiny/seed0/{mode}/{task}/tau.safetensors", tau)
    return folder


def printed(example, folder, capsys, *words) -> dict[str, tuple[float, float]]:
    """Task -> accuracies before and after, as printed."""
    example.main(["--run", str(folder), "--model", "tiny", *words])
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[0]: tuple(float(x) / 100 for x in re.findall(r"([\d.]+)%", line)) for line in lines}


def expected(folder, mode, edit, task) -> float:
    """The accuracy of theta_0 + edit by a forward pass, or by the tangent model."""
    theta_0 = checkpoints.load(folder / "tiny/pretrained/theta.safetensors")
    kind = tangent if mode in ("posthoc", "linear") else image
    model = kind.image_encoder(read_configuration("tiny", folder)).model_at(theta_0)
    split = prepared.read(folder / "data" / task, "test")
    head = checkpoints.load(folder / f"tiny/heads/{task}.safetensors")
    with torch.no_grad():
        f = model(edit.apply(theta_0), torch.from_numpy(split.images(np.arange(N))))
    return float(((f @ head["weight"].T).argmax(-1).numpy() == split.label).mean())


def vector(folder, task) -> TaskVector:
    return TaskVector(checkpoints.load(folder / f"tiny/seed0/standard/{task}/tau.safetensors"))


@pytest.mark.parametrize("mode", ["standard", "posthoc", "linear"])
def test_negation_subtracts(folder, capsys, mode):
    found = printed(negate, folder, capsys, "--mode", mode, "--tasks", "A", "--control", "Control", "--alpha", "0.5")
    assert list(found) == ["A", "Control"]
    for task, (before, after) in found.items():
        assert before == pytest.approx(expected(folder, mode, 0 * vector(folder, "A"), task))
        assert after == pytest.approx(expected(folder, mode, -0.5 * vector(folder, "A"), task))


def test_after_gradient_ascent_the_vector_itself_forgets(folder, capsys):
    words = ["--mode", "gradient-ascent", "--tasks", "A", "--control", "Control", "--alpha", "0.5"]
    for task, (_, after) in printed(negate, folder, capsys, *words).items():
        assert after == pytest.approx(expected(folder, "gradient-ascent", 0.5 * vector(folder, "A"), task))


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_addition_adds(folder, capsys, mode):
    found = printed(add, folder, capsys, "--mode", mode, "--tasks", "A", "B", "--alpha", "0.3")
    edit = 0.3 * (vector(folder, "A") + vector(folder, "B"))
    assert {task: after for task, (_, after) in found.items()} == pytest.approx(
        {task: expected(folder, mode, edit, task) for task in ("A", "B")}
    )


def test_an_analogy_adds_the_difference(folder, capsys):
    found = printed(analogy, folder, capsys, "--tasks", "A", "B", "C", "Control", "--alpha", "1")
    edit = vector(folder, "C") + vector(folder, "B") - vector(folder, "A")
    assert list(found) == ["Control"]
    assert found["Control"][1] == pytest.approx(expected(folder, "standard", edit, "Control"))


def test_an_analogy_needs_four_names(folder, capsys):
    with pytest.raises(SystemExit):
        analogy.main(["--run", str(folder), "--tasks", "A", "B"])
    assert "needs four names" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--run", "nowhere"], ["--tasks", "Z"], ["--model", "large"], ["--control", "Z"]])
def test_what_no_run_made_is_one_message(folder, words):
    with pytest.raises(SystemExit, match="no file .*: the examples read a finished run. Run `make demo`"):
        negate.main(["--run", str(folder), "--model", "tiny", "--tasks", "A", "--control", "Control", *words])


def test_posthoc_takes_the_standard_vectors(folder):
    parsed = arguments("", tasks=["A"], alpha=1.0).parse_args(
        ["--run", str(folder), "--model", "tiny", "--mode", "posthoc"]
    )
    assert (Run(parsed).tau("A") - vector(folder, "A")).norm() == 0


def test_defaults_are_tasks_of_the_demo():
    import yaml

    from tests.workflow.conftest import ROOT

    demo = yaml.safe_load((ROOT / "demo/config.yaml").read_text())
    names = {task["name"] for task in [*demo["tasks"], demo["control"]]}
    for example in (negate, add, analogy):
        quoted = re.findall(r'"([A-Z]\w+)"', (ROOT / f"examples/{example.__name__.split('.')[-1]}.py").read_text())
        assert quoted and set(quoted) <= names
