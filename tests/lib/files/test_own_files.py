"""Small files of ours: what is whole comes back, everything else is refused in one form."""

import json
import subprocess
import sys

import numpy as np
import pytest

from lib.files.own_files import NotFinite, OwnFileError, read_csv, read_json, read_npz, require_combinations

NAN = float("nan")
MADE_ANEW = "delete it and run the same command again: its rule makes it anew"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "file"


def refused(read, file, *words, error=OwnFileError):
    """One line: file, got, expected, next step."""
    with pytest.raises(error) as raised:
        read()
    told = str(raised.value)
    assert told.startswith(f"{file}: got ") and ", expected " in told and told.endswith(MADE_ANEW), told
    assert all(word in told for word in words), told


def test_a_whole_object_comes_back(file):
    file.write_text('{"alpha": 0.5, "scores": [1, 2]}\n')
    assert read_json(file, ["alpha"]) == {"alpha": 0.5, "scores": [1, 2]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "0 bytes that are no JSON"),
        (b'{"alpha": 0.5, "sc', "18 bytes that are no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe{}", "expected UTF-8"),
        (b"[1]", "got a list, expected an object"),
        (b'{"scores": []}', "got the keys 'scores', expected also 'alpha'"),
    ],
)
def test_other_json_is_refused(file, content, told):
    file.write_bytes(content)
    refused(lambda: read_json(file, ["alpha"]), file, told)


@pytest.mark.parametrize("value", [NAN, float("inf"), float("-inf")])
def test_json_that_is_not_finite_is_refused(file, value):
    file.write_text(json.dumps({"alpha": [0.5, value]}))
    refused(lambda: read_json(file, ["alpha"]), file, json.dumps(value), error=NotFinite)


CSV = "model,task,accuracy\nm,A,0.5\nm,B,0.25\n"


def rows_of(file):
    return read_csv(file, ["model", "task"], numbers=["accuracy"])


def test_whole_rows_come_back_as_text(file):
    file.write_text(CSV)
    assert rows_of(file)[1] == {"model": "m", "task": "B", "accuracy": "0.25"}
    file.write_text("model,task,accuracy\n")
    assert rows_of(file) == []
    file.write_text('model,task,accuracy\nm,"A, ""b""\nc",0.5\n')
    assert rows_of(file)[0]["task"] == 'A, "b"\nc'


def test_a_csv_file_cut_at_any_place_but_between_rows_is_refused(file):
    for length in range(len(CSV)):
        if CSV[:length].endswith("\n"):
            continue
        file.write_text(CSV[:length])
        refused(lambda: rows_of(file), file, "without a final line break")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("\n", "got the columns , expected also 'model', 'task', 'accuracy'"),
        ("model,accuracy\nm,1\n", "got the columns 'model', 'accuracy', expected also 'task'"),
        ("model,task,accuracy\nm,A\n", "got 2 fields in line 2, expected 3, as in its header"),
        ("model,task,accuracy\nm,A,1\nm,A,1,2\n", "got 4 fields in line 3"),
        ('model,task,accuracy\nm,"A,1\n', "no csv (unexpected end of data)"),
    ],
)
def test_other_csv_files_are_refused(file, content, told):
    file.write_text(content)
    refused(lambda: rows_of(file), file, told)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "", "0.5x"])
def test_a_number_that_is_none_is_refused_with_its_column_and_count(file, value):
    file.write_text(f"model,task,accuracy\nm,A,0.5\nm,B,{value}\n")
    refused(lambda: rows_of(file), file, f"1 of 2 values of accuracy not finite ('{value}')", error=NotFinite)
    if not value:
        assert len(read_csv(file, numbers=["accuracy"], empty=["accuracy"])) == 2


ARRAYS = {"alphas": np.array([0.0, 1.0]), "seed": np.array(3), "model": np.array("m")}


def test_whole_arrays_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    found = read_npz(tmp_path / "a.npz", ["alphas", "model"])
    assert found.keys() == {"alphas", "model"} and found["alphas"].tolist() == [0.0, 1.0] and found["model"] == "m"


def test_an_npz_file_cut_or_changed_anywhere_is_refused(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, **ARRAYS)
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        refused(lambda: read_npz(file, ARRAYS), file, f"got {length} bytes that are no npz")
    at = content.index(ARRAYS["alphas"].tobytes())
    file.write_bytes(content[:at] + b"\1" + content[at + 1 :])
    refused(lambda: read_npz(file, ARRAYS), file, "no npz", "CRC")


def test_other_npz_files_are_refused(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, alphas=np.array([object()]))
    refused(lambda: read_npz(file, ["alphas"]), file, "allow_pickle=False")
    np.savez(file, alphas=np.array([1.0, NAN, np.inf]))
    refused(lambda: read_npz(file, ["alphas"]), file, "2 of 3 values of alphas not finite", error=NotFinite)
    refused(lambda: read_npz(file, ["xi"]), file, "got the arrays 'alphas', expected also 'xi'")
    with open(file, "wb") as single:
        np.save(single, np.arange(3))
    refused(lambda: read_npz(file, ["alphas"]), file)


@pytest.mark.parametrize("read", [read_json, read_csv, lambda file: read_npz(file, [])])
def test_an_absent_file_is_named(file, read):
    with pytest.raises(OwnFileError, match="file: got no file, expected .*; run the same command again"):
        read(file)


def test_rows_are_held_against_what_is_asked_for(file):
    asked = {"alpha": [0.0, 0.5], "task": ["A", "B"]}
    whole = [(alpha, task) for alpha in (0.5, 0.0) for task in "BA"]
    require_combinations(file, whole, asked)
    refused(
        lambda: require_combinations(file, whole[:-1], asked), file, "3 rows", "absent: '0.0 A'", "2 alpha x 2 task"
    )
    refused(lambda: require_combinations(file, [*whole, (0.5, "C")], asked), file, "5 rows (not asked for: '0.5 C')")
    refused(lambda: require_combinations(file, [*whole, whole[0]], asked), file, "more than once: '0.5 B'")
    refused(lambda: require_combinations(file, [], asked), file, "got 0 rows", "expected 4 rows")


def test_reading_small_files_imports_no_pandas_and_no_numpy():
    code = "import sys; from lib.files import own_files, rows; print({'pandas', 'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
