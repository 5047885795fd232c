"""A comparison of two contracts: as text for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from pennyform.report.shared.formatting import LARGEST, count, fitting
from pennyform.report.shared.layout import PLAIN, Layout
from pennyform.results.contract_diff import ChangeUse, ChangeUses, ContractChange, ContractDiffDocument
from pennyform.results.values import Json, JsonObject
from pennyform.text import markdown_code, markdown_text, one_line

# By the kinds of pennyform.spec.diff.report.kinds; a test holds that each has one.
_PHRASES = {
    "operation-added": "new operation",
    "operation-removed": "operation removed",
    "operation-moved": "operation moved: {old} → {new}",
    "operation-id-changed": "operation id changed: {old} → {new}",
    "server-added": "new server {new}",
    "server-removed": "server removed: {old}",
    "operation-server-changed": "sent to another server: {old} → {new}",
    "security-narrowed": "needs more to authenticate: {old} → {new}",
    "security-widened": "can be authenticated in more ways: {old} → {new}",
    "security-changed": "authenticated in another way: {old} → {new}",
    "authentication-changed": "authentication changed: {old} → {new}",
    "scope-added": "scope {new} is enough as well",
    "scope-removed": "scope {old} is no longer enough",
    "scope-required": "needs a scope now: {new}",
    "scope-dropped": "needs no scope any more: {old}",
    "stability-changed": "stability changed: {old} → {new}",
    "deprecated": "deprecated{new}",
    "undeprecated": "no longer deprecated{old}",
    "parameter-added": "new parameter, {new}",
    "required-parameter-added": "new parameter that must be given, {new}",
    "parameter-removed": "parameter removed ({old})",
    "parameter-renamed": "parameter renamed: {old} → {new}",
    "path-parameter-renamed": "renamed in the path: {old} → {new}",
    "parameter-required": "must be given now",
    "parameter-optional": "need not be given any more",
    "parameter-style-changed": "written differently into the request: {old} → {new}",
    "filter-added": "new filter, with {new}",
    "filter-removed": "filter removed (with {old})",
    "filter-operators-added": "new filter operators: {new}",
    "filter-operators-removed": "filter operators removed: {old}",
    "sort-added": "can be sorted by",
    "sort-removed": "can no longer be sorted by",
    "include-added": "can be included",
    "include-removed": "can no longer be included",
    "page-size-changed": "page size when none is asked for: {old} → {new}",
    "request-body-added": "takes a body: {new}",
    "required-request-body-added": "needs a body: {new}",
    "request-body-removed": "takes no body any more: {old}",
    "request-body-required": "the body must be sent now",
    "request-body-optional": "the body need not be sent any more",
    "media-type-added": "new media type {new}",
    "media-type-removed": "media type removed: {old}",
    "media-type-changed": "media type changed: {old} → {new}",
    "encoding-narrowed": "fewer media types for a part: {old} → {new}",
    "encoding-widened": "more media types for a part: {old} → {new}",
    "encoding-changed": "encoding of its parts changed: {old} → {new}",
    "success-status-added": "may also succeed with {new}",
    "success-status-removed": "no longer succeeds with {old}",
    "success-status-changed": "success status changed: {old} → {new}",
    "error-status-added": "new error status {new}",
    "error-status-removed": "error status removed: {old}",
    "answer-body-added": "answers with a body: {new}",
    "answer-body-removed": "answers without a body (was {old})",
    "header-added": "new header, {new}",
    "header-removed": "header removed ({old})",
    "field-added": "new field, {new}",
    "required-field-added": "new field that must be sent, {new}",
    "field-removed": "field removed ({old})",
    "field-renamed": "field renamed: {old} → {new}",
    "field-moved": "field moved from one variant to another: {old} → {new}",
    "field-required": "must be there now",
    "field-optional": "need not be there any more",
    "object-closed": "undeclared fields are no longer allowed: {old} → {new}",
    "object-opened": "undeclared fields are allowed: {old} → {new}",
    "type-changed": "type changed: {old} → {new}",
    "type-widened": "type widened: {old} → {new}",
    "type-narrowed": "type narrowed: {old} → {new}",
    "nullable-added": "may be null now",
    "nullable-removed": "may no longer be null",
    "enum-values-added": "new values: {new}",
    "enum-values-removed": "values removed: {old}",
    "enum-values-replaced": "values replaced: {old} → {new}",
    "enum-introduced": "only these values now: {new}",
    "enum-lifted": "any value now (was one of {old})",
    "limit-narrowed": "limit narrowed: {old} → {new}",
    "limit-widened": "limit widened: {old} → {new}",
    "limit-changed": "limit changed: {old} → {new}",
    "format-added": "format added: {new}",
    "format-removed": "format removed: {old}",
    "format-narrowed": "range of numbers narrowed: {old} → {new}",
    "format-widened": "range of numbers widened: {old} → {new}",
    "type-format-added": "format that makes a type added: {new}",
    "type-format-removed": "format that makes a type removed: {old}",
    "format-changed": "format changed: {old} → {new}",
    "default-changed": "default changed: {old} → {new}",
    "variant-added": "new variant, {new}",
    "variant-removed": "variant removed ({old})",
    "unknown-keyword-changed": "a keyword that pennyform does not know changed: {old} → {new}",
    "webhook-added": "new webhook {new}",
    "webhook-removed": "webhook removed: {old}",
    "constraint-changed": "constraint changed: {old} → {new}",
}
_COLOURS = {"breaking": "red", "attention": "yellow", "additive": "green"}
_WIDEST_SEVERITY = len("  attention")
_MARKS = {"breaking": "**breaking**", "attention": "attention", "additive": "additive"}
# Bounds on what one change, or the list of emitted symbols, may take of a comment.
_MOST_SYMBOLS = 100
_LONGEST_LIST = 12
_LONGEST_TEXT = 160


def phrase(change: ContractChange) -> str:
    """What happened, in a few words."""
    template = _PHRASES.get(change.kind, "{old} → {new}")
    if change.kind in ("deprecated", "undeprecated"):
        # A field, a parameter or an operation as a whole, or some of its values only.
        old, new = (
            f": {_format(side)}" if isinstance(side, list) else "" for side in (change.old, change.new)
        )
        return template.format(old=old, new=new)
    return template.format(old=_format(change.old), new=_format(change.new))


def subject(change: ContractChange) -> str:
    """What it happened to: the field's path, or the operation's; empty where several operations share it."""
    more = len({place.path for place in change.places}) - 1
    beside = f" (and {count(more, 'more place')})" if more > 0 else ""
    return one_line(change.path) + beside


def where(change: ContractChange, longest: int | None = None) -> str:
    """The direction and the operations it matters in; those beyond ``longest`` are counted."""
    sides = {"request": "request; ", "answer": "answer; ", "both": "request and answer; "}
    side = "" if change.kind.startswith("operation-") else sides[change.direction]
    names = [one_line(name) for name in change.operations]
    if not names:
        return f"{side}all operations"
    listed = names[:longest]
    rest = f" and {len(names) - len(listed)} more" if len(names) > len(listed) else ""
    return f"{side}{count(len(names), 'operation')}: {', '.join(listed)}{rest}"


def totals(diff: ContractDiffDocument) -> str:
    """``1 breaking, 2 additive changes; 1 of them accepted``."""
    summary = diff.summary
    numbers = {
        "breaking": summary.breaking,
        "attention": summary.attention,
        "additive": summary.additive,
    }
    if not any(numbers.values()):
        return "no changes"
    counts = ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
    plural = "" if sum(numbers.values()) == 1 else "s"
    return f"{counts} change{plural}" + (f"; {summary.accepted} accepted" if summary.accepted else "")


def _format(value: Json) -> str:
    """A schema, a list or a scalar in a few words."""
    if isinstance(value, Mapping):
        return _format_schema(value)
    if isinstance(value, list):
        members = ", ".join(map(_format, value[:_LONGEST_LIST]))
        return members + (f" and {len(value) - _LONGEST_LIST} more" if len(value) > _LONGEST_LIST else "")
    text = one_line(value if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _format_schema(schema: JsonObject) -> str:
    """``string or null, one of goods, services``."""
    words: list[str] = []
    types = schema.get("type")
    if types:
        words.append(" or ".join(map(str, types)) if isinstance(types, list) else str(types))
    if isinstance(values := schema.get("enum"), list):
        words.append(f"one of {_format([value for value in values if value is not None])}")
    if isinstance(properties := schema.get("properties"), Mapping | list):
        words.append(f"with {_format(list(properties))}")
    if isinstance(items := schema.get("items"), Mapping):
        words.append(f"of {_format_schema(items)}")
    known = {"type", "enum", "properties", "items", "required", "additionalProperties"}
    words += [f"{keyword} {_format(schema[keyword])}" for keyword in schema if keyword not in known]
    return ", ".join(words) or "anything"


def uses_of_yours(against: ChangeUses) -> Sequence[ChangeUse]:
    """What was found in files that people write."""
    return [use for use in against.uses if use.what != "emitted"]


def verdict(against: ChangeUses) -> str:
    """What can be said when nothing was found: no more than was looked at."""
    if against.everywhere:
        return "of yours, only what concerns every call is touched"
    if against.unread:
        return "nothing of yours that could be read is touched"
    return "nothing of yours is touched"


def emitted(against: ChangeUses) -> list[str]:
    """The symbols that generating anew will change, sorted."""
    return sorted({use.word for use in against.uses if use.what == "emitted"})


def render_text(diff: ContractDiffDocument, layout: Layout = PLAIN, *, longest: int | None = 6) -> str:
    """The comparison as text.

    Args:
        diff: what to render.
        layout: width and colours.
        longest: how many operations of a change to name; None for all of them.
    """
    lines, ansi = list[str](), layout.ansi
    for change in diff.changes:
        severity = ansi(change.severity.ljust(9), _COLOURS[change.severity])
        what = ": ".join(part for part in (subject(change), phrase(change)) if part)
        accepted = f"  accepted: {one_line(change.accepted)}" if change.accepted else ""
        place = f"({where(change, longest)}){accepted}"
        lines += layout.wrap(f"{what}  {place}", f"{severity}  {ansi(change.fingerprint, 'dim')}  ", "")
    lines += layout.wrap(f"{one_line(diff.old)} → {one_line(diff.new)}: {totals(diff)}")
    lines += [line for name in _names(diff) for line in layout.wrap(one_line(name))]
    if diff.against is not None:
        severities = {change.fingerprint: change.severity for change in diff.changes}
        lines += _uses(diff.against, severities, layout)
    return "\n".join(lines) + "\n"


def _names(diff: ContractDiffDocument) -> Iterator[str]:
    """Which names of the client move, where something changed and its names are known."""
    if diff.names is None or not diff.changes:
        return
    yield "names in Python that move:" if diff.names else "all names in Python stay"
    for moved in diff.names:
        now = f"now {moved.new}" if moved.new else "gone"
        yield f"{moved.name}: was {moved.old}, is {now}"


def _uses(against: ChangeUses, severities: Mapping[str, str], layout: Layout) -> Iterator[str]:
    """Where the changes are used; ``severities`` are those of the changes, by fingerprint."""
    uses = uses_of_yours(against)
    yield ""
    yield from layout.wrap("used by yours, as far as words tell:" if uses else verdict(against))
    rows = [
        [one_line(f"{use.file}:{use.line}:{use.column}"), one_line(use.word), use.fingerprint] for use in uses
    ]
    beside = layout._replace(width=layout.width and layout.width - _WIDEST_SEVERITY)
    for use, (*above, row) in zip(uses, beside.table(rows, "^<<", "  "), strict=True):
        severity = severities[use.fingerprint]
        yield from above
        yield f"{row}  {layout.ansi(severity, _COLOURS[severity])}"
    for fingerprint in against.everywhere:
        severity = severities[fingerprint]
        yield f"  every call  {fingerprint}  {layout.ansi(severity, _COLOURS[severity])}"
    for file, reason in against.unread.items():
        yield from layout.wrap(f"not looked at: {one_line(file)}: {one_line(reason)}", "  ")
    symbols = emitted(against)
    if symbols:
        names = ", ".join(map(one_line, symbols))
        yield from layout.wrap(f"generating anew changes {count(len(symbols), 'emitted symbol')}: {names}")
    yield from layout.wrap(f"({count(against.files, 'file')} searched for the words of the changes)")


def render_markdown(diff: ContractDiffDocument) -> str:
    """The comparison as Markdown of at most 60,000 characters; what does not fit is counted."""
    head = [f"### {markdown_text(diff.old)} → {markdown_text(diff.new)}: {totals(diff)}", ""]
    tail = [f"\n{markdown_text(line)}" for line in fitting(list(_names(diff)), LARGEST // 3)]
    tail += _tail(diff)
    rows = []
    for change in diff.changes:
        place = f"{markdown_code(subject(change))}: " if subject(change) else ""
        accepted = f"<br>accepted: {markdown_text(change.accepted)}" if change.accepted else ""
        what = f"{place}{markdown_text(phrase(change))}{accepted}"
        where_ = markdown_text(where(change))
        rows.append(f"| {_MARKS[change.severity]} | {what} | {where_} | `{change.fingerprint}` |")
    table = ["| | what | where | fingerprint |", "|---|---|---|---|"] if rows else []
    # 200 characters for the line that counts the rest.
    room = LARGEST - sum(len(text) + 1 for text in (*head, *table, *tail)) - 200
    rows_that_fit = fitting(rows, room)
    more = len(rows) - len(rows_that_fit)
    rest = [f"\n… and {count(more, 'change')} more; `pennyform spec diff` shows all."] if more else []
    return "\n".join([*head, *table, *rows_that_fit, *rest, *tail]) + "\n"


def _tail(diff: ContractDiffDocument) -> Iterator[str]:
    for fingerprint in diff.unused_accepted:
        yield f"\n{markdown_code(fingerprint)} is accepted, but no change has this fingerprint."
    against = diff.against
    if against is None:
        return
    rows = [
        f"- {markdown_code(f'{use.file}:{use.line}:{use.column}')} {markdown_code(use.word)}"
        f" ({markdown_code(use.fingerprint)})"
        for use in uses_of_yours(against)
    ]
    rows_that_fit = fitting(rows, LARGEST // 3)
    yield "\nUsed by yours, as far as words tell:\n" if rows else f"\n{verdict(against).capitalize()}."
    yield from rows_that_fit
    if len(rows_that_fit) < len(rows):
        yield f"- … and {len(rows) - len(rows_that_fit)} more"
    for fingerprint in against.everywhere:
        yield f"\nEvery call: `{fingerprint}`"
    for file, reason in against.unread.items():
        yield f"\nNot looked at: {markdown_text(file)}: {markdown_text(reason)}"
    symbols = emitted(against)
    if symbols:
        names = ", ".join(map(markdown_code, symbols[:_MOST_SYMBOLS]))
        more = len(symbols) - _MOST_SYMBOLS
        rest = f" and {more} more" if more > 0 else ""
        yield f"\nGenerating anew changes {count(len(symbols), 'emitted symbol')}: {names}{rest}"
