"""The registry of rules: everything that checking definitions can report, declared once.

The table itself is data (``templates/rules.yaml``), read only by who lists or documents rules: a check names
its rule, and a test holds that each name used is declared here, and shown by a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from pennyform import data
from pennyform.findings import Finding, Rule, Severity


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, sorted by name."""
    import yaml

    # The C loader where there is one: a hook that has something to report waits for this.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load((data.templates() / "rules.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return tuple(sorted(_rule(name, row) for name, row in rows.items()))


def with_remedies(findings: Iterable[Finding]) -> Iterator[Finding]:
    """``findings``, those without a remedy of their own with what their rule says in general."""
    for finding in findings:
        yield finding if finding.fix else finding._replace(fix=_remedy(finding.rule))


@cache
def _remedy(name: str) -> str:
    text = next((rule.fix for rule in rules() if rule.name == name), "")
    return text[:1].lower() + text[1:].removesuffix(".")


def _rule(name: str, row: dict[str, str]) -> Rule:
    severities = tuple(map(Severity, row.get("severity", "error").split(", ")))
    return Rule(name, severities, row["summary"], row["why"], row.get("example", ""), row["fix"])
