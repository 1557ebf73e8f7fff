"""The real client against a stand-in server on the loopback."""

import os
import subprocess
import sys
from pathlib import Path

from tests import miniatures
from tests.hub_server import Hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"

# the client itself, in its own process, since it reads its environment when it is imported

PREAMBLE = """
import sys
from pathlib import Path
from lib.data.datasets import open_task
from lib.data import hub_client
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from lib.data.hub_client import hub_file
cache, commit = Path(sys.argv[1]), sys.argv[2]
def tell(ask):
    try:
        print(ask())
    except DataError as error:
        print("DataError", error)
def digits(**options):
    task = open_task("svhn", "hub", root=cache, options={"expected_counts": {"train": 20, "test": 10}, **options})
    check_decodable(task)
    return task.train.labels.tolist()
"""


def run(code, cache, address, **environment):
    """The snippet's lines of output; it must print nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code, str(cache), COMMIT],
        env={**os.environ, "HF_ENDPOINT": address, "HF_HUB_ETAG_TIMEOUT": "2", **environment},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_client_fetches_only_what_it_needs_once_then_works_offline(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2, test=1, shards=1)
    miniatures.parquet(tmp_path / "repo" / "cropped_digits" / "extra-00000-of-00001.parquet", [0], "train", None)
    miniatures.parquet(tmp_path / "repo" / "full_numbers" / "train-00000-of-00001.parquet", [0], "train", None)
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        code = "tell(lambda: digits(revision=commit))\n" * 2
        assert run(code, tmp_path / "cache", server.address) == [str([*range(10), *range(10)])] * 2
    got = [request for request in server.requests if request.startswith("GET /datasets")]
    assert len(got) == len(set(got)) == 2
    assert not [name for name in got if "extra" in name or "full" in name]
    offline = run("tell(lambda: digits(revision=commit))", tmp_path / "cache", server.address, HF_HUB_OFFLINE="1")
    assert offline == [str([*range(10), *range(10)])]
    nothing = run("tell(lambda: digits(revision=commit))", tmp_path / "empty", server.address, HF_HUB_OFFLINE="1")
    assert nothing[0].startswith("DataError hub: ufldl-stanford/svhn")
    assert "copy the cache" in nothing[0]


def test_client_says_what_the_hub_refuses(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    code = """
tell(lambda: hub_client.resolve_revision("ufldl-stanford/svhn", "dataset"))
tell(lambda: digits(revision="f" * 40))
tell(lambda: digits(revision="main"))
tell(lambda: hub_client.resolve_revision("gated/imagenet", "dataset"))
tell(lambda: hub_client.resolve_revision("nobody/svhn", "dataset"))
tell(lambda: open_task("dtd", "hub", root=cache, options={}))
"""
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        lines = run(code, tmp_path / "cache", server.address)
    assert lines[0] == COMMIT
    texts = ("RevisionNotFoundError", "got main", "accept the terms", "check the name", "tanganke/dtd")
    for text, line in zip(texts, lines[1:], strict=True):
        assert text in line


def test_client_finds_a_damaged_download(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    file = tmp_path / "repo" / "cropped_digits" / "test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        lines = run("tell(lambda: digits(revision=commit))", tmp_path / "cache", server.address)
    assert file.name in lines[0]
    assert "delete the file and fetch it again" in lines[0]
    unreachable = run('tell(lambda: hub_client.resolve_revision("x/y", "dataset"))', tmp_path / "other", server.address)
    assert "check the network" in unreachable[0] and "known to the hub alone" in unreachable[0]


def test_client_fetches_a_models_file(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "open_clip_model.safetensors").write_bytes(b"weights")
    code = """
file = hub_file("timm/tiny.openai", "open_clip_model.safetensors", revision=commit, cache=cache)
print(file.read_bytes(), file.parent.name == commit)
tell(lambda: hub_file("timm/tiny.openai", "absent.safetensors", revision=commit, cache=cache))
tell(lambda: hub_file("timm/tiny.openai", "open_clip_model.safetensors", revision=None, cache=cache))
"""
    with Hub(tmp_path / "repo", "timm/tiny.openai", COMMIT, kind="models") as server:
        lines = run(code, tmp_path / "cache", server.address)
    assert lines[0] == "b'weights' True"
    assert "check the file's name" in lines[1]
    assert "make pin" in lines[2]
