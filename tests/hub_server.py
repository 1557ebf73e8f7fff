"""A stand-in for the hub on the loopback: the few endpoints that huggingface_hub calls, from a folder of files."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit


class Hub:
    """Serve `folder` as `repo` at `commit`; other repositories are unknown, "gated/..." ones are closed.

    kind: "datasets" or "models".
    """

    def __init__(self, folder: Path, repo: str, commit: str, kind: str = "datasets"):
        self.folder, self.repo, self.commit, self.kind = folder, repo, commit, kind
        self.requests: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            path = urlsplit(self.path).path
            hub.requests.append(f"{self.command} {path}")
            api = f"/api/{hub.kind}/{hub.repo}"
            files = f"{'' if hub.kind == 'models' else '/datasets'}/{hub.repo}/resolve/"
            if "/gated/" in path:
                self.answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "access is restricted"})
            elif path.startswith(api):
                self.api(path[len(api) :].strip("/").split("/"))
            elif path.startswith(files):
                self.file(*path[len(files) :].split("/", 1))
            else:
                self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})

        def api(self, parts: list[str]):
            if len(parts) > 1 and parts[1] not in ("main", hub.commit):
                self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif parts[0] == "tree":
                rows = [{"type": "file", "path": name, **_size(hub.folder / name)} for name in hub.files()]
                self.answer(200, json.dumps(rows).encode())
            else:
                siblings = [{"rfilename": name} for name in hub.files()]
                body = {"id": hub.repo, "sha": hub.commit, "private": False, "gated": False, "siblings": siblings}
                self.answer(200, json.dumps(body).encode())

        def file(self, revision: str, name: str):
            if revision not in ("main", hub.commit) or name not in hub.files():
                self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            data = (hub.folder / name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            self.answer(200, data, {"ETag": f'"{digest}"', "X-Repo-Commit": hub.commit})

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None):
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _size(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {"size": len(data), "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
