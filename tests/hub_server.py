"""A stand-in for the hub on the loopback: the few endpoints that huggingface_hub calls, from a folder of files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Repository:
    """The files below `folder`, known as `name` at `commit`. kind: "datasets" or "models"."""

    folder: Path
    name: str
    commit: str
    kind: str = "datasets"

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    @property
    def api(self) -> str:
        return f"/api/{self.kind}/{self.name}"

    @property
    def downloads(self) -> str:
        return f"{'' if self.kind == 'models' else '/datasets'}/{self.name}/resolve/"


class Hub:
    """Serve one repository, and those `beside` it; others are unknown, "gated/..." ones are closed."""

    def __init__(self, folder: Path, repo: str, commit: str, kind: str = "datasets", beside: Sequence[Repository] = ()):
        self.repositories = [Repository(folder, repo, commit, kind), *beside]
        self.requests: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            path = urlsplit(self.path).path
            hub.requests.append(f"{self.command} {path}")
            if "/gated/" in path:
                self.answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "access is restricted"})
                return
            for repository in hub.repositories:
                if path == repository.api or path.startswith(f"{repository.api}/"):
                    return self.api(repository, path[len(repository.api) :].strip("/").split("/"))
                if path.startswith(repository.downloads):
                    return self.file(repository, *path[len(repository.downloads) :].split("/", 1))
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})

        def api(self, repository: Repository, parts: list[str]):
            files = repository.files()
            if len(parts) > 1 and parts[1] not in ("main", repository.commit):
                self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif parts[0] == "tree":
                rows = [{"type": "file", "path": name, **_size(repository.folder / name)} for name in files]
                self.answer(200, json.dumps(rows).encode())
            else:
                known = {"id": repository.name, "sha": repository.commit, "private": False, "gated": False}
                siblings = [{"rfilename": name, **_stored(repository.folder / name)} for name in files]
                self.answer(200, json.dumps({**known, "siblings": siblings}).encode())

        def file(self, repository: Repository, revision: str, name: str):
            if revision not in ("main", repository.commit) or name not in repository.files():
                self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            data = (repository.folder / name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            self.answer(200, data, {"ETag": f'"{digest}"', "X-Repo-Commit": repository.commit})

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None):
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _stored(path: Path) -> dict[str, object]:
    """Of a file of weights, what the hub tells of large files: its sha256."""
    data = path.read_bytes()
    if path.suffix != ".safetensors":
        return {"size": len(data)}
    return {
        "size": len(data),
        "lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134},
    }


def _size(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {"size": len(data), "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
