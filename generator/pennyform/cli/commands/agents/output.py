"""The one way out of a tool: JSON that is bounded, and holds no secret and no path from outside.

Text that other people wrote is made visible (:func:`pennyform.text.log_lines`): nothing in it hides, is
written backwards or controls a terminal. What it says stays; it stands in members called ``data``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pennyform.findings import Finding, failure, tidy
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.results.agents import AgentFinding, FindingData
from pennyform.results.values import Record
from pennyform.text import log_lines

TEXT_CHARACTERS = 1_000
"""So many characters of each text are shown."""
DOCUMENT_CHARACTERS = 100_000
"""So many of a whole document, such as a preview."""
ITEMS = (50, 10, 2)
"""So many items of each list are shown: fewer where the result would be too large."""
RESULT_BYTES = 256 * 1024
"""So large is a result at most."""

# Rules whose texts quote neither a definition nor the account.
_OWN = "agent-"
_ELSEWHERE = "[a path outside of the repository]"
_DOCUMENTS = frozenset({"document"})


def agent_findings(findings: Iterable[Finding]) -> tuple[AgentFinding, ...]:
    """Findings as tools report them: sorted, with the texts of their rules."""
    return tuple(
        AgentFinding(
            finding.rule,
            finding.severity,
            finding.line,
            finding.column,
            f"{finding.summary}; {finding.fix}".rstrip("; ") if finding.rule.startswith(_OWN) else "",
            FindingData(
                finding.file, finding.pointer, finding.summary, finding.detail, finding.fix, finding.subject
            ),
        )
        for finding in tidy(with_rule_texts(findings))
    )


class Gate:
    """Makes results of the repository in ``root`` ready to be sent; ``secrets`` replaces secrets."""

    def __init__(self, root: Path, secrets: Callable[[str], str]) -> None:
        self._secrets = secrets
        self._inside = re.compile(rf"{re.escape(str(root))}(?:/|(?![\w.-]))")
        # A JSON Pointer begins with a slash as well, but with no folder of this machine.
        folders = "|".join(sorted(re.escape(name) for name in os.listdir("/") if len(name) > 1))  # noqa: PTH208
        self._outside = re.compile(rf"(?<![\w.:/])/(?:{folders})\b[^\s'\"`,;)]*")

    def __call__(self, result: Record) -> dict[str, Any]:
        """The result as JSON data, whose ``left_out`` says how much is left out.

        Raises:
            Failure: even its beginning is too large.
        """
        content = msgspec.to_builtins(result)
        for items in ITEMS:
            counter = _LeftOut()
            bounded: dict[str, Any] = self._bounded(content, items, counter, "")
            bounded["left_out"] = {"items": counter.items, "characters": counter.characters}
            if len(msgspec.json.encode(bounded)) <= RESULT_BYTES:
                return bounded
        raise failure(
            "agent-result-large", "the result is too large", fix="ask for single invoices: name references"
        )

    def _bounded(self, value: Any, items: int, left_out: _LeftOut, name: str) -> Any:
        if isinstance(value, str):
            return self._text(value, left_out, DOCUMENT_CHARACTERS if name in _DOCUMENTS else TEXT_CHARACTERS)
        if isinstance(value, dict):
            return {
                self._text(key, left_out, TEXT_CHARACTERS): self._bounded(member, items, left_out, key)
                for key, member in value.items()
            }
        if isinstance(value, list | tuple):
            left_out.items += max(len(value) - items, 0)
            return [self._bounded(member, items, left_out, name) for member in value[:items]]
        return value

    def _text(self, text: str, left_out: _LeftOut, limit: int) -> str:
        # Before anything else: what is cut or cleaned could be a secret that is not found any more.
        text = self._inside.sub("", self._secrets(text))
        text = log_lines(self._outside.sub(_ELSEWHERE, text))
        if len(text) <= limit:
            return text
        left_out.characters += len(text) - limit + 1
        return f"{text[: limit - 1]}…"


@dataclass(slots=True)
class _LeftOut:
    """How much was left out by now."""

    items: int = 0
    characters: int = 0
