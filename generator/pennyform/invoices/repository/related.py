"""Definitions that others name: the files that they are in, and what they say.

A definition is checked by itself, and nothing of it is kept. Those that others name are resolved once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pennyform.invoices.checks.references import ReferenceClaim, ResolvedInvoice
from pennyform.invoices.repository.context import RepositoryContext
from pennyform.invoices.repository.definition import check_files
from pennyform.invoices.sources.discover import Sources, discover
from pennyform.invoices.sources.source_file import Source


def definitions_named(
    references: Collection[str],
    claims: Sequence[ReferenceClaim],
    sources: Sources,
    context: RepositoryContext,
) -> dict[str, ResolvedInvoice]:
    """The valid definitions of ``references``, resolved again, and others of the same files; by reference.

    Args:
        references: of the invoices that are wanted.
        claims: which file each reference of the run is in.
        sources: of the run; when it was given a part of the repository, the rest is searched too.
        context: what the invoices depend on.
    """
    known = [claim for claim in claims if claim.kind == "invoice" and claim.reference in references]
    files = {claim.source for claim in known}
    # A reference does not say which file it is in; the claims do.
    again = [source for source in sources.requested if source.name in files]
    again += files_mentioning(set(references) - {claim.reference for claim in known}, sources, context)
    return {
        resolved.invoice.external_reference: resolved
        for result in check_files(again, context)
        for resolved in result.invoices
    }


def files_mentioning(
    references: Collection[str], sources: Sources, context: RepositoryContext
) -> Iterator[Source]:
    """Files of the repository beyond those requested that one of ``references`` occurs in."""
    if not references or not sources.settings:
        return
    if context.elsewhere is None:
        requested = {source.path for source in sources.requested}
        everywhere = discover([sources.root], context.reader).requested
        context.elsewhere = [source for source in everywhere if source.path not in requested]
    # A definition may leave the prefix out.
    prefix = context.settings.reference_prefix
    texts = [reference.removeprefix(prefix).encode() for reference in references]
    for source in context.elsewhere:
        content = context.reader.content(source)[0]
        if content is not None and any(text in content for text in texts):
            yield source
