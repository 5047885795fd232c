"""``pennyform completion``: what makes a shell complete verbs, options, references and companies."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import argcomplete
from argcomplete.completers import FilesCompleter
from argcomplete.shell_integration import shellcode

from pennyform.cli.options.installation import CompletionOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import Failure

_MOST_WORDS = 2_000
_PLAIN = re.compile(r"\w[\w.@:/+-]*")


def run(options: CompletionOptions, terminal: Terminal) -> Exit:
    """Print the script of a shell."""
    terminal.write(shellcode(["pennyform"], shell=options.shell))
    return Exit.OK


def complete(verbs: Mapping[str, str], configure: Callable[[str, argparse.ArgumentParser], None]) -> None:
    """Answer the shell, which asks by environment variables, and end the process.

    Args:
        verbs: the help of each verb.
        configure: declares the options of a verb.
    """
    parser = argparse.ArgumentParser(prog="pennyform", allow_abbrev=False)
    subparsers = parser.add_subparsers()
    typed = os.environ.get("COMP_LINE", "").split()
    for name, text in verbs.items():
        verb = subparsers.add_parser(name, help=text, allow_abbrev=False)
        # The options of the others would take time to declare.
        if name in typed[1:2]:
            configure(name, verb)
            for action in verb._actions:
                action.completer = _completer(action)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _completer(action: argparse.Action) -> Callable[..., Iterable[str]] | None:
    if action.metavar == "REFERENCE":
        return lambda **_: _shell_words(_references())
    if "--company" in action.option_strings:
        return lambda **_: _shell_words(_companies())
    return FilesCompleter() if action.choices is None else None


def _companies() -> Iterable[str]:
    from pennyform.invoices.sources.companies import companies_of

    return [company.name for company in companies_of(Path())[0]]


def _references() -> Iterable[str]:
    from pennyform.invoices import load

    try:
        repository, _ = load(["."])
    except Failure:
        return []
    return [invoice.external_reference for invoice in repository.invoices]


def _shell_words(words: Iterable[str]) -> list[str]:
    """Words that mean nothing else to a shell: they come from a repository, which may be anybody's."""
    return sorted(filter(_PLAIN.fullmatch, words))[:_MOST_WORDS]
