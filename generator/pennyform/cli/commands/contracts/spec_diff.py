"""``pennyform spec diff``: what changed between two contracts, and what of yours it touches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.cli.contracts import contract_here, store_of
from pennyform.cli.options.contracts import DiffOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import Finding, failure
from pennyform.report import contract_diff
from pennyform.results.contract_diff import ChangeUses
from pennyform.results.documents import json_text
from pennyform.spec import read_overlays
from pennyform.spec.diff import Change, Severity, compare
from pennyform.spec.diff.names import moved_names
from pennyform.spec.diff.report.document import diff_document, is_failure, read_accepted, unused_acceptances
from pennyform.spec.diff.schemas.operations import resources
from pennyform.spec.diff.usage import Definitions, Text, search
from pennyform.spec.document.extensions import API
from pennyform.spec.document.load import load
from pennyform.spec.pin import pin
from pennyform.spec.pin.store import Store

_PLACES = re.compile(r" \(in \d+ places\)$")
_LARGEST_TEXT = 8 * 1024 * 1024
_SUFFIXES = (".yaml", ".yml", ".py", ".pyi")


def run(options: DiffOptions, terminal: Terminal) -> Exit:
    """Print the comparison; 4 when ``--fail-on`` says so."""
    accepted, moved = {}, None
    if options.accepted:
        accepted = read_accepted(_read(options.accepted), file=str(options.accepted))
    names = (options.old or f"{options.api} as generated", options.new or f"{options.api} as pinned")
    if options.old and options.new:
        (old, unread_old), (new, unread_new) = _contract(options.old), _contract(options.new)
        findings = _unread(unread_old, unread_new)
    else:
        if options.old:
            fix = "Name the contract to compare it with as well, or neither of them."
            raise failure("one-contract", "there is nothing to compare with", file=options.old, fix=fix)
        contract = contract_here()
        store = store_of(contract) if contract else Store.default()
        # What was generated from last, and what is pinned; the same when nothing has been fetched since.
        new = store.pinned(options.api)
        old, findings = store.previous(options.api) or new, []
        moved = []
        if old != new:
            # In the client that is emitted here.
            overlays = read_overlays(options.api, store, [])
            moved = moved_names(old, new, overlays, store.names(options.api))
    changes = compare(old, new)
    uses = look_through(changes, options.against, (old, new)) if options.against else None
    diff = diff_document(changes, old=names[0], new=names[1], accepted=accepted, uses=uses, moved=moved)
    terminal.print_findings([*findings, *unused_acceptances(accepted, changes)])
    if options.format == "json":
        terminal.write(json_text(diff))
    elif options.format == "markdown":
        terminal.write(contract_diff.render_markdown(diff))
    else:
        longest = None if options.show_all else 6
        terminal.write(contract_diff.render_text(diff, terminal.layout(), longest=longest))
    limit = Severity(options.fail_on) if options.fail_on else None
    return Exit.FINDINGS if is_failure(changes, accepted, limit) else Exit.OK


def _contract(source: str) -> tuple[dict[str, Any], list[Finding] | None]:
    """A contract, pinned if it is not, and what pinning did not understand; None if it was pinned before."""
    document = load(source).document
    if API in document["info"]:
        return document, None
    return pin(document, api="contract", file=source)


def _unread(old: list[Finding] | None, new: list[Finding] | None) -> list[Finding]:
    """What only one of two published contracts says that was not understood: it may be a change."""
    if old is None or new is None:
        return []
    # The number of places differs between contracts for the same sentence.
    before, after = (
        {_PLACES.sub("", finding.summary): finding for finding in findings} for findings in (old, new)
    )
    return [
        *(finding for summary, finding in before.items() if summary not in after),
        *(finding for summary, finding in after.items() if summary not in before),
    ]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_TEXT + 1)
        if len(content) > _LARGEST_TEXT:
            raise failure("too-large", f"larger than {_LARGEST_TEXT:,} bytes", file=str(path))
        return content.decode("utf-8-sig")
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise failure("unreadable-file", f"cannot read {path}: {reason}", file=str(path)) from None
    except UnicodeDecodeError:
        raise failure("not-utf-8", "the text is not UTF-8", file=str(path)) from None


def look_through(
    changes: list[Change], paths: Sequence[Path], contracts: tuple[dict[str, Any], ...]
) -> ChangeUses:
    """Look for what changed in files and folders; ``contracts`` are the two that were compared."""
    return search(changes, _texts(paths), _definitions(contracts))


def _texts(paths: Sequence[Path]) -> Iterator[Text]:
    """The files to look through, each once: those named, and those below the folders named."""
    files: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        for file in sorted(path.rglob("*")):
            parts = file.relative_to(path).parts
            hidden = any(part.startswith(".") or part in ("__pycache__", "node_modules") for part in parts)
            if file.suffix in _SUFFIXES and not hidden and file.is_file():
                files[file] = None
    return (Text(str(file), _read(file)) for file in files)


def _definitions(contracts: tuple[dict[str, Any], ...]) -> Definitions:
    """What definitions become, as the files say that derive their schemas from the contract."""
    import yaml

    operations: set[str] = set()
    names: dict[str, str] = {}
    for file in sorted((data.templates() / "definitions").glob("*.yaml")):
        differences = yaml.safe_load(_read(file))
        operations.update(_strings_in(differences))
        names.update({field: key["name"] for field, key in differences.get("keys", {}).items()})
    touched = frozenset(resource for contract in contracts for resource in resources(contract, operations))
    return Definitions(touched, names)


def _strings_in(value: Any) -> Iterator[str]:
    """Every text of a YAML value: operations stand under several keys."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings_in(inner)


def changes_text(
    old: dict[str, Any],
    new: dict[str, Any],
    *,
    names: tuple[str, str],
    against: Sequence[Path],
    terminal: Terminal,
) -> str:
    """How two pinned contracts differ for those who call them: ``spec fetch`` and ``generate`` end so.

    Args:
        old: the contract there was.
        new: the contract there is.
        names: what to call the two.
        against: files and folders to look through for uses of what changed.
        terminal: where it will be printed.
    """
    changes = compare(old, new)
    uses = look_through(changes, against, (old, new)) if against else None
    diff = diff_document(changes, old=names[0], new=names[1], accepted={}, uses=uses)
    return "\n" + contract_diff.render_text(diff, terminal.layout())
