"""Read and check the examples that the bodies behind the standards publish: EN 16931, XRechnung, Peppol.

    python -m tests.documents.official_examples FOLDER ...

Each ``FOLDER`` holds files of one publisher; they are not part of this project. Every XML file and PDF in it
is read as a file that is imported, and checked by the rules of its profile. ``EXCEPTIONS`` has the rules that
are known to be broken, and why; the exit code is 1 if another one is, or if a file cannot be read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pennyform.documents.rule_sets import check, rule_sets_of_file
from pennyform.invoices.sources.e_invoice_details import read_details
from pennyform.invoices.sources.e_invoice_errors import AmbiguousError, UnreadableError
from pennyform.invoices.sources.factur_x import invoice_xml, read

_OLD_PROFILE = ("FX-SCH-A-000556", "the example: it names the profile of ZUGFeRD 1.0 (BT-24)")
_CODES = "the profile: codes of its own, for clean vehicles"
# A rule of Factur-X about what may stand where has no name.
_REFERENCE = ("EN 16931", "the profile: Factur-X wants a type of each document that is referred to")
# The rules that a file breaks, and why: the example is wrong, or a profile is stricter or larger.
EXCEPTIONS: dict[str, tuple[str, str]] = {
    # eInvoicing-EN16931
    "CII-BR-CO-10-RoundingIssue.xml": _OLD_PROFILE,
    "CII_business_example_02.xml": _OLD_PROFILE,
    "CII_business_example_Z.xml": _OLD_PROFILE,
    "CII_example5.xml": _REFERENCE,
    "huf_example_cii.xml": _REFERENCE,
    "XRechnung-O.xml": (
        "FX-SCH-A-000589, FX-SCH-A-000616",
        "the example: its VATEX code is in small letters; the profile: as of the two above",
    ),
    # xrechnung-testsuite
    "01.21a-INVOICE_uncefact.xml": (
        "EN 16931, FX-SCH-A-000166, FX-SCH-A-000570",
        "the profile: Factur-X allows one tax number of the buyer, and no reason of the VAT on a line",
    ),
    "04.05a-INVOICE_uncefact.xml": (
        "FX-SCH-A-000567, FX-SCH-A-000579, FX-SCH-A-000597, FX-SCH-A-000626",
        "the profile: an extension of XRechnung, whose scheme XR01 EN 16931 does not know",
    ),
    "05.01a-INVOICE_ubl.xml": (
        "BR-CO-16",
        "the profile: an extension of XRechnung, with payments to others in the amount due",
    ),
    "02.01a-cvd_INVOICE_ubl.xml": ("BR-CL-13", _CODES),
    "02.01a-cvd_INVOICE_uncefact.xml": ("FX-SCH-A-000297", _CODES),
    # peppol-bis-invoice-3
    "GR-base-example-TaxRepresentative.xml": ("BR-06", "the example: it has no name of the seller (BT-27)"),
}


def broken_rules(content: bytes) -> list[str]:
    """The rules that one file breaks; why it cannot be read, if it cannot.

    Raises:
        Failure: ``missing-extra``.
    """
    try:
        xml, syntax = invoice_xml(content)
        read(xml), read_details(xml)
        violations = check(xml, syntax, rule_sets_of_file(xml, syntax, is_french=False))
    except (UnreadableError, AmbiguousError) as error:
        return [f"not read: {error}"]
    return sorted({violation.name for violation in violations if violation.is_error})


def report(folder: Path) -> Iterator[tuple[str, str]]:
    """What each file below ``folder`` is (``valid``, ``exception``, ``broken``), and a line about it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".xml", ".pdf"):
            continue
        rules = ", ".join(broken_rules(path.read_bytes()))
        known, reason = EXCEPTIONS.get(path.name, ("", ""))
        name = path.relative_to(folder)
        if not rules:
            yield "valid", f"{name}: valid"
        elif rules == known:
            yield "exception", f"{name}: {rules}: {reason}"
        else:
            yield "broken", f"{name}: {rules}"


def main(folders: Sequence[str]) -> int:
    """Print what is not valid, and how many are; 1 for what nobody has explained, or for no files at all."""
    code = 0
    for folder in folders:
        counts: Counter[str] = Counter()
        for verdict, line in report(Path(folder)):
            counts[verdict] += 1
            if verdict != "valid":
                sys.stdout.write(f"  {line}\n")
        sys.stdout.write(f"{folder}: {counts['valid']} of {counts.total()} without an error\n")
        code |= bool(counts["broken"]) or not counts.total()
    if not folders:
        sys.stdout.write(str(__doc__))
    return code if folders else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
