"""``pennyform doctor``: check what an installation needs, from the disk to the token; changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pennyform import __version__
from pennyform.cli.commands.account.auth import missing_scopes
from pennyform.cli.connection import Connection, connect
from pennyform.cli.contracts import INVOICED, store_in_force
from pennyform.cli.options.account import DoctorOptions
from pennyform.cli.terminal import Exit, Terminal, shorten_path
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.planning.preflight import preflight
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.extras import EXTRAS, missing_packages
from pennyform.findings import Failure, Finding, Severity, errors
from pennyform.invoices import Repository
from pennyform.safe_files import settings_above
from pennyform.text import one_line

_LEAST_FREE_BYTES = 100 * 1024 * 1024
# The vendor changes the API every week, and takes nothing away without months of notice.
_OLD_DAYS = 90
# Dates are checked by this machine's day; the service's answers carry whole seconds.
_MOST_SKEW_SECONDS = 120
_NAME_WIDTH = 13
_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}


class Check(NamedTuple):
    """One thing that was looked at: ``level`` is ``ok``, ``note``, ``warning`` or ``error``."""

    level: str
    name: str
    text: str
    fix: str = ""


def run(options: DoctorOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print a line for each check, and what to do about those that failed; 1 when one is an error."""
    layout, levels = terminal.layout(), set[str]()
    for check in _checks(options, terminal, runtime):
        levels.add(check.level)
        level, name = f"{check.level:<9}", f"{check.name:<{_NAME_WIDTH}}"
        lead = f"{layout.ansi(level, _COLOURS[check.level])}{name}"
        lines = layout.wrap(one_line(check.text), lead, "")
        lines += layout.wrap(one_line(check.fix), " " * len(level + name), "") if check.fix else []
        terminal.write("".join(f"{line}\n" for line in lines))
    return Exit.ERROR if "error" in levels else Exit.OK


def _checks(options: DoctorOptions, terminal: Terminal, runtime: Runtime) -> Iterator[Check]:
    yield Check("ok", "pennyform", f"{__version__} on Python {platform.python_version()}")
    missing = {extra for extra in EXTRAS if missing_packages(extra)}
    if missing:
        names = ",".join(sorted(missing))
        yield Check("note", "extras", f"not installed: {names}", f"pip install 'pennyform[{names}]'")
    repository: Repository | None = None
    if settings_above(options.targets.paths[0]) is None:
        yield Check("warning", "repository", "none here: there is no pennyform.yaml", "pennyform init")
    else:
        repository, checks = _definitions(options, runtime)
        yield from checks
    root = repository.root if repository else Path.cwd()
    yield from _guarded("state", lambda: _state(root, terminal, runtime))
    yield from _guarded("contract", lambda: _contract(repository, runtime))
    if repository:
        yield from _guarded("editor", lambda: _editor(repository))
        if repository.settings.companies:
            yield Check("note", "account", "several companies", "look at each: pennyform doctor --all")
        elif not options.offline:
            yield from _guarded("account", lambda: _account(repository, options, terminal, runtime))


