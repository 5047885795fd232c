"""Names for shapes that stay what they are.

A shape is named, in this order, by what an overlay declares, by the name it had before, by an equal component
of the vendor, or by its place: the operation for a whole body, else the shape around it and the way in. The
names given are remembered (``specs/<api>/names.json``) with one place and the fingerprint of each shape, so
that nothing that is added elsewhere can change them.
"""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.normaliser.components import ITEM, VALUE, Place, Shape
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, ComponentName, Operation
from pennyform.spec.normaliser.identifiers import pascal_case, singular, snake_case

_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,119}")
_PAGE = "Page"
_SUFFIX = {REQUEST: "Request", ANSWER: "Answer"}
# In both directions: an object is mostly read and an enum mostly written, so these keep the plain name.
_PLAIN = {"object": ANSWER, "union": ANSWER, "enum": REQUEST}


@dataclass(frozen=True)
class Naming:
    """What names are made from: all shapes, the operations by method and path, and the vendor's names."""

    shapes: Mapping[str, Shape]
    operations: Mapping[tuple[str, str], Operation]
    vendor: Mapping[str, str]
    known: Mapping[str, ComponentName]

    def assign(self) -> dict[str, str]:
        """A name for each shape's key.

        Raises:
            Failure: two shapes claim one name, or an overlay gives one shape two names.
        """
        names = self._declared()
        taken = {name: key for key, name in names.items()}
        for key, name in self._remembered().items():
            if key not in names and name not in taken:
                names[key], taken[name] = name, key
        claims = self._claims(names)
        self._settle(claims, names, taken)
        unfit = [_unfit(name, self.shapes[key]) for key, name in names.items() if not _is_class_name(name)]
        if unfit:
            raise Failure(tidy(unfit))
        return names

    def _declared(self) -> dict[str, str]:
        names: dict[str, str] = {}
        bearers: dict[str, Shape] = {}
        findings = []
        for shape in self._ordered():
            if len(shape.declared) > 1:
                (one, here), (other, there) = list(shape.declared.items())[:2]
                findings.append(_conflict(f"one shape is declared {one} at {here} and {other} at {there}"))
            for name in list(shape.declared)[:1]:
                if name in bearers:
                    findings.append(_collision(name, bearers[name], shape))
                names[shape.key], bearers[name] = name, shape
        if findings:
            raise Failure(tidy(findings))
        return names

    def _remembered(self) -> dict[str, str]:
        """Each shape's former name: given at a place that it still has, else to its fingerprint."""
        places = {
            (shape.direction, str(place)): key for key, shape in self.shapes.items() for place in shape.places
        }
        remembered: dict[str, str] = {}
        for exact in (True, False):
            for name, record in sorted(self.known.items()):
                key = places.get((record.direction, record.place), record.shape)
                # Where two named shapes have become one, the name whose shape did not change stays.
                if key in self.shapes and (key == record.shape) == exact:
                    remembered.setdefault(key, name)
        return remembered

    def _claims(self, names: dict[str, str]) -> dict[str, list[Shape]]:
        """Which unnamed shapes want which name, outermost first: inner ones are named after outer ones."""
        index = {
            (shape.direction, place): key for key, shape in self.shapes.items() for place in shape.places
        }
        claims: dict[str, list[Shape]] = defaultdict(list)
        wanted: dict[str, str] = dict(names)
        for shape in self._ordered():
            if shape.key not in wanted:
                wanted[shape.key] = self._wanted(shape, index, wanted)
                claims[wanted[shape.key]].append(shape)
        return claims

    def _wanted(self, shape: Shape, index: Mapping[tuple[str, Place], str], wanted: Mapping[str, str]) -> str:
        if shape.key in self.vendor:
            return self.vendor[shape.key]
        first = shape.first()
        for outside in range(1, len(first.steps) + 1):
            parent = index.get((shape.direction, first.outside(outside)))
            if parent is not None:
                return _inner_name(wanted[parent], first.steps[-outside:])
        return _root_name(self.operations[first.method, first.path], first)

    def _settle(
        self, claims: Mapping[str, list[Shape]], names: dict[str, str], taken: dict[str, str]
    ) -> None:
        """Give the names wanted; where both directions want one, one of them takes a suffix."""
        findings = []
        for wanted, shapes in claims.items():
            both = len({shape.direction for shape in shapes}) > 1
            free = wanted not in taken
            for shape in shapes:
                plain = free and (not both or shape.direction == _PLAIN[shape.kind])
                name = wanted if plain else wanted + _SUFFIX[shape.direction]
                if name in taken:
                    findings.append(_collision(name, self.shapes[taken[name]], shape))
                else:
                    names[shape.key], taken[name] = name, shape.key
        if findings:
            raise Failure(tidy(findings))

    def _ordered(self) -> list[Shape]:
        return sorted(
            self.shapes.values(), key=lambda shape: (len(shape.first().steps), shape.first(), shape.key)
        )


def remember(names: Mapping[str, str], shapes: Mapping[str, Shape]) -> dict[str, ComponentName]:
    """What to keep so that the next run gives the same names; sorted by name."""
    return {
        name: ComponentName(shapes[key].direction, str(shapes[key].first()), key)
        for key, name in sorted(names.items(), key=lambda item: item[1])
    }


def vendor_name(name: str) -> str:
    """A vendor's component name as a class name.

    ``CustomerInvoices__Response`` → ``CustomerInvoice``, ``Quotes__InvoiceLineWithProduct_Request`` →
    ``QuoteInvoiceLineWithProduct``, ``Currency-2`` → ``Currency``.
    """
    *groups, last = name.split("__")
    for ending in ("_Request", "_Response", "Response", "Request"):
        last = last.removesuffix(ending)
    words = [pascal_case(singular(snake_case(group))) for group in groups]
    return "".join([*words, pascal_case(last.rstrip("-_0123456789"))])


def _root_name(operation: Operation, place: Place) -> str:
    resource = pascal_case(singular(operation.resource))
    if place.part == REQUEST:
        return resource + pascal_case(operation.name)
    if place.part.startswith("?"):
        return resource + pascal_case(operation.name) + pascal_case(place.part)
    verb, _, rest = operation.name.partition("_")
    if verb == "list":
        return resource + pascal_case(singular(rest)) + _PAGE
    if verb == "get":
        return resource + pascal_case(rest)
    return resource + pascal_case(operation.name) + _SUFFIX[ANSWER]


def _inner_name(outer: str, steps: tuple[str, ...]) -> str:
    if outer.endswith(_PAGE) and steps == ("items", ITEM):
        return outer.removesuffix(_PAGE)
    words = [step for step in steps if step not in (ITEM, VALUE)]
    if steps[-1] in (ITEM, VALUE):
        words[-1:] = [singular(word) for word in words[-1:]] or ["item"]
    return outer + "".join(pascal_case(word) for word in words)


def _is_class_name(name: str) -> bool:
    return bool(_CLASS_NAME.fullmatch(name)) and not keyword.iskeyword(name)


def _unfit(name: str, shape: Shape) -> Finding:
    return _conflict(f"{name!r} cannot name a class; it would for {shape.first()}")


def _collision(name: str, one: Shape, other: Shape) -> Finding:
    return _conflict(f"{name} names two shapes: one at {one.first()}, the other at {other.first()}")


def _conflict(summary: str) -> Finding:
    detail = "Each shape is one class, with one name."
    fix = "Declare a name for one of them in the overlay: x-pennyform-component: {name: …}"
    return Finding("name-collision", Severity.ERROR, summary, detail=detail, fix=fix)
