"""The least PUT that turns a draft into what its definition says.

Lines are changed by id. The API appends created lines at the end and cannot reorder, so the lines that stay
keep their order and are matched, in order, with the first lines wanted; the rest is created behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pennyform.engine.account.records import RemoteInvoice, RemoteLine
from pennyform.engine.planning.diff import (
    HEADER,
    LINE,
    diff_invoice,
    header_differences,
    line_differences,
    sections_of,
)
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices.desired.json_bodies import to_json, write_field
from pennyform.invoices.model import UNSET, InvoiceSection, Json, JsonObject, LineBody, lines_of

# Header fields that a PUT on a draft takes.
_WRITABLE = set(HEADER) - {"transaction_reference"}
# Line fields that a line's update takes. A line that differs in another is deleted and created anew.
_WRITABLE_ON_LINES = set(LINE) - {"substance", "imputation_dates"}
# What a line that cannot be updated costs, so that no script keeps it: more than any number of lines.
_IMPOSSIBLE = 1_000_000


def update_body(resolved: Resolved, remote: RemoteInvoice) -> JsonObject | None:
    """The body of the PUT that makes the draft ``remote`` equal to ``resolved``.

    Returns:
        A partial update, with a natural key where an id is not known yet; None when no PUT can do it
        (sections cannot be changed).
    """
    if remote.sections is not None and _texts(sections_of(resolved)) != _texts(remote.sections):
        return None
    body: dict[str, Json] = {}
    for difference in header_differences(resolved, remote):
        name = difference.pointer.removeprefix("/")
        if name not in _WRITABLE and name not in resolved.body.extra:
            return None
        body[name] = difference.want
    if "discount" in body and body["discount"] is None and remote.discount:
        # There is no null discount in a PUT: one of a type without a value takes it off.
        body["discount"] = {"type": remote.discount.type, "value": None}
    # In a PUT the lines are an object of changes, where a POST has an array of lines.
    # They are compared with what the product fills in, but sent as the definition says them.
    definition, filled, have = lines_of(resolved.body), resolved.lines, remote.lines
    edit: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    for step in _shortest(filled, have):
        if step.kind == "update":
            update = _line_update(definition[step.want], filled[step.want], have[step.have])
            edit["update"].append(update)
        elif step.kind == "delete":
            edit["delete"].append({"id": have[step.have].id})
        elif step.kind == "create":
            edit["create"].append(to_json(definition[step.want]._replace(imputation_dates=UNSET)))
    edit = {name: entries for name, entries in edit.items() if entries}
    return {**body, "invoice_lines": edit} if edit else body


def finalized_update_body(resolved: Resolved, remote: RemoteInvoice) -> JsonObject | None:
    """The body of the PUT for what may still be set on a finalized invoice.

    Returns:
        A partial update, empty when there is nothing to set; None when something differs that is now fixed.
    """
    comparison = diff_invoice(resolved, remote)
    if comparison.amounts:
        return None
    body: dict[str, Json] = {}
    dates: list[Any] = []
    for difference in comparison.content:
        match difference.pointer.split("/")[1:]:
            case [("label" | "transaction_reference" | "external_reference") as name]:
                body[name] = difference.want
            case ["invoice_lines", index, "imputation_dates"] if difference.want is not None:
                dates.append({"id": remote.lines[int(index)].id, "imputation_dates": difference.want})
            case _:
                return None
    return {**body, "invoice_lines": {"update": dates}} if dates else body


@dataclass(frozen=True, slots=True)
class _LineStep:
    """``keep``, ``update``, ``delete`` or ``create`` a line; its index in the definition and in the draft."""

    kind: str
    want: int
    have: int


def _shortest(desired: Sequence[LineBody], have: Sequence[RemoteLine]) -> list[_LineStep]:
    """The steps that change the fewest lines; on a tie, those that keep the earliest ones.

    Dynamic programming from the end, behind the lines that are equal from the start:
    ``cost[w][h]`` is how many lines are changed, deleted or created from ``w`` and ``h`` on.
    """
    same = 0
    while same < min(len(desired), len(have)) and not _differing(desired[same], have[same]):
        same += 1
    last_want, last_have = len(desired) - same, len(have) - same
    keep = [[_cost(want, line) for line in have[same:]] for want in desired[same:]]
    cost = [[0] * (last_have + 1) for _ in range(last_want + 1)]
    for want in range(last_want, -1, -1):
        cost[want][last_have] = last_want - want
        for index in range(last_have - 1, -1, -1):
            drop = 1 + cost[want][index + 1]
            keeping = keep[want][index] + cost[want + 1][index + 1] if want < last_want else drop
            cost[want][index] = min(keeping, drop)
    steps, want = [], 0
    for index in range(last_have):
        if want < last_want and cost[want][index] == keep[want][index] + cost[want + 1][index + 1]:
            steps.append(_LineStep("update" if keep[want][index] else "keep", want + same, index + same))
            want += 1
        else:
            steps.append(_LineStep("delete", -1, index + same))
    return steps + [_LineStep("create", number + same, -1) for number in range(want, last_want)]


def _cost(want: LineBody, have: RemoteLine) -> int:
    names = _differing(want, have)
    if not names:
        return 0
    # Neither a product nor a section can be taken away from a line, only replaced.
    removed = {name for name in ("product_id", "section_rank") if not getattr(want, name, None)}
    return 1 if set(names) <= _WRITABLE_ON_LINES - removed else _IMPOSSIBLE


def _differing(want: LineBody, have: RemoteLine) -> list[str]:
    return [difference.pointer.removeprefix("/") for difference in line_differences(want, have, draft=True)]


def _line_update(definition: LineBody, filled: LineBody, have: RemoteLine) -> JsonObject:
    names = _differing(filled, have)
    if "product_id" in names:
        # Another product may fill the line anew: everything is said.
        names += [
            name
            for name in LINE
            if name in _WRITABLE_ON_LINES - set(names) and getattr(filled, name, UNSET) is not UNSET
        ]
    values = {name: getattr(filled, name, UNSET) for name in names}
    update: dict[str, Json] = {
        "id": have.id,
        **{name: None if value is UNSET else write_field(name, value) for name, value in values.items()},
    }
    if "discount" in update and update["discount"] is None and have.discount:
        # On a line, unlike in the header, the value may not be null.
        update["discount"] = {"type": have.discount.type, "value": "0"}
    # No answer shows a line's account: it goes along, so that it cannot stay behind from another line.
    if definition.ledger_account_id is not UNSET:
        update["ledger_account_id"] = write_field("ledger_account_id", definition.ledger_account_id)
    return update


def _texts(sections: Sequence[InvoiceSection]) -> list[tuple[Any, ...]]:
    return sorted((section.rank, section.title or "", section.description or "") for section in sections)
