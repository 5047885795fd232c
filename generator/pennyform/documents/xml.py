"""XML written in one way only: elements in the order they are added, no empty ones, always the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from pennyform.text import xml_text

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


class Writer:
    """Adds elements to a tree by prefixed names (``cbc:ID``)."""

    def __init__(self, root: str, namespaces: Mapping[str | None, str]) -> None:
        from lxml import etree  # slow to import, and only needed here

        self._etree = etree
        self._namespaces = dict(namespaces)
        self.root = etree.Element(self._name(root), nsmap=self._namespaces)  # type: ignore[arg-type]

    def _name(self, name: str) -> str:
        prefix, colon, local = name.rpartition(":")
        return f"{{{self._namespaces[prefix if colon else None]}}}{local}"

    def group(self, parent: Element, name: str) -> Element:
        """A new element in ``parent``."""
        return self._etree.SubElement(parent, self._name(name))

    def add(
        self, parent: Element, name: str, value: str | Decimal | dt.date | None, **attributes: str
    ) -> None:
        """A new element with text and attributes; none when there is no text."""
        text = _text(value)
        if text:
            element = self.group(parent, name)
            for key, content in attributes.items():
                if content:
                    element.set(key, content)
            element.text = text

    def bytes(self) -> bytes:
        """The document in UTF-8, with the elements that hold nothing left out."""
        _prune(self.root)
        self._etree.indent(self.root, space="  ")
        return bytes(
            self._etree.tostring(self.root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
        )


def _text(value: str | Decimal | dt.date | None) -> str:
    if isinstance(value, Decimal):
        return f"{value + 0:f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return xml_text(" ".join(value.split())) if value else ""


def _prune(element: Element) -> None:
    for child in list(element):
        _prune(child)
        if not len(child) and not child.text:
            element.remove(child)
