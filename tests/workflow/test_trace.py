"""`make trace`: the chain behind a number of the tables of a finished run, and nothing else."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import ROOT, without_reader
from workflow_scripts.commands import trace
from workflow_scripts.commands.finished_run import FinishedRun, RunError


@pytest.fixture
def configfile(config, tmp_path):
    file = tmp_path / "trace.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture
def run(finished, configfile):
    return FinishedRun.of(configfile, finished)


def told(run, cell=None, *, file=None, flowchart=None):
    return list(trace.main(run, cell=cell, file=file, flowchart=flowchart))


def files(run, cell):
    """The files that a cell's tree names."""
    return set(re.findall(r"results/\S+", "\n".join(told(run, cell))))


def command(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "workflow_scripts.commands.trace", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_cell_is_told_from_its_value_to_weights_and_images(finished, run):
    text = told(run, "addition tiny linear absolute")
    with open(finished / "results/tiny/tables/addition.csv", newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row["mode"] == "linear")
    assert text[0].startswith(f"addition tiny linear absolute: {row['absolute']} = ") and "(seed 0)" in text[0]
    order = ["table ", "test accuracy", "choice of alpha", "tau ", "theta ", "recipe: seed 0", "theta_0", "weights: "]
    order += ["head ", "CLIP", "class names", "manifest", "images: source synthetic", "fit split"]
    places = [next(i for i, line in enumerate(text) if line.lstrip(" │├└─").startswith(what)) for what in order]
    assert places == sorted(places)
    assert f"alpha {float(row['alpha']):g}" in text[places[2]]
    assert re.search(r"theta  \S+/Scenes/theta.safetensors  [0-9a-f]{12}  finetune, [\d.]+ s, \S+$", text[places[4]])


def test_a_cell_shows_only_what_stands_behind_its_row(run):
    found = files(run, "addition tiny linear absolute")
    assert not [file for file in found if "/standard/" in file or "/linear-2/" in file or "Objects" in file]
    assert {f"results/tiny/tiny/seed0/linear/{task}/tau.safetensors" for task in ("Scenes", "Signs")} <= found


def test_posthoc_stands_on_the_vectors_of_standard(run):
    found = files(run, "addition tiny posthoc normalized")
    assert "results/tiny/tiny/seed0/posthoc/addition/sum/test.csv" in found
    assert "results/tiny/tiny/seed0/standard/Signs/theta.safetensors" in found
    assert not [file for file in found if "/linear" in file]


@pytest.mark.parametrize(
    ("cell", "tasks"),
    [
        ("single_task tiny linear Signs accuracy", {"Signs"}),
        ("single_task tiny linear Signs val accuracy", {"Signs"}),
        ("single_task tiny pretrained Scenes accuracy", {"Scenes"}),
        ("addition_per_task tiny standard Signs accuracy", {"Signs", "Scenes"}),  # the sum of all vectors
        ("negation_per_task tiny linear Signs target", {"Signs", "Objects"}),
        ("negation tiny standard control", {"Signs", "Scenes", "Objects"}),
        ("addition tiny pretrained absolute", {"Signs", "Scenes"}),
        ("negation tiny pretrained target", {"Signs", "Scenes"}),
        ("negation tiny pretrained control", {"Objects"}),
        ("disentanglement tiny posthoc Scenes--Signs error", {"Signs", "Scenes"}),
        ("disentanglement tiny posthoc Mean representation", {"Signs", "Scenes"}),
        ("similarity tiny linear Signs Signs norm_a", {"Signs"}),
        ("similarity tiny linear Scenes Signs cosine", {"Signs", "Scenes"}),
    ],
)
def test_tasks_behind_a_cell(run, cell, tasks):
    assert {file.split("/")[3] for file in files(run, cell) if "/data/" in file} == tasks


def test_only_shares_of_images_are_told_in_percent(run):
    assert " = " not in told(run, "similarity tiny linear Scenes Signs cosine")[0]
    assert " = " not in told(run, "disentanglement tiny linear Scenes--Signs representation_low")[0]
    assert told(run, "addition tiny linear absolute")[0].count(" %") == 1


def test_every_cell_of_every_table_has_a_chain(run):
    count = 0
    for file in (run.root / run.layout.tables).glob("*.csv"):
        if file.stem == "reproduction":  # of other tables' cells
            continue
        for row in trace._rows(run, file.stem):
            names = [row[name] for name in trace.NAMED if name in row]
            for column in set(row) - {*trace.NAMED, "seed"}:
                if row[column]:
                    text = told(run, " ".join([file.stem, *names, column]))
                    assert any("theta_0" in line for line in text) and not any("BROKEN" in line for line in text)
                    count += 1
    assert count > 50


def test_every_file_of_the_run_can_be_named(run):
    text = told(run, file="./results/tiny/findings.md")
    assert text[0] == "findings results/tiny/findings.md" and any("xi of each image" in line for line in text)
    assert len({line for line in text if "recipe: " in line}) >= 1 and "BROKEN" not in "".join(text)


def test_the_flowchart_is_written(run, tmp_path):
    file = tmp_path / "chain.mmd"
    assert told(run, "negation tiny linear target", flowchart=file)[-1] == f"flowchart: {file}"
    assert file.read_text().startswith('flowchart BT\n    n0["table<br/>results/tiny/tables/negation.csv')


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "begin with one of addition, addition_per_task, disentanglement, negation, negation_per_task, "),
        ("disentanglement tiny linear Signs--Scenes error", "pair: Scenes--Signs, Mean"),
        ("additions tiny linear absolute", "CELL names no table, got 'additions"),
        ("addition tiny quadratic absolute", "mode: pretrained, standard, posthoc, linear, linear-2"),
        ("addition small linear absolute", "model: tiny"),
        ("addition tiny linear accuracy", "column: absolute, "),
        ("addition tiny linear", "write addition model mode column"),
        ("addition tiny pretrained normalized", "no number of addition.csv"),  # an empty cell
        ("negation_per_task tiny linear target", "write negation_per_task model mode task column"),
    ],
)
def test_an_unknown_cell_lists_the_known_ones(run, cell, said):
    with pytest.raises(RunError) as error:
        told(run, cell)
    assert said in str(error.value)


