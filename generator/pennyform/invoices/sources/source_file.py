"""Files of a run: where each is, reading it, and what it declares.

A file that a definition names lies inside the repository, whatever its path says and wherever links lead.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Finding, Severity, closest_name, errors
from pennyform.invoices.model import Place
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.yaml.document import Document, YamlValue
from pennyform.invoices.yaml.reader import FORBIDDEN, read, read_bytes
from pennyform.safe_files import FolderCache, real_path, settings_above

# A line break in a name would begin a line of its own in a log, where it could be taken for a command.
_FORBIDDEN_IN_NAMES = re.compile(f"[\t\r\n]|{FORBIDDEN.pattern}")


class UnsafePathError(ValueError):
    """A path that must not be followed, or leads to no file; the text says why, ``fix`` what may be meant."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix


def resolve_inside(root: Path, folder: Path, relative: str) -> Path:
    """The regular file inside ``root`` that ``relative`` names.

    Args:
        root: the folder of the invoice repository, resolved.
        folder: where the definition lies that names the file; ``relative`` starts from it.
        relative: a path with ``/`` between folders.

    Returns:
        The file, free of symbolic links.

    Raises:
        UnsafePathError: the path is absolute, leads out of ``root`` itself or by a symbolic link, or there
            is no regular file there.
    """
    if Path(relative).is_absolute():
        raise UnsafePathError("the path must be relative to the definition")
    if "\\" in relative or "\0" in relative:
        raise UnsafePathError("folders are separated by `/`")
    if "\n" in relative or FORBIDDEN.search(relative):
        raise UnsafePathError("its name holds an invisible character", "rename the file")
    path = Path(os.path.normpath(folder / relative))
    # Before the file system is asked: whether a file exists elsewhere is nobody's business.
    if not path.is_relative_to(root):
        raise UnsafePathError("it lies outside the invoice repository")
    try:
        real = path.resolve(strict=True)
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        # The names in a folder elsewhere are nobody's business either.
        close = close_name(path) if leads_inside(path.parent, root) else ""
        fix = f"write `{relative.removesuffix(path.name)}{close}`" if close else ""
        raise UnsafePathError("there is no such file", fix) from error
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its symbolic links go in circles"
        raise UnsafePathError(f"it cannot be read: {reason}") from error
    if not real.is_relative_to(root):
        raise UnsafePathError("a symbolic link leads out of the invoice repository")
    if settings_above(real.parent) not in (None, root):
        raise UnsafePathError("it lies in another invoice repository")
    if not is_regular:
        raise UnsafePathError("it is not a regular file")
    return real


def close_name(missing: Path) -> str:
    """The name beside a missing file that is probably meant; "" when none is close."""
    try:
        names = sorted(path.name for path in missing.parent.iterdir())
    except OSError:
        return ""
    return closest_name(missing.name, names, cutoff=0.85)


def rejected_files(files: Iterable[tuple[Path, str]], root: Path) -> dict[Path, Finding]:
    """Those of ``files`` that are not to be read, for their names or where they lead, each with the reason.

    Args:
        files: each with the name that findings call it by.
        root: the folder of the invoice repository, resolved.
    """
    rejected = {}
    for path, name in files:
        if _FORBIDDEN_IN_NAMES.search(name):
            rejected[path] = Finding(
                "control-character",
                Severity.ERROR,
                "the name of the file holds an invisible character",
                _FORBIDDEN_IN_NAMES.sub(lambda match: f"\\u{ord(match.group()):04x}", name),
                1,
                1,
                detail="It was not read: such a name can make a log say something else than what is so.",
                fix="rename it",
            )
        # os.path is several times as fast as pathlib, and this is asked of every file.
        elif os.path.islink(path) and not _belongs(path, root):  # noqa: PTH114
            rejected[path] = Finding(
                "file-unreadable",
                Severity.ERROR,
                "it is a link that leads out of the repository, or nowhere",
                name,
                1,
                1,
                detail="What it leads to is not read: a repository speaks for itself.",
                fix="put what it leads to here",
            )
    return rejected


def leads_inside(link: Path, root: Path) -> bool:
    """Whether ``link``, or any path, leads to something inside ``root``."""
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _belongs(link: Path, root: Path) -> bool:
    """Whether ``link`` leads to something of the repository in ``root``, not of another one inside it."""
    return leads_inside(link, root) and settings_above(real_path(link).parent) in (None, root)


MOST_BYTES_KEPT = 32 * 1024 * 1024


