"""The front door: every check and task of this project.

``python3 noxfile.py`` works on a bare Python 3.11+: where nox is missing it is installed into
``.nox/front-door`` first, and nothing outside this folder is touched. With nox at hand, ``nox`` is the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent


def _enter_through_the_front_door() -> None:
    """Run this file again under a Python of our own that has nox, and leave with its exit code."""
    home = ROOT / ".nox" / "front-door"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (home / "ready").exists():
        print("noxfile: setting up nox in .nox/front-door (once)", flush=True)
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "nox>=2025.2.9"], check=True)
        (home / "ready").touch()
    sys.exit(subprocess.run([str(python), __file__, *sys.argv[1:]], check=False).returncode)


try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    _enter_through_the_front_door()

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "generated", "schemathesis", "simulate", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True

GROUPS = nox.project.load_toml(ROOT / "pyproject.toml")["dependency-groups"]


def _install_project(session: nox.Session, *groups: str, extras: str = "") -> None:
    """Install this checkout, editable, with its extras and the named dependency groups."""
    wanted = [package for group in groups for package in GROUPS[group]]
    session.install("--quiet", "-e", f".{extras}", *wanted)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite on all cores; words after -- go to pytest."""
    _install_project(session, "test", "types", extras="[codegen]")
    arguments = session.posargs or ["-n", "auto", "--dist", "worksteal", "-q"]
    session.run("pytest", *arguments, env={"PYTHONHASHSEED": "random"})


@nox.session
def simulate(session: nox.Session) -> None:
    """Play 2,000 seeds of faults against the whole engine; -- --seed N shows one, -- --seeds N plays more."""
    _install_project(session)
    session.run("python", "-m", "tests.simulation", *session.posargs)


@nox.session
def campaign(session: nox.Session) -> None:
    """Play 100,000 seeds of faults: more than an hour."""
    _install_project(session)
    session.run("python", "-m", "tests.simulation", *(session.posargs or ["--seeds", "100000"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("--quiet", *GROUPS["lint"])
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the tool and the emitted client with mypy --strict."""
    _install_project(session, "types", extras="[codegen]")
    session.run("mypy")


@nox.session
def generate(session: nox.Session) -> None:
    """Write generated/ anew from the pinned contract and the templates; words after -- go to the command."""
    _install_project(session, extras="[codegen]")
    session.run("pennyform", "generate", *session.posargs)


@nox.session
def generated(session: nox.Session) -> None:
    """Check that generated/ is exactly what the pinned contract and the templates give."""
    _install_project(session, extras="[codegen]")
    session.run("pennyform", "generate", "--check")


@nox.session
def demo(session: nox.Session) -> None:
    """Plan, apply and verify the example invoices against a fresh embedded sandbox."""
    session.install("--quiet", ".")
    scratch = Path(session.create_tmp()) / "invoices"
    session.run("python", "-c", _COPY_EXAMPLES, str(ROOT / "examples"), str(scratch), silent=True)
    session.cd(scratch)
    session.run("pennyform", "validate")
    session.run("pennyform", "plan", "--sandbox")
    session.run("pennyform", "apply", "--sandbox", "--auto-approve")
    session.run("pennyform", "verify", "--sandbox")
    session.run("pennyform", "plan", "--sandbox", "--detailed-exitcode")


# A fresh copy each time: the sandbox's books live beside the definitions, and a demo starts with empty ones.
_COPY_EXAMPLES = (
    "import shutil, sys; shutil.rmtree(sys.argv[2], ignore_errors=True); "
    "shutil.copytree(sys.argv[1], sys.argv[2], ignore=shutil.ignore_patterns('.pennyform'))"
)


@nox.session
def hooks(session: nox.Session) -> None:
    """Run the hooks of .pre-commit-hooks.yaml by the real pre-commit and by prek on a scratch repository."""
    _install_project(session, "test", extras="[codegen]")
    session.install("--quiet", "pre-commit>=4.2", "prek>=0.3")
    session.run(
        "pytest", "-q", "tests/invoices/test_hooks.py", env={"PENNYFORM_HOOK_RUNNERS": "pre-commit prek"}
    )


@nox.session
def editors(session: nox.Session) -> None:
    """Prove the schemas with the real yaml-language-server, which npm installs into this session's folder."""
    _install_project(session, "test")
    home = Path(session.virtualenv.location) / "language-server"
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home)]
    session.run(*npm, "yaml-language-server@1", external=True)
    server = home / "node_modules" / ".bin" / "yaml-language-server"
    where = {"PENNYFORM_YAML_LANGUAGE_SERVER": str(server)}
    session.run("pytest", "-q", "tests/invoices/test_editors.py", *session.posargs, env=where)


@nox.session
def crash(session: nox.Session) -> None:
    """Kill an apply before and after each of its system calls, and cut and damage its journal everywhere."""
    _install_project(session, "test")
    session.run("python", "-m", "tests.crash", *session.posargs)


@nox.session
def schemathesis(session: nox.Session) -> None:
    """Let schemathesis ask the sandbox for every operation, bounded; -- --long asks far more."""
    _install_project(session)
    # Exactly these: another version asks other questions, and what has to pass must not change by itself.
    session.install("--quiet", "schemathesis==4.32.5", "hypothesis==6.170.15")
    session.run("python", "tests/conformance/fuzz.py", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Look at the sandbox's page in headless Chromium, which apt installs where it is missing."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        if not shutil.which("apt-get"):
            session.skip("there is no Chromium with its driver here, and no apt-get to install them")
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        session.run(*as_root, "apt-get", "update", "-qq", external=True)
        session.run(*as_root, "apt-get", "install", "-qq", "chromium", "chromium-driver", external=True)
    _install_project(session, "test")
    session.run("pytest", "-q", "tests/sandbox/test_page.py", env={"PENNYFORM_BROWSER": "required"})


@nox.session
def prism(session: nox.Session) -> None:
    """Put Prism, a validating proxy, between the sandbox and the examples, then between it and the tests."""
    if not shutil.which("npm"):
        session.skip("Prism comes from npm, which is not installed here")
    _install_project(session, "test", "types", extras="[codegen]")
    home = session.create_tmp()
    options = ["--no-fund", "--no-audit", "--prefix", home]
    session.run("npm", "install", *options, "@stoplight/prism-cli@5.14.2", external=True)
    executable = str(Path(home) / "node_modules" / ".bin" / "prism")
    session.run("python", "-m", "tests.conformance.through_prism", executable, *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the pages in a real browser: the machine's Chromium, or one that playwright fetches."""
    _install_project(session, "test", extras="[codegen]")
    session.install("--quiet", "playwright>=1.50")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        session.run("playwright", "install", "--with-deps", "chromium")
    where = {"PENNYFORM_BROWSER": found or "", "PENNYFORM_SHOTS": session.create_tmp()}
    session.run("pytest", "-q", "tests/browser", "-o", "python_files=*.py", *session.posargs, env=where)


# What the benchmarks share; the others in that folder are run.
BENCHMARK_MODULES = ("account", "codec", "measure", "shapes")


@nox.session
def bench(session: nox.Session) -> None:
    """Print speed and size as ratios against named rivals measured in the same run."""
    _install_project(session, "bench", extras="[codegen]")
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        if script.stem not in BENCHMARK_MODULES:
            session.run("python", str(script.relative_to(ROOT)), *session.posargs)


if __name__ == "__main__":
    nox.main()
