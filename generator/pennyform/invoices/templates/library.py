"""The templates that definitions can name: the user's own, and behind them those that come with pennyform."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pennyform import data
from pennyform.findings import Finding
from pennyform.invoices.sources.discover import Source
from pennyform.invoices.sources.source_file import reading
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.document import Path as Steps

if TYPE_CHECKING:
    from pennyform.invoices.templates.inheritance import Template


class Library:
    """Templates by name, each made whole when it is first asked for.

    ``findings`` grow as templates turn out not to be usable. ``faults`` are the places of expressions that
    a finding is about already, whatever an invoice makes of them.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.faults: set[str] = set()
        self._documents: dict[str, Document | None] = {}
        self._whole: dict[str, Template | None] = {}

    def add(self, document: Document, *, is_valid: bool) -> None:
        """Take in a template of the user's; nothing can be made from one that is not valid."""
        name = PurePath(document.file).stem
        if name in self._documents:
            self.findings.append(_second(document, name))
        self._documents[name] = document if is_valid else None

    def own(self) -> list[str]:
        """The names of the user's templates."""
        return [
            name
            for name, document in self._documents.items()
            if document is None or not _is_built_in(document)
        ]

    def template(self, document: Document, path: Steps, findings: list[Finding]) -> Template | None:
        """The template that ``document`` names at ``path``, whole; None when it cannot be used.

        Adds to ``findings`` when no template of that name is known; one that is known has its own findings.
        """
        name = document.value[path[0]]
        found = self.find(name)
        if found is None and name not in self._documents:
            findings.append(_unknown(document, path, name, self._documents))
        return found

    def find(self, name: str) -> Template | None:
        """The template called ``name``; None when there is none, or when nothing can be made from it."""
        return self._find(name, ())

    def check_expressions(self, files: Collection[str]) -> None:
        """Look at every expression of the usable templates in ``files``, also where no definition leads.

        Only on request: Jinja takes longer to import than a definition to check.
        """
        for name, one in self._whole.items():
            document = self._documents[name]
            if one is None or document is None or document.file not in files:
                continue
            from pennyform.invoices.templates.lint import check_expressions

            found = list(check_expressions(document, one.parameters))
            self.findings += found
            self.faults.update(finding.place for finding in found)

    def _find(self, name: str, extending: tuple[str, ...]) -> Template | None:
        if name not in self._whole:
            document = self._document(name)
            if document is None:
                return None
            self._whole[name] = self._made_whole(document, (*extending, name))
        return self._whole[name]

    def _document(self, name: str) -> Document | None:
        if name not in self._documents:
            path = data.templates() / "invoices" / f"{Path(name).name}.yaml"
            if path.is_file():
                self._documents[name] = reading(Source(path, f"built-in/{path.name}", "")).document
        return self._documents.get(name)

    def _made_whole(self, document: Document, names: tuple[str, ...]) -> Template | None:
        base, extended = None, document.value.get("extends")
        if extended in names:
            self.findings.append(_circular(document, (*names, extended)))
            return None
        if extended is not None:
            base = self._find(extended, names)
            if base is None and extended not in self._documents:
                self.findings.append(_unknown(document, ("extends",), extended, self._documents))
            if base is None:
                return None
        from pennyform.invoices.templates.inheritance import template

        whole, findings = template(document, base)
        self.findings += findings
        return whole


def _is_built_in(document: Document) -> bool:
    return document.file.startswith("built-in/")


def _second(document: Document, name: str) -> Finding:
    return document.finding(
        "duplicate-template",
        f"another template is called `{name}`",
        detail="A template is called like its file, whichever folder that is in.",
        fix="rename one of the files",
    )


def _circular(document: Document, names: tuple[str, ...]) -> Finding:
    return document.finding(
        "template-extends",
        f"the template extends itself: {' → '.join(names)}",
        ("extends",),
        fix="extend another one, or none",
    )


def _unknown(document: Document, path: Steps, name: str, known: Iterable[str]) -> Finding:
    from difflib import get_close_matches

    built_in = [found.stem for found in (data.templates() / "invoices").glob("*.yaml")]
    names = sorted({*known, *built_in})
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return document.finding(
        "unknown-template",
        f"there is no template `{name[:60]}`",
        path,
        detail=f"There are: {', '.join(f'`{one}`' for one in names)}.",
        fix=f"write `{close[0]}`" if close else "add it under `templates/`",
    )
