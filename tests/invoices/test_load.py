"""A repository as the engine gets it: bodies, keys, digests, files; and no input that raises."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pennyform.findings import Failure, Severity
from pennyform.invoices import Key, Options, load, request_body
from pennyform.invoices.checks.semantics import check_any, check_invoice
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.document import Path as Steps
from pennyform.safe_files import FolderCache, open_inside

from .definitions import (
    CUSTOMER,
    OF_KIND,
    PERSON,
    PROBES,
    PRODUCT,
    VALUES,
    YAML_TEXT,
    definition_schema,
    nearly_valid,
    write,
)

SETTINGS = "version: 1\nenvironment: sandbox\nrounding: document\n"


def one(folder: Path, text: str = YAML_TEXT) -> Any:
    repository, findings = load([write(folder, invoice=text)])
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
    (invoice,) = repository.invoices
    return invoice


def test_the_body_speaks_the_contracts_language(tmp_path: Path) -> None:
    invoice = one(tmp_path, YAML_TEXT.replace('"100.00"', '"100"') + "label: x\noptions: {finalize: true}\n")
    assert invoice.operation == "postCustomerInvoices"
    assert invoice.options == Options(finalize=True)
    assert invoice.body.customer_id == Key("customer", "external_reference", "ACME_001", invoice.place)
    assert str(invoice.body.customer_id.place) == f"{tmp_path}/invoice.yaml:2:11"
    assert {name: value for name, value in to_json(invoice.body).items() if name != "customer_id"} == {
        "external_reference": "INV-1",
        "date": "2026-01-31",
        "deadline": "2026-02-28",
        "label": "x",
        "invoice_lines": [
            {
                "label": "Consulting",
                "quantity": Decimal(2),
                "unit": "hour",
                "raw_currency_unit_price": "100.00",
                "vat_rate": "FR_200",
            }
        ],
    }


def test_a_request_is_always_a_draft_with_ids_in_place(tmp_path: Path) -> None:
    more = "  - {product: DAY, quantity: 1, ledger_account: {id: 9}}\ncustomer_invoice_template: Standard\n"
    asked: list[tuple[str, str, Any]] = []

    def identify(key: Key) -> int:
        asked.append((key.kind, key.field, key.value))
        return len(asked)

    body = request_body(one(tmp_path, YAML_TEXT + more), identify)
    assert body["draft"] is True
    assert sorted(asked) == [
        ("customer", "external_reference", "ACME_001"),
        ("customer_invoice_template", "name", "Standard"),
        ("product", "external_reference", "DAY"),
    ]
    assert body["invoice_lines"][1]["ledger_account_id"] == 9
    assert {type(body[name]) for name in ("customer_id", "customer_invoice_template_id")} == {int}


def test_the_digest_says_what_is_asked_for_and_nothing_else(tmp_path: Path) -> None:
    plain = one(tmp_path / "a")
    laid_out_otherwise = "# a comment\n" + YAML_TEXT.replace("quantity: 2", "quantity: 2.0").replace(
        '"100.00"', '"100"'
    )
    assert one(tmp_path / "b", laid_out_otherwise).digest == plain.digest
    for other in (
        YAML_TEXT.replace("ACME_001", "ACME_002"),
        YAML_TEXT.replace("ACME_001", "{id: 1}"),
        YAML_TEXT.replace("quantity: 2", "quantity: 2.5"),
        YAML_TEXT + "options: {finalize: true}\n",
    ):
        assert one(tmp_path / hashlib.sha256(other.encode()).hexdigest()[:8], other).digest != plain.digest


def test_customers_and_products_are_declared_beside(tmp_path: Path) -> None:
    write(
        tmp_path,
        pennyform=SETTINGS,
        invoices__a=YAML_TEXT,
        customers__acme=yaml.safe_dump(CUSTOMER),
        customers__person=yaml.safe_dump(PERSON),
        products__handbook=yaml.safe_dump(PRODUCT),
    )
    repository, findings = load([tmp_path / "invoices" / "a.yaml"])
    assert findings == []
    assert repository.root == tmp_path
    assert repository.settings.environment == "sandbox"
    assert repository.settings.rounding == "document"
    assert repository.settings.sandbox_database == tmp_path / ".pennyform" / "sandbox.db"
    company, person = repository.customers["ACME_001"], repository.customers["P1"]
    assert (company.customer_type, company.operation) == ("company", "postCompanyCustomer")
    assert (person.customer_type, person.operation) == ("individual", "postIndividualCustomer")
    assert "customer_type" not in to_json(person.body)
    product = repository.products["HANDBOOK"]
    assert (product.operation, to_json(product.body)["price_before_tax"]) == ("postProducts", "24.50")
    assert repository.files == {
        path.relative_to(tmp_path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.rglob("*.yaml")
    }


def test_kinds_are_told_by_folder_by_content_or_by_themselves(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=yaml.safe_dump(CUSTOMER),
        b=yaml.safe_dump(PRODUCT),
        customers__c="kind: product\n" + yaml.safe_dump(PRODUCT | {"external_reference": "OTHER"}),
    )
    repository, findings = load([tmp_path])
    assert findings == []
    assert (set(repository.customers), set(repository.products)) == ({"ACME_001"}, {"HANDBOOK", "OTHER"})


def test_without_settings_nothing_points_to_the_sandbox(tmp_path: Path) -> None:
    repository, _ = load([write(tmp_path, a=YAML_TEXT)])
    assert repository.settings.environment == "production"
    assert repository.settings.rounding == "line"


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("nonsense")
    (tmp_path / ".pre-commit-config.yaml").write_text("nonsense")
    (tmp_path / "notes.txt").write_text("nonsense")
    repository, findings = load([tmp_path])
    assert (repository.invoices, findings) == ((), [])


def test_files_given_twice_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, a=YAML_TEXT)
    repository, findings = load([tmp_path, tmp_path / "a.yaml", str(tmp_path / "." / "a.yaml")])
    assert (len(repository.invoices), findings) == (1, [])


def test_each_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counted(root: Path, path: Path, cache: FolderCache | None = None) -> int:
        opened.append(path.name)
        return open_inside(root, path, cache)

    for module in ("yaml.reader", "sources.attachments"):
        monkeypatch.setattr(f"pennyform.invoices.{module}.open_inside", counted)
    series = YAML_TEXT.replace("external_reference: INV-1", 'external_reference: "{{ row.reference }}"')
    write(tmp_path, pennyform=SETTINGS, a=YAML_TEXT, customers__c=yaml.dump(CUSTOMER))
    write(tmp_path, b=f"for_each: {{file: rows.csv}}\n{series}")
    (tmp_path / "rows.csv").write_text("reference\nR-1\nR-2\n")
    repository, findings = load([tmp_path])
    assert ([finding.rule for finding in findings], len(repository.invoices)) == ([], 3)
    assert sorted(opened) == ["a.yaml", "b.yaml", "c.yaml", "pennyform.yaml", "rows.csv"]


def test_files_are_called_as_the_user_called_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, pennyform=SETTINGS, invoices__a="a: 1\n", customers__b="b: 1\n")
    monkeypatch.chdir(tmp_path / "invoices")
    assert {finding.file for finding in load(["."])[1]} == {"a.yaml", "../customers/b.yaml"}
    assert {finding.file for finding in load([tmp_path])[1]} == {
        f"{tmp_path}/invoices/a.yaml",
        f"{tmp_path}/customers/b.yaml",
    }


def test_two_repositories_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path, a__pennyform=SETTINGS, b__pennyform=SETTINGS)
    with pytest.raises(Failure, match="different"):
        load([tmp_path / "a", tmp_path / "b"])


def test_missing_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(Failure) as raised:
        load([tmp_path / "nowhere.yaml", tmp_path, tmp_path / "gone"])
    assert [finding.file for finding in raised.value.findings] == [
        f"{tmp_path}/nowhere.yaml",
        f"{tmp_path}/gone",
    ]


def test_definitions_with_errors_are_not_desired(tmp_path: Path) -> None:
    write(tmp_path, good=YAML_TEXT, bad=YAML_TEXT.replace("INV-1", "INV-2").replace("FR_200", "FR_055"))
    repository, findings = load([tmp_path])
    assert [invoice.external_reference for invoice in repository.invoices] == ["INV-1"]
    assert [finding.rule for finding in findings] == ["unknown-vat-rate"]


@pytest.mark.parametrize("text", [YAML_TEXT + "date: 2026-01-01\n", YAML_TEXT.replace("INV-1", "&a INV-1")])
def test_a_definition_whose_yaml_has_errors_is_not_desired_either(tmp_path: Path, text: str) -> None:
    repository, findings = load([write(tmp_path, a=text)])
    assert (repository.invoices, len(findings)) == ((), 1)


def test_all_findings_of_all_files_come_in_one_run(tmp_path: Path) -> None:
    files = {f"f{number}": YAML_TEXT.replace("date: 2026", "date: 1") for number in range(5)}
    _, findings = load([write(tmp_path, **files)])
    assert len([finding for finding in findings if finding.rule == "no-such-date"]) == 5
    assert findings == sorted(findings, key=lambda finding: (finding.file, finding.line, finding.column))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(), kind=st.sampled_from(("invoice", "customer", "product", "invoice-template", "pennyform"))
)
def test_no_definition_raises(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    value = data.draw(nearly_valid(kind))
    path = tmp_path / ("pennyform.yaml" if kind == "pennyform" else "f.yaml")
    for old in tmp_path.glob("*.yaml"):
        old.unlink()
    if isinstance(value, dict) and kind != "pennyform":
        value = {"kind": kind, **value}
    path.write_text(json.dumps(value, default=float), encoding="utf-8")
    repository, findings = load([tmp_path])
    for finding in findings:
        assert finding.summary
        assert finding.file == str(path)
    for invoice in repository.invoices:
        assert request_body(invoice, lambda _: 1)["draft"] is True


def places(value: Any, at: Steps = ()) -> Iterator[Steps]:
    """The path of every part of a definition."""
    yield at
    for step, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(member, dict | list):
            yield from places(member, (*at, step))
        else:
            yield (*at, step)


def with_probe(value: Any, at: Steps, probe: Any) -> Any:
    if not at:
        return probe
    changed = copy.copy(value)
    changed[at[0]] = with_probe(value[at[0]], at[1:], probe)
    return changed


@pytest.mark.parametrize("kind", sorted(OF_KIND))
def test_what_a_schema_cannot_say_is_checked_whatever_stands_there(kind: str) -> None:
    is_invoice = "invoice" in kind.partition("/")[2]
    schema, check = definition_schema(kind), check_invoice if is_invoice else check_any
    for value in OF_KIND[kind]:
        for at in places(value):
            for probe in PROBES:
                for finding in check(Document("f.yaml", with_probe(value, at, probe)), schema):
                    assert finding.summary


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=nearly_valid("invoice-template"), values=VALUES, rows=st.lists(VALUES, max_size=3))
def test_no_template_and_no_row_raises(tmp_path: Path, template: Any, values: Any, rows: Any) -> None:
    head = {"customer": "B", "date": "2026-01-31", "template": "t", "values": values}
    stated = {"for_each": "data/rows.json", "external_reference": "A-{{ row.x }}"}
    files = {
        "templates/t.yaml": template,
        "one.yaml": {"external_reference": "A", **head},
        "many.yaml": {**stated, **head, "customer": "{{ row.customer }}"},
        "data/rows.json": rows,
    }
    for name, value in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(value, default=float), encoding="utf-8")
    _, findings = load([tmp_path])
    assert all(finding.summary and finding.file for finding in findings)
