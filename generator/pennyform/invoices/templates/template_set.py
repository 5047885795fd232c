"""The templates that definitions can name: the user's own, and behind them those that come with pennyform."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pennyform import data
from pennyform.findings import Finding, closest_name
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.document import Path as Steps
from pennyform.invoices.yaml.reader import read_file

if TYPE_CHECKING:
    from pennyform.invoices.templates.inheritance import Template

_BUILT_IN = "built-in/"
# Templates are joined by calling ourselves: far below the interpreter's own limit, which differs.
DEEPEST = 16


class TemplateSet:
    """Templates by name, each parsed and joined with what it extends when it is first asked for.

    ``findings`` grow as templates turn out not to be usable. ``reported`` are the places of expressions that
    a finding is about already, whatever an invoice makes of them.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.reported: set[str] = set()
        self._documents: dict[str, Document | None] = {}
        self._templates: dict[str, Template | None] = {}

    def add(self, document: Document, *, is_valid: bool) -> None:
        """Take in a template of the user's; nothing can be made from one that is not valid."""
        name = PurePath(document.file).stem
        if name in self._documents:
            self.findings.append(
                document.finding(
                    "duplicate-template",
                    f"another template is called `{name}`",
                )
            )
        self._documents[name] = document if is_valid else None

    def user_templates(self) -> list[str]:
        """The names of the user's templates."""
        return [
            name
            for name, document in self._documents.items()
            if document is None or not document.file.startswith(_BUILT_IN)
        ]

    def template(self, document: Document, path: Steps, findings: list[Finding]) -> Template | None:
        """The template that ``document`` names at ``path``; None when it cannot be used.

        Adds to ``findings`` when no template of that name is known; one that is known has its own findings.
        """
        name = document.value[path[0]]
        template = self.find(name)
        if template is None and name not in self._documents:
            findings.append(self._unknown(document, path, name))
        return template

    def find(self, name: str, extending: tuple[str, ...] = ()) -> Template | None:
        """The template called ``name``; None when there is none, or when nothing can be made from it.

        ``extending`` are the templates that lead to it by extending one another.
        """
        if name in self._templates:
            return self._templates[name]
        # Only when the user has none of that name: an own template replaces the built-in one.
        if name not in self._documents:
            # Its last part alone: what a definition says must not lead out of the folder.
            path = data.templates() / "invoices" / f"{Path(name).name}.yaml"
            if path.is_file():
                self._documents[name] = read_file(path, f"{_BUILT_IN}{path.name}", path.parent)[0]
        document = self._documents.get(name)
        if document is None:
            return None
        template, base, extended, names = None, None, document.value.get("extends"), (*extending, name)
        if extended in names:
            summary = f"the template extends itself: {' → '.join((*names, extended))}"
            self.findings.append(document.finding("template-extends", summary, ("extends",)))
        elif self._depth(document) > DEEPEST:
            summary = f"templates extend one another more than {DEEPEST} deep"
            fix = "say in this one what those behind it say"
            self.findings.append(document.finding("template-extends", summary, ("extends",), fix=fix))
        elif extended is not None and (base := self.find(extended, names)) is None:
            # The findings of one that is known are reported where it is.
            if extended not in self._documents:
                self.findings.append(self._unknown(document, ("extends",), extended))
        else:
            # Most repositories have no templates: parameters and expressions are only imported for those
            # that do.
            from pennyform.invoices.templates.inheritance import parse_template

            template, findings = parse_template(document, base)
            self.findings += findings
        self._templates[name] = template
        return template

    def check_expressions(self, files: Collection[str]) -> None:
        """Look at every expression of the usable templates in ``files``, also where no definition leads.

        Only on request: Jinja takes longer to import than a definition to check.
        """
        for name, template in self._templates.items():
            document = self._documents[name]
            if template is None or document is None or document.file not in files:
                continue
            from pennyform.invoices.templates.lint import check_expressions

            findings = list(check_expressions(document, template.parameters))
            self.findings += findings
            self.reported.update(finding.place for finding in findings)

    def _depth(self, document: Document) -> int:
        """How many templates are behind ``document``, each extended by the one before; a circle counts once.

        Counted by following the names: which of them were parsed before must make no difference.
        """
        names: set[str] = set()
        current: Document | None = document
        while current is not None and len(names) <= DEEPEST:
            extended = current.value.get("extends")
            if extended is None or extended in names:
                break
            names.add(extended)
            current = self._documents.get(extended)
        return len(names)

    def _unknown(self, document: Document, path: Steps, name: str) -> Finding:
        built_in = [file.stem for file in (data.templates() / "invoices").glob("*.yaml")]
        names = sorted({*self._documents, *built_in})
        close = closest_name(name, names)
        return document.finding(
            "unknown-template",
            f"there is no template `{name[:60]}`",
            path,
            detail=f"There are: {', '.join(f'`{known}`' for known in names)}.",
            fix=f"write `{close}`" if close else "add it under `templates/`",
        )
