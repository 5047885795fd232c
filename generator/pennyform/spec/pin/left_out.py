"""What pinning left out although it may be a fact: unknown keywords, sentences that no pattern matches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from pennyform.findings import Finding, Severity, tidy
from pennyform.spec.description_facts import DescriptionFacts, UnreadSentence
from pennyform.spec.document.json_types import JsonObject, child

_PROSE = frozenset(
    {"title", "description", "summary", "example", "examples", "externalDocs", "xml", "contact", "license"}
)


class UnreadEntry(msgspec.Struct, frozen=True):
    """A sentence that was not understood, as ``unread.json`` has it.

    The vendor's words may not be repeated: ``sentence`` is their :func:`fingerprint`. ``places`` is how often
    it stands in the contract, ``first`` the JSON Pointer of the first place.
    """

    category: str
    sentence: str
    places: int
    first: str


@dataclass(slots=True)
class LeftOut:
    """Collects what pinning leaves out; ``file`` is the name that findings are reported under."""

    file: str
    keywords: list[Finding] = field(default_factory=list)
    sentences: dict[UnreadSentence, list[str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def note_unknown(self, item: JsonObject, known: Collection[str], pointer: str) -> None:
        """Note every keyword of an object that is not among the known ones, unless it can hold no fact."""
        for keyword in item:
            if keyword in known or keyword in _PROSE or keyword.startswith("x-"):
                continue
            detail = "It may be a fact that the pinned contract should keep."
            summary = f"the keyword {keyword!r} is left out"
            self.keywords.append(self._warning("unknown-keyword", summary, child(pointer, keyword), detail))
            digest = fingerprint(json.dumps(item[keyword], sort_keys=True))
            self.digests[child(pointer, keyword)] = digest

    def take_digests(self, pointer: str) -> dict[str, str]:
        """What stands in the pinned document for the keywords left out below a place: a change is seen by it.

        Returns:
            Pointers relative to ``pointer`` -> digests. Each is given once, to the first that asks.
        """
        taken = {place: digest for place, digest in self.digests.items() if place.startswith(f"{pointer}/")}
        for place in taken:
            del self.digests[place]
        return {place.removeprefix(pointer): digest for place, digest in sorted(taken.items())}

    def facts_of(self, description: DescriptionFacts, pointer: str) -> JsonObject:
        """The facts of a description; its sentences that were not understood are noted."""
        for sentence in description.unread:
            self.sentences.setdefault(sentence, []).append(pointer)
        return description.facts

    def findings(self) -> list[Finding]:
        """A warning for each keyword left out, and for each sentence that was not understood."""
        findings = list(self.keywords)
        for unread, places in self.sentences.items():
            count = f" (in {len(places)} places)" if len(places) > 1 else ""
            summary = f"not understood ({unread.category}): {unread.sentence[:200]!r}{count}"
            detail = f"It may state a fact in a form that is not known yet; {fingerprint(unread.sentence)}."
            findings.append(self._warning("unread-sentence", summary, places[0], detail))
        return tidy(findings)

    def _warning(self, rule: str, summary: str, pointer: str, detail: str) -> Finding:
        fix = "Teach pennyform.spec to read it, or state the fact in the overlay."
        return Finding(rule, Severity.WARNING, summary, self.file, pointer=pointer, detail=detail, fix=fix)

    def record(self) -> list[UnreadEntry]:
        """The sentences that were not understood, without their words: for the repository."""
        entries = [
            UnreadEntry(unread.category, fingerprint(unread.sentence), len(places), places[0])
            for unread, places in self.sentences.items()
        ]
        return sorted(entries, key=lambda entry: (entry.category, entry.first, entry.sentence))


def fingerprint(sentence: str) -> str:
    """What stands for a text that may not be repeated: the first 12 digits of its SHA-256."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]
