"""The package of one contract: emitted by the generator, compiled and imported from memory."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import CodeType, ModuleType
from typing import Any

from pennyform import data
from pennyform.codegen import client as emitter
from pennyform.codegen.client import checks
from pennyform.spec import Contract, normalise
from pennyform.spec.pin.reduce import pin

from .document import Schema

PACKAGE = "pennylane_seed"


def contract_of(document: Schema) -> Contract:
    """A contract as the generator reads it, pinned first."""
    pinned, _ = pin(document, api="seed")
    return emitter.without_unsupported(normalise(pinned))


def files_of(contract: Contract) -> dict[str, str]:
    """What is emitted, by path below the package."""
    emitted = emitter.emit(contract, data.templates() / "client", package=PACKAGE)
    return {path: content.decode() for path, content in emitted.items() if path.endswith(".py")}


@contextmanager
def fast() -> Iterator[None]:
    """Emit many packages in one process: what is the same for all of them is done once.

    The last step of emitting, ``prove``, starts processes: ``campaign`` does that for many packages at once.
    """
    saved = emitter.Renderer, emitter.prove, checks._problems
    emitter.Renderer = cache(emitter.Renderer)  # type: ignore[misc,assignment]
    emitter.prove = dict  # type: ignore[assignment]
    problems = cache(lambda *arguments: list(saved[2](*arguments)))
    checks._problems = problems  # type: ignore[assignment]
    try:
        yield
    finally:
        emitter.Renderer, emitter.prove, checks._problems = saved  # type: ignore[misc]


@cache
def _compiled(path: str, text: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules from a mapping of paths to text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """What Python asks for each module."""
        base = name.replace(".", "/")
        for file in (f"{base}/__init__.py", f"{base}.py"):
            if file in self._files:
                package = file.endswith("__init__.py")
                return importlib.machinery.ModuleSpec(name, self, origin=file, is_package=package)
        return None

    def create_module(self, spec: Any) -> None:
        """None: as Python makes modules."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        assert module.__spec__ is not None
        origin = str(module.__spec__.origin)
        module.__file__ = origin
        exec(_compiled(origin, self._files[origin]), module.__dict__)


class Package:
    """An imported package; in use within ``with``."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self._importer = Importer(files)
        self._unions: dict[int, Any] | None = None

    def __enter__(self) -> Package:
        _forget()
        sys.meta_path.insert(0, self._importer)
        for path in sorted(self.files):
            import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        self.module: Any = sys.modules[PACKAGE]
        self.models: Any = self.module.models
        self.types: Any = self.module.types
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self._importer)
        _forget()

    def union(self, kind: Any) -> Any:
        """What type checkers see of a union that is something else at runtime, or the type itself."""
        if self._unions is None:
            self._unions = dict(self._typed_unions())
        return self._unions.get(id(kind), kind)

    def _typed_unions(self) -> Iterator[tuple[int, Any]]:
        for path, text in self.files.items():
            if "/models/" not in path:
                continue
            module = sys.modules[path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")]
            for statement in ast.parse(text).body:
                if isinstance(statement, ast.If):
                    for inner in statement.body:
                        if (
                            isinstance(inner, ast.AnnAssign)
                            and inner.value
                            and isinstance(inner.target, ast.Name)
                        ):
                            typed = self.evaluated(ast.unparse(inner.value), module)
                            yield id(getattr(module, inner.target.id)), typed

    def evaluated(self, annotation: str, module: Any) -> Any:
        """An annotation of a module as a type."""
        import datetime
        import decimal
        import typing
        from collections import abc

        names = {**vars(typing), **vars(abc), "Decimal": decimal.Decimal, "dt": datetime}
        names |= {"models": self.models, "types": self.types, "filters": import_module(f"{PACKAGE}.filters")}
        # A page of a list iterates over all of its items.
        page = {"Page": list} if "Page" not in vars(module) else {}
        return eval(annotation, {**names, **vars(module), **page})


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
