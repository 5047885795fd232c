"""Where the two syntaxes of EN 16931 (CII, UBL) have what: paths of local names.

The business terms (BT, BG) are those of EN 16931-1; their places in the syntaxes those of
CEN/TS 16931-3-2 (UBL) and 16931-3-3 (CII).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The document types of EN 16931 (BT-3, a selection of UNTDID 1001), as CEN's validation artefacts 1.3.16 list
# them.
CREDIT_NOTE_TYPES = frozenset("81 83 261 262 296 308 381 396 420 458 502 503 532".split())  # noqa: SIM905
INVOICE_TYPES = frozenset(
    """
    71 80 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 385 386 387 388 389 390 393
    394 395 456 457 471 472 473 500 501 527 553 575 623 633 751 780 817 870 875 876 877 935
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class ChargePaths:
    """Charges and allowances (BG-20, 21, 27, 28). ``is_charge`` is "" where all are charges."""

    element: str
    is_charge: str
    amount: str
    percent: str = ""


@dataclass(frozen=True, slots=True)
class Syntax:
    """Paths from the root, and from the element of a line; where there are several, the first that is there.

    ``taxes`` are the elements of the VAT breakdown (BG-23), from the root, and ``tax`` what is in one;
    ``buyer`` (BG-7) is from the root too. ``types`` are the document types that the root element allows,
    ``default_type`` the one that is meant where the file gives none ("": it must).
    """

    lines: str
    header: Mapping[str, tuple[str, ...]]
    line: Mapping[str, tuple[str, ...]]
    charges: tuple[ChargePaths, ...]
    line_charges: tuple[ChargePaths, ...]
    taxes: str
    tax: Mapping[str, tuple[str, ...]]
    buyer: Mapping[str, tuple[str, ...]]
    types: frozenset[str] = CREDIT_NOTE_TYPES | INVOICE_TYPES
    default_type: str = ""


_TRADE = "SupplyChainTradeTransaction"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement"
_SUMS = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation"
_BUYER = f"{_TRADE}/ApplicableHeaderTradeAgreement/BuyerTradeParty"
_AGREEMENT = "SpecifiedLineTradeAgreement"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement"

