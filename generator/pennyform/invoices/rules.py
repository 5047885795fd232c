"""The registry of rules: everything that checking definitions can report, declared once.

The table itself is data (``templates/rules.yaml``), read only by who lists or documents rules: a check names
its rule, and a test holds that each name used is declared here, and shown by a case.
"""

from functools import cache

from pennyform import data
from pennyform.findings import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, sorted by name."""
    import yaml

    rows = yaml.safe_load((data.templates() / "rules.yaml").read_text(encoding="utf-8"))
    return tuple(sorted(_rule(name, row) for name, row in rows.items()))


def _rule(name: str, row: dict[str, str]) -> Rule:
    severities = tuple(row.get("severity", "error").split(", "))
    return Rule(name, severities, row["summary"], row["why"], row.get("example", ""), row["fix"])
