"""The command line: one module per command, imported only when it is about to run.

Before that, ``OPTIONS`` of a module in :mod:`pennyform.cli.options` says what a verb's options are
(``configure``) and makes a frozen record of what argparse read (``read``): ``--help`` and a mistyped option
need nothing else. A command module has ``run(options, terminal)``; with an account, ``run(options, terminal,
runtime)``. All that can go wrong reaches :func:`main` as a :class:`~pennyform.findings.Failure`; no traceback
reaches a user.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from pennyform.cli.terminal import Exit, Terminal, lost
from pennyform.findings import Failure

if TYPE_CHECKING:
    from pennyform.engine.runtime import Runtime


class Verb(NamedTuple):
    """What the one line of help says, the kind of the verb, and examples of what follows the verb.

    A kind has one module in :mod:`pennyform.cli.options`, and one folder in :mod:`pennyform.cli.commands`.
    """

    help: str
    kind: str
    examples: tuple[str, ...] = ()

    @property
    def uses_account(self) -> bool:
        """Whether its command gets a Runtime, whose import is too slow for the others."""
        return self.kind in {"account", "agents", "documents", "fleet"}


# In the order in which they are used.
VERBS = {
    "init": Verb(
        "lay out a folder for invoices as code",
        "definitions",
        ("books", "--github", "--schemas"),
    ),
    "validate": Verb(
        "check definitions: YAML, schema and meaning; no network",
        "definitions",
        ("", "invoices/2026-04.yaml", "--e-invoice"),
    ),
    "fmt": Verb(
        "put definitions in canonical form, keeping comments",
        "definitions",
        ("", "--check"),
    ),
    "rules": Verb("list what validate can report, with the reasons and the remedies", "definitions"),
    "list": Verb(
        "list VAT codes, categories, templates, customers or products",
        "definitions",
        ("templates", "vat-codes --format json"),
    ),
    "render": Verb(
        "show each invoice as the API will get it, with its totals",
        "definitions",
        ("", "invoices/2026-04.yaml --provenance"),
    ),
    "preview": Verb(
        "show the document that each customer will get; no network",
        "definitions",
        ("INV-2026-009 --pdf --out invoice.pdf", "--html --out previews", "INV-2026-009 --xml cii"),
    ),
    "plan": Verb(
        "show what an apply would create, update and finalize",
        "account",
        ("", "--html plan.html", "--out invoices.plan"),
    ),
    "apply": Verb(
        "carry the plan out, verifying each invoice before it is finalized",
        "account",
        ("", "invoices.plan", "--auto-approve invoices/2026-04.yaml"),
    ),
    "verify": Verb(
        "read the invoices back and show every difference",
        "account",
        ("", "--format json"),
    ),
    "adopt": Verb("write definitions of what the account has already", "account"),
    "status": Verb(
        "show which invoices are drafts, late, refused and paid",
        "account",
        ("", "--html status.html", "--all"),
    ),
    "open": Verb(
        "open the document of an issued invoice in a browser",
        "documents",
        ("INV-2026-009", "INV-2026-009 --print"),
    ),
    "pdf": Verb(
        "download the documents of issued invoices",
        "documents",
        ("INV-2026-009 --out invoice.pdf", "INV-2026-009 INV-2026-010 --out issued --company alder"),
    ),
    "audit": Verb("show who issued what, when, from which commit and plan", "account"),
    "fleet": Verb("plan and apply on any number of machines, with PostgreSQL", "fleet"),
    "mcp": Verb("serve tools to agents, over the Model Context Protocol", "agents"),
    "approve": Verb("let an agent apply one plan that does more than write drafts", "agents"),
    "sandbox": Verb("serve the local stateful Pennylane", "sandbox"),
    "spec": Verb("fetch, pin and compare API contracts", "contracts"),
    "generate": Verb("emit typed client and JSON Schemas from the pinned contract", "contracts"),
    "auth": Verb("show who the token belongs to and what it may do", "account"),
    "doctor": Verb("check the installation: disk, contract, editor, token, clock", "account"),
    "completion": Verb("print what makes a shell complete verbs, options and references", "installation"),
}


# What other tools call these verbs, for people who come from them.
_OTHER_NAMES = {
    "check": "validate",
    "diff": "plan",
    "format": "fmt",
    "import": "adopt",
    "lint": "validate",
    "login": "auth",
    "new": "init",
    "send": "apply",
    "serve": "sandbox",
    "show": "render",
}


# Of help, where there is no terminal.
_HELP_WIDTH = 80


class _HelpLayout(argparse.HelpFormatter):
    """argparse's layout, but text that has lines of its own keeps them: examples, and the list of verbs."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class _Parser(argparse.ArgumentParser):
    """argparse, but a usage error exits 64: its own 2 means "changes pending" here.

    Options are not guessed from their beginnings: `--auto` must never approve anything. What is printed, with
    the words of the command line in it, goes through the gate of ``terminal``.
    """

    def __init__(self, terminal: Terminal, **settings: Any) -> None:
        # Left to itself, argparse imports shutil and three compressors to learn the terminal's width.
        formatter = functools.partial(_HelpLayout, width=(terminal.width or _HELP_WIDTH) - 2)
        super().__init__(**settings, formatter_class=formatter, allow_abbrev=False)
        self._terminal = terminal

    def add_subparsers(self, **settings: Any) -> Any:
        """Parsers of actions, with the same terminal."""
        parser_class = cast("type[_Parser]", functools.partial(type(self), self._terminal))
        return super().add_subparsers(parser_class=parser_class, **settings)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """argparse's, but an unknown option is answered with the one that is spelled much like it."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            import difflib

            word, names = unknown[0].partition("=")[0], [*self._option_string_actions]
            begun = [name for name in names if len(word) > 2 and name.startswith(word)]
            near = begun or difflib.get_close_matches(word, names, n=1, cutoff=0.7)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return options

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self._terminal.print_error(f"{self.prog}: {message}", f"Try '{self.prog} --help'.")
        sys.exit(Exit.USAGE)

    def _print_message(self, message: str, file: Any = None) -> None:
        (self._terminal.stdout if file is sys.stdout else self._terminal.stderr).write(message)


def _find_verb(argv: Sequence[str], terminal: Terminal) -> str:
    """The verb that the command line begins with; a usage error when there is none."""
    if argv and argv[0] in VERBS:
        return argv[0]
    from pennyform import __version__

    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:<{width}}  {verb.help}" for name, verb in VERBS.items())
    # No subparsers of argparse: they would need the options of every verb before one is chosen.
    parser = _Parser(
        terminal,
        prog="pennyform",
        usage="pennyform VERB [options] [FILE|FOLDER ...]",
        description="Pennylane invoices as code.",
        epilog=f"verbs:\n{verbs}\n\n'pennyform help VERB' explains a verb.",
    )
    parser.add_argument("--version", action="version", version=f"pennyform {__version__}")
    parser.add_argument("verb", metavar="VERB", help=argparse.SUPPRESS)
    if not argv:
        from pennyform.cli.commands.installation import overview

        overview.run(terminal)
    verb: str = parser.parse_args(argv[:1] or ["--help"]).verb
    if verb not in VERBS:
        import difflib

        near = [_OTHER_NAMES[verb]] if verb in _OTHER_NAMES else difflib.get_close_matches(verb, VERBS, n=1)
        parser.error(f"there is no verb '{verb}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    return verb


def _configure(name: str, parser: argparse.ArgumentParser) -> Any:
    """Declare the options of a verb; returns the class that reads them."""
    options_class = importlib.import_module(f"pennyform.cli.options.{VERBS[name].kind}").OPTIONS[name]
    options_class.configure(parser)
    return options_class


def _run(argv: Sequence[str], terminal: Terminal, runtime: Runtime | None) -> int:
    if argv and argv[0] == "help":
        if {*argv[1:2]} & {"help", "--help", "-h"}:
            usage, text = "pennyform help [VERB]", "Show the options of a verb; without one, list the verbs."
            _Parser(terminal, prog="pennyform help", usage=usage, description=text).parse_args(["--help"])
        argv = [*argv[1:], "--help"]
    name = _find_verb(argv, terminal)
    verb = VERBS[name]
    parser = _Parser(terminal, prog=f"pennyform {name}", description=f"pennyform {name}: {verb.help}.")
    if verb.examples:
        lines = [f"  pennyform {name} {words}".rstrip() for words in verb.examples]
        parser.epilog = "\n".join(["examples:", *lines])
    options_class = _configure(name, parser)
    args = parser.parse_args(argv[1:])
    terminal = terminal._replace(no_color=getattr(args, "no_color", False))
    options = options_class.read(args)
    command = importlib.import_module(f"pennyform.cli.commands.{verb.kind}.{name}")
    if not verb.uses_account:
        return int(command.run(options, terminal))
    from pennyform.cli.connection import log_calls
    from pennyform.cli.definitions import run_with_account
    from pennyform.engine.runtime import Runtime

    log_calls(terminal, verbose=getattr(args, "verbose", False))

    targets = getattr(options, "targets", None)
    if targets and targets.is_for_several:
        from pennyform.cli.commands.account.companies import COMMANDS
        from pennyform.cli.companies import refuse_several, run_companies

        runs = (command.run, COMMANDS.get(name, refuse_several))
        return int(run_companies(*runs, options, terminal, runtime or Runtime.system()))
    return int(run_with_account(command.run, options, terminal, runtime or Runtime.system()))


def main(
    argv: Sequence[str] | None = None, *, terminal: Terminal | None = None, runtime: Runtime | None = None
) -> int:
    """Run one command.

    Args:
        argv: the words after the program's name; ``sys.argv[1:]`` when left out.
        terminal: streams and environment variables; those of this process when left out.
        runtime: the machine that commands with an account run on; the real one when left out.

    Returns:
        The exit code, one of :class:`~pennyform.cli.terminal.Exit`.
    """
    if "_ARGCOMPLETE" in os.environ:
        from pennyform.cli.commands.installation.completion import complete

        complete({name: verb.help for name, verb in VERBS.items()}, _configure)
    if terminal is None:
        # The process is ours. What a command reads stays to its end: to look through it for garbage at every
        # 700 objects took a tenth of the time that 20,000 rows take.
        gc.set_threshold(20_000, 10, 10)
    terminal = (terminal or Terminal.system()).guarded()
    code = _run_to_an_exit_code(argv, terminal, runtime)
    if problem := lost(terminal.stdout):
        terminal.print_error(f"warning output: standard output could not be written: {problem}")
    return code


def _run_to_an_exit_code(argv: Sequence[str] | None, terminal: Terminal, runtime: Runtime | None) -> int:
    try:
        return _run(sys.argv[1:] if argv is None else argv, terminal, runtime)
    except Failure as problem:
        from pennyform.invoices.schema.rules import with_rule_texts

        terminal.print_findings(with_rule_texts(problem.findings))
        return Exit.ERROR
    except KeyboardInterrupt:
        terminal.print_error("interrupted")
        return Exit.INTERRUPTED
    except OSError as problem:
        terminal.print_os_error(problem)
        return Exit.ERROR
    except Exception as defect:
        terminal.print_bug(defect)
        return Exit.ERROR
