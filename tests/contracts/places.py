"""Where a change of a contract takes place: an operation that is there, or a new one."""

from __future__ import annotations

from .document import Document, Schema

_NO_CONTENT = {"204": {"description": ""}}


def some_operation(document: Document, *methods: str) -> Schema:
    """An operation that is there, of some methods; a new one where there is none."""
    chosen = [
        operation for _, method, operation, _ in document.operations() if not methods or method in methods
    ]
    return document.rng.choice(chosen) if chosen else new_operation(document, methods[0])


def new_operation(document: Document, method: str, *, path: str = "") -> Schema:
    """An operation that answers with nothing, under a path of its own where none is said."""
    number = document.number()
    path = path or f"/v2/{document.rng.choice(('things', 'odd-ones', 'imports', 'files'))}{number}"
    operation: Schema = {"operationId": f"{method}Thing{number}", "responses": dict(_NO_CONTENT)}
    document.json["paths"].setdefault(path, {})[method] = operation
    return operation
