"""``pennyform preview``: each invoice as its customer will get it, without the network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pennyform.cli.contracts import schemas_of
from pennyform.cli.document_files import is_folder, write_document
from pennyform.cli.documents import Previewed, invoices_of, previews
from pennyform.cli.options.definitions import PreviewOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import Finding, errors, failure
from pennyform.invoices import ResolvedInvoice, load
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.text import file_name

# What names of files end with, the options that write them, and what the files begin with.
_SUFFIXES = {"pdf": ".pdf", "html": ".html", "ubl": ".xml", "cii": ".xml"}
_OPTIONS = {"pdf": "`--pdf`", "html": "`--html`", "ubl": "`--xml ubl`", "cii": "`--xml cii`"}
_BEGINNINGS = {"pdf": b"%PDF-", "html": b"<!doctype html>", "ubl": b"<?xml", "cii": b"<?xml"}


def run(options: PreviewOptions, terminal: Terminal) -> Exit:
    """Write the documents, and findings on standard error; 4 when a definition or a document is invalid."""
    paths = [word for word in options.targets if Path(word).exists()]
    references = [word for word in options.targets if word not in paths]
    resolved: list[ResolvedInvoice] = []
    repository, findings = load(
        paths or ["."], resolved.append, find_schemas=partial(schemas_of, terminal.environ)
    )
    terminal.print_findings(findings)
    if errors(findings):
        return Exit.FINDINGS
    fix = "write a reference of the folder, or the path of a definition"
    chosen = invoices_of(references, resolved, "invoice, file or folder", fix)
    documents: dict[str, bytes] = {}
    problems: list[Finding] = []
    for previewed in previews(chosen, repository, options.language):
        problems += previewed.findings
        if previewed.document:
            documents[previewed.reference] = content(previewed, options.form)
    terminal.print_findings(with_rule_texts(problems))
    if documents:
        _write(documents, options, terminal)
    elif not chosen:
        # Standard output is for documents alone.
        terminal.print_error("no invoices")
    return Exit.FINDINGS if errors(problems) else Exit.OK


def content(previewed: Previewed, form: str) -> bytes:
    """The document in one form. Only the module that writes it is imported."""
    document = previewed.document
    if document is None:
        raise ValueError("there is no document")
    if form == "ubl":
        from pennyform.documents import ubl

        return ubl.write(document)
    if form == "cii":
        from pennyform.documents import cii

        return cii.write(document)
    if form == "html":
        from pennyform.documents.views import page

        return page.render(document, previewed.notes).encode()
    from pennyform.documents.views import pdf
    from pennyform.typesetting import NoFontError

    try:
        return pdf.render(document, previewed.notes)
    except NoFontError as error:
        summary = f"the PDF cannot show {previewed.reference}: {error}"
        fix = "install a font that has the character, or look at --html"
        raise failure("preview-output", summary, fix=fix) from error


def _write(documents: Mapping[str, bytes], options: PreviewOptions, terminal: Terminal) -> None:
    """Write into files, or one text document on standard output.

    Raises:
        Failure: ``preview-output``, ``not-writable``.
    """
    out = options.out
    if out is None:
        if len(documents) > 1 or options.form == "pdf":
            count = "a PDF" if len(documents) == 1 else f"{len(documents)} documents"
            raise failure(
                "preview-output",
                f"{count} cannot be written on the terminal",
                fix="write `--out` and a folder",
            )
        terminal.write(next(iter(documents.values())).decode())
        return
    goes_into_folder, suffix = _goes_into_folder(out, options.form, len(documents)), _SUFFIXES[options.form]
    for reference, content in documents.items():
        file = Path(out, f"{file_name(reference)}{suffix}") if goes_into_folder else Path(out)
        write_document(file, content, _BEGINNINGS[options.form])
        terminal.print_error(f"Wrote {file}.")


def _goes_into_folder(out: str, form: str, count: int) -> bool:
    suffixes, suffix = set(_SUFFIXES.values()), Path(out).suffix.lower()
    goes_into_folder = is_folder(out, suffixes, count, "preview-output")
    if not goes_into_folder and suffix in suffixes - {_SUFFIXES[form]}:
        options = " or ".join(_OPTIONS[name] for name, ending in _SUFFIXES.items() if ending == suffix)
        raise failure(
            "preview-output",
            f"`{out[:100]}` is not the name of what is written, which is {_OPTIONS[form]}",
            fix=f"write {options} for it, or a name that ends with `{_SUFFIXES[form]}`",
        )
    return goes_into_folder
