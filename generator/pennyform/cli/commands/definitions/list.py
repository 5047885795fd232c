"""``pennyform list``: the names that definitions may use, without the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from pennyform import data
from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.definitions import ListOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import errors
from pennyform.invoices import Repository, load
from pennyform.invoices.model import DesiredInvoice, Unset
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.yaml.reader import read_file
from pennyform.report.shared.formatting import clean
from pennyform.report.shared.layout import unbroken
from pennyform.results.documents import json_text
from pennyform.results.listing import ListDocument, ListedName
from pennyform.results.values import FORMAT_VERSION

_BUILT_IN = "built in"
_TEMPLATE = "invoice-template"


def run(options: ListOptions, terminal: Terminal) -> Exit:
    """Print the names on standard output; 4 when definitions are invalid, with what can be told of them."""
    repository, findings = load(options.paths, find_schemas=partial(schemas_of, terminal.environ))
    terminal.print_findings(errors(findings))
    names = tuple(sorted(_NAMES[options.kind](repository), key=lambda row: row.name))
    document = ListDocument(FORMAT_VERSION, options.kind, names)
    if options.format == "json":
        terminal.write(json_text(document))
    else:
        rows = [[unbroken(row.name), unbroken(row.source), row.about] for row in map(clean, names)]
        made = terminal.layout().table(rows, "^<w")
        lines = [line for lines in made for line in lines] or [f"no {options.kind}"]
        terminal.write("\n".join(lines) + "\n")
    return Exit.FINDINGS if errors(findings) else Exit.OK


def _vat_codes(_repository: Repository) -> Iterator[ListedName]:
    for rate in rates().values():
        charged = "reverse charge" if rate.reverse_charge else "" if rate.on_document else "no tax"
        about = ", ".join(filter(None, (f"{rate.percent} %", rate.country, charged, rate.note)))
        if rate.writable:
            yield ListedName(rate.code, about, _BUILT_IN)


def _templates(repository: Repository) -> Iterator[ListedName]:
    folder = data.templates() / "invoices"
    repository_files = {
        name: repository.root / name for name in repository.files if name.startswith("templates/")
    }
    built_in = {path.name: path for path in folder.glob("*.yaml")}
    described = {}
    for source, (files, root) in {
        _BUILT_IN: (built_in, folder),
        "": (repository_files, repository.root),
    }.items():
        for name, path in files.items():
            document = read_file(path, name, root)[0]
            # What lies in that folder is one, unless it says otherwise.
            if document and document.value.get("kind", _TEMPLATE) == _TEMPLATE:
                about = str(document.value.get("description") or "")
                title = str(document.value.get("name") or path.stem)
                # An own template takes the place of the built-in one of its name.
                described[title] = ListedName(title, about, source or name)
    yield from described.values()


def _customers(repository: Repository) -> Iterator[ListedName]:
    for reference, customer in repository.customers.items():
        yield ListedName(reference, customer.body.full_name, customer.place.file)


def _products(repository: Repository) -> Iterator[ListedName]:
    for reference, product in repository.products.items():
        body = product.body
        values = (body.label, body.price_before_tax, body.vat_rate)
        about = ", ".join(str(value) for value in values if not isinstance(value, Unset))
        yield ListedName(reference, about, product.place.file)


def _categories(repository: Repository) -> Iterator[ListedName]:
    """Those that invoices name: which ones there are is known to the account alone."""
    uses: dict[tuple[str, str], list[DesiredInvoice]] = {}
    for invoice in repository.invoices:
        for category in invoice.options.categories or ():
            group = dict(category.key.qualifiers).get("group", "")
            uses.setdefault((str(category.key.value), group), []).append(invoice)
    for (name, group), invoices in uses.items():
        count = f"{len(invoices)} invoice{'' if len(invoices) == 1 else 's'}"
        about = ", ".join(filter(None, (group, count)))
        yield ListedName(name, about, invoices[0].place.file)


_NAMES: dict[str, Callable[[Repository], Iterator[ListedName]]] = {
    "vat-codes": _vat_codes,
    "categories": _categories,
    "templates": _templates,
    "customers": _customers,
    "products": _products,
}
