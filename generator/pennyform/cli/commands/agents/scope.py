"""What the tools of one process are for: one repository, one company, one account, fixed when it starts.

An agent can write the files of the repository. So nothing that it writes there may turn the tools to another
account: where the token is kept, whose account it is and which environment are what they were at the start.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pennyform.cli.companies import select, targets_of
from pennyform.cli.contracts import schemas_of
from pennyform.cli.definitions import refuse_same_account
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.options.agents import McpOptions
from pennyform.cli.terminal import Terminal
from pennyform.engine.runtime import LoadDefinitions, Runtime
from pennyform.findings import Finding, errors, failure
from pennyform.invoices import Repository
from pennyform.invoices.model import Settings
from pennyform.invoices.repository.loader import own_settings
from pennyform.invoices.schema.schema import FindSchemas
from pennyform.safe_files import SETTINGS_FILE, is_below, real_path, settings_above

_FIX_PATH = "name a file or folder of the repository, such as invoices/2026-01.yaml"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the tools are for. ``root`` is the real path of the repository, or of one company in it."""

    root: Path
    targets: TargetOptions
    environment: str
    terminal: Terminal
    runtime: Runtime
    find_schemas: FindSchemas
    allow_apply: bool

    @classmethod
    def of(cls, options: McpOptions, terminal: Terminal, runtime: Runtime) -> Scope:
        """The scope that the options of ``pennyform mcp`` name.

        Raises:
            Failure: there is no repository, several companies and none is named, or its settings are wrong.
        """
        targets = options.definitions
        if targets.companies:
            members, same = select(targets)
            refuse_same_account(members[0].name, members[0].folder, same)
            targets = targets_of(members[0], targets)
        root = settings_above(targets.paths[0])
        if root is None or not targets.paths[0].is_dir():
            raise failure(
                "agent-repository",
                f"there is no {SETTINGS_FILE} here, nor in a folder above",
                file=str(targets.paths[0]),
                fix="name the folder of the repository: 'pennyform mcp FOLDER'",
            )
        find_schemas = partial(schemas_of, terminal.environ)
        settings = own_settings(root, find_schemas)
        if settings.companies:
            raise failure(
                "company-unnamed",
                "this repository holds several companies, and none of them is named",
                file=str(root / SETTINGS_FILE),
                fix="name one with --company NAME: a process is for one company",
            )
        environment = targets.environment or settings.environment
        load = _pinned(runtime.load_definitions, _safeguards_of(settings, environment))
        return cls(
            root,
            replace(targets, paths=(root,), environment=environment),
            environment,
            terminal,
            replace(runtime, load_definitions=load),
            find_schemas,
            options.allow_apply,
        )

    def path(self, name: str) -> Path:
        """A file or folder of the repository, as a tool names it: relative to the repository.

        Raises:
            Failure: it is not there, or lies outside, also behind a link, or in another repository.
        """
        parts = PurePosixPath(name).parts
        if not name.isprintable() or name.startswith(("/", "~")) or ".." in parts:
            raise failure("agent-path", "a path must be relative to the repository", fix=_FIX_PATH)
        path = self.root / name
        real = real_path(path)
        if (
            not is_below(real, self.root)
            or settings_above(real if real.is_dir() else real.parent) != self.root
        ):
            raise failure("agent-path", "the path leads out of the repository", fix=_FIX_PATH)
        if not real.exists():
            raise failure("agent-path", "there is no such file or folder", fix=_FIX_PATH)
        return path

    def targets_for(self, references: Sequence[str]) -> TargetOptions:
        """All definitions of the repository, or the invoices of these references."""
        return replace(self.targets, references=tuple(dict.fromkeys(references)))

    def call_terminal(self) -> tuple[Terminal, list[Finding]]:
        """The terminal of one call, and the list that gets what it is told to print."""
        findings: list[Finding] = []
        # There is nobody to ask, and what is printed is not shown.
        terminal = Terminal(
            io.StringIO(),
            io.StringIO(),
            io.StringIO(),
            self.terminal.environ,
            no_color=True,
            today=self.runtime.clock.now().date(),
            secrets=self.terminal.secrets,
            reported=findings,
        )
        return terminal, findings


def _safeguards_of(settings: Settings, environment: str) -> object:
    """What of the settings an agent that writes files must not change: the account, and every policy."""
    policies = settings._replace(environment=environment).policies
    return settings.token, policies, settings.sandbox_database, settings.company


def _pinned(load: LoadDefinitions, safeguards: object) -> LoadDefinitions:
    """``load``, which refuses definitions whose settings have other safeguards by now."""

    def load_pinned(paths: Sequence[str | Path], **settings: Any) -> tuple[Repository, list[Finding]]:
        repository, findings = load(paths, **settings)
        # Settings that cannot be read are findings of their own.
        environment = settings.get("environment") or repository.settings.environment
        if not errors(findings) and _safeguards_of(repository.settings, environment) != safeguards:
            raise failure(
                "agent-settings-changed",
                f"{SETTINGS_FILE} has another account or other policies than when this process was started",
                fix="a person looks at it, and starts the process again",
            )
        return repository, findings

    return load_pinned
