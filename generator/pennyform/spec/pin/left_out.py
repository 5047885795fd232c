"""What pinning left out although it may be a fact: unknown keywords, sentences that no pattern matches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from pennyform.findings import Finding, Severity, tidy
from pennyform.spec.description_facts import DescriptionFacts, UnreadSentence
from pennyform.spec.document.budget import Budget, text_steps
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
class _Places:
    """The places of one sentence: the first of them, and how many there are."""

    first: str
    count: int = 0


@dataclass(slots=True)
class LeftOut:
    """Collects what pinning leaves out; ``file`` is the name that findings are reported under."""

    file: str
    budget: Budget
    keywords: list[Finding] = field(default_factory=list)
    sentences: dict[UnreadSentence, _Places] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def note_unknown(self, item: JsonObject, known: Collection[str], pointer: str) -> None:
        """Note every keyword of an object that is not among the known ones, unless it can hold no fact."""
        for keyword in item:
            if keyword in known or keyword in _PROSE or keyword.startswith("x-"):
                continue
            place = child(pointer, keyword)
            self._draw(place)
            detail = "It may be a fact that the pinned contract should keep."
            summary = f"the keyword {keyword!r} is left out"
            self.keywords.append(self._warning("unknown-keyword", summary, place, detail))
            self.digests[place] = fingerprint(json.dumps(item[keyword], sort_keys=True))

    def _draw(self, pointer: str) -> None:
        """Each of these is a finding, a text that is kept, and a place that may be a long one."""
        self.budget.draw(10 * text_steps(pointer), "noting what is left out", pointer)

    def take_digests(self, pointer: str) -> dict[str, str]:
        """What stands in the pinned document for the keywords left out below a place: a change is seen by it.

        Returns:
            Pointers relative to ``pointer`` -> digests. Each is given once, to the first that asks.
        """
        # What stands below a place was noted last: it is asked for once all of it has been looked at.
        taken: dict[str, str] = {}
        while self.digests:
            place, digest = self.digests.popitem()
            if not place.startswith(f"{pointer}/"):
                self.digests[place] = digest
                break
            taken[place] = digest
        return {place.removeprefix(pointer): digest for place, digest in sorted(taken.items())}

    def facts_of(self, description: DescriptionFacts, pointer: str) -> JsonObject:
        """The facts of a description; its sentences that were not understood are noted."""
        for sentence in description.unread:
            if sentence not in self.sentences:
                self._draw(pointer)
                self.sentences[sentence] = _Places(pointer)
            self.sentences[sentence].count += 1
        return description.facts

    def findings(self) -> list[Finding]:
        """A warning for each keyword left out, and for each sentence that was not understood."""
        findings = list(self.keywords)
        for unread, places in self.sentences.items():
            count = f" (in {places.count} places)" if places.count > 1 else ""
            summary = f"not understood ({unread.category}): {unread.sentence[:200]!r}{count}"
            detail = f"It may state a fact in a form that is not known yet; {fingerprint(unread.sentence)}."
            findings.append(self._warning("unread-sentence", summary, places.first, detail))
        return tidy(findings)

    def _warning(self, rule: str, summary: str, pointer: str, detail: str) -> Finding:
        fix = "Teach pennyform.spec to read it, or state the fact in the overlay."
        return Finding(rule, Severity.WARNING, summary, self.file, pointer=pointer, detail=detail, fix=fix)

    def record(self) -> list[UnreadEntry]:
        """The sentences that were not understood, without their words: for the repository."""
        entries = [
            UnreadEntry(unread.category, fingerprint(unread.sentence), places.count, places.first)
            for unread, places in self.sentences.items()
        ]
        return sorted(entries, key=lambda entry: (entry.category, entry.first, entry.sentence))


def sentence_of(finding: Finding) -> str:
    """The fingerprint of the sentence that a finding is about; empty when it is about something else."""
    return finding.detail.rstrip(".").rpartition("; ")[2] if finding.rule == "unread-sentence" else ""


def fingerprint(sentence: str) -> str:
    """What stands for a text that may not be repeated: the first 12 digits of its SHA-256."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]
