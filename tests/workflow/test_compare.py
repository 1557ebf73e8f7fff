"""Comparison of two runs, on small runs written by hand: cells, causes, and the first files that part."""

import copy
import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import ROOT
from workflow_scripts.commands import compared_records as records
from workflow_scripts.commands.compared_files import differences
from workflow_scripts.commands.compared_tables import NORMAL, Tables, cells, summary

CODE = {"lib/training/finetune.py": "aa", "workflow_scripts/training/finetune.py": "bb"}
TABLES = {
    "single_task": [
        "model,seed,mode,task,split,accuracy,n",
        "tiny,,pretrained,Signs,test,0.5,100",
        "tiny,,pretrained,Scenes,test,0.3,400",
        "tiny,,pretrained,Objects,test,0.6,1000",
        "tiny,0,standard,Signs,test,0.9,100",
    ],
    "addition": [
        "model,seed,mode,absolute,alpha,normalized",
        "tiny,,pretrained,0.4,,",
        "tiny,0,standard,0.7,0.5,0.9",
    ],
    "addition_per_task": [
        "model,seed,mode,alpha,task,accuracy,normalized",
        "tiny,0,standard,0.5,Signs,0.8,0.9",
        "tiny,0,standard,0.5,Scenes,0.6,0.9",
    ],
    "negation": ["model,seed,mode,target,control", "tiny,,pretrained,0.4,0.6", "tiny,0,standard,0.2,0.58"],
    "negation_per_task": [
        "model,seed,mode,task,alpha,target,control",
        "tiny,0,standard,Signs,0.5,0.1,0.57",
        "tiny,0,standard,Scenes,0.5,0.3,0.59",
    ],
}


def job(rule, wildcards, used, generated, **params):
    """A record of a job of the run `a`."""
    return {
        "version": "0.1.0",
        "rule": rule,
        "wildcards": wildcards,
        "params": {"code": dict(CODE), **params},
        "used": used,
        "generated": {f"results/a/{path}": digest for path, digest in generated.items()},
        "code": {"commit": "c1", "modified": False},
        "versions": {"torch": "2.14.0", "numpy": "2.4.6"},
        "machine": {"processor": "EPYC", "gpu": None, "host": "one", "peak_mib": 300},
        "startedAtTime": "2026-01-01T00:00:00+00:00",
        "endedAtTime": "2026-01-01T00:01:00+00:00",
        "seconds": 60.0,
    }


def jobs():
    """prepare -> finetune -> tables, by the path of their record."""
    split, theta = "results/a/data/Signs/fit.json", "results/a/tiny/theta.safetensors"
    return {
        "prepare/Signs": job("prepare", {"task": "Signs"}, {"classes.txt": "11"}, {"data/Signs/fit.json": "22"}),
        "finetune/tiny/Signs": job(
            "finetune",
            {"model": "tiny", "task": "Signs"},
            {split: "22"},
            {"tiny/theta.safetensors": "33"},
            recipe={"learning_rate": 1e-5},
            state="scratch/a/tiny/state",
        ),
        "tables": job("tables", {}, {theta: "33"}, {"tables/addition.csv": "44"}, tasks=["Signs"]),
    }


def write(folder, name="a", made=None, tables=TABLES):
    """A run's folder; `made` are its records, with the paths of a run of that name."""
    folder = folder / name
    for path, record in (made or jobs()).items():
        file = folder / f"provenance/{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record)
        file.write_text(text.replace("results/a/", f"results/{name}/").replace("scratch/a/", f"scratch/{name}/"))
    (folder / "tables").mkdir(exist_ok=True)
    for table, lines in tables.items():
        (folder / f"tables/{table}.csv").write_text("\n".join(lines) + "\n")
    (folder / "config.yaml").write_text(yaml.safe_dump({"run": name, "control": {"name": "Objects"}}))
    for task, n in (("Signs", 100), ("Scenes", 400), ("Objects", 1000)):
        (folder / f"data/{task}").mkdir(parents=True)
        (folder / f"data/{task}/test.json").write_text(json.dumps({"n": n, "images_sha256": "55"}))
    return folder


