"""``seller`` in ``pennyform.yaml``: numbers that cannot be right, and numbers that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module

from pennyform.findings import Finding
from pennyform.invoices.checks.customers import check_email
from pennyform.invoices.model import Address, Seller
from pennyform.invoices.yaml.document import Document, Path, YamlMapping

_ADDRESS = ("address", "postal_code", "city", "country_alpha2")
_TEXTS = ("siren", "siret", "vat_number", "legal_form", "rcs", "iban", "bic", "email", "phone")
# Of the numbers, which module of stdnum knows their check digits, and what they are called.
_NUMBERS = {
    "siren": ("stdnum.fr.siren", "SIREN"),
    "siret": ("stdnum.fr.siret", "SIRET"),
    "vat_number": ("stdnum.eu.vat", "VAT number"),
    "iban": ("stdnum.iban", "IBAN"),
    "bic": ("stdnum.bic", "BIC"),
}


def seller_of(document: Document) -> Seller | None:
    """The seller that valid settings declare; None where they declare none."""
    value: YamlMapping | None = document.value.get("seller")
    if not value:
        return None
    places = {"": document.place(("seller",), key=True)}
    places |= {name: document.place(("seller", name)) for name in value}
    texts = {name: _compact(name, value.get(name, "")) for name in _TEXTS}
    siren = texts.pop("siren") or texts["siret"][:9]
    return Seller(
        name=value["name"],
        address=Address(
            **{"country_alpha2": "FR"} | {name: value[name] for name in _ADDRESS if name in value}
        ),
        siren=siren,
        capital=Decimal(value["capital"]) if "capital" in value else None,
        electronic_address=value.get("electronic_address") or (f"0225:{siren}" if siren else ""),
        vat_regime=value.get("vat_regime", "normal"),
        mentions=value.get("mentions", {}),
        notes=tuple(value.get("notes", ())),
        units={name.casefold(): code for name, code in value.get("units", {}).items()},
        places=places,
        **texts,
    )


def _compact(name: str, text: str) -> str:
    return "".join(text.split()).upper() if name in _NUMBERS else text


def check_seller(document: Document) -> Iterator[Finding]:
    """What in ``seller`` cannot be right."""
    value = document.value.get("seller")
    if not isinstance(value, dict):
        return
    wrong = set()
    for name, (module, meaning) in _NUMBERS.items():
        if isinstance(text := value.get(name), str) and not import_module(module).is_valid(text):
            wrong.add(name)
            yield _finding(document, f"`{text[:40]}` is no {meaning}", ("seller", name))
    if isinstance(value.get("email"), str):
        yield from check_email(document, ("seller", "email"), value["email"])
    siret, siren = (_compact(name, str(value.get(name, ""))) for name in ("siret", "siren"))
    if siren and siret and not wrong & {"siren", "siret"} and not siret.startswith(siren):
        yield _finding(document, f"the SIRET {siret} is none of the SIREN {siren}", ("seller", "siret"))
    vat = _compact("vat_number", str(value.get("vat_number", "")))
    if vat.startswith("FR") and (siren or siret) and not wrong and vat[4:] != (siren or siret[:9]):
        yield _finding(
            document,
            f"the VAT number {vat} is none of the SIREN {siren or siret[:9]}",
            ("seller", "vat_number"),
        )


def _finding(document: Document, summary: str, path: Path) -> Finding:
    return document.finding("seller-number", summary, path)
