"""Names for components that stay what they are.

A component is named, in this order, by what an overlay declares, by the name it had before, by an equal
component of the vendor, or by its place: the operation for a whole body, else the component around it and the
way in. The names given are remembered (``specs/<api>/names.json``) with one place and the fingerprint of each
component, so that nothing that is added elsewhere can change them.
"""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.normaliser.components import ITEM, VALUE, Component, Place
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, ComponentName, Operation
from pennyform.spec.normaliser.identifiers import pascal_case, singular, snake_case

_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,119}")
_PAGE = "Page"
_SUFFIX = {REQUEST: "Request", ANSWER: "Answer"}
# In both directions: an object is mostly read and an enum mostly written, so these bear the name as it is.
_WITHOUT_SUFFIX = {"object": ANSWER, "union": ANSWER, "enum": REQUEST}


@dataclass(frozen=True, slots=True)
class Naming:
    """What names are made from.

    Attributes:
        components: all of them, by key.
        operations: by method and path.
        vendor_names: the vendor's names, by the keys of equal components.
        known: the names given before.
    """

    components: Mapping[str, Component]
    operations: Mapping[tuple[str, str], Operation]
    vendor_names: Mapping[str, str]
    known: Mapping[str, ComponentName]

    def assign(self) -> dict[str, str]:
        """A name for each component's key.

        Raises:
            Failure: two components claim one name, or an overlay gives one component two names.
        """
        # What is certain first: nothing that is only wanted can take a declared or a remembered name.
        names = self._declared_names()
        keys = {name: key for key, name in names.items()}
        for key, name in self._remembered_names().items():
            if key not in names and name not in keys:
                names[key], keys[name] = name, key
        self._assign_claims(self._claims(names), names, keys)
        unfit = [
            _conflict(f"{name!r} cannot name a class; it would for {self.components[key].first_place()}")
            for key, name in names.items()
            if not _CLASS_NAME.fullmatch(name) or keyword.iskeyword(name)
        ]
        if unfit:
            raise Failure(tidy(unfit))
        return names

    def _declared_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        bearers: dict[str, Component] = {}
        findings = []
        for component in self._ordered():
            declared = list(component.declared.items())
            if len(declared) > 1:
                (name, place), (other, other_place) = declared[:2]
                summary = f"one shape is declared {name} at {place} and {other} at {other_place}"
                findings.append(_conflict(summary))
            for name, _ in declared[:1]:
                if name in bearers:
                    findings.append(_collision(name, bearers[name], component))
                names[component.key], bearers[name] = name, component
        if findings:
            raise Failure(tidy(findings))
        return names

    def _remembered_names(self) -> dict[str, str]:
        """Each component's former name: given at a place that it still has, else to its fingerprint."""
        keys = {
            (component.direction, str(place)): key
            for key, component in self.components.items()
            for place in component.places
        }
        remembered: dict[str, str] = {}
        # Where two named components have become one, the name of the one that did not change stays.
        for unchanged in (True, False):
            for name, record in sorted(self.known.items()):
                key = keys.get((record.direction, record.place), record.shape)
                if key in self.components and (key == record.shape) == unchanged:
                    remembered.setdefault(key, name)
        return remembered

    def _claims(self, names: Mapping[str, str]) -> dict[str, list[Component]]:
        """Which unnamed components claim which name, outer ones first: inner ones are named after them."""
        keys = {
            (component.direction, place): key
            for key, component in self.components.items()
            for place in component.places
        }
        claims: dict[str, list[Component]] = defaultdict(list)
        preferred = dict(names)
        for component in self._ordered():
            if component.key not in preferred:
                name = self._preferred_name(component, keys, preferred)
                preferred[component.key] = name
                claims[name].append(component)
        return claims

    def _preferred_name(
        self, component: Component, keys: Mapping[tuple[str, Place], str], preferred: Mapping[str, str]
    ) -> str:
        if component.key in self.vendor_names:
            return self.vendor_names[component.key]
        place = component.first_place()
        for outside in range(1, len(place.steps) + 1):
            parent = keys.get((component.direction, place.outside(outside)))
            if parent is not None:
                return _inner_name(preferred[parent], place.steps[-outside:])
        return _body_name(self.operations[place.method, place.path], place)

    def _assign_claims(
        self, claims: Mapping[str, list[Component]], names: dict[str, str], keys: dict[str, str]
    ) -> None:
        """Give the names wanted; where both directions want one, one of them takes a suffix."""
        findings = []
        for claimed, components in claims.items():
            both = len({component.direction for component in components}) > 1
            free = claimed not in keys
            for component in components:
                as_it_is = free and (not both or component.direction == _WITHOUT_SUFFIX[component.kind])
                name = claimed if as_it_is else claimed + _SUFFIX[component.direction]
                if name in keys:
                    findings.append(_collision(name, self.components[keys[name]], component))
                else:
                    names[component.key], keys[name] = name, component.key
        if findings:
            raise Failure(tidy(findings))

    def _ordered(self) -> list[Component]:
        def order(component: Component) -> tuple[int, Place, str]:
            place = component.first_place()
            return len(place.steps), place, component.key

        return sorted(self.components.values(), key=order)


def name_records(names: Mapping[str, str], components: Mapping[str, Component]) -> dict[str, ComponentName]:
    """What to keep so that the next run gives the same names; sorted by name."""
    return {
        name: ComponentName(components[key].direction, str(components[key].first_place()), key)
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


def _body_name(operation: Operation, place: Place) -> str:
    """The name of a whole body, after its operation."""
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


def _collision(name: str, component: Component, other: Component) -> Finding:
    places = f"one at {component.first_place()}, the other at {other.first_place()}"
    return _conflict(f"{name} names two shapes: {places}")


def _conflict(summary: str) -> Finding:
    detail = "Each shape is one class, with one name."
    fix = "Declare a name for one of them in the overlay: x-pennyform-component: {name: …}"
    return Finding("name-collision", Severity.ERROR, summary, detail=detail, fix=fix)