_CII = Syntax(
    lines=f"{_TRADE}/IncludedSupplyChainTradeLineItem",
    header={
        "profile": ("ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID",),
        "number": ("ExchangedDocument/ID",),
        "type": ("ExchangedDocument/TypeCode",),
        "date": ("ExchangedDocument/IssueDateTime/DateTimeString",),
        "deadline": (f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",),
        "currency": (f"{_SETTLEMENT}/InvoiceCurrencyCode",),
        "before_tax": (f"{_SUMS}/TaxBasisTotalAmount",),
        "tax": (f"{_SUMS}/TaxTotalAmount",),
        "amount": (f"{_SUMS}/GrandTotalAmount",),
    },
    line={
        "id": ("AssociatedDocumentLineDocument/LineID",),
        # EXTENDED only: lines that group others, or only inform, and do not count.
        "status": ("AssociatedDocumentLineDocument/LineStatusReasonCode",),
        "label": ("SpecifiedTradeProduct/Name",),
        "quantity": ("SpecifiedLineTradeDelivery/BilledQuantity",),
        "price": (f"{_AGREEMENT}/NetPriceProductTradePrice/ChargeAmount",),
        # One base quantity (BT-149) for both prices; some programs write it at the gross price only.
        "base_quantity": (
            f"{_AGREEMENT}/NetPriceProductTradePrice/BasisQuantity",
            f"{_AGREEMENT}/GrossPriceProductTradePrice/BasisQuantity",
        ),
        "before_tax": (f"{_LINE_SETTLEMENT}/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",),
        "category": (f"{_LINE_SETTLEMENT}/ApplicableTradeTax/CategoryCode",),
        "percent": (f"{_LINE_SETTLEMENT}/ApplicableTradeTax/RateApplicablePercent",),
    },
    charges=(
        ChargePaths(
            f"{_SETTLEMENT}/SpecifiedTradeAllowanceCharge",
            "ChargeIndicator/Indicator",
            "ActualAmount",
            "CategoryTradeTax/RateApplicablePercent",
        ),
        # EXTENDED only.
        ChargePaths(
            f"{_SETTLEMENT}/SpecifiedLogisticsServiceCharge",
            "",
            "AppliedAmount",
            "AppliedTradeTax/RateApplicablePercent",
        ),
    ),
    line_charges=(
        ChargePaths(
            f"{_LINE_SETTLEMENT}/SpecifiedTradeAllowanceCharge", "ChargeIndicator/Indicator", "ActualAmount"
        ),
    ),
    taxes=f"{_SETTLEMENT}/ApplicableTradeTax",
    tax={
        "category": ("CategoryCode",),
        "percent": ("RateApplicablePercent",),
        "base": ("BasisAmount",),
        "tax": ("CalculatedAmount",),
    },
    buyer={
        "name": (f"{_BUYER}/Name",),
        "legal_id": (f"{_BUYER}/SpecifiedLegalOrganization/ID",),
        "vat_number": (f"{_BUYER}/SpecifiedTaxRegistration/ID",),
    },
)


def _ubl(line: str, quantity: str, types: frozenset[str], default_type: str) -> Syntax:
    party = "AccountingCustomerParty/Party"
    return Syntax(
        lines=line,
        header={
            "profile": ("CustomizationID",),
            "number": ("ID",),
            "type": ("InvoiceTypeCode", "CreditNoteTypeCode"),
            "date": ("IssueDate",),
            # A UBL credit note has its due date (BT-9) with the means of payment.
            "deadline": ("DueDate", "PaymentMeans/PaymentDueDate"),
            "currency": ("DocumentCurrencyCode",),
            "before_tax": ("LegalMonetaryTotal/TaxExclusiveAmount",),
            "tax": ("TaxTotal/TaxAmount",),
            "amount": ("LegalMonetaryTotal/TaxInclusiveAmount",),
        },
        line={
            "id": ("ID",),
            "status": (),
            "label": ("Item/Name",),
            "quantity": (quantity,),
            "price": ("Price/PriceAmount",),
            "base_quantity": ("Price/BaseQuantity",),
            "before_tax": ("LineExtensionAmount",),
            "category": ("Item/ClassifiedTaxCategory/ID",),
            "percent": ("Item/ClassifiedTaxCategory/Percent",),
        },
        charges=(ChargePaths("AllowanceCharge", "ChargeIndicator", "Amount", "TaxCategory/Percent"),),
        line_charges=(ChargePaths("AllowanceCharge", "ChargeIndicator", "Amount"),),
        # A second total, of the VAT in the currency of the accounts (BT-111), has no breakdown.
        taxes="TaxTotal/TaxSubtotal",
        tax={
            "category": ("TaxCategory/ID",),
            "percent": ("TaxCategory/Percent",),
            "base": ("TaxableAmount",),
            "tax": ("TaxAmount",),
        },
        buyer={
            "name": (f"{party}/PartyLegalEntity/RegistrationName", f"{party}/PartyName/Name"),
            "legal_id": (f"{party}/PartyLegalEntity/CompanyID",),
            "vat_number": (f"{party}/PartyTaxScheme/CompanyID",),
        },
        types=types,
        default_type=default_type,
    )


_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
# By root element. Other formats, ZUGFeRD 1.0 among them, have roots of the same local names.
SYNTAXES: Mapping[str, Syntax] = {
    "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice": _CII,
    # Versions of the rules before 2017 had credit notes in the element Invoice too.
    f"{{{_UBL}:Invoice-2}}Invoice": _ubl(
        "InvoiceLine", "InvoicedQuantity", INVOICE_TYPES | CREDIT_NOTE_TYPES, ""
    ),
    f"{{{_UBL}:CreditNote-2}}CreditNote": _ubl(
        "CreditNoteLine", "CreditedQuantity", CREDIT_NOTE_TYPES, "381"
    ),
}
