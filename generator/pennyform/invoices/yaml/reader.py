"""Strict YAML: bytes → plain data with marks, or findings that say where and why not.

Every limit is checked before the work that it bounds: the size before a file is read, the encoding before it
is parsed, depth and number of values (in ``yaml.events``) before they are kept.
"""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import Any

import yaml

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.events import FORBIDDEN, DocumentBuilder, StopReadingError
from pennyform.safe_files import FolderCache, UnsafeFileError, is_secret, open_inside

LARGEST_FILE = 1024 * 1024  # bytes
_MOST_CHARACTER_FINDINGS = 20

# libyaml's parser where PyYAML was built with it: about ten times as fast as the one in Python.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The fix for the most frequent mistakes, by words of the parser's own message.
_SYNTAX_FIXES = {
    "cannot start any token": "indent with spaces, and quote text that begins with @, ` or %",
    "tab character": "indent with spaces",
    "mapping values are not allowed": "quote text that holds `: `, or mend the indentation",
    "unknown escape character": "write the text in single quotes, or `\\\\` for a backslash",
    "unexpected end of stream": "close the quote or the bracket that is open",
    "unknown directive": "delete the line: a definition needs no directive",
    "incompatible YAML document": "delete the line: a definition needs no directive",
}


def read_file(
    path: FilePath, name: str, root: FilePath
) -> tuple[Document | None, bytes | None, list[Finding]]:
    """Read one definition file.

    Args:
        path: where the file is.
        name: how findings call it.
        root: the folder that it lies in, after every link is resolved.

    Returns:
        The document (None when nothing could be made of the file), its bytes (None when they were not read),
        and every finding.
    """
    content, problem = read_bytes(path, name, root)
    if content is None:
        return None, None, [problem] if problem else []
    document, findings = read(content, name)
    return document, content, findings


def read(content: bytes, name: str) -> tuple[Document | None, list[Finding]]:
    """Read the bytes of one file that findings call ``name``."""
    if len(content) > LARGEST_FILE:
        return None, [_too_large(name, len(content))]
    text, findings = decode(content, name)
    if text is None:
        return None, findings
    builder = DocumentBuilder(name)
    document = None
    try:
        document = builder.build(yaml.parse(text, Loader=_LOADER))
    except StopReadingError:
        pass
    except yaml.MarkedYAMLError as error:
        return None, _syntax_findings(text, name, error, builder.findings)
    except (yaml.YAMLError, ValueError) as error:
        summary = f"not readable as YAML: {error}"
        builder.findings.append(Finding("yaml-syntax", Severity.ERROR, summary, name, 1, 1))
    if document is None and not builder.findings:
        builder.findings.append(Finding("file-empty", Severity.ERROR, "the file is empty", name, 1, 1))
    return document, builder.findings


def _syntax_findings(
    text: str, name: str, error: yaml.MarkedYAMLError, earlier: list[Finding]
) -> list[Finding]:
    """The findings on ``text``, which is no YAML: ``earlier`` and that of ``error``, or a bound exceeded.

    The parser looks ahead on a line before it gives the first event of it. Brackets that nest deeper than its
    own limit, which differs between its versions, are then its error before we have seen one of them. So
    what stands before that place is read by itself, and our own count decides.
    """
    if isinstance(error, yaml.scanner.ScannerError):
        ends = [mark.index for mark in (error.context_mark, error.problem_mark) if mark]
        builder = DocumentBuilder(name)
        try:
            builder.build(yaml.parse(text[: min(ends, default=0)], Loader=_LOADER))
        except StopReadingError:
            return builder.findings
        except (yaml.YAMLError, ValueError):
            pass
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "unknown"
    finding = Finding(
        "yaml-syntax",
        Severity.ERROR,
        f"not readable as YAML: {problem}",
        file=name,
        line=mark.line + 1 if mark else 1,
        column=mark.column + 1 if mark else 1,
        detail=f"{error.context[0].upper()}{error.context[1:]}." if error.context else "",
        fix=next((fix for words, fix in _SYNTAX_FIXES.items() if words in problem), ""),
    )
    return [*earlier, finding]


def read_bytes(
    path: FilePath, name: str, root: FilePath, cache: FolderCache | None = None
) -> tuple[bytes | None, Finding | None]:
    """The bytes of a regular file within the size limit, or the finding that says why there are none.

    Args:
        path: the file.
        name: what findings call it.
        root: the folder that it lies in, after every link is resolved.
        cache: holds the file's folder open, for whoever reads many.
    """
    try:
        with open(open_inside(root, path, cache), "rb", buffering=0) as stream:  # noqa: PTH123 - a descriptor
            status = os.fstat(stream.fileno())
            if is_secret(status, root):
                reason = "only its owner may, while others may read pennyform.yaml"
                return None, _unreadable(name, reason)._replace(
                    detail="That is how a token is kept. What is read here is shown in findings and plans.",
                    fix="if it is no secret, let others read it like the files beside it (chmod a+r)",
                )
            if status.st_size > LARGEST_FILE:
                return None, _too_large(name, status.st_size)
            content = stream.read(status.st_size + 1) or b""
            if len(content) > status.st_size:
                # It has grown since: one byte more than allowed is enough to tell. This is not asked of every
                # file, because room for so many bytes takes longer to make than a definition to read.
                content += stream.read(LARGEST_FILE) or b""
            return content, None
    except UnsafeFileError as error:
        return None, _unreadable(name, error.reason)
    except (OSError, ValueError) as error:
        return None, _unreadable(name, getattr(error, "strerror", None) or str(error))


def _unreadable(name: str, reason: str) -> Finding:
    return Finding("file-unreadable", Severity.ERROR, f"the file cannot be read: {reason}", name, 1, 1)


def _too_large(name: str, size: int) -> Finding:
    return Finding(
        "file-too-large",
        Severity.ERROR,
        f"the file has {size:,} bytes; a definition has at most {LARGEST_FILE:,}",
        file=name,
        line=1,
        column=1,
        detail="It was not parsed.",
    )


def decode(content: bytes, name: str) -> tuple[str | None, list[Finding]]:
    """The text of a file that findings call ``name``, without invisible characters; or None, and why."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = content.rfind(b"\n", 0, error.start) + 1
        return None, [
            Finding(
                "file-encoding",
                Severity.ERROR,
                "the file is not UTF-8",
                file=name,
                line=content.count(b"\n", 0, error.start) + 1,
                column=error.start - line_start + 1,
                detail=f"Byte 0x{content[error.start]:02x} does not belong there.",
            )
        ]
    # Asked first, because nearly every file is of characters that are all in order, and this is much faster.
    is_plain = text.isascii() and text.replace("\n", "").isprintable()
    matches = [] if is_plain else list(FORBIDDEN.finditer(text))
    more = len(matches) - _MOST_CHARACTER_FINDINGS
    findings = [
        Finding(
            "control-character",
            Severity.ERROR,
            f"the invisible character U+{ord(match.group()):04X} is not allowed",
            file=name,
            line=text.count("\n", 0, match.start()) + 1,
            column=match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1,
        )
        for match in matches[:_MOST_CHARACTER_FINDINGS]
    ]
    if more > 0:
        findings[-1] = findings[-1]._replace(detail=f"There are {more:,} more in the file.")
    return (None if findings else text), findings
