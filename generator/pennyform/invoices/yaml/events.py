"""YAML events → plain data with marks.

Everything that YAML adds to JSON beyond layout and comments (anchors, aliases, tags, merge keys, duplicate
keys, a second document) is rejected where it stands, and building goes on behind it. Depth and the number of
nodes are bounded. Working on PyYAML's events, below its constructors, means that none of these has had an
effect by the time that it is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.document import Document, Mark, Path, YamlMapping, YamlValue, pointer
from pennyform.invoices.yaml.scalars import FORBIDDEN, Ambiguous, resolve

DEEPEST = 32
MOST_NODES = 100_000

# libyaml's parser where PyYAML was built with it: about ten times as fast as the one in Python.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CARRIAGE_RETURN = re.compile("\r")
_IN_ITS_PLACE = "What an invoice says must stand where it is read."


def read_events(text: str, name: str) -> tuple[Document | None, list[Finding]]:
    """Read ``text``, a file that findings call ``name``; no document where it is empty or malformed."""
    builder = DocumentBuilder(name)
    document = None
    try:
        document = builder.build(yaml.parse(text, Loader=_LOADER))
    except StopReadingError:
        pass
    except yaml.MarkedYAMLError as error:
        exceeded = _exceeded_bound(text, name, error) if isinstance(error, yaml.scanner.ScannerError) else []
        return None, exceeded or [*builder.findings, _syntax_finding(error, name)]
    except (yaml.YAMLError, ValueError) as error:
        builder.findings.append(
            Finding("yaml-syntax", Severity.ERROR, f"not readable as YAML: {error}", name, 1, 1)
        )
    return document, builder.findings


def _exceeded_bound(text: str, name: str, error: yaml.MarkedYAMLError) -> list[Finding]:
    """The findings on ``text`` when a bound of ours is exceeded before the place of ``error``, else none.

    The parser looks ahead on a line before it gives the first event of it. Brackets that nest deeper than its
    own limit, which differs between its versions, are then its error before we have seen one of them. So
    what stands before that place is read by itself, and our own count decides.
    """
    ends = [mark.index for mark in (error.context_mark, error.problem_mark) if mark]
    builder = DocumentBuilder(name)
    try:
        builder.build(yaml.parse(text[: min(ends, default=0)], Loader=_LOADER))
    except StopReadingError:
        return builder.findings
    except (yaml.YAMLError, ValueError):
        pass
    return []


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


def _syntax_finding(error: yaml.MarkedYAMLError, name: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "unknown"
    return Finding(
        "yaml-syntax",
        Severity.ERROR,
        f"not readable as YAML: {problem}",
        file=name,
        line=mark.line + 1 if mark else 1,
        column=mark.column + 1 if mark else 1,
        detail=f"{error.context[0].upper()}{error.context[1:]}." if error.context else "",
        fix=next((fix for words, fix in _SYNTAX_FIXES.items() if words in problem), ""),
    )


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
            if isinstance(event, yaml.DocumentStartEvent):
                value = self._node(next(events), (), None)
                next(events)
                break
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
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
        if isinstance(event, yaml.AliasEvent):
            self.spoiled.add(path)
            summary, fix = (
                f"`*{event.anchor}` repeats a value from elsewhere",
                "write the value out, or use a template",
            )
            self._reject("yaml-anchor", summary, event, path, detail=_IN_ITS_PLACE, fix=fix)
            return None
        self._reject_anchor_and_tag(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path) -> list[YamlValue]:
        items: list[YamlValue] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, path: Path) -> YamlMapping:
        members: YamlMapping = {}
        for key in self.events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            name = self._key(key, path)
            if name in members or name is None:
                self._skip(name, key, path)
            else:
                members[name] = self._node(next(self.events), (*path, name), key)
        return members

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._reject("yaml-key", "a key must be a plain word", event, path)
            if not isinstance(event, yaml.AliasEvent):
                self._node(event, (*path, ""), None)
            return None
        self._reject_anchor_and_tag(event, path)
        if event.value == "<<" and event.implicit[0]:
            summary, fix = "`<<` would merge other values in here", "write the fields out, or use a template"
            self._reject("yaml-merge", summary, event, path, detail=_IN_ITS_PLACE, fix=fix)
            return None
        return str(event.value)

    def _skip(self, name: str | None, key: Any, path: Path) -> None:
        """Pass over the value of a key that does not count, keeping the marks of the one that does."""
        if name is not None:
            first = self.marks[(*path, name)]
            self._reject(
                "yaml-duplicate-key",
                f"`{name}` is given twice",
                key,
                (*path, name),
                detail=f"First given on line {first.key_line}. Most YAML readers silently keep the last.",
            )
        marks, self.marks = self.marks, {}
        self._node(next(self.events), (*path, ""), key)
        self.marks = marks

    def _scalar(self, event: Any, path: Path) -> YamlValue:
        text: str = event.value
        # No printable text holds a forbidden character; asking that first saves two searches for nearly all.
        match = not text.isprintable() and (FORBIDDEN.search(text) or _CARRIAGE_RETURN.search(text))
        if match:
            self.spoiled.add(path)
            summary = f"the invisible character U+{ord(match.group()):04X} is not allowed"
            self._reject("control-character", summary, event, path)
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
