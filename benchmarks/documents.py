"""Checking documents, beside a bare script of saxonche with the same rules and documents, in the same run."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from pennyform.documents import cii, ubl
from pennyform.documents.build import OtherInvoices, build
from pennyform.documents.checking import check_result
from pennyform.documents.extra import rules_folder
from pennyform.documents.rule_sets import _FILES, _compiled, _processor, rule_sets
from pennyform.documents.views import page, pdf
from pennyform.invoices import ResolvedInvoice, load
from saxonche import PySaxonProcessor

SETTINGS = """\
version: 1
environment: sandbox
policies: {max_days_back: 36500}
seller: {name: Example, address: 1 rue A, postal_code: "69001", city: Lyon, siren: "732829320"}
"""
CARD = """\
external_reference: BUYER
name: Exemple SARL
billing_address: {address: 1 rue B, postal_code: "75001", city: Paris, country_alpha2: FR}
reg_no: "552100554"
"""
LINE = '- {label: Line, quantity: 2, unit: hour, raw_currency_unit_price: "12.34", vat_rate: FR_200}\n'


def _invoices(folder: Path, count: int) -> None:
    for name, text in (("pennyform.yaml", SETTINGS), ("customers/buyer.yaml", CARD)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "invoices").mkdir()
    for number in range(count):
        head = f"external_reference: INV-{number}\ncustomer: BUYER\ndate: 2026-03-01\ndeadline: 2026-03-31\n"
        (folder / "invoices" / f"{number}.yaml").write_text(f"{head}invoice_lines:\n{LINE * 5}")


def _milliseconds(start: float, count: int = 1) -> float:
    return (time.perf_counter() - start) / count * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=50)
    count = parser.parse_args().invoices
    with tempfile.TemporaryDirectory() as made:
        _invoices(Path(made), count)
        resolved: list[ResolvedInvoice] = []
        repository, _ = load([made], resolved.append)
    other_invoices = OtherInvoices.of(repository)
    documents = [
        document for one in resolved if (document := build(one, repository, other_invoices).document)
    ]
    texts = [ubl.write(document).decode() for document in documents]

    start = time.perf_counter()
    _processor()
    for name in rule_sets(is_french=True):
        _compiled("ubl", name)
    print(f"rule sets compiled         {_milliseconds(start):9.0f} ms, once")
    start = time.perf_counter()
    bare = PySaxonProcessor(license=False)
    files = [rules_folder() / _FILES["ubl", name] for name in rule_sets(is_french=True)]
    sheets = [bare.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(file)) for file in files]
    print(f"  bare saxonche            {_milliseconds(start):9.0f} ms")

    def check_bare(text: str) -> None:
        node = bare.parse_xml(xml_text=text)
        for sheet in sheets:
            sheet.set_global_context_item(xdm_item=node)
            sheet.transform_to_string(xdm_node=node)

    check_bare(texts[0])
    list(check_result(build(resolved[0], repository, other_invoices)))
    start = time.perf_counter()
    for text in texts:
        check_bare(text)
    theirs = _milliseconds(start, count)
    start = time.perf_counter()
    for one in resolved:
        assert list(check_result(build(one, repository, other_invoices))) == []
    ours = _milliseconds(start, count)
    print(f"a document checked         {ours:9.1f} ms")
    print(f"  bare saxonche            {theirs:9.1f} ms   ratio {ours / theirs:.2f}")
    for name, write in (
        ("UBL", ubl.write),
        ("CII", cii.write),
        ("page", lambda document: page.render(document, ())),
        ("PDF with its XML", lambda document: pdf.render(document, ())),
    ):
        write(documents[0])
        start = time.perf_counter()
        for document in documents:
            write(document)
        print(f"written as {name:16}{_milliseconds(start, count):9.1f} ms")


if __name__ == "__main__":
    main()
