"""Where the commands of a page are carried out: a folder, a sandbox, and as much of a shell as pages use."""

from __future__ import annotations

import argparse
import ast
import functools
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, chdir, nullcontext, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any
from unittest import mock

import httpx
import pennylane_company
from pennyform import sandbox
from pennyform.cli import main
from pennyform.cli.commands.sandbox.sandbox import _open
from pennyform.cli.options.sandbox import SandboxOptions, ServeOptions
from pennyform.cli.terminal import Terminal
from pennyform.engine.runtime import Runtime
from pennyform.sandbox.background_server import Served

from .page import ROOT, Command, parts_of

# The address that pages show for a served sandbox.
SERVED = "http://127.0.0.1:8787"
_EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
_LEFT_OUT = {
    "GIT_AUTHOR_EMAIL": "author@example.com",
    "GIT_AUTHOR_NAME": "An Author",
    "PENNYFORM_STATE_KEY": "a key for the state of these pages",
    "PENNYLANE_API_TOKEN": sandbox.TOKEN,
}
# Exit code and output of pennyform with some words.
Run = Callable[[list[str]], tuple[int, str]]


class Person(io.StringIO):
    """A terminal at which somebody agrees to everything."""

    def __init__(self) -> None:
        super().__init__("yes\n" * 9)

    def isatty(self) -> bool:
        """Questions are asked."""
        return True


class Clock:
    """The sandbox's, which only moves when a page sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2025, 11, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class World:
    """A folder and a shell, for one page.

    Args:
        folder: an empty one; commands begin in it.
        environ: more environment variables.
        run: what carries out ``pennyform``; this process when left out.
        runtime: the machine of commands with an account.
    """

    def __init__(
        self,
        folder: Path,
        environ: dict[str, str] | None = None,
        run: Run | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.clock = Clock()
        self.environ = {
            "HOME": str(folder.parent / "home"),
            "NO_COLOR": "1",
            "PATH": os.environ["PATH"],
            "PENNYFORM_STATE": str(folder.parent / "state"),
            **(environ or {}),
        }
        self._left_out = {**_LEFT_OUT, **self.environ}
        self._folder = folder
        self._run = run or self._pennyform
        self._runtime = runtime
        self._names: dict[str, object] = {"token": sandbox.TOKEN}
        self._stack = ExitStack()
        self._served = ExitStack()
        self._url = ""

    def __enter__(self) -> World:
        self._stack.enter_context(chdir(self._folder))
        self._stack.enter_context(mock.patch.object(sandbox, "Sandbox", self._sandbox_of(sandbox.Sandbox)))
        self._stack.enter_context(self._served)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _reaching_the_sandbox(self) -> AbstractContextManager[object]:
        """Where a sandbox is served, clients that are told no address use it."""
        client = functools.partial(pennylane_company.Client, base_url=self._url)
        return mock.patch.object(pennylane_company, "Client", client) if self._url else nullcontext()

    def _sandbox_of(self, original: type[sandbox.Sandbox]) -> Callable[..., sandbox.Sandbox]:
        """Makes sandboxes with the clock of this world, and closes what a page leaves open."""

        def opened(*words: Any, **options: Any) -> sandbox.Sandbox:
            made = original(*words, **{"clock": self.clock, **options})
            self._stack.callback(made.close)
            return made

        return opened

    def follow(self, page: Path) -> int:
        """Carry out a page; returns how many commands that were.

        Raises:
            AssertionError: a command ended or printed otherwise than the page says.
        """
        count = 0
        for part in parts_of(page):
            place = f"{page.name}:{part.line}"
            if part.reason:
                continue
            if part.kind == "file":
                Path(part.name).parent.mkdir(parents=True, exist_ok=True)
                Path(part.name).write_text(part.text, encoding="utf-8")
            elif part.kind == "python":
                with redirect_stdout(io.StringIO()), self._reaching_the_sandbox():
                    exec(compile(part.text, place, "exec"), self._names)
            elif part.kind == "commands":
                commands = part.commands()
                for command in commands:
                    self._check(place, command)
                count += len(commands)
        return count

    def _check(self, place: str, command: Command) -> None:
        code, output = self._line(command.text)
        assert code == command.code, f"{place}: {command.text}\nended with {code}\n{output}"
        position = 0
        for line in filter(str.strip, command.output):
            found = output_pattern(line).search(output, position)
            assert found, f"{place}: {command.text}\ndoes not print: {line}\nat its place in\n{output}"
            position = found.end()

    def _line(self, text: str) -> tuple[int, str]:
        """Carry out a line of a shell; returns the last exit code and what was printed."""
        code, printed = 0, ""
        for command in _split(text, "&&"):
            producer, *consumers = _split_words(command, "|")
            words, target = _redirected([self._expanded(word) for word in producer])
            code, output = self._carry_out([name for word in words for name in _globbed(word)])
            for consumer in consumers:
                assert consumer[0] == "tee", text
                Path(consumer[1]).write_text(output, encoding="utf-8")
            if target:
                Path(target).write_text(output, encoding="utf-8")
            printed += output
            if code:
                break
        return code, printed

    def _expanded(self, word: str) -> str:
        if word.startswith("~/"):
            word = f"$HOME{word[1:]}"
        return Template(word).safe_substitute(self.environ) if word.count("$") else word

    def _carry_out(self, words: list[str]) -> tuple[int, str]:
        match words:
            case ["pennyform", "sandbox", "serve", *rest]:
                return 0, self._serve(rest)
            case ["pennyform", "mcp", *rest]:
                return self._without_input(["pennyform", "mcp", *rest])
            case ["pennyform", *rest]:
                return self._run(rest)
            case ["python3", "noxfile.py", "-s", session]:
                return self._session(session)
            case ["curl", *rest]:
                return 0, self._curl(rest)
            case ["pip", "install", wanted]:
                _check_requirement(wanted)
            case ["export", *settings]:
                self._export(settings)
            case ["sleep", seconds]:
                self.clock.now += timedelta(seconds=float(seconds))
            case _:
                return 0, _on_files(words)
        return 0, ""

    def _pennyform(self, words: list[str]) -> tuple[int, str]:
        printed = io.StringIO()
        environ = {**self.environ}
        if self._url and environ.get("PENNYLANE_BASE_URL") == SERVED:
            environ["PENNYLANE_BASE_URL"] = self._url
        try:
            code = main(words, terminal=Terminal(Person(), printed, printed, environ), runtime=self._runtime)
        except SystemExit as end:  # argparse's
            code = int(end.code or 0)
        return code, printed.getvalue()

    def _without_input(self, words: list[str]) -> tuple[int, str]:
        """A process of its own, whose input ends at once."""
        environ = {**self.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environ,
        )
        return done.returncode, done.stdout + done.stderr

    def _session(self, name: str) -> tuple[int, str]:
        """The commands of a nox session that are pennyform's, in a copy of the examples."""
        source = re.search(rf"^def {name}\(.*?(?=^\S)", (ROOT / "noxfile.py").read_text("utf-8"), re.M | re.S)
        assert source, name
        shutil.copytree(ROOT / "examples", name, ignore=shutil.ignore_patterns(".pennyform"))
        printed = ""
        with chdir(name):
            for arguments in re.findall(r'session\.run\("pennyform", (.*)\)$', source[0], re.MULTILINE):
                code, output = self._run(list(ast.literal_eval(f"({arguments},)")))
                printed += output
                if code:
                    return code, printed
        return 0, printed

    def _serve(self, words: list[str]) -> str:
        """Serve a sandbox until the next one, or the end of the page."""
        parser = argparse.ArgumentParser()
        SandboxOptions.configure(parser)
        options = SandboxOptions.read(parser.parse_args(["serve", *words]))
        assert isinstance(options, ServeOptions)
        self._served.close()
        printed = io.StringIO()
        opened = _open(options, Terminal(io.StringIO(), printed, printed, {}))
        self._served.callback(opened.close)
        self._url = self._served.enter_context(Served(opened)).url
        return printed.getvalue()

    def _curl(self, words: list[str]) -> str:
        """A request to the served sandbox; a refusal that the page asks for is an answer too."""
        request = _request(words)
        with httpx.Client() as client:
            answer = client.request(**{**request, "url": str(request["url"]).replace(SERVED, self._url)})
        assert answer.status_code in (200, 201, 204, 429), (words, answer.status_code, answer.text)
        return answer.text + "\n"

    def _export(self, settings: list[str]) -> None:
        for setting in settings:
            name, _, value = setting.partition("=")
            # What a page leaves out, the world has.
            self.environ[name] = self._left_out[name] if "…" in value else value


