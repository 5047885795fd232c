"""The companies of a repository: the folders that ``companies`` of its settings lists.

Each of them is a repository of its own, with its own account. From the root, the repository that lists it,
it inherits settings, customers, products and templates; never what says which account is meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.sources.source_file import FileReader, Source
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.document import Path as StepsToValue
from pennyform.safe_files import SETTINGS_FILE, settings_above

# Each of them is compared with each folder.
MOST_PATTERNS = 50
_ACCOUNT_PATHS: tuple[StepsToValue, ...] = (
    ("environments", "production", "policies", "company_id"),
    ("policies", "company_id"),
)
MOST_COMPANIES = 10_000


class Company(NamedTuple):
    """A folder that the root lists. ``name`` is what ``--company`` calls it: the folder's own name."""

    name: str
    folder: Path


def patterns_of(settings: Document | None) -> tuple[str, ...]:
    """The patterns of ``companies``; what is wrong with them is reported by who checks the settings."""
    value = settings.value.get("companies") if settings and isinstance(settings.value, dict) else None
    entries = value if isinstance(value, list) else []
    # Patterns name folders below the root, none of them hidden.
    return tuple(
        text
        for text in entries[:MOST_PATTERNS]
        if isinstance(text, str) and all(part and not part.startswith(".") for part in text.split("/"))
    )


def root_of(folder: Path, reader: FileReader, name: str) -> tuple[Source, Document | None] | None:
    """The settings of the repository that lists ``folder`` among its companies.

    Args:
        folder: of a repository with settings, free of links.
        reader: reads the root's settings.
        name: how findings call the folder.

    Returns:
        None when no repository is around it, or the nearest one does not list it. Without a document when
        that one's settings cannot be read: nobody can say then which limits it sets.
    """
    root = settings_above(folder.parent)
    if root is None:
        return None
    path = root / SETTINGS_FILE
    source = Source(path, os.path.normpath(Path(name, os.path.relpath(path, folder))), "", root)
    document = reader.read(source).document
    parts = folder.relative_to(root).parts
    is_listed = any(
        len(parts) == len(names) and all(map(fnmatchcase, parts, names))
        for names in (pattern.split("/") for pattern in patterns_of(document))
    )
    return (source, document) if is_listed or document is None else None


def list_companies(settings: Document, root: Path) -> tuple[list[Company], list[Finding]]:
    """The companies that ``settings`` of the repository in ``root`` list, by name, and what is wrong."""
    companies: dict[str, Company] = {}
    findings: list[Finding] = []
    for index, pattern in enumerate(patterns_of(settings)):
        path = ("companies", index)
        folders = list(_folders(root, pattern.split("/")))
        if not folders:
            findings.append(settings.finding("company-folder", f"no folder matches `{pattern}`", path))
        for folder in folders:
            name = folder.name
            relative = folder.relative_to(root).as_posix()
            problem = ""
            if folder.is_symlink() or folder.resolve() != folder:
                problem = f"`{relative}` is a link"
            elif not os.path.lexists(folder / SETTINGS_FILE):
                problem = f"`{relative}` has no {SETTINGS_FILE}"
            elif name in companies and companies[name].folder != folder:
                problem = f"two folders are called `{name}`"
            if problem:
                findings.append(settings.finding("company-folder", problem, path))
            else:
                companies[name] = Company(name, folder)
    return sorted(companies.values())[:MOST_COMPANIES], findings


def _folders(folder: Path, pattern: Sequence[str]) -> Iterator[Path]:
    """The folders that ``pattern`` names below ``folder``, sorted; hidden ones are left out."""
    first, *rest = pattern
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return
    for name in names:
        if name.startswith(".") or not fnmatchcase(name, first):
            continue
        if not rest:
            yield folder / name
        # What lies behind a link lies elsewhere.
        elif not (folder / name).is_symlink():
            yield from _folders(folder / name, rest)


def companies_of(path: Path) -> tuple[list[Company], list[Finding]]:
    """The companies of the repository around ``path``, or of the root that lists it, and what is wrong."""
    reader = FileReader()
    root = settings_above(path)
    while root is not None:
        file = root / SETTINGS_FILE
        document = reader.read(Source(file, str(file), "", root)).document
        if document is not None and patterns_of(document):
            return list_companies(document, root)
        root = settings_above(root.parent)
    return [], []


def account_of(settings: Document | None) -> tuple[int, StepsToValue] | None:
    """The id of the real account that settings name, and where they do; None when they name none."""
    for path in _ACCOUNT_PATHS:
        value = settings.value if settings else None
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, int):
            return value, path
    return None


class SharedAccount(NamedTuple):
    """A company whose real account an earlier one, ``other``, has too, as its settings say at ``path``."""

    company: Company
    other: str
    settings: Document
    path: StepsToValue


def shared_accounts(
    companies: Sequence[Company], reader: FileReader, name_of: Callable[[Path], str] = str
) -> Iterator[SharedAccount]:
    """The companies whose real account an earlier one has too.

    Args:
        companies: those to compare.
        reader: reads the settings of each.
        name_of: how findings call a file.
    """
    names: dict[int, str] = {}
    for company in companies:
        file = company.folder / SETTINGS_FILE
        settings = reader.read(Source(file, name_of(file), "", company.folder)).document
        account = account_of(settings)
        if settings is None or account is None:
            continue
        other = names.setdefault(account[0], company.name)
        if other != company.name:
            yield SharedAccount(company, other, settings, account[1])


def same_accounts(companies: Sequence[Company]) -> dict[str, str]:
    """The names of companies whose real account another one has too, each with the name of that one."""
    same: dict[str, str] = {}
    for shared in shared_accounts(companies, FileReader()):
        same |= {shared.company.name: shared.other, shared.other: shared.company.name}
    return same
