"""Strict YAML: bytes → plain data with marks, or findings that say where and why not.

Everything that YAML adds to JSON beyond layout and comments (anchors, aliases, tags, merge keys, duplicate
keys, a second document) is rejected where it stands, and reading goes on behind it. Working on PyYAML's
events, below its constructors, means that none of these has had an effect by the time that it is seen.
Every limit is checked before the work that it bounds: the size before a file is read, the encoding before it
is parsed, depth and number of values before they are kept.

Scalars have JSON's grammar, and nothing that two readers could read differently. YAML 1.1 reads ``010`` as 8,
``12:30:45`` as 45045, ``1_000`` as a number and ``no`` as false; YAML 1.2 reads some of them otherwise. Text
like that is rejected instead of guessed. Dates stay text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import yaml
from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.document import Document, Mark, Path, YamlMapping, YamlValue, pointer
from pennyform.safe_files import FolderCache, UnsafeFileError, is_secret, open_inside
from pennyform.text import FILLERS

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

DEEPEST = 32
MOST_NODES = 100_000
# Every finding about a value repeats the keys around it.
LONGEST_KEY = 200
_CARRIAGE_RETURN = re.compile("\r")
_IN_ITS_PLACE = "The values of an invoice must be readable in place, without following references."

# What no invoice needs and what can make a text show something else than it says: control characters, line
# separators that are not line feeds, every format character (Unicode's category Cf: zero-width, soft hyphen,
# word joiner, bidirectional, tags), every other code point that is ignored when shown (its property
# Default_Ignorable_Code_Point, assigned or not), fillers, lone surrogates and noncharacters.
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_FORMAT = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_NO_CHARACTERS = "\ud800-\udfff\ufdd0-\ufdef" + "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
FORBIDDEN = re.compile(f"[{_CONTROLS}{_FORMAT}{FILLERS}{_NO_CHARACTERS}]")

# Far above any amount or identifier, and small enough that no arithmetic on it can run away.
_LONGEST_NUMBER = 40
_HIGHEST_EXPONENT = 30
_EXPONENT_DIGITS = len(str(_HIGHEST_EXPONENT))

_CONSTANTS = {"null": None, "": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_YAML_WORD = re.compile(r"(?i:yes|no|on|off|null|true|false)|~")
_YAML_NUMBER = re.compile(
    r"""[-+]?(?:
        0x[0-9a-fA-F_]+ | 0o[0-7_]+ | 0b[01_]+        # other bases
      | [0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?   # base 60
      | [0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?
      | \.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
      | \.(?i:inf)
    ) | \.(?i:nan)""",
    re.VERBOSE,
)

# One object for the same text: many definitions say 20, and each would keep a Decimal of its own.
_decimal = lru_cache(4096)(Decimal)

Scalar = str | int | Decimal | bool | None


# --- scalars ----------------------------------------------------------------------------------------------


class Ambiguous(NamedTuple):
    """A scalar that is rejected: why, and what to write instead."""

    reason: str
    fix: str


def resolve(text: str) -> Scalar | Ambiguous:
    """What the plain scalar ``text`` stands for. Numbers keep every digit that is written."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = _NUMBER.fullmatch(text)
    if number:
        # An exponent of many digits is more than Decimal itself reads.
        exponent = (number.group(2) or "").lstrip("eE+-0")
        is_bounded = len(text) <= _LONGEST_NUMBER and len(exponent) <= _EXPONENT_DIGITS
        value = _decimal(text) if is_bounded else None
        if value is None or abs(value.adjusted()) > _HIGHEST_EXPONENT:
            reason = f"a number has at most {_LONGEST_NUMBER} characters and {_HIGHEST_EXPONENT} places"
            return Ambiguous(reason, "write it shorter, or quote it if it is text")
        return value if number.group(1) or number.group(2) else int(text)
    if _YAML_WORD.fullmatch(text):
        word = text.lower()
        meaning = {"~": "null", "yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
        reason = f"some YAML readers take it for {meaning}, others for text"
        return Ambiguous(reason, f'quote it: "{text}", or write {meaning}')
    if _YAML_NUMBER.fullmatch(text):
        return Ambiguous("some YAML readers take it for a number, others for text", f'quote it: "{text}"')
    return text


# --- events -----------------------------------------------------------------------------------------------


def _invisible(match: re.Match[str]) -> str:
    return f"the invisible character U+{ord(match.group()):04X} is not allowed"


class StopReadingError(Exception):
    """A bound is exceeded: the rest of the file is not read, the findings so far are kept."""


class DocumentBuilder:
    """Builds one document from a stream of events, with a finding for whatever is rejected."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.marks: dict[Path, Mark] = {}
        self.spoiled: set[Path] = set()
        self.nodes = 0

    def build(self, events: Iterator[Any]) -> Document | None:
        """The one document in ``events``; None when there is none, or when it is empty."""
        self.events = events
        value = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                value = self._node(next(events), (), None)
                next(events)
                break
        for event in events:
            if isinstance(event, DocumentStartEvent):
                summary = "a second document begins here"
                self._reject("yaml-documents", summary, event, ())
                break
        return None if value is None else Document(self.name, value, self.marks, self.spoiled)

    def _node(self, event: Any, path: Path, key: Any | None) -> YamlValue:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            summary = f"the file holds more than {MOST_NODES:,} values"
            self._reject("yaml-too-many-nodes", summary, event, path)
            raise StopReadingError
        # Counted here because each level is a call of ours: far below the interpreter's recursion limit.
        if len(path) > DEEPEST:
            summary = f"values are nested more than {DEEPEST} deep here"
            self._reject("yaml-too-deep", summary, event, path)
            raise StopReadingError
        start = event.start_mark
        key_start = key.start_mark if key else start
        self.marks[path] = Mark(
            self.name, start.line + 1, start.column + 1, key_start.line + 1, key_start.column + 1
        )
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, AliasEvent):
            self.spoiled.add(path)
            summary, fix = (
                f"`*{event.anchor}` repeats a value from elsewhere",
                "write the value out, or use a template",
            )
            self._reject("yaml-anchor", summary, event, path, detail=_IN_ITS_PLACE, fix=fix)
            return None
        self._reject_anchor_and_tag(event, path)
        if isinstance(event, SequenceStartEvent):
            items: list[YamlValue] = []
            for item in self.events:
                if isinstance(item, SequenceEndEvent):
                    break
                items.append(self._node(item, (*path, len(items)), None))
            return items
        return self._mapping(path)

    def _mapping(self, path: Path) -> YamlMapping:
        members: YamlMapping = {}
        for key in self.events:
            if isinstance(key, MappingEndEvent):
                break
            name = self._key(key, path)
            if name is not None and name not in members:
                members[name] = self._node(next(self.events), (*path, name), key)
                continue
            if name is not None:
                first = self.marks[(*path, name)]
                detail = f"First given on line {first.key_line}. Most YAML readers silently keep the last."
                self._reject(
                    "yaml-duplicate-key", f"`{name}` is given twice", key, (*path, name), detail=detail
                )
            # The value of a key that does not count is passed over; the marks of the one that does are kept.
            marks, self.marks = self.marks, {}
            self._node(next(self.events), (*path, ""), key)
            self.marks = marks
        return members

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, ScalarEvent):
            self._reject("yaml-key", "a key must be a plain word", event, path)
            if not isinstance(event, AliasEvent):
                self._node(event, (*path, ""), None)
            return None
        self._reject_anchor_and_tag(event, path)
        if event.value == "<<" and event.implicit[0]:
            summary, fix = "`<<` would merge other values in here", "write the fields out, or use a template"
            self._reject("yaml-merge", summary, event, path, detail=_IN_ITS_PLACE, fix=fix)
            return None
        name = str(event.value)
        if len(name) > LONGEST_KEY:
            self._reject("yaml-key", f"a key has at most {LONGEST_KEY} characters", event, path)
            return None
        match = self._forbidden(name)
        if match:
            self._reject("control-character", _invisible(match), event, (*path, name))
            # As it looks, so that no field is missing besides.
            return FORBIDDEN.sub("", name)
        return name

    def _scalar(self, event: Any, path: Path) -> YamlValue:
        self._reject_anchor_and_tag(event, path)
        text: str = event.value
        match = self._forbidden(text)
        if match:
            self.spoiled.add(path)
            self._reject("control-character", _invisible(match), event, path)
        if not event.implicit[0]:  # quoted, or a block
            return text
        value = resolve(text)
        if isinstance(value, Ambiguous):
            self.spoiled.add(path)
            short = text if len(text) <= 40 else text[:37] + "…"
            summary = f"`{short}` is ambiguous: {value.reason}"
            self._reject("yaml-ambiguous", summary, event, path, fix=value.fix)
            return text
        return value

    @staticmethod
    def _forbidden(text: str) -> re.Match[str] | None:
        """The first character of ``text`` that nobody sees, which an escape may have put there."""
        if text.isascii() and text.isprintable():
            return None
        return FORBIDDEN.search(text) or _CARRIAGE_RETURN.search(text)

    def _reject_anchor_and_tag(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            summary = f"the anchor `&{event.anchor}` is not allowed"
            fix = "delete it, and write the value out where it is used"
            self._reject("yaml-anchor", summary, event, path, detail=_IN_ITS_PLACE, fix=fix)
        if event.tag is not None and event.tag != "!":
            self.spoiled.add(path)
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._reject("yaml-tag", f"the tag `{tag}` is not allowed", event, path)

    def _reject(
        self, rule: str, summary: str, event: Any, path: Path, *, detail: str = "", fix: str = ""
    ) -> None:
        self.findings.append(
            Finding(
                rule,
                Severity.ERROR,
                summary,
                file=self.name,
                line=event.start_mark.line + 1,
                column=event.start_mark.column + 1,
                pointer=pointer(path),
                detail=detail,
                fix=fix,
            )
        )


# --- files ------------------------------------------------------------------------------------------------


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
