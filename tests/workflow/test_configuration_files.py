"""Files that are no configuration, and command lines: refused with file and line before Snakemake reads anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import ROOT, planned, run_snakemake
from workflow_scripts.configuration import first_look
from workflow_scripts.configuration.benchmark import ConfigurationError, read_effective
from workflow_scripts.configuration.files import FileError, read_mapping, read_value
from workflow_scripts.configuration.places import PlaceError, require_writable

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdefghi", "bcdefghij", strict=True)
)
WRONG = {
    "empty": (b"", " is empty, expected keys such as run, models and tasks; start from a copy of config.yaml"),
    "comments alone": (b"# run: x\n", " is empty, expected keys"),
    "a list": (b"- run\n- models\n", " holds a list of 2 entries, expected a mapping with keys such as run"),
    "a text": (b"just words\n", " holds the text 'just words', expected a mapping"),
    "a number": (b"3\n", " holds the value '3', expected a mapping"),
    "two documents": (b"run: a\n---\nrun: b\n", ", line 2 is not YAML: a second document begins here; keep one document"),
    "a key twice": (b"run: a\nseeds: [0]\nrun: b\n", ", line 3: the key 'run' is there already in line 1; remove one"),
    "a key twice below": (b"split:\n  seed: 1\n  seed: 2\n", ", line 3: the key 'seed' is there already in line 2"),
    "a key twice in a list": (b"tasks:\n- {name: a, name: b}\n", ", line 2: the key 'name' is there already in line 2"),
    "an undefined alias": (b"run: a\nseeds: *x\n", ", line 2 is not YAML: found undefined alias 'x'; write the value out"),
    "a key that is a number": (b"run: a\n1: b\n", ", line 2: the key 1 is no text to YAML; put it in quotes"),
    "a key that is a truth": (b"on: b\n", ", line 1: the key on is no text to YAML; put it in quotes"),
    "a key that is empty": (b"null: b\n", ", line 1: the key null is no text to YAML"),
    "a key that is a list": (b"? [a]\n: b\n", ", line 1: the key a list or mapping is no text to YAML"),
    "UTF-16": ("run: a\n".encode("utf-16"), ", line 1 is not UTF-8 (byte 0xff); save the file as UTF-8"),
    "Latin-1": (b"run: a\nseeds: caf\xe9\n", ", line 2 is not UTF-8 (byte 0xe9); save the file as UTF-8"),
    "binary": (bytes(range(256)), ", line 2 is not UTF-8 (byte 0x80)"),
    "control characters": (b"run: a\nx: \x07\n", ", line 2 is not YAML: special characters are not allowed"),
    "an open bracket": (b"run: [\n", ", line 2 is not YAML: expected the node content"),
    "a tab": (b"split:\n\tseed: 1\n", ", line 2 is not YAML: found character '\\t' that cannot start any token; correct"),
    "a tag": (b"run: !!python/object/apply:os.system [x]\n", ", line 1 is not YAML: the tag 'tag:yaml.org,2002:python"),
    "an octal number": (b"run: a\nseeds: [010]\n", ", line 2: YAML reads 010 as 8; write 8, or quote it if it is text"),
    "a sexagesimal number": (b"runtime: 1:30\n", ", line 1: YAML reads 1:30 as 90; write 90"),
    "a number with underscores": (b"seed: 1_000\n", ", line 1: YAML reads 1_000 as 1000; write 1000"),
    "a date that is none": (b"run: 2020-13-45\n", " is not YAML: month must be in 1..12; correct the value"),
    "an endless number": (b"seed: " + b"9" * 5000, " is not YAML: Exceeds the limit"),
    "a value that holds itself": (b"a: &a [1, *a]\n", ", line 1: the value holds itself; write it out"),
    "aliases of aliases": (BOMB.encode(), ": more than 100,000 values with all aliases written out; use fewer"),
    "deep nesting": (b"a: " + b"[" * 5000 + b"]" * 5000, " is not YAML: "),
    "a huge file": (b"#" * 1_000_001, " has 1,000,001 bytes, expected a configuration of at most 1,000,000"),
}  # fmt: skip


def refusal(file):
    with pytest.raises(FileError) as refused:
        read_mapping(file)
    return str(refused.value)


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_no_configuration_is_refused_with_its_line(kind, tmp_path):
    content, message = WRONG[kind]
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    told = refusal(file)
    assert told.startswith(str(file)) and message in told and "\n" not in told and len(told) < 600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"run": "a", "run": "b"}', "the key 'run' is there twice in one mapping; remove one of the two"),
        ('{"run": "a",\n}', ", line 2 is not JSON"),
        ("[1]", " holds list, expected a mapping"),
        ("[" * 5000 + "]" * 5000, " is not JSON"),
    ],
)
def test_a_json_file_that_is_no_configuration_is_refused(text, message, tmp_path):
    (tmp_path / "mine.json").write_text(text)
    assert message in refusal(tmp_path / "mine.json")


def test_an_absent_file_a_folder_and_a_fifo_are_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    assert "is a folder; name a file in it" in refusal(tmp_path)
    assert "is no regular file" in refusal(tmp_path / "fifo.yaml")
    for name in ("absent.yaml", "dangling.yaml"):
        assert f"there is no configuration '{tmp_path / name}'" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfrun: a\n", {"run": "a"}),
        (b"run: a\r\nseeds: [0]\r\n", {"run": "a", "seeds": [0]}),
        ("run: é\n".encode(), {"run": "é"}),
        (b"--- # one document\nrun: a\n...\n", {"run": "a"}),
        (b"job: &j {gpu: 0}\na: *j\nb: {<<: *j, gpu: 1}\n", {"job": {"gpu": 0}, "a": {"gpu": 0}, "b": {"gpu": 1}}),
        (b'"1": a\n', {"1": "a"}),
        (b"a: [-1, +2, 0, 1.5e+3, .5]\n", {"a": [-1, 2, 0, 1500.0, 0.5]}),
    ],
)
def test_what_is_a_configuration_is_read(content, expected, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(content)
    assert read_mapping(tmp_path / "mine.yaml") == expected


def test_the_shipped_configurations_are_read_as_yaml_reads_them(tmp_path):
    for name in ("config.yaml", "demo/config.yaml"):
        plain = yaml.safe_load((ROOT / name).read_text())
        assert read_mapping(ROOT / name) == plain
        (tmp_path / "same.json").write_text(json.dumps(plain))
        assert read_mapping(tmp_path / "same.json") == plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1]", [1]),
        ("{warmup: 1}", {"warmup": 1}),
        ('{"learning_rate": {"linear": 1e-5}}', {"learning_rate": {"linear": 1e-5}}),
        ("1e-5", 1e-5),
        ('"3"', "3"),
        ("true", True),
        ("mine", "mine"),
        ("", None),
    ],
)
def test_values_of_the_command_line_are_yaml(text, value):
    assert read_value("key", text) == value
    if value is not None:
        assert read_effective([], [f"key={text}"]) == {"key": value}


def test_values_of_the_command_line_replace_those_of_the_files(tmp_path):
    (tmp_path / "a.yaml").write_text("run: a\nsplit: {seed: 0, fraction: 0.1}\nseeds: [0]\n")
    (tmp_path / "b.yaml").write_text("split: {seed: 1}\n")
    read = read_effective([tmp_path / "a.yaml", tmp_path / "b.yaml"], ["seeds=[1, 2]", "split={fraction: 0.2}"])
    assert read == {"run": "a", "split": {"seed": 1, "fraction": 0.2}, "seeds": [1, 2]}
    with pytest.raises(ConfigurationError, match="no job was started.\n  - --config seeds, line 1 is not YAML"):
        read_effective([tmp_path / "a.yaml"], ["seeds=[1"])


def test_places_that_cannot_be_written_are_named(tmp_path, monkeypatch):
    (tmp_path / "results").write_text("")
    (tmp_path / "scratch").symlink_to("nowhere")
    with pytest.raises(PlaceError) as refused:
        require_writable([tmp_path / "results/demo", tmp_path / "scratch/demo", tmp_path / "logs"])
    told = str(refused.value)
    assert f"{tmp_path}/results/demo cannot be made: {tmp_path}/results is no folder; move it away" in told
    assert f"{tmp_path}/scratch is no folder" in told and "logs" not in told
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PlaceError, match=f"this user may not write to {tmp_path}; change its permissions"):
        require_writable([tmp_path / "a/b"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(SystemExit) as ended:
        first_look.refuse(["--configfile", str(ROOT / "config.yaml"), "--directory", str(tmp_path)])
    told = str(ended.value)
    assert told.startswith("the configuration cannot run; no job was started.\n  - ")
    assert "cache/snakemake cannot be made" in told and "set XDG_CACHE_HOME to a folder" in told
    assert f"{tmp_path}/.snakemake cannot be made" in told


# through the command line: exit code 1, the project's form, no traceback, no file or line of ours


def refused(done: subprocess.CompletedProcess, *messages: str) -> None:
    told = done.stdout
    assert done.returncode == 1
    assert "the configuration cannot run; no job was started.\n  - " in told
    assert all(message in told for message in messages), told
    assert "Traceback" not in told and "rules/" not in told and ".py" not in told


@pytest.mark.parametrize("kind", ["empty", "two documents", "a key twice", "UTF-16", "binary"])
def test_snakemake_ends_before_it_reads_such_a_file(kind, tmp_path):
    content, message = WRONG[kind]
    (tmp_path / "mine.yaml").write_bytes(content)
    refused(run_snakemake(tmp_path, "--dry-run", "--configfile", str(tmp_path / "mine.yaml")), message)


def test_snakemake_ends_where_a_file_is_absent_or_a_folder(tmp_path):
    words = ["--dry-run", "--configfile", str(tmp_path / "absent.yaml"), str(tmp_path)]
    refused(run_snakemake(tmp_path, *words), "there is no configuration", "is a folder; name a file in it")


def test_snakemake_ends_where_results_cannot_be_written(tmp_path, config):
    (tmp_path / "results").write_text("")
    refused(run_snakemake(tmp_path, "--cores", "1", config=config), "results is no folder; move it away")


def test_snakemake_names_every_fault_of_the_command_line(tmp_path, config):
    words = ["--dry-run", "--config", "seeds=[-1]", "finetune={warmup: x}", "alphas=3", "split={fraction: .nan}"]
    done = run_snakemake(tmp_path, *words, config=config)
    refused(done, "seeds[0]: got -1, expected", "finetune.warmup: got 'x'", "unknown key 'alphas'", "got nan, expected")
    done = run_snakemake(tmp_path, "--dry-run", "--config", "seeds=[1", config=config)
    refused(done, "--config seeds, line 1 is not YAML")


def test_lists_and_mappings_of_the_command_line_reach_the_jobs(tmp_path, config):
    """As Snakemake's users write them; Snakemake alone leaves the numbers inside as text."""
    words = ["--config", "seeds=[1, 2]", "finetune={warmup: 1, learning_rate: {linear: 1e-5}}"]
    assert planned(tmp_path, config, *words)["finetune"] == 2 * planned(tmp_path, config)["finetune"]
    target = "results/tiny/data/Signs/manifest.json"
    done = run_snakemake(tmp_path, "--cores", "1", *words, "split={fraction: 0.25}", "--", target, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    written = yaml.safe_load((tmp_path / "results/tiny/config.yaml").read_text())
    assert written["seeds"] == [1, 2] and written["finetune"]["warmup"] == 1
    assert written["finetune"]["learning_rate"] == {**config["finetune"]["learning_rate"], "linear": 1e-5}
    manifest = json.loads((tmp_path / target).read_text())
    assert manifest["splits"]["val"]["n"] == 40 and manifest["split_rule"]["fraction"] == 0.25


def test_the_commands_refuse_in_the_same_form(tmp_path):
    (tmp_path / "mine.yaml").write_text("run: a\nrun: b\n")
    for command in ("plan", "fetch", "pin", "why"):
        words = [sys.executable, "-m", f"workflow_scripts.commands.{command}", "--configfile", tmp_path / "mine.yaml"]
        done = subprocess.run(words, cwd=Path(ROOT), capture_output=True, text=True)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "no job was started.\n  - " in done.stderr and "line 2: the key 'run' is there already" in done.stderr
