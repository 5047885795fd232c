"""YAML events → plain data with marks.

Everything that YAML adds to JSON beyond layout and comments is refused here, where it stands, and the
building goes on behind it. Depth and the number of nodes are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.characters import FORBIDDEN
from pennyform.invoices.yaml.document import Document, Mark, Path, pointer
from pennyform.invoices.yaml.scalars import Ambiguous, resolve

DEEPEST = 32
MOST_NODES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_events(text: str, name: str) -> tuple[Document | None, list[Finding]]:
    """Read ``text``, a file that findings call ``name``; no document where it is empty or not sound."""
    builder = Builder(name)
    document = None
    try:
        document = builder.document(yaml.parse(text, Loader=_LOADER))
    except StopReadingError:
        pass
    except yaml.MarkedYAMLError as error:
        bounded = _beyond_a_bound(text, name, error) if isinstance(error, yaml.scanner.ScannerError) else []
        return None, bounded or [*builder.findings, _syntax(error, name)]
    except (yaml.YAMLError, ValueError) as error:
        builder.findings.append(
            Finding("yaml-syntax", Severity.ERROR, f"not readable as YAML: {error}", name, 1, 1)
        )
    return document, builder.findings


def _beyond_a_bound(text: str, name: str, error: yaml.MarkedYAMLError) -> list[Finding]:
    """The findings on ``text`` when a bound of ours is passed before the place of ``error``, else none.

    The parser looks ahead on a line before it gives the first event of it. Brackets that nest deeper than it
    bears itself, which differs between its versions, are then its error before we have seen one of them. So
    what stands before that place is read by itself, and our own count decides.
    """
    ends = [mark.index for mark in (error.context_mark, error.problem_mark) if mark]
    builder = Builder(name)
    try:
        builder.document(yaml.parse(text[: min(ends, default=0)], Loader=_LOADER))
    except StopReadingError:
        return builder.findings
    except (yaml.YAMLError, ValueError):
        pass
    return []


# What to do about the slips that are made most, by words of the parser's own sentence.
_SYNTAX_FIXES = {
    "cannot start any token": "indent with spaces, and quote text that begins with @, ` or %",
    "tab character": "indent with spaces",
    "mapping values are not allowed": "quote text that holds `: `, or mend the indentation",
    "unknown escape character": "write the text in single quotes, or `\\\\` for a backslash",
    "unexpected end of stream": "close the quote or the bracket that is open",
    "unknown directive": "delete the line: a definition needs no directive",
    "incompatible YAML document": "delete the line: a definition needs no directive",
}


def _syntax(error: yaml.MarkedYAMLError, name: str) -> Finding:
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
        fix=next((fix for sign, fix in _SYNTAX_FIXES.items() if sign in problem), ""),
    )


class StopReadingError(Exception):
    """The rest of the file cannot be made sense of; what was found so far is kept."""


class Builder:
    """Builds one document from a stream of events, noting what is refused and going on behind it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.marks: dict[Path, Mark] = {}
        self.spoiled: set[Path] = set()
        self.nodes = 0

    def document(self, events: Iterator[Any]) -> Document | None:
        """The one document in ``events``; None when there is none, or when it says nothing."""
        self.events = events
        value = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                value = self._node(next(events), (), None)
                next(events)
                break
        self._nothing_may_follow()
        return None if value is None else Document(self.name, value, self.marks, self.spoiled)

    def _nothing_may_follow(self) -> None:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._refuse(
                    "yaml-documents",
                    "a second document begins here",
                    event,
                    (),
                    fix="write one definition per file",
                )
                return

    def _node(self, event: Any, path: Path, key: Any | None) -> Any:
        self._count(event, path)
        start = event.start_mark
        key_start = key.start_mark if key else start
        self.marks[path] = Mark(
            self.name, start.line + 1, start.column + 1, key_start.line + 1, key_start.column + 1
        )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        self._plain_yaml_only(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _count(self, event: Any, path: Path) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self._refuse(
                "yaml-too-many-nodes", f"the file holds more than {MOST_NODES:,} values", event, path
            )
            raise StopReadingError
        if len(path) > DEEPEST:
            self._refuse("yaml-too-deep", f"values are nested more than {DEEPEST} deep here", event, path)
            raise StopReadingError

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
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
            self._refuse("yaml-key", "a key must be a plain word", event, path, fix="write `name: value`")
            if not isinstance(event, yaml.AliasEvent):
                self._node(event, (*path, ""), None)
            return None
        self._plain_yaml_only(event, path)
        if event.value == "<<" and event.implicit[0]:
            self._refuse(
                "yaml-merge",
                "`<<` would merge other values in here",
                event,
                path,
                detail="What an invoice says must stand where it is read.",
                fix="write the fields out, or use a template",
            )
            return None
        return str(event.value)

    def _skip(self, name: str | None, key: Any, path: Path) -> None:
        """Pass over the value of a key that does not count, keeping the marks of the one that does."""
        if name is not None:
            first = self.marks[(*path, name)]
            self._refuse(
                "yaml-duplicate-key",
                f"`{name}` is given twice",
                key,
                (*path, name),
                detail=f"First given on line {first.key_line}. Most YAML readers silently keep the last.",
                fix="keep one of the two",
            )
        kept, self.marks = self.marks, {}
        self._node(next(self.events), (*path, ""), key)
        self.marks = kept

    def _scalar(self, event: Any, path: Path) -> Any:
        text: str = event.value
        found = FORBIDDEN.search(text) or re.search("\r", text)
        if found:
            code = f"U+{ord(found.group()):04X}"
            self.spoiled.add(path)
            self._refuse(
                "control-character",
                f"the invisible character {code} is not allowed",
                event,
                path,
                fix="delete it",
            )
        if not event.implicit[0]:
            return text
        value = resolve(text)
        if isinstance(value, Ambiguous):
            self.spoiled.add(path)
            self._refuse(
                "yaml-ambiguous", f"`{_short(text)}` is ambiguous: {value.why}", event, path, fix=value.fix
            )
            return text
        return value

    def _alias(self, event: Any, path: Path) -> None:
        self.spoiled.add(path)
        self._refuse(
            "yaml-anchor",
            f"`*{event.anchor}` repeats a value from elsewhere",
            event,
            path,
            detail="What an invoice says must stand where it is read.",
            fix="write the value out, or use a template",
        )

    def _plain_yaml_only(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            self._refuse(
                "yaml-anchor",
                f"the anchor `&{event.anchor}` is not allowed",
                event,
                path,
                detail="What an invoice says must stand where it is read.",
                fix="delete it, and write the value out where it is used",
            )
        if event.tag is not None and event.tag != "!":
            self.spoiled.add(path)
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse("yaml-tag", f"the tag `{tag}` is not allowed", event, path, fix="delete the tag")

    def _refuse(
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


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
