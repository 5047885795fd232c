"""The registry of rules as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pennyform.findings import Rule
from pennyform.report.shared.layout import PLAIN, Layout

_HEAD = """\
# Rules

Everything that `pennyform validate` and `pennyform fmt` can report. The names are stable: scripts may rely on
them. `pennyform rules` prints this list; only an error makes a command fail (exit code 4).

<!-- Written by `pennyform rules --format markdown` from templates/rules.yaml. -->
"""


def text(rules: Iterable[Rule], layout: Layout = PLAIN) -> str:
    """For people at a terminal: one block for each rule."""
    blocks = []
    for rule in rules:
        lines = layout.wrap(f"{rule.name} ({', '.join(rule.severities)}): {rule.summary}")
        for label, remark in (("why:", rule.why), ("example:", rule.example), ("fix:", rule.fix)):
            lines += layout.wrap(remark, f"  {label} ", "") if remark else []
        blocks.append("".join(f"{line}\n" for line in lines))
    return "\n".join(blocks)


def to_json(rules: Iterable[Rule]) -> str:
    """For programs: ``{"format_version", "rules": [{"name", "severities", …}]}``."""
    # msgspec (59 ms), which the other forms do without
    from pennyform.results.documents import json_text
    from pennyform.results.findings import ReportedRule, RulesDocument
    from pennyform.results.values import FORMAT_VERSION

    return json_text(RulesDocument(FORMAT_VERSION, tuple(ReportedRule(*rule) for rule in rules)))


def markdown(rules: Sequence[Rule]) -> str:
    """For the documentation: docs/rules.md is exactly this."""
    sections = [_HEAD]
    for rule in rules:
        severities = " or ".join(rule.severities)
        example = f"\n```yaml\n{rule.example}\n```\n" if rule.example else ""
        sections.append(
            f"## {rule.name}\n\n{rule.summary} ({severities})\n\n{rule.why}\n{example}\n**Fix:** {rule.fix}\n"
        )
    return "\n".join(sections)
