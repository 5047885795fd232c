"""An invoice repository: all its files, read, checked and resolved in one go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pennyform.findings import Finding, tidy
from pennyform.invoices.checks.references import ReferenceClaim, Resolved, duplicates
from pennyform.invoices.desired.digest import digest
from pennyform.invoices.model import DesiredInvoice, Repository
from pennyform.invoices.repository.context import Surroundings, surroundings
from pennyform.invoices.repository.definition import Outcome, outcome
from pennyform.invoices.schema.rules import with_remedies
from pennyform.invoices.sources.discover import Source, Sources
from pennyform.invoices.sources.kinds import is_surely_an_invoice
from pennyform.invoices.sources.selection import select
from pennyform.invoices.sources.source_file import Read, Witness, reading
from pennyform.invoices.yaml.reader import read_bytes

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote

Look = Callable[[Resolved], None]


def load(
    paths: Sequence[str | Path], look: Look | None = None, *, environment: str | None = None
) -> tuple[Repository, list[Finding]]:
    """Read the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        look: is shown each invoice together with what it was made from, which is not kept.
        environment: whose policies hold; the one that the settings say when left out.

    Returns:
        The repository, with only those definitions that have no error, and every finding in all files.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the emitted schemas are
            missing.
    """
    import hashlib  # loads OpenSSL, which checking alone does not need

    sources = select(paths)
    files: dict[str, str] = {}

    def remember(read: Read) -> None:
        if read.content is not None:
            files[_within(read.source.path, sources.root)] = hashlib.sha256(read.content).hexdigest()

    unsure, sure = told_apart(sources.given)
    around = surroundings(sources, (*sources.beside, *unsure), remember)
    if environment:
        around.settings = around.settings._replace(environment=environment)
    invoices: list[DesiredInvoice] = []
    notes: list[CreditNote] = []
    findings, claims = [*sources.refused, *around.findings], around.claims
    for one in outcomes([*around.invoices, *sure], around, remember):
        for resolved in one.invoices:
            invoices.append(_with_digest(resolved.invoice))
            if look:
                look(resolved)
        findings += one.findings
        claims += one.claims
        notes += one.credit_notes
        files.update(one.files)
    findings += [*duplicates(claims), *against_credited(notes, claims, sources, around)]
    return around.repository(invoices, files), tidy(with_remedies(findings))


def own_templates(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What each usable template of the repository in ``folder`` says, whole, by name."""
    sources = select([folder])
    library = surroundings(sources, sources.beside, lambda _: None).library
    found = {name: library.find(name) for name in library.own()}
    return {name: one.document.value for name, one in found.items() if one}


def told_apart(given: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Of ``given``, the files that may declare something else than an invoice, and those that cannot."""
    unsure: list[Source] = []
    sure: list[Source] = []
    for source in given:
        (sure if is_surely_an_invoice(source) else unsure).append(source)
    return unsure, sure


def outcomes(invoices: Sequence[Source], around: Surroundings, witness: Witness) -> Iterator[Outcome]:
    """What each of the files ``invoices`` comes to, in their order; nothing of one is kept for the next."""
    for source in invoices:
        read = reading(source)
        witness(read)
        if read.document is None:
            yield Outcome((), (), (), read.findings, {})
        else:
            yield outcome(read.document, around, read.findings)


def against_credited(
    notes: Sequence[CreditNote], claims: Sequence[ReferenceClaim], sources: Sources, around: Surroundings
) -> Iterator[Finding]:
    """What keeps credit notes from taking back the invoices that they name, where those are defined here.

    Args:
        notes: of the run, which has kept nothing of the invoices: they are read again.
        claims: which file each reference of the run is in.
        sources: of the run; when it was given a part of the repository, the rest is searched too.
        around: what the invoices lean on.
    """
    if not notes:
        return
    from pennyform.invoices.checks.credit_notes import compare, terms

    wanted = {note.of for note in notes}
    found = [claim for claim in claims if claim.kind == "invoice" and claim.reference in wanted]
    files = {claim.source for claim in found}
    again = [source for source in sources.given if source.name in files]
    again += _mentioning(wanted - {claim.reference for claim in found}, sources, around)
    product, rounding = around.repository().product, around.settings.rounding
    known = {
        one.invoice.external_reference: terms(one.invoice, product, rounding)
        for outcome_ in outcomes(again, around, lambda _: None)
        for one in outcome_.invoices
    }
    yield from compare(notes, known)


def _mentioning(references: Collection[str], sources: Sources, around: Surroundings) -> Iterator[Source]:
    """Files of the repository beyond those given that one of ``references`` occurs in."""
    if not references or not sources.settings:
        return
    prefix, given = around.settings.reference_prefix, {source.path for source in sources.given}
    spelled = [reference.removeprefix(prefix).encode() for reference in references]
    for source in select([sources.root]).given:
        content = None if source.path in given else read_bytes(source.path, source.name)[0]
        if content is not None and any(one in content for one in spelled):
            yield source


def _with_digest(invoice: DesiredInvoice) -> DesiredInvoice:
    return invoice._replace(digest=digest(invoice))


def _within(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