@pytest.mark.parametrize("file", ["results/tiny/nothing.csv", "/etc/passwd", ""])
def test_a_file_of_no_job_is_refused(run, file):
    with pytest.raises(RunError, match="name a file of the run"):
        told(run, file=file)


def test_a_table_that_was_edited_is_refused(own_run, configfile):
    file = own_run / "results/tiny/tables/addition.csv"
    file.write_text(file.read_text().replace("linear,", "linear,9"))
    with pytest.raises(RunError, match="addition.csv is not what its job made"):
        told(FinishedRun.of(configfile, own_run), "addition tiny linear absolute")


def test_an_input_that_was_made_again_is_told(own_run, configfile):
    record = next((own_run / "results/tiny/provenance/finetune").rglob("linear/Signs.json"))
    made = FinishedRun.of(configfile, own_run).graph.makers["results/tiny/tiny/seed0/linear/Signs/theta.safetensors"]
    digest = made.generated["results/tiny/tiny/seed0/linear/Signs/theta.safetensors"]
    record.write_text(record.read_text().replace(digest, "f" * 64))
    text = told(FinishedRun.of(configfile, own_run), "addition tiny linear absolute")
    (line,) = (line for line in text if "BROKEN" in line)
    assert "Signs/theta.safetensors" in line and "made ffffffffffff" in line


def test_a_run_without_records_says_what_to_do(tmp_path, configfile):
    done = command(tmp_path, "--configfile", str(configfile), "--cell", "addition tiny linear absolute")
    assert done.returncode == 1 and done.stderr == (
        f"results/tiny/provenance/ holds no record of a job: run it first: "
        f"snakemake --cores all --configfile {configfile}\n"
    )


@pytest.mark.parametrize("words", [[], ["--cell", "a", "--file", "b"]])
def test_the_command_wants_a_cell_or_a_file(tmp_path, configfile, words):
    assert command(tmp_path, "--configfile", str(configfile), *words).returncode == 2


def test_the_command_prints_the_chain(finished, configfile):
    done = command(finished, "--configfile", str(configfile), "--cell", "negation tiny linear control")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("negation tiny linear control: ") and "weights: " in done.stdout


def test_the_command_ends_quietly_when_its_reader_is_gone(finished, configfile):
    """As in `make trace | head`."""
    words = ["--configfile", str(configfile), "--cell", "negation tiny linear control"]
    done = without_reader(finished, "-m", "workflow_scripts.commands.trace", *words)
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_missing_configuration_is_told(tmp_path):
    done = command(tmp_path, "--configfile", "absent.yaml", "--cell", "a")
    assert done.returncode == 1 and "there is no configuration 'absent.yaml'" in done.stderr


def test_weights_of_the_hub_are_told_with_their_revision(run):
    record = next(record for record in run.graph.records if record.rule == "pretrained")
    hub = {"repository": "a/b", "revision": "0" * 40, "filename": "w.bin", "sha256": "1" * 64}
    run.__dict__["configuration"] = {"models": [{"name": "tiny", "weights": hub}]}
    assert run.weights(record) == f"a/b w.bin, revision {'0' * 40}, sha256 {record.params['weights']}"


def test_the_names_of_files_are_those_of_the_layout(run):
    names = {run.name(file) for record in run.graph.records for file in record.generated}
    assert "file" not in names and {"tau", "theta", "theta_0", "head", "fit split", "figure", "findings"} <= names
    assert Path(run.layout.tables) == Path("results/tiny/tables")