def compared(first, second):
    """What the command prints and the status that it ends with."""
    words = [sys.executable, "-m", "workflow_scripts.commands.compare", str(first), str(second)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr, done.returncode


def parted(made):
    """Fine-tuning gives other weights, and what follows other numbers."""
    made["finetune/tiny/Signs"]["generated"]["results/a/tiny/theta.safetensors"] = "34"
    made["tables"]["used"]["results/a/tiny/theta.safetensors"] = "34"
    made["tables"]["generated"]["results/a/tables/addition.csv"] = "45"
    return made


def told(first, second):
    return {kind: dict(found) for kind, found in records.differences(records.read(first), records.read(second))}


def test_equal_runs_of_other_names_are_equal(tmp_path):
    said, status = compared(write(tmp_path), write(tmp_path, "b"))
    assert status == 0
    assert "no cell of the tables differs" in said and "0 of 5 files of results differ" in said
    assert "the same in all records" in said


def test_a_folder_that_holds_no_run_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    said, status = compared(write(tmp_path), tmp_path / "empty")
    assert status == 2 and "holds no tables" in said


def test_records_that_are_absent_or_of_another_form_leave_the_reason_unknown(tmp_path):
    first, second = write(tmp_path), write(tmp_path, "b")
    (second / "provenance/tables.json").write_text('{"inputs": {}}')
    said, status = compared(first, second)
    assert status == 0 and "Why is unknown: provenance/tables.json is no record" in said
    (second / "provenance").rename(tmp_path / "elsewhere")
    assert "holds no records" in compared(first, second)[0]


def test_weights_that_a_copy_lacks_count_by_the_digest_beside_them(tmp_path):
    first, second = write(tmp_path), write(tmp_path, "b")
    for run in (first, second):
        (run / "tiny/heads").mkdir(parents=True)
        (run / "tiny/heads/Signs.safetensors").write_bytes(b"weights")
        digest = hashlib.sha256(b"weights").hexdigest()
        (run / "tiny/heads/Signs.safetensors.sha256").write_text(f"{digest}  Signs.safetensors\n")
    (second / "tiny/heads/Signs.safetensors").rename(tmp_path / "elsewhere")
    assert list(differences(first, second)) == list(differences(second, first)) == []
    (first / "tiny/heads/Signs.safetensors").write_bytes(b"others")
    assert list(differences(first, second)) == ["tiny/heads/Signs.safetensors: another digest"]


# cells


def variance(p, n):
    p = (n * p + 1) / (n + 2)
    return p * (1 - p) / (n + 2)


def another(table, old, new):
    lines = [line.replace(old, new) for line in TABLES[table]]
    assert lines != TABLES[table]
    return {**TABLES, table: lines}


@pytest.mark.parametrize(
    ("table", "old", "new", "column", "width"),
    [
        ("single_task", "Signs,test,0.9", "Signs,test,0.95", "accuracy", variance(0.9, 100) + variance(0.95, 100)),
        ("addition_per_task", "Scenes,0.6", "Scenes,0.61", "accuracy", variance(0.6, 400) + variance(0.61, 400)),
        ("addition", "0.7,0.5", "0.71,0.5", "absolute", 2 * (variance(0.8, 100) + variance(0.6, 400)) / 4),
        (
            "addition",
            "pretrained,0.4",
            "pretrained,0.41",
            "absolute",
            2 * (variance(0.5, 100) + variance(0.3, 400)) / 4,
        ),
        ("negation", "0.2,0.58", "0.21,0.58", "target", 2 * (variance(0.1, 100) + variance(0.3, 400)) / 4),
        ("negation", "0.4,0.6", "0.4,0.61", "control", 2 * variance(0.6, 1000)),
        ("negation_per_task", "0.1,0.57", "0.1,0.56", "control", variance(0.57, 1000) + variance(0.56, 1000)),
    ],
)
def test_the_interval_counts_the_images(tmp_path, table, old, new, column, width):
    first, second = write(tmp_path), write(tmp_path, "b", tables=another(table, old, new))
    (cell,) = cells(Tables(first), Tables(second))
    assert (cell.table, cell.column) == (table, column)
    assert cell.width == pytest.approx(NORMAL * math.sqrt(width))


def test_the_control_of_several_tasks_is_on_the_same_images(tmp_path):
    first = write(tmp_path)
    second = write(tmp_path, "b", tables=another("negation", "0.2,0.58", "0.2,0.59"))
    (cell,) = cells(Tables(first), Tables(second))
    error = (math.sqrt(variance(0.57, 1000)) + math.sqrt(variance(0.59, 1000))) / 2
    assert cell.width == pytest.approx(NORMAL * math.sqrt(2) * error)


def test_a_ratio_has_the_variance_of_both_of_its_parts(tmp_path):
    first = write(tmp_path)
    second = write(tmp_path, "b", tables=another("addition_per_task", "0.8,0.9", "0.8,0.91"))
    (cell,) = cells(Tables(first), Tables(second))
    parts = [(variance(0.8, 100) + r * r * variance(0.8 / r, 100)) / (0.8 / r) ** 2 for r in (0.9, 0.91)]
    assert cell.width == pytest.approx(NORMAL * math.sqrt(sum(parts)))


def test_the_mean_of_single_tasks_counts_their_images(tmp_path):
    def tables(single):
        rows = ["model,seed,mode,absolute,single", "tiny,,pretrained,0.4,", f"tiny,0,standard,0.7,{single}"]
        return {
            **TABLES,
            "addition": rows,
            "single_task": [*TABLES["single_task"], "tiny,0,standard,Scenes,test,0.7,400"],
        }

    (cell,) = cells(Tables(write(tmp_path, tables=tables(0.8))), Tables(write(tmp_path, "b", tables=tables(0.81))))
    assert cell.column == "single" and "+1.00 points, within" in str(cell)
    assert cell.width == pytest.approx(NORMAL * math.sqrt(2 * (variance(0.9, 100) + variance(0.7, 400)) / 4))


def test_cells_within_and_beyond_the_interval_are_told_in_points(tmp_path):
    tables = another("single_task", "Signs,test,0.9", "Signs,test,0.6")
    tables["addition"] = another("addition", "0.7,0.5,0.9", "0.71,0.55,0.9")["addition"]
    first, second = write(tmp_path), write(tmp_path, "b", tables=tables)
    said, status = compared(first, second)
    assert status == 1
    assert "3 cells of the tables differ: 1 within the 95 % interval, 1 beyond it, 1 without an interval" in said
    assert "addition: tiny 0 standard, absolute: 70.00 -> 71.00 (+1.00 points, within ±" in said
    assert "addition: tiny 0 standard, alpha: 0.5 -> 0.55" in said
    assert "single_task: tiny 0 standard Signs test, accuracy: 90.00 -> 60.00 (-30.00 points, beyond ±" in said


def test_two_perfect_accuracies_that_differ_by_one_image_are_within(tmp_path):
    """The plain normal interval would have no width at 1."""
    tables = [another("single_task", "Signs,test,0.9", f"Signs,test,{value}") for value in (1.0, 0.99)]
    first, second = write(tmp_path, tables=tables[0]), write(tmp_path, "b", tables=tables[1])
    (cell,) = cells(Tables(first), Tables(second))
    assert cell.within


def test_a_last_bit_is_a_difference_too(tmp_path):
    tables = another("single_task", "Signs,test,0.9", "Signs,test,0.9000000000000001")
    first, second = write(tmp_path), write(tmp_path, "b", tables=tables)
    found = list(cells(Tables(first), Tables(second)))
    assert summary(found) == "1 cell of the tables differs: 1 within the 95 % interval" and "+1.1e-14" in str(found[0])


def test_rows_of_one_run_are_told(tmp_path):
    tables = {**TABLES, "single_task": TABLES["single_task"][:-1]}
    first, second = write(tmp_path), write(tmp_path, "b", tables=tables)
    assert f"single_task: 1 rows only in {first}" in compared(first, second)[0]


def test_equal_columns_beside_further_ones_are_no_difference(tmp_path):
    longer = [f"{line},{'x' if i else 'note'}" for i, line in enumerate(TABLES["addition"])]
    first, second = write(tmp_path), write(tmp_path, "b", tables={**TABLES, "addition": longer})
    assert list(differences(first, second)) == [] and list(cells(Tables(first), Tables(second))) == []


# causes


def test_each_cause_is_told_once_with_the_number_of_its_jobs(tmp_path):
    made = jobs()
    made["prepare/Signs"]["used"]["classes.txt"] = "12"
    made["finetune/tiny/Signs"]["params"]["recipe"] = {"learning_rate": 2e-5}
    for record in made.values():
        record["params"]["code"]["lib/training/finetune.py"] = "ab"
        record["versions"]["torch"] = "2.15.0"
        record["machine"] |= {"host": "two", "peak_mib": 400}
        record["code"] = {"commit": "c2", "modified": False}
    second = write(tmp_path, "b", made)
    (second / "data/Signs/test.json").write_text('{"n": 100, "images_sha256": "56"}')
    assert told(write(tmp_path), second) == {
        "images": {"data/Signs/test.json: images_sha256": 0},
        "inputs from outside the run": {"classes.txt: 11 -> 12": 1},
        "code": {"lib/training/finetune.py: aa -> ab": 3},
        "values": {"recipe.learning_rate: 1e-05 -> 2e-05": 1},
        "packages": {"torch: 2.14.0 -> 2.15.0": 3},
        "machine": {"host: one -> two": 3},
        "project": {"commit: c1 -> c2": 3},
    }


def test_an_input_of_another_name_but_the_same_content_is_no_cause(tmp_path):
    made = jobs()
    made["prepare/Signs"]["used"] = {"elsewhere/classes.txt": "11"}
    assert told(write(tmp_path), write(tmp_path, "b", made)) == {}


def test_jobs_of_one_run_only_are_told(tmp_path):
    made = jobs()
    del made["tables"]
    first, second = write(tmp_path), write(tmp_path, "b", made)
    assert told(first, second) == {"jobs of one run only": {f"tables, in {first}": 1}}


# where the runs part


def partings(first, second):
    return [(p.record.rule, p.files, p.besides) for p in records.partings(records.read(first), records.read(second))]


def test_the_first_file_that_parts_is_named_and_nothing_behind_it(tmp_path):
    made = parted(jobs())
    for record in made.values():
        record["machine"]["processor"] = "Xeon"
    first, second = write(tmp_path), write(tmp_path, "b", made, tables=another("addition", "0.7,0.5", "0.71,0.5"))
    assert partings(first, second) == [("finetune", ("tiny/theta.safetensors",), ("machine processor",))]
    said, status = compared(first, second)
    assert status == 1
    assert "  tiny/theta.safetensors (rule finetune; not equal: machine processor)" in said
    assert "machine:\n  processor: EPYC -> Xeon (3 jobs)" in said


def test_equal_machines_that_part_are_told_so(tmp_path):
    said, _ = compared(write(tmp_path), write(tmp_path, "b", parted(jobs())))
    assert "(rule finetune; nothing that was recorded differs)" in said


@pytest.mark.parametrize("cause", ["value", "code", "input"])
def test_files_that_differ_for_a_known_reason_are_no_parting(tmp_path, cause):
    made = parted(jobs())
    trained = made["finetune/tiny/Signs"]
    if cause == "value":
        trained["params"]["recipe"]["learning_rate"] = 1
    elif cause == "code":
        trained["params"]["code"]["lib/training/finetune.py"] = "ab"
    else:
        trained["used"]["results/a/data/Signs/fit.json"] = "23"
    assert partings(write(tmp_path), write(tmp_path, "b", made)) == []


def test_many_jobs_that_part_alike_are_counted(tmp_path):
    base, made = {}, {}
    for number in range(8):
        record = jobs()["finetune/tiny/Signs"]
        record["generated"] = {f"results/a/tiny/{number}.safetensors": "33"}
        base[f"finetune/{number}"] = record
        made[f"finetune/{number}"] = copy.deepcopy(record)
        made[f"finetune/{number}"]["generated"][f"results/a/tiny/{number}.safetensors"] = "34"
    said, _ = compared(write(tmp_path, made=base), write(tmp_path, "b", made))
    assert said.count("(rule finetune;") == 5 and "and 3 more jobs of rule finetune" in said


def test_make_names_the_command():
    assert "workflow_scripts.commands.compare $(A) $(B)" in Path(ROOT / "Makefile").read_text()
