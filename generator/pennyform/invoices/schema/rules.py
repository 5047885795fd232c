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
    return tuple(
        sorted(
            Rule(
                name,
                tuple(map(Severity, row.get("severity", "error").split(", "))),
                row["summary"],
                row["why"],
                row.get("example", ""),
                row["fix"],
            )
            for name, row in _rows().items()
        )
    )


def with_rule_texts(findings: Iterable[Finding]) -> Iterator[Finding]:
    """``findings``, those that leave a text out with what their rule says in general.

    A finding without a remedy gets its rule's ``fix``; one without a reason its rule's ``why``, where the
    table says ``explain`` (elsewhere the reason adds nothing to the sentence).
    """
    for finding in findings:
        if finding.fix and finding.detail:
            yield finding
        elif row := _rows().get(finding.rule):
            fix = row["fix"][:1].lower() + row["fix"][1:].removesuffix(".")
            why = row["why"] if row.get("explain") else ""
            yield finding._replace(fix=finding.fix or fix, detail=finding.detail or why)
        else:
            yield finding


@cache
def _rows() -> dict[str, dict[str, str]]:
    import yaml

    # The C loader where there is one: a hook that has something to report waits for this.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (data.templates() / "rules.yaml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, str]] = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    return rows
