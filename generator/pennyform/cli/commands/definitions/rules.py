"""``pennyform rules``: every rule that checking definitions can report."""

from __future__ import annotations

from pennyform.cli.options.definitions import RulesOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.invoices.schema.rules import rules
from pennyform.report import rules as report


def run(options: RulesOptions, terminal: Terminal) -> Exit:
    """Print the rules on standard output."""
    chosen = [rule for rule in rules() if not options.names or rule.name in options.names]
    unknown = set(options.names) - {rule.name for rule in chosen}
    if unknown:
        terminal.print_error(f"there is no rule {', '.join(sorted(unknown))}; `pennyform rules` lists them")
        return Exit.USAGE
    match options.format:
        case "json":
            text = report.to_json(chosen)
        case "markdown":
            text = report.markdown(chosen)
        case _:
            text = report.text(chosen, terminal.layout())
    terminal.write(text)
    return Exit.OK