def _guarded(name: str, checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """What ``checks`` yield; what stops them is one of them."""
    try:
        yield from checks()
    except (Failure, PlanRejectedError) as problem:
        yield _failed(name, problem.findings[0])
    except OutcomeError as problem:
        yield Check("error", name, one_line(str(problem)))
    except OSError as problem:
        yield Check("error", name, f"the system refused: {problem}")


def _failed(name: str, finding: Finding) -> Check:
    return Check("error", name, one_line(finding.summary), one_line(finding.fix))


def _definitions(options: DoctorOptions, runtime: Runtime) -> tuple[Repository | None, list[Check]]:
    targets = options.targets
    try:
        repository, findings = runtime.load_definitions(targets.paths, environment=targets.environment)
    except Failure as problem:
        return None, [_failed("repository", problem.findings[0])]
    settings = repository.settings
    company = f"company {settings.company}, " if settings.company else ""
    root = "this folder" if repository.root == Path.cwd() else shorten_path(repository.root)
    text = f"{root}: {company}{settings.environment}"
    checks = [Check("ok", "repository", text)]
    wrong = len(errors(findings))
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    text = f"{len(repository.invoices)} invoices, {wrong} errors, {warnings} warnings"
    level = "error" if wrong else "warning" if warnings else "ok"
    checks.append(Check(level, "definitions", text, "" if level == "ok" else "pennyform validate"))
    return repository, checks


def _state(root: Path, terminal: Terminal, runtime: Runtime) -> Iterator[Check]:
    """The folder for journals, which is made by the first apply, and the disk under it."""
    folder = state_folder(terminal.environ, runtime.random_bytes)
    folder.check_place(root)
    if folder.path.exists():
        folder.prepare()
        yield Check("ok", "state", shorten_path(folder.path))
    else:
        yield Check("note", "state", f"{shorten_path(folder.path)} is made by the first apply")
    existing = next(path for path in (folder.path, *folder.path.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        yield Check("error", "state", f"{existing} cannot be written", "chmod u+w it, or set PENNYFORM_STATE")
    free = shutil.disk_usage(existing).free
    level = "ok" if free >= _LEAST_FREE_BYTES else "warning"
    yield Check(level, "disk", f"{free // 1024**2:,} MiB free for journals")


def _contract(repository: Repository | None, runtime: Runtime) -> Iterator[Check]:
    store, is_own = store_in_force(repository.settings.contract if repository else None)
    entry = store.lock().contracts.get(INVOICED)
    if entry is None or not store.is_intact(INVOICED):
        yield Check(
            "error", "contract", "the pinned contract is not the one in its lock", "pennyform spec status"
        )
        return
    try:
        age = (runtime.clock.now().date() - date.fromisoformat(entry.date)).days
    except ValueError:
        yield Check(
            "error", "contract", "its lock says no date of it", f"pennyform spec fetch --api {INVOICED}"
        )
        return
    text = f"Company API as of {entry.date}, {'pinned here' if is_own else 'with pennyform'}"
    if age <= _OLD_DAYS:
        yield Check("ok", "contract", text)
    elif is_own:
        fix = f"pennyform spec fetch --api {INVOICED}"
        yield Check("warning", "contract", f"{text}: {age} days old", fix)
    else:
        yield Check("note", "contract", f"{text}: {age} days old", "to use a newer one: pennyform spec init")


def _editor(repository: Repository) -> Iterator[Check]:
    """The schemas that editors read lie in the repository, and are those that hold."""
    folder = repository.root / "schemas"
    emitted = sorted(repository.settings.schemas.glob("*.schema.json"))
    present = [path for path in emitted if (folder / path.name).is_file()]
    stale = [path for path in present if (folder / path.name).read_bytes() != path.read_bytes()]
    if len(present) < len(emitted):
        yield Check("note", "editor", "there are no schemas for editors", "pennyform init --schemas")
    elif stale:
        text = f"the schemas for editors are not those that hold: {len(stale)} differ"
        yield Check("warning", "editor", text, "pennyform init --schemas")
    else:
        yield Check("ok", "editor", "the schemas for editors are those that hold")


def _account(
    repository: Repository, options: DoctorOptions, terminal: Terminal, runtime: Runtime
) -> Iterator[Check]:
    with connect(repository, options.targets.token_file, terminal, runtime) as connection:
        company = connection.account.company()
        yield Check("ok", "account", f"{connection.address}: {one_line(company.name)} (id {company.id})")
        preflight(repository, company)
        missing = missing_scopes(company)
        scopes = ", ".join(missing) or "all that pennyform can use"
        yield Check("warning" if missing else "ok", "scopes", f"missing: {scopes}" if missing else scopes)
        if repository.settings.environment == "production":
            yield from _clock(connection, runtime)


def _clock(connection: Connection, runtime: Runtime) -> Iterator[Check]:
    """This machine's clock decides which dates are plausible."""
    service_time = connection.account.service_time()
    if service_time is None:
        yield Check("note", "clock", "the service does not say which time it is")
        return
    skew = (runtime.clock.now() - service_time).total_seconds()
    side = "ahead of" if skew > 0 else "behind"
    text = f"{abs(skew):.0f} s {side} the service's"
    if abs(skew) <= _MOST_SKEW_SECONDS:
        yield Check("ok", "clock", text)
    else:
        yield Check("warning", "clock", text, "set this machine's clock: dates of invoices are checked by it")
