"""Names of components, which stay the same from one contract to the next (``names.json``).

The names given are remembered (``specs/<api>/names.json``) with one place and the fingerprint of each
component, and a name stays with its place: nothing that changes elsewhere can take it away, and where a
component is divided, the part at that place keeps the name. Only an overlay renames, by declaring another
name for what is there. The others are named, in this order, by what an overlay declares, by the fingerprint
they had before, by an equal component of the vendor, or by their place: the operation for a whole body, else
the component around it and the way in.
"""

from __future__ import annotations

import itertools
import keyword
import re
from collections import defaultdict
from collections.abc import Mapping

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.document.budget import Budget, text_steps
from pennyform.spec.normaliser.components import ITEM, VALUE, Component, Place
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, ComponentName, Operation
from pennyform.spec.normaliser.identifiers import pascal_case, singular, snake_case

_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,119}")
# Room is left for a suffix and a number.
_LONGEST_CLAIM = 90
_PAGE = "Page"
_SUFFIX = {REQUEST: "Request", ANSWER: "Answer"}
# In both directions: an object is mostly read and an enum mostly written, so these bear the name as it is.
_WITHOUT_SUFFIX = {"object": ANSWER, "union": ANSWER, "enum": REQUEST}


class Naming:
    """Gives each component a name."""

    def __init__(
        self,
        components: Mapping[str, Component],
        operations: Mapping[tuple[str, str], Operation],
        vendor_names: Mapping[str, str],
        known: Mapping[str, ComponentName],
        budget: Budget,
        warnings: list[Finding] | None = None,
    ) -> None:
        """What names are made from.

        Args:
            components: all of them, by key.
            operations: by method and path.
            vendor_names: the vendor's names, by the keys of equal components.
            known: the names given before.
            budget: what following references draws on.
            warnings: gets what overlays declare and cannot be; without it, that is an error.
        """
        # The shallowest first: inner components are named after outer ones.
        self._components: dict[str, Component] = {}
        places = {key: component.first_place() for key, component in components.items()}
        for key in sorted(places, key=lambda key: (len(places[key].steps), places[key], key)):
            self._components[key] = components[key]
        self._operations = operations
        self._vendor_names = vendor_names
        self._known = known
        self._budget = budget
        self._warnings = warnings
        self._names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._findings: list[Finding] = []

    def assign(self) -> dict[str, str]:
        """A name for each component's key.

        Raises:
            Failure: two components claim one name, or an overlay gives one component two names.
        """
        # What is certain first: nothing that is only wanted can take a declared or a remembered name.
        self._give_remembered(moved=False)
        self._give_declared()
        if self._findings and self._warnings is None:
            raise Failure(tidy(self._findings))
        self._give_remembered(moved=True)
        self._give_by_place()
        if self._warnings is not None:
            self._warnings += [
                finding._replace(severity=Severity.WARNING) for finding in tidy(self._findings)
            ]
        unfit = [
            _conflict(f"{name!r} cannot name a class; it would for {self._components[key].first_place()}")
            for key, name in self._names.items()
            if not _is_class_name(name)
        ]
        if unfit:
            raise Failure(tidy(unfit))
        return self._names

    def _give(self, name: str, component: Component) -> None:
        if name in self._keys:
            bearer = self._components[self._keys[name]]
            places = f"one at {bearer.first_place()}, the other at {component.first_place()}"
            self._findings.append(_conflict(f"{name} names two shapes: {places}"))
        else:
            self._names[component.key], self._keys[name] = name, component.key

    def _give_declared(self) -> None:
        for component in self._components.values():
            declared = list(component.declared.items())
            if len(declared) > 1:
                (name, place), (other, other_place) = declared[:2]
                summary = f"one shape is declared {name} at {place} and {other} at {other_place}"
                self._findings.append(_conflict(summary))
            for name, _ in declared[:1] if component.key not in self._names else ():
                self._give(name, component)

    def _give_remembered(self, *, moved: bool) -> None:
        """Give former names to the components at their places; if ``moved``, also by their fingerprints."""
        keys = {
            (component.direction, str(place)): key
            for key, component in self._components.items()
            for place in component.places
        }
        candidates: list[tuple[bool, bool, str, str]] = []
        for name, record in self._known.items():
            key = keys.get((record.direction, record.place), record.shape if moved else "")
            component = self._components.get(key)
            if component and (moved or not component.declared or name in component.declared):
                # Where two named components have become one, the name of the one that did not change stays.
                candidates.append((name not in component.declared, key != record.shape, name, key))
        for _, _, name, key in sorted(candidates):
            if key not in self._names and name not in self._keys:
                self._give(name, self._components[key])

    def _give_by_place(self) -> None:
        """Give the others the names they claim; of two directions that claim one, one takes a suffix."""
        keys = {
            (component.direction, place): key
            for key, component in self._components.items()
            for place in component.places
        }
        claims: dict[str, list[Component]] = defaultdict(list)
        claimed = dict(self._names)
        for component in self._components.values():
            if component.key not in claimed:
                name = self._vendor_names.get(component.key, "")
                if not _is_class_name(name):
                    # A name made from places may be too long, or begin with a digit.
                    name = self._claim(component, keys, claimed)
                    if len(name) > _LONGEST_CLAIM:
                        name = f"{name[:_LONGEST_CLAIM]}{component.key[:6].capitalize()}"
                    name = name if _is_class_name(name) else f"Shape{name}"
                # A name after all the places around it may be as long as they are deep.
                self._budget.draw(text_steps(name), "naming schemas", str(component.first_place()))
                claimed[component.key] = name
                claims[name].append(component)
        for name, components in claims.items():
            both = len({component.direction for component in components}) > 1
            free = name not in self._keys
            for component in components:
                as_it_is = free and (not both or component.direction == _WITHOUT_SUFFIX[component.kind])
                claimed_name = name if as_it_is else name + _SUFFIX[component.direction]
                # A number where a contract's own names do not tell shapes apart; it is remembered, too.
                numbered = (f"{claimed_name}{number}" for number in itertools.count(2))
                self._give(
                    next(
                        name for name in itertools.chain([claimed_name], numbered) if name not in self._keys
                    ),
                    component,
                )

    def _claim(
        self, component: Component, keys: Mapping[tuple[str, Place], str], claimed: Mapping[str, str]
    ) -> str:
        """The name by its place: after the nearest component around it, else after its operation."""
        place = component.first_place()
        for outside in range(1, len(place.steps) + 1):
            self._budget.draw(1 + len(place.steps) // 8, "naming schemas")
            parent = keys.get((component.direction, place.outside(outside)))
            if parent is not None:
                return _inner_name(claimed[parent], place.steps[-outside:])
        operation = self._operations[place.method, place.path]
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


def _is_class_name(name: str) -> bool:
    return _CLASS_NAME.fullmatch(name) is not None and not keyword.iskeyword(name)


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


def _inner_name(outer: str, steps: tuple[str, ...]) -> str:
    if outer.endswith(_PAGE) and steps == ("items", ITEM):
        return outer.removesuffix(_PAGE)
    words = [step for step in steps if step not in (ITEM, VALUE)]
    if steps[-1] in (ITEM, VALUE):
        words[-1:] = [singular(word) for word in words[-1:]] or ["item"]
    return outer + "".join(pascal_case(word) for word in words)


def _conflict(summary: str) -> Finding:
    detail = "Each shape is one class, with one name."
    fix = "Declare a name for one of them in the overlay: x-pennyform-component: {name: …}"
    return Finding("name-collision", Severity.ERROR, summary, detail=detail, fix=fix)
