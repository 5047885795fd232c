"""Mutations of what concerns every operation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .anatomy import Anatomy, Pointer
from .mutation import Mutation, edited

NOBODY: frozenset[str] = frozenset()
_FLOW: Pointer = ("components", "securitySchemes", "oauth2", "flows", "authorizationCode")


def _one(anatomy: Anatomy, pointer: Pointer, value: Any, severity: str, *kinds: str) -> Mutation:
    document = edited(anatomy.document, pointer, value)
    return Mutation(kinds[0], document, kinds, severity, NOBODY, "request")


def elsewhere(anatomy: Anatomy, _: random.Random) -> Iterator[Mutation]:
    here = anatomy.document["servers"]
    other = {"url": "https://other.example.com"}
    yield _one(anatomy, ("servers",), [*here, other], "additive", "server-added")
    yield _one(anatomy, ("servers",), [other], "breaking", "server-removed", "server-added")
    url = "https://other.example.com/token"
    yield _one(anatomy, (*_FLOW, "tokenUrl"), url, "attention", "authentication-changed")
