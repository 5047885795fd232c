"""What pinning left out although it may be a fact: keywords nobody knows, sentences nobody understood."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyform.findings import Finding, Severity, tidy
from pennyform.spec.description_facts import DescriptionFacts, Unread
from pennyform.spec.document.pointers import child

_PROSE = frozenset(
    {"title", "description", "summary", "example", "examples", "externalDocs", "xml", "contact", "license"}
)


@dataclass
class Notes:
    """What pinning leaves out although it may be a fact; collected on the way.

    ``file`` is the name that findings are reported under.
    """

    file: str
    keywords: list[Finding] = field(default_factory=list)
    unread: dict[Unread, list[str]] = field(default_factory=dict)

    def keyword(self, keyword: str, pointer: str) -> None:
        """Note a keyword that is left out, unless it is known to hold no fact."""
        if keyword in _PROSE or keyword.startswith("x-"):
            return
        detail = "It may be a fact that the pinned contract should keep."
        summary = f"the keyword {keyword!r} is left out"
        self.keywords.append(self._warning("unknown-keyword", summary, pointer, detail))

    def facts(self, reading: DescriptionFacts, pointer: str) -> Mapping[str, Any]:
        """What was read; what was not is noted."""
        for unread in reading.unread:
            self.unread.setdefault(unread, []).append(pointer)
        return reading.facts

    def unknown(self, item: Mapping[str, Any], known: Collection[str], pointer: str) -> None:
        """Note every keyword of an object that is not among the known ones."""
        for keyword in item:
            if keyword not in known:
                self.keyword(keyword, child(pointer, keyword))

    def findings(self) -> list[Finding]:
        """A warning for each keyword left out, and for each sentence that was not understood."""
        return tidy([*self.keywords, *self._sentences()])

    def _sentences(self) -> Iterator[Finding]:
        for unread, places in self.unread.items():
            where = f" (in {len(places)} places)" if len(places) > 1 else ""
            summary = f"not understood ({unread.category}): {unread.sentence[:200]!r}{where}"
            detail = f"It may state a fact in a form that is not known yet; {fingerprint(unread.sentence)}."
            yield self._warning("unread-sentence", summary, places[0], detail)

    def _warning(self, rule: str, summary: str, pointer: str, detail: str) -> Finding:
        fix = "Teach pennyform.spec to read it, or state the fact in the overlay."
        return Finding(rule, Severity.WARNING, summary, self.file, pointer=pointer, detail=detail, fix=fix)

    def record(self) -> list[dict[str, Any]]:
        """The sentences that were not understood, without their words: for the repository."""
        entries = [
            {
                "category": unread.category,
                "sentence": fingerprint(unread.sentence),
                "places": len(places),
                "first": places[0],
            }
            for unread, places in self.unread.items()
        ]
        return sorted(entries, key=lambda entry: (entry["category"], entry["first"], entry["sentence"]))


def fingerprint(sentence: str) -> str:
    """What stands for a sentence that may not be repeated: the first digits of its SHA-256."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]