def _on_files(words: list[str]) -> str:
    match words:
        case ["cd", folder]:
            os.chdir(folder)
        case ["mkdir", "-p", *folders] | ["mkdir", *folders]:
            for folder in folders:
                Path(folder).mkdir(parents=True)
        case ["rm", file]:
            Path(file).unlink()
        case ["cp", file, target]:
            shutil.copy(file, target)
        case ["sed", "-i", script, file]:
            text = Path(file).read_text(encoding="utf-8")
            for substitution in script.split(";"):
                _, old, new, _ = substitution.strip().split("/")
                text, number = re.subn(old, new, text, flags=re.MULTILINE)
                assert number, substitution
            Path(file).write_text(text, encoding="utf-8")
        case ["set", "-o", "pipefail"]:
            pass
        case _:
            raise AssertionError(f"no world knows the command {words}")
    return ""


def _check_requirement(wanted: str) -> None:
    """It is this package, with extras that it has."""
    match = re.fullmatch(r"pennyform(?:\[(.*)\])?", wanted)
    assert match, wanted
    assert {*filter(None, (match[1] or "").split(","))} <= {*_EXTRAS}, wanted


def _request(words: list[str]) -> dict[str, object]:
    """The arguments of curl as those of httpx."""
    method, url, headers = "", "", {}
    body: str | None = None
    query: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        match word:
            case "-s" | "-G":
                pass
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                body = next(rest)
            case "--data-urlencode":
                name, _, value = next(rest).partition("=")
                query.append((name, value))
            case _:
                assert not word.startswith("-"), word
                url = word
    method = method or ("POST" if body else "GET")
    return {"method": method, "url": url, "headers": headers, "content": body, "params": query or None}


def _split(text: str, separator: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    yield from _split_words(list(lexer), separator)


def _split_words(words: list[str], separator: str) -> Iterator[list[str]]:
    while separator in words:
        end = words.index(separator)
        yield words[:end]
        words = words[end + 1 :]
    yield words


def _redirected(words: list[str]) -> tuple[list[str], str]:
    return (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, "")


def _globbed(word: str) -> list[str]:
    return (
        sorted(map(str, Path().glob(word))) or [word] if re.fullmatch(r"[\w./-]*\*[\w./-]*", word) else [word]
    )


def output_pattern(line: str) -> re.Pattern[str]:
    """What a line of a page stands for; spaces may be more."""
    words = r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
    return re.compile(rf"^\s*{words}\s*$", re.MULTILINE)
