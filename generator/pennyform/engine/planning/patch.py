"""The least PUT that turns a draft into what its definition says.

Lines are changed by id. The API appends created lines at the end and cannot reorder, so the lines that stay
keep their order and are matched, in order, with the first lines wanted; the rest is created behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.planning.diff import HEADER, LINE, diff_invoice, header_differences, line_differences
from pennyform.engine.planning.resolve import Resolved

# Header fields that a PUT on a draft takes.
_WRITABLE = set(HEADER) - {"transaction_reference"}
# Line fields that a line's update takes. A line that differs in another is deleted and created anew.
_WRITABLE_ON_LINES = set(LINE) - {"substance", "imputation_dates"}
_IMPOSSIBLE = 1_000_000


def update_body(resolved: Resolved, there: RemoteInvoice) -> dict[str, Any] | None:
    """The body of the PUT that makes the draft ``there`` equal to ``resolved``.

    Returns:
        A partial update, with a natural key where an id is not known yet; None when no PUT can do it
        (sections cannot be changed).
    """
    if _sections_differ(resolved, there):
        return None
    body: dict[str, Any] = {}
    for difference in header_differences(resolved, there):
        name = difference.pointer.removeprefix("/").partition("/")[0]
        if name not in _WRITABLE:
            return None
        body[name] = difference.want
    if "discount" in body and body["discount"] is None:
        body["discount"] = {"type": there.header["discount"]["type"], "value": None}
    lines = _edit_lines(resolved, there)
    return {**body, "invoice_lines": lines} if lines else body


class _Step(NamedTuple):
    """One line's fate: ``keep``, ``update``, ``delete`` or ``create``, with its places wanted and had."""

    kind: str
    want: int
    have: int


def finalized_update_body(resolved: Resolved, there: RemoteInvoice) -> dict[str, Any] | None:
    """The body of the PUT for what may still be set on a finalized invoice.

    Returns:
        A partial update, empty when there is nothing to set; None when something differs that is now fixed.
    """
    comparison = diff_invoice(resolved, there)
    if comparison.amounts:
        return None
    body: dict[str, Any] = {}
    dates: list[dict[str, Any]] = []
    for difference in comparison.content:
        match difference.pointer.split("/")[1:]:
            case [("label" | "transaction_reference" | "external_reference") as name]:
                body[name] = difference.want
            case ["invoice_lines", index, "imputation_dates"] if difference.want is not None:
                dates.append({"id": there.lines[int(index)]["id"], "imputation_dates": difference.want})
            case _:
                return None
    return {**body, "invoice_lines": {"update": dates}} if dates else body


def _edit_lines(resolved: Resolved, there: RemoteInvoice) -> dict[str, Any]:
    # The lines wanted are compared with what the product fills in, but sent as the definition says them.
    wanted, filled, have = resolved.body["invoice_lines"], resolved.lines, there.lines
    edit: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    for step, want, index in _shortest(filled, have):
        if step == "update":
            edit["update"].append(_line_update(wanted[want], filled[want], have[index]))
        elif step == "delete":
            edit["delete"].append({"id": have[index]["id"]})
        elif step == "create":
            edit["create"].append(dict(wanted[want]))
    return {name: entries for name, entries in edit.items() if entries}


def _shortest(wanted: Sequence[Row], have: Sequence[Row]) -> list[_Step]:
    """The steps that change the fewest lines; on a tie, those that keep the earliest ones."""
    same = _equal_prefix(wanted, have)
    rest = _cheapest(wanted[same:], have[same:])
    return [_Step(kind, want + same, index + same) for kind, want, index in rest]


def _equal_prefix(wanted: Sequence[Row], have: Sequence[Row]) -> int:
    pairs = enumerate(zip(wanted, have, strict=False))
    return next((n for n, (want, line) in pairs if _differing(want, line)), min(len(wanted), len(have)))


def _cheapest(wanted: Sequence[Row], have: Sequence[Row]) -> list[_Step]:
    """Dynamic programming from the end: ``cost[w][h]`` is what the lines from ``w`` and ``h`` on take."""
    last_want, last_have = len(wanted), len(have)
    keep = [[_cost(want, line) for line in have] for want in wanted]
    cost = [[0] * (last_have + 1) for _ in range(last_want + 1)]
    for want in range(last_want, -1, -1):
        cost[want][last_have] = last_want - want
        for index in range(last_have - 1, -1, -1):
            drop = 1 + cost[want][index + 1]
            kept = keep[want][index] + cost[want + 1][index + 1] if want < last_want else drop
            cost[want][index] = min(kept, drop)
    steps, want = [], 0
    for index in range(last_have):
        if want < last_want and cost[want][index] == keep[want][index] + cost[want + 1][index + 1]:
            steps.append(_Step("update" if keep[want][index] else "keep", want, index))
            want += 1
        else:
            steps.append(_Step("delete", -1, index))
    return steps + [_Step("create", number, -1) for number in range(want, last_want)]


def _cost(want: Row, have: Row) -> int:
    names = _differing(want, have)
    if not names:
        return 0
    return 1 if _can_update(want, names) else _IMPOSSIBLE


def _differing(want: Row, have: Row) -> list[str]:
    return [difference.pointer.removeprefix("/") for difference in line_differences(want, have, draft=True)]


def _can_update(want: Row, names: Sequence[str]) -> bool:
    # Neither a product nor a section can be taken away from a line, only replaced.
    taken_away = {name for name in ("product_id", "section_rank") if want.get(name) is None}
    return set(names) <= _WRITABLE_ON_LINES - taken_away


def _line_update(stated: Row, filled: Row, have: Row) -> dict[str, Any]:
    names = _differing(filled, have)
    if "product_id" in names:
        # Another product may fill the line anew: everything is said.
        names += [name for name in LINE if name in filled and name in _WRITABLE_ON_LINES - set(names)]
    update: dict[str, Any] = {"id": have["id"], **{name: filled.get(name) for name in names}}
    if "discount" in update and update["discount"] is None:
        update["discount"] = {"type": have["discount"]["type"], "value": "0"}
    # No answer shows a line's account: it goes along, so that it cannot stay behind from another line.
    if "ledger_account_id" in stated:
        update["ledger_account_id"] = stated["ledger_account_id"]
    return update


def _sections_differ(resolved: Resolved, there: RemoteInvoice) -> bool:
    if there.sections is None:
        return False
    return _sections(resolved.body.get("invoice_line_sections") or ()) != _sections(there.sections)


def _sections(sections: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((row["rank"], row.get("title") or "", row.get("description") or "") for row in sections)
