"""Digests of files and folders: what changes them, what does not, and what is remembered."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest

from lib.files import digests
from lib.files.digests import file_digest, remembered_digest, tree_fingerprint, write_beside, written_beside
from lib.files.own_files import OwnFileError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "theta.safetensors"
    path.write_bytes(bytes(range(256)) * 5000)  # more than one read
    return path


def test_a_digest_is_the_sha256_of_the_bytes(file):
    assert file_digest(file) == file_digest(str(file)) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_is_written_beside_a_file_is_what_sha256sum_prints(file):
    digest = write_beside(file)
    text = (file.parent / "theta.safetensors.sha256").read_text()
    assert text == f"{digest}  theta.safetensors\n" and digest == file_digest(file)
    assert written_beside(file) == digest
    if shutil.which("sha256sum"):
        printed = subprocess.run(["sha256sum", file.name], cwd=file.parent, capture_output=True, text=True).stdout
        assert text == printed
        command = ["sha256sum", "--check", "--strict", "theta.safetensors.sha256"]
        assert subprocess.run(command, cwd=file.parent, capture_output=True).returncode == 0


def test_without_a_file_beside_it_there_is_no_digest(file):
    assert written_beside(file) is None


@pytest.fixture
def hashed(monkeypatch):
    """Every file that is read is noted, and worth remembering."""
    found = []
    monkeypatch.setattr(digests, "_WORTH_KEEPING", -1.0)
    monkeypatch.setattr(digests, "file_digest", lambda path: found.append(path) or file_digest(path))
    return found


def set_time(path, nanoseconds):
    os.utime(path, ns=(nanoseconds, nanoseconds))


def test_a_remembered_file_is_not_read_again(file, tmp_path, hashed):
    memory = tmp_path / "memory.json"
    first, second = remembered_digest(file, memory), remembered_digest(str(file), memory)
    assert first == second == file_digest(file)
    assert len(hashed) == 1


def test_other_content_at_another_time_is_noticed(file, tmp_path, hashed):
    memory = tmp_path / "memory.json"
    set_time(file, 10**18)
    before = remembered_digest(file, memory)
    file.write_bytes(file.read_bytes()[::-1])  # of the same size
    set_time(file, 10**18 + 1)
    assert remembered_digest(file, memory) == file_digest(file) != before
    assert len(hashed) == 2


def test_another_size_is_noticed_even_at_the_same_time(file, tmp_path, hashed):
    memory = tmp_path / "memory.json"
    set_time(file, 10**18)
    remembered_digest(file, memory)
    file.write_bytes(b"short")
    set_time(file, 10**18)
    assert remembered_digest(file, memory) == file_digest(file)


def test_size_and_time_are_trusted_so_that_nothing_is_read(file, tmp_path, hashed):
    memory = tmp_path / "memory.json"
    set_time(file, 10**18)
    before = remembered_digest(file, memory)
    file.write_bytes(file.read_bytes()[::-1])
    set_time(file, 10**18)
    assert remembered_digest(file, memory) == before


def test_several_files_are_remembered_together(file, tmp_path, hashed):
    other, memory = tmp_path / "other", tmp_path / "memory.json"
    other.write_text("other")
    for _ in range(2):
        assert remembered_digest(file, memory) != remembered_digest(other, memory)
    assert hashed == [file.resolve(), other.resolve()]
    assert set(json.loads(memory.read_text())) == {str(file.resolve()), str(other.resolve())}


def test_what_is_hashed_quickly_is_not_kept(file, tmp_path):
    assert remembered_digest(file, tmp_path / "memory.json") == file_digest(file)
    assert not (tmp_path / "memory.json").exists()


def test_a_memory_that_cannot_be_written_is_no_error(file, tmp_path, hashed):
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    for _ in range(2):
        assert remembered_digest(file, tmp_path / "taken" / "memory.json") == file_digest(file)
    assert len(hashed) == 2


@pytest.mark.parametrize("text", ["", "{", "no JSON"])
def test_a_damaged_memory_is_made_anew(file, tmp_path, hashed, text):
    (tmp_path / "memory.json").write_text(text)
    for _ in range(2):
        assert remembered_digest(file, tmp_path / "memory.json") == file_digest(file)
    assert len(hashed) == 1


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    for name in ("train/dog/1.jpg", "train/cat/1.jpg", "list.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        set_time(folder / name, 10**18)
    return folder


CHANGES = {
    "a name": lambda tree: (tree / "list.txt").rename(tree / "lists.txt"),
    "a size": lambda tree: (tree / "list.txt").write_text("longer than it was") and set_time(tree / "list.txt", 10**18),
    "a time": lambda tree: set_time(tree / "list.txt", 10**18 + 1),
    "a file more": lambda tree: (tree / "train/dog/2.jpg").touch(),
    "a file less": lambda tree: (tree / "train/dog/1.jpg").unlink(),
    "a file in another folder": lambda tree: (tree / "list.txt").rename(tree / "train/list.txt"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_names_sizes_and_times_of_files_count(tree, change):
    before = tree_fingerprint(tree)
    CHANGES[change](tree)
    assert tree_fingerprint(tree) != before


def test_where_the_folder_lies_does_not_count(tree, tmp_path):
    before = tree_fingerprint(tree)
    (tmp_path / "elsewhere").mkdir()
    tree.rename(tmp_path / "elsewhere" / "moved")
    assert tree_fingerprint(tmp_path / "elsewhere" / "moved") == before


def test_a_copy_with_its_times_has_the_same_fingerprint(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "copy")
    assert tree_fingerprint(tmp_path / "copy") == tree_fingerprint(tree)


def test_times_of_folders_do_not_count_beside_those_of_files(tree):
    before = tree_fingerprint(tree)
    set_time(tree / "train", 10**18 + 1)
    assert tree_fingerprint(tree) == before


def test_files_behind_a_symbolic_link_count(tree, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "data").symlink_to(tree, target_is_directory=True)
    before = tree_fingerprint(root)
    set_time(tree / "train/dog/1.jpg", 10**18 + 1)
    assert tree_fingerprint(root) != before
    assert tree_fingerprint(root / "data") == tree_fingerprint(tree)


def test_above_the_limit_only_folders_count(tree):
    before = tree_fingerprint(tree, limit=2)
    set_time(tree / "train/dog/1.jpg", 10**18 + 1)
    assert tree_fingerprint(tree, limit=2) == before != tree_fingerprint(tree, limit=3)
    set_time(tree / "train/dog", 10**18 + 1)
    assert tree_fingerprint(tree, limit=2) != before


def test_a_link_that_leads_back_is_not_followed(tmp_path):
    (tmp_path / "train/a").mkdir(parents=True)
    (tmp_path / "train/a/1.png").write_bytes(b"x")
    before = tree_fingerprint(tmp_path)
    (tmp_path / "train/a/loop").symlink_to(tmp_path)
    (tmp_path / "train/b").symlink_to(tmp_path / "train/a")
    walked = tree_fingerprint(tmp_path, limit=3)  # more files than three would be told by their folders
    (tmp_path / "train/a/1.png").write_bytes(b"xy")
    assert before != walked != tree_fingerprint(tmp_path, limit=3)


@pytest.mark.parametrize("content", ["", "0" * 63 + "  theta.safetensors\n", "0" * 64 + "  theta.safet", "no digest\n"])
def test_a_file_beside_it_that_holds_no_digest_is_refused(file, content):
    write_beside(file)
    (file.parent / "theta.safetensors.sha256").write_text(content)
    with pytest.raises(OwnFileError, match=r"theta\.safetensors\.sha256: got .*, expected 64 hexadecimal digits"):
        written_beside(file)