class Source(NamedTuple):  # sent to worker processes by the thousand: a tuple is pickled fastest
    """One file to read, which lies in the folder ``root`` after every link is resolved.

    ``kind`` is what its folder says it declares, "" when the folder does not say.
    """

    path: Path
    name: str
    kind: str
    root: Path


class SourceFile(NamedTuple):
    """A file that has been read. ``document`` and ``content`` are None when nothing could be made of it."""

    source: Source
    document: Document | None
    content: bytes | None
    findings: list[Finding]

    @property
    def is_well_formed(self) -> bool:
        """Whether the file is YAML without an error."""
        return not errors(self.findings)


class FileReader:
    """Reads the files of one run, each once, so that all parts of a run see the same content.

    Contents are kept up to ``MOST_BYTES_KEPT`` in all, some 16,000 definitions: memory does not grow with a
    repository beyond that, and what is not kept is read again when it is needed again.
    """

    def __init__(self, *, hash_contents: bool = False) -> None:
        self.budget = Budget()
        """What everything that the run reads and makes draws on."""
        self.sha256: dict[Path, str] = {}
        """The SHA-256 of each file that was read, when hashes are asked for."""
        self._hash_contents = hash_contents
        self._folder = FolderCache()
        self._contents: dict[Path, bytes] = {}
        self._bytes_kept = 0

    def content(self, source: Source) -> tuple[bytes | None, Finding | None]:
        """The bytes of a file, or the finding that says why there are none."""
        if source.path in self._contents:
            return self._contents[source.path], None
        content, problem = read_bytes(source.path, source.name, source.root, self._folder)
        if content is None:
            return None, problem
        if self._bytes_kept + len(content) <= MOST_BYTES_KEPT:
            self._contents[source.path] = content
            self._bytes_kept += len(content)
        return content, None

    def draw(self, source: Source, content: bytes) -> None:
        """Count a file that is about to be parsed; raises OverBudgetError when the run has had its share."""
        self.budget.draw("files", 1, lambda: Place(source.name, 1, 1))
        self.budget.draw("bytes", len(content), lambda: Place(source.name, 1, 1))

    def read(self, source: Source) -> SourceFile:
        """Read and parse one file."""
        content, problem = self.content(source)
        if content is None:
            return SourceFile(source, None, None, [problem] if problem else [])
        self.draw(source, content)
        if self._hash_contents:
            import hashlib  # loads OpenSSL, which checking alone does not need

            self.sha256[source.path] = hashlib.sha256(content).hexdigest()
        document, findings = read(content, source.name)
        return SourceFile(source, document, content, findings)


KINDS = ("invoice", "customer", "product", "invoice-template")
_WITH_SERIES = ("invoice", "customer", "product")
_KINDS_OF_INVOICES = ("imported_invoice", "credit_note")

# Fields that tell what a file declares when neither its folder nor the file itself says so.
_KIND_BY_FIELD = {
    "invoice_lines": "invoice",
    "customer": "invoice",
    "template": "invoice",
    "billing_address": "customer",
    "price_before_tax": "product",
    "for_each": "invoice",
    "parameters": "invoice-template",
    "extends": "invoice-template",
}

# Without any of these an unparsed file outside the special folders can only be an invoice. A backslash may
# spell a key in escapes.
_HINTS = (b"kind", b"billing_address", b"price_before_tax", b"parameters", b"extends", b"\\")


def kind_of(source: Source, document: Document) -> str:
    """What a file declares: it says so itself, or its folder does, or else its fields do."""
    value = document.value if isinstance(document.value, dict) else {}
    kind = value.get("kind")
    if kind in KINDS:
        return str(kind)
    if kind in _KINDS_OF_INVOICES:
        return "invoice"
    if source.kind:
        return source.kind
    return next((kind for field, kind in _KIND_BY_FIELD.items() if field in value), "invoice")


def is_surely_an_invoice(source: Source, content: bytes | None) -> bool:
    """Whether a file declares an invoice, or cannot be read, whatever it turns out to say in detail."""
    return not source.kind and (content is None or not any(hint in content for hint in _HINTS))


def definition_schema_name(value: YamlValue, kind: str = "invoice") -> str:
    """The name of the schema for a definition: of one or of many; an invoice is created or imported.

    Args:
        value: what the file says.
        kind: what it declares. A template and the settings have one schema each.
    """
    fields = value if isinstance(value, dict) else {}
    if kind not in _WITH_SERIES:
        return kind
    is_imported = kind == "invoice" and ("file" in fields or fields.get("kind") == "imported_invoice")
    name = "imported-invoice" if is_imported else kind
    return f"definitions/{name}{'-series' if 'for_each' in fields else ''}"
