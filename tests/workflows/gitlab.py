"""A small runner of GitLab pipelines, and of the part of its API that writes notes.

It knows what the template of this project uses: rules, stages, scripts in one shell, artifacts, a cache,
variables.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

TOKEN = "notes-secret"
PAGE = 2
NOTES = "/api/v4/projects/5/merge_requests/7/notes"


class Notes:
    """The notes of merge request 7 of project 5, and what was asked for."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.url = ""

    def add(self, body: str, author: int) -> dict[str, Any]:
        self.rows.append({"id": len(self.rows) + 1, "author": {"id": author}, "body": body})
        return self.rows[-1]

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any, str]:
        """The status, the JSON and the next page that a request is answered with."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.requests.append(f"{method} {path}")
        if (method, path) == ("GET", "/api/v4/user"):
            return 200, {"id": 1}, ""
        if (method, path) == ("GET", NOTES):
            page = int(query["page"][0])
            rest = self.rows[page * PAGE :]
            return 200, self.rows[(page - 1) * PAGE : page * PAGE], str(page + 1) if rest else ""
        if (method, path) == ("POST", NOTES):
            return 201, self.add(json.loads(body)["body"], 1), ""
        if method == "PUT" and (match := re.fullmatch(rf"{NOTES}/(\d+)", path)):
            row = self.rows[int(match[1]) - 1]
            if row["author"]["id"] != 1:
                return 403, {}, ""
            row["body"] = json.loads(body)["body"]
            return 200, row, ""
        return 404, {}, ""

    @contextmanager
    def served(self) -> Iterator[None]:
        """Answer requests on a port of this computer."""
        notes = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content, following = notes.answer(self.command, self.path, body)
                if self.headers["PRIVATE-TOKEN"] != TOKEN:
                    status = 401
                self.send_response(status)
                self.send_header("X-Next-Page", following)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names are those of http.server

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}/api/v4"
            threading.Thread(target=server.serve_forever).start()
            try:
                yield
            finally:
                server.shutdown()


class Pipeline:
    """Runs the jobs of ``.gitlab-ci.yml`` of a repository, each in a copy of its own.

    Args:
        repository: the files that each job finds.
        scratch: an empty folder.
        variables: what GitLab and the settings of the project set.
    """

    def __init__(self, repository: Path, scratch: Path, variables: Mapping[str, str]) -> None:
        self.described: dict[str, Any] = yaml.safe_load((repository / ".gitlab-ci.yml").read_text("utf-8"))
        self.repository, self.scratch = repository, scratch
        self.variables = dict(variables)
        self.log = ""

    def jobs(self) -> list[str]:
        """The jobs that this pipeline has, in the order of their stages."""
        if self._rule(self.described["workflow"]) is None:
            return []
        known = [name for name, job in self.described.items() if isinstance(job, dict) and "script" in job]
        # A job without rules is for branches, and not for merge requests.
        chosen = [name for name in known if self._rule(self.described[name]) is not None]
        return sorted(
            chosen, key=lambda name: int(self.described["stages"].index(self.described[name]["stage"]))
        )

    def is_manual(self, name: str) -> bool:
        """Whether a person starts the job."""
        return (self._rule(self.described[name]) or {}).get("when") == "manual"

    def _rule(self, part: Mapping[str, Any]) -> dict[str, Any] | None:
        return next((rule for rule in part.get("rules", ()) if self._holds(rule.get("if", "'' == ''"))), None)

    def _holds(self, condition: str) -> bool:
        """A comparison of two variables or texts."""
        left, right = (
            self.variables.get(side[1:], "") if side.startswith("$") else side[1:-1]
            for side in condition.split(" == ")
        )
        return left == right

    def run(self, name: str) -> int:
        """Carry out a job; returns the exit code of its script."""
        job, place = self.described[name], self.scratch / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.repository, place)
        kept, cached = self.scratch / "artifacts", self.scratch / "cache"
        for folder in (kept, *([cached] if "cache" in job else [])):
            if folder.exists():
                shutil.copytree(folder, place, dirs_exist_ok=True)
        # What a fresh machine has, and the programs of this environment: nothing is installed.
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.scratch),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **self.variables,
            "CI_PROJECT_DIR": str(place),
        }
        for variable, text in self.described["variables"].items():
            environment[variable] = re.sub(r"\$(\w+)", lambda match: environment.get(match[1], ""), text)
        script = "\n".join(["set -eo pipefail", *job["script"]])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
        )
        self.log = done.stdout + done.stderr
        _keep(place, kept, job.get("artifacts", {}).get("paths", ()))
        _keep(place, cached, job.get("cache", {}).get("paths", ()))
        return done.returncode


def _keep(source: Path, target: Path, names: list[str]) -> None:
    target.mkdir(exist_ok=True)
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        elif (source / name).is_file():
            shutil.copy(source / name, target / name)
