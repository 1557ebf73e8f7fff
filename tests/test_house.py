"""The house: tests mirror lib, dependencies point one way, sizes and words stay within bounds."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What has no test file of its own name, and where it is held.
HELD_BY = {
    "data/opening.py": "data/test_datasets.py",
    "data/raw_task.py": "data/readers/test_image_folder.py",
    "data/readers/*_texts.py": "data/readers/test_texts.py",
    "data/readers/hub.py": "data/readers/test_hub.py",
    "data/readers/parquet.py": "data/readers/test_hub.py",
    "data/readers/*.py": "data/readers/test_folders.py",
    "data/text_rows.py": "data/test_tokens.py",
    "data/token_batches.py": "data/test_tokens.py",
    "editing/merging_rules.py": "editing/merging/test_merging.py",
    "editing/merging/*.py": "editing/merging/test_merging.py",
    "kernels/factored_uses.py": "kernels/test_tape.py",
    "kernels/gradient_products.py": "kernels/test_ntk.py",
    "kernels/lookups.py": "kernels/test_tape.py",
    "reporting/finding.py": "reporting/test_findings.py",
    "models/encoders/tangent_*.py": "models/encoders/test_tangent.py",
    "models/encoders/*.py": "models/encoders/test_image.py",
    "models/text_*.py": "models/test_prompts.py",
    "models/tangent_layers.py": "models/test_tangent_vit.py",
    "synthetic/batches.py": "synthetic/test_captioned.py",
    "synthetic/texts.py": "data/readers/test_texts.py",
    "synthetic/*.py": "synthetic/test_world.py",
    "text_cost.py": "test_cost.py",
    "threads.py": "training/test_finetune.py",
    "training/objectives/*.py": "training/objectives/test_objectives.py",
}


def modules(folder):
    """Python files with a statement, relative to the folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if not all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body):
            yield path.relative_to(ROOT / folder)


def test_tests_mirror_lib():
    tests = ROOT / "tests/lib"
    for module in modules("lib"):
        name = module.parent.name if module.stem == "__init__" else module.stem
        folder = module.parent.parent if module.stem == "__init__" else module.parent
        own = tests / folder / f"test_{name}.py"
        held = next((file for pattern, file in HELD_BY.items() if fnmatch(str(module), pattern)), "")
        assert own.exists() or (tests / held).is_file(), module
    for test in tests.rglob("test_*.py"):
        folder = ROOT / "lib" / test.parent.relative_to(tests)
        assert folder.is_dir(), test


def test_dependencies_point_one_way():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and "0 broken" in done.stdout, done.stdout


def test_modules_and_functions_are_short():
    """Modules about 250 lines, no function over 60."""
    for folder in ("lib", "workflow_scripts"):
        for module in modules(folder):
            path = ROOT / folder / module
            assert len(path.read_text().splitlines()) <= 260, module
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno - node.lineno < 60, (module, node.name)


def test_the_snakefile_and_the_readme_are_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150
    assert len([line for line in (ROOT / "Snakefile").read_text().splitlines() if line.strip()]) <= 40


def test_the_fields_words_are_used():
    """An image is no other thing; made from a seed is synthetic; others' files are third-party checkpoints."""
    banned = re.compile("|".join(["pic" + "ture", "for" + "eign checkpoint", "from " + "nothing"]), re.IGNORECASE)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for file in files:
        path = ROOT / file
        if path.suffix in (".py", ".md", ".yaml", ".smk", ".toml", ".json", ".sh", "") and path.is_file():
            found = banned.findall(path.read_text(errors="ignore"))
            assert not found, (file, found)
