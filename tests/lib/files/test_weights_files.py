"""Files of weights: real ones pass cheaply and unread, all others are refused by what they are, with the next step."""

import contextlib
import gzip
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lib.files import weights_files
from lib.files.checkpoints import CheckpointError
from lib.files.weights_files import FOLDER_FILES, read, require_weights, weights_file
from tests.lib.files.pickles import archive

ROOT = Path(__file__).resolve().parents[3]
STATE = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4).half()}


def bytes_read():
    """Bytes that this process has asked the system for since it began."""
    return int(Path("/proc/self/io").read_text().split()[1])


def saved(path):
    save_file(STATE, path) if path.suffix == ".safetensors" else torch.save(STATE, path)
    return path


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_real_files_pass_and_are_read(tmp_path, name):
    path = saved(tmp_path / name)
    require_weights(path)
    found = read(path)
    assert list(found) == list(STATE) and all(torch.equal(found[key], value) for key, value in STATE.items())


@pytest.mark.parametrize("name", FOLDER_FILES)
def test_a_folder_stands_for_the_file_in_it(tmp_path, name):
    saved(tmp_path / name)
    assert weights_file(tmp_path) == weights_file(tmp_path / name) == tmp_path / name
    assert read(tmp_path).keys() == STATE.keys()
    with pytest.raises(CheckpointError, match="is a folder, expected one file of weights"):
        require_weights(tmp_path)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
@pytest.mark.parametrize("cut", [1, 100, 0.5])
def test_a_cut_download_is_refused(tmp_path, name, cut):
    path = saved(tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut) if cut < 1 else -cut])
    with pytest.raises(CheckpointError, match="is no complete .*etch it again"):
        require_weights(path)


KINDS = {
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", r"a git-lfs pointer.*git lfs pull"),
    "page": (b"\n<!DOCTYPE html><html><body>Sign in", "a web page.*fetch the file behind it"),
    "gzip": (gzip.compress(b"a" * 100), r"compressed by gzip.*unpack"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "an image"),
    "pickle": (b"\x80\x02}q\x00." + b"\0" * 30, "an older pickle.*save its state_dict"),
    "text": (b"just some words in a file", r"\(text\)"),
    "noise": (bytes(range(128, 160)), r"(?!.*\(text\)).*starts with b'\\x80|starts with"),
    "zeros": (b"\0" * 100, "starts with"),
    "empty": (b"", "has 0 bytes, expected weights"),
    "short": (b"PK\3\4", "no complete file of torch.save"),
    "zip": (b"PK\3\4" + b"\0" * 100, "no complete file of torch.save"),
    "header": (b"\xff" * 8 + b"{}" + b"\0" * 30, "says that its header has 18446744073709551615"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_other_kinds_are_refused_by_name(tmp_path, kind):
    data, message = KINDS[kind]
    (tmp_path / "w.pt").write_bytes(data)
    for look in (require_weights, read):
        with pytest.raises(CheckpointError, match=f"(?s){message}") as error:
            look(tmp_path / "w.pt")
        assert str(tmp_path / "w.pt") in str(error.value)


def test_zip_files_without_a_state_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.txt", "a")
    with pytest.raises(CheckpointError, match="torch.save did not write it"):
        require_weights(tmp_path / "a.zip")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "jit.pt")
    with pytest.raises(CheckpointError, match=r"a TorchScript archive, .* torch\.jit\.load and save its state_dict"):
        require_weights(tmp_path / "jit.pt")
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\0" * 1000)
    with pytest.raises(CheckpointError, match="'data.pkl' is compressed"):
        require_weights(tmp_path / "b.pt")


def test_what_is_no_file_is_refused_unopened(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    (tmp_path / "link.pt").symlink_to(tmp_path / "gone.pt")
    (tmp_path / "loop.pt").symlink_to(tmp_path / "loop.pt")
    for path, message in {
        tmp_path / "pipe.pt": "a device, pipe or socket",
        Path("/dev/zero"): "a device, pipe or socket",
        tmp_path / "absent.pt": r"no checkpoint at .*absent\.pt: correct the path",
        tmp_path / "link.pt": "a link to a file that is absent",
        tmp_path / "loop.pt": "no checkpoint can be at",
        tmp_path / ("a" * 300): "no checkpoint can be at",
        "a\0b": "no checkpoint can be at",
    }.items():
        with pytest.raises(CheckpointError, match=message):
            require_weights(path)
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        weights_file(tmp_path / "absent.pt")


def test_what_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    path = saved(tmp_path / "w.pt")
    monkeypatch.setattr(weights_files, "open", forbidden, raising=False)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\): correct its permissions"):
        require_weights(path)


def test_gigabytes_are_looked_at_without_reading_them(tmp_path):
    """A sparse file whose tensors are one storage of 4 GB; torch is not imported."""
    size = 4_000_000_000
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
    with open(tmp_path / "w.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    before = bytes_read()
    require_weights(tmp_path / "w.safetensors")
    assert bytes_read() - before < 1_000_000
    archive(tmp_path / "w.pt", b"")
    program = (
        "import sys; from lib.files.weights_files import require_weights as look; [look(f) for f in sys.argv[1:]]; "
    )
    files = [str(tmp_path / name) for name in ("w.safetensors", "w.pt")]
    words = [sys.executable, "-c", program + "sys.exit('torch' in sys.modules)", *files]
    assert subprocess.run(words, cwd=ROOT).returncode == 0


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_changed_bytes_end_in_a_refusal_or_in_tensors(tmp_path, name):
    data, draw = saved(tmp_path / name).read_bytes(), random.Random(0)
    for _ in range(500):
        changed = bytearray(data)
        for place in draw.sample(range(len(data)), draw.choice([1, 2, 5])):
            changed[place] = draw.randrange(256)
        (tmp_path / "changed").write_bytes(changed)
        for look in (require_weights, read):
            with contextlib.suppress(CheckpointError):
                look(tmp_path / "changed")
