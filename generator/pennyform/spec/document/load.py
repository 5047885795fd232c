"""Read a contract from a file or over HTTPS, within limits, and make sure that it is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import strict_json
from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document.budget import LONGEST_NAME, VALUES, Limits
from pennyform.spec.document.json_types import Json, JsonObject, all_values, child
from pennyform.spec.document.structure import structure_errors

if TYPE_CHECKING:
    import ssl

_FIX = "No real contract has that: check where this document comes from."


@dataclass(frozen=True, slots=True)
class Source:
    """A contract as it was read: ``name`` is a URL or a file's base name, ``content`` the very bytes."""

    name: str
    content: bytes
    document: JsonObject


def load(source: str | Path, *, limits: Limits | None = None, trust: ssl.SSLContext | None = None) -> Source:
    """Read one contract document.

    Args:
        source: a path, or an ``https://`` URL (``http://`` only to this machine).
        limits: bounds on size, time and redirects; the defaults suit real contracts.
        trust: whose certificates to believe; the usual authorities when left out.

    Raises:
        Failure: it cannot be read, exceeds a limit, is not JSON, or is not an OpenAPI 3 document; every
            finding at once.
    """
    limits = limits or Limits()
    text = str(source)
    if "://" in text:
        from pennyform.spec.document.download import download  # not for those who read a file

        name, content = text, download(text, limits, trust=trust)
    else:
        name, content = Path(text).name, _read(Path(text), limits)
    if sum(map(content.count, (b",", b"[", b"{"))) > VALUES:
        raise failure("json-size", f"more than {VALUES:,} values", file=text, fix=_FIX)
    document = strict_json.parse(content, file=text)
    _check_names(document, text)
    problems = [(pointer, f"expected {expected}") for pointer, expected in structure_errors(document)]
    paths = document.get("paths") if isinstance(document, dict) else None
    if paths == {}:
        problems.append(("/paths", "there are no operations"))
    for path in paths if isinstance(paths, dict) else ():
        if not path.startswith("/"):
            problems.append((child("/paths", path), f"the path {path!r} does not begin with '/'"))
    findings = tidy(
        Finding(
            "not-a-contract",
            Severity.ERROR,
            f"{pointer or 'the document'}: {problem}",
            file=text,
            pointer=pointer,
            detail="Only an OpenAPI 3 document in JSON can be pinned.",
            fix="Check the file or URL: a login page or an error message is often saved in its place.",
        )
        for pointer, problem in problems
    )
    if findings:
        raise Failure(findings)
    return Source(name, content, document)


def _check_names(document: Json, file: str) -> None:
    """Names become part of places, at every level below them."""
    for value in all_values(document):
        name = max(value, key=len, default="") if isinstance(value, dict) else ""
        if len(name) > LONGEST_NAME:
            summary = f"the name {name[:40]!r}… is longer than {LONGEST_NAME} characters"
            raise failure("json-name", summary, file=file, fix=_FIX)


def _read(path: Path, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limits.size + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fix = "Give the path of the contract in JSON, or its https URL."
        raise failure("unreadable-file", f"cannot read {path}: {reason}", file=str(path), fix=fix) from None
    if len(content) > limits.size:
        fix = "The largest contract known is a sixth of that: check what this file is."
        raise failure("too-large", f"larger than {limits.size:,} bytes", file=str(path), fix=fix)
    return content
