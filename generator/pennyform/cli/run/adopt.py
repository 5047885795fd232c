"""Holding definitions that were just written against the account, and withdrawing those that are not true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pennyform.engine.account.client import AccountClient
from pennyform.engine.adopt import Adopted
from pennyform.engine.planning.lookups import refresh
from pennyform.engine.planning.targets import select_invoices
from pennyform.engine.verify import VerificationStatus, VerifiedInvoice, verify
from pennyform.findings import Finding, errors
from pennyform.invoices import Repository
from pennyform.report.shared.formatting import difference

Load = Callable[[], tuple[Repository, list[Finding]]]
_MOST_REASONS = 3


def withdraw_untrue(
    adopted: Sequence[Adopted], root: Path, load: Load, remote: AccountClient
) -> dict[str, str]:
    """Delete those of the files just written that are invalid, or ask for something else than there is.

    Args:
        adopted: what was written.
        root: the repository's folder.
        load: reads it.
        remote: the account.

    Returns:
        Why, by the path of each deleted file.
    """
    paths = {str((root / one.path).resolve()): one.path for one in adopted}
    repository, findings = load()
    reasons: dict[str, str] = {}
    for finding in errors(findings):
        path = paths.get(str(Path(finding.file).resolve()))
        if path:
            reasons.setdefault(path, finding.summary)
    _delete(root, reasons)
    if reasons:
        repository, _ = load()
    untrue = _untrue([one for one in adopted if one.path not in reasons], repository, remote)
    _delete(root, untrue)
    return reasons | untrue


def _untrue(adopted: Sequence[Adopted], repository: Repository, remote: AccountClient) -> dict[str, str]:
    """The invoices that differ from their definitions: a plan would have something to do, or a conflict."""
    paths = {str(one.value["external_reference"]): one.path for one in adopted if one.kind == "invoice"}
    if not paths:
        return {}
    repository = select_invoices(repository, paths)
    verification = verify(repository, refresh(repository, remote))
    return {
        paths[one.desired.external_reference]: _why(one)
        for one in verification.invoices
        if one.standing is not VerificationStatus.EQUAL
    }


def _why(invoice: VerifiedInvoice) -> str:
    if len(invoice.there) != 1:
        return f"{len(invoice.there)} invoices carry its reference"
    rows = invoice.to_json()["differences"]
    said = [difference(row) for row in rows[:_MOST_REASONS]]
    more = [f"and {len(rows) - _MOST_REASONS} more"] if len(rows) > _MOST_REASONS else []
    return "no definition says what the account has: " + "; ".join([*said, *more])


def _delete(root: Path, reasons: dict[str, str]) -> None:
    for path in reasons:
        (root / path).unlink()
