"""``python -m tests.container ENGINE``: build the image of ``Containerfile`` and use it, with that engine.

Where no registry can be reached, an image that mmdebstrap makes of Debian's packages stands in for the one
that ``Containerfile`` begins with: the same Python on the same Debian. Nothing is kept but what an engine
remembers of its builds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.release.contents import ROOT, VERSION

IMAGE, STAND_IN = "localhost/pennyform-test", "localhost/pennyform-test-base"
(BASE,) = re.findall(r"^ARG BASE=(.+)$", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE)
# A proxy between this machine and package indexes has an authority of its own.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
DEBIAN = ("trixie", "--include=ca-certificates,python3-venv")
# Where apt has its packages from, as this machine is configured.
MIRRORS = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
UNPACK = "FROM scratch\nADD base.tar /\n"
# What is typed, and what is then shown.
USES = (
    ("--version", rf"pennyform {re.escape(VERSION)}"),
    # Not by root, whose state would be below /root.
    ("doctor", r"state +/home/pennyform/"),
    ("validate --e-invoice", r"\d+ invoices, .*: 1 warning"),
    ("apply --sandbox --auto-approve", r"Apply: \d+ done\."),
    ("verify --sandbox", r"all equal, to the cent"),
    ("plan --sandbox --detailed-exitcode", r"(?i)nothing to do|no changes"),
    ("preview --pdf --out documents", r"documents"),
    ("fleet worker --help", r"usage: pennyform fleet worker"),
    ("mcp --sandbox", r""),
)


class Engine:
    """Docker, Podman or Buildah; the last one runs commands in a container that it keeps."""

    def __init__(self, name: str, store: Path) -> None:
        self.is_buildah = name == "buildah"
        # With the system's store, it would leave images behind.
        places = ("--root", str(store / "images"), "--runroot", str(store / "run"))
        self.command = [name, *(places if self.is_buildah else ())]
        # Without a network of its own, a container needs nothing of this machine.
        self.isolation = ("--isolation", "chroot") if self.is_buildah else ()

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def build(self, tag: str, file: Path, context: Path, *more: str) -> None:
        """Build an image, or end with what the engine said."""
        options = ("--network", "host", *self.isolation, "--tag", tag, "--file", str(file))
        done = self("build", *options, *more, str(context))
        if done.returncode:
            sys.exit(f"{done.stdout}\n{tag} was not built")

    @contextmanager
    def container(self, folder: Path) -> Iterator[list[str]]:
        """The words before a command that is run by the image, with ``folder`` as its /work."""
        volume = ("--volume", f"{folder}:/work")
        if not self.is_buildah:
            yield ["run", "--rm", "--network", "none", *volume, IMAGE]
            return
        name = self("from", "--quiet", IMAGE).stdout.strip()
        # It leaves the entry point out.
        shown = self("inspect", "--format", "{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}", name)
        yield ["run", *self.isolation, *volume, name, "--", *shown.stdout.split()]
        self("rm", name)


def base(engine: Engine, scratch: Path) -> str:
    """The image to begin with: that of the Containerfile, or the one that stands in for it."""
    pulled = engine("pull", BASE)
    if pulled.returncode == 0:
        return BASE
    print(f"{BASE} cannot be had: {pulled.stdout.strip().splitlines()[-1]}")
    if not shutil.which("mmdebstrap"):
        sys.exit("without a registry, this needs mmdebstrap: install it")
    print(f"{STAND_IN}, of the packages of Debian {DEBIAN[0]}, stands in for it", flush=True)
    suite, packages = DEBIAN
    configured = subprocess.run(MIRRORS, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    mirrors = [address for address in configured if "security" not in address]
    trusted = [f"--customize-hook=copy-in {AUTHORITIES} {AUTHORITIES.parent}"] if AUTHORITIES.exists() else []
    command = ["mmdebstrap", "--quiet", "--variant=minbase", packages, *trusted, suite]
    subprocess.run([*command, str(scratch / "base.tar"), *mirrors[:1]], check=True)
    file = scratch / "Containerfile"
    file.write_text(UNPACK)
    engine.build(STAND_IN, file, scratch)
    return STAND_IN


def used(engine: Engine, work: Path) -> int:
    """Use the image in a folder of invoices; returns how many commands did not do what they should."""
    problems = 0
    with engine.container(work) as words:
        for typed, expected in USES:
            done = engine(*words, *typed.split())
            is_right = done.returncode == 0 and re.search(expected, done.stdout)
            print(f"{'ok    ' if is_right else 'WRONG '} pennyform {typed}", flush=True)
            if not is_right:
                problems += 1
                print(f"ended with {done.returncode}, not showing {expected}:\n{done.stdout}")
    return problems


def main() -> int:
    """Returns the exit code."""
    (name,) = sys.argv[1:]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scratch, work = Path(folder, "base"), Path(folder, "work")
        scratch.mkdir()
        shutil.copytree(ROOT / "examples", work, ignore=shutil.ignore_patterns(".pennyform"))
        # The user of the image is nobody on this machine.
        subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
        engine = Engine(name, Path(folder, "store"))
        try:
            start = base(engine, scratch)
            engine.build(IMAGE, ROOT / "Containerfile", ROOT, "--build-arg", f"BASE={start}")
            print(f"built with {name} on {start}", flush=True)
            problems = used(engine, work)
        finally:
            engine("rmi", "--force", IMAGE, STAND_IN)
    print(f"{time.monotonic() - begun:.0f} s, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
