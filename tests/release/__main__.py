"""``python -m tests.release FOLDER``: check what was built in a folder, install it in every way, describe it.

Beside the archives it writes ``SHA256SUMS`` and ``sbom.cdx.json``, a CycloneDX list of what an installation
with all extras consists of. Ends with 1 when something is wrong; all of it is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .changelog import problems_of_changelog, problems_of_tag
from .contents import PROJECT, ROOT, problems_of_sdist, problems_of_wheel

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_STEPS = (
    ("--version",),
    ("init", "here"),
    ("validate", "here"),
    ("plan", "here"),
    ("doctor", "here", "--offline"),
)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description=__doc__)
    parser.add_argument("folder", type=Path, help="where sdist and wheel are")
    parser.add_argument("--tag", help="the tag to be released, such as v1.2.3")
    parser.add_argument("--python", action="append", help=f"versions or paths; default: {', '.join(PYTHONS)}")
    options = parser.parse_args()
    wheels, sdists = sorted(options.folder.glob("*.whl")), sorted(options.folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"{options.folder} does not hold one wheel and one sdist")
        return 1
    problems = [*problems_of_wheel(wheels[0]), *problems_of_sdist(sdists[0])]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    problems += problems_of_tag(options.tag, changelog) if options.tag else problems_of_changelog(changelog)
    print(f"contents and changelog: {len(problems)} problems")
    with tempfile.TemporaryDirectory() as scratch:
        for version in options.python or PYTHONS:
            python = find_python(version)
            if python is None:
                print(f"Python {version}: not on this machine, not tried")
                continue
            problems += installations(wheels[0], python, version, Path(scratch))
        complete = Path(scratch, "sbom")
        run("uv", "venv", "--quiet", str(complete))
        run("uv", "pip", "install", "--quiet", "--python", str(complete), f"{wheels[0]}[all]")
        bill = options.folder / "sbom.cdx.json"
        described = ("cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON")
        run(*described, "--output-file", str(bill), str(complete / "bin" / "python"))
    checksums(options.folder)
    print("\n".join(["", *problems, f"{len(problems)} problems"]))
    return 1 if problems else 0


def find_python(version: str) -> str | None:
    """The interpreter of a version, or the one at a path, if it starts."""
    found = subprocess.run(["uv", "python", "find", version], capture_output=True, text=True, check=False)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    installed = sorted(map(str, pyenv.glob(f"{version}.*/bin/python")))
    candidates = [version, found.stdout.strip(), shutil.which(f"python{version}") or "", *installed]
    for candidate in filter(None, candidates):
        with suppress(OSError):
            if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
                return candidate
    return None


def installations(wheel: Path, python: str, version: str, scratch: Path) -> Iterator[str]:
    """Install the wheel with each extra, and with the lowest versions that are allowed, and use it.

    Yields:
        What went wrong, a sentence each.
    """
    ways = [(extra, "highest") for extra in ("", *PROJECT["optional-dependencies"])]
    for extra, resolution in [*ways, ("all", "lowest-direct")]:
        name = f"Python {version}, extra {extra or 'none'}, {resolution} versions"
        home = scratch / f"{Path(version).name}-{extra}-{resolution}"
        wanted = f"{wheel}[{extra}]" if extra else str(wheel)
        try:
            run("uv", "venv", "--quiet", "--python", python, str(home))
            run("uv", "pip", "install", "--quiet", "--python", str(home), "--resolution", resolution, wanted)
            run("uv", "pip", "check", "--quiet", "--python", str(home))
            work = home / "work"
            work.mkdir()
            for step in _STEPS:
                run(str(home / "bin" / "pennyform"), *step, cwd=work)
        except subprocess.CalledProcessError as problem:
            tail = " / ".join((problem.stdout + problem.stderr).strip().splitlines()[-3:])
            yield f"{name}: {' '.join(map(str, problem.cmd))} ended with {problem.returncode}: {tail}"
        else:
            print(f"{name}: installed and used")
        shutil.rmtree(home, ignore_errors=True)


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command outside of this checkout's own environment.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    names = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_CONSTRAINT", "PIP_CONSTRAINT")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)


def checksums(folder: Path) -> None:
    """Write ``SHA256SUMS`` of all other files in ``folder``, as sha256sum reads it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
