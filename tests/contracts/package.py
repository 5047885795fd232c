"""The package of one contract: emitted by the generator, compiled and imported from memory."""

from __future__ import annotations

import ast
import datetime
import decimal
import importlib.abc
import importlib.machinery
import re
import sys
import typing
from collections import abc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, cached_property, lru_cache
from importlib import import_module
from types import CodeType, ModuleType
from typing import Any, ClassVar
from unittest.mock import patch

from pennyform import data
from pennyform.codegen import client as emitter
from pennyform.codegen.client import checks
from pennyform.spec import Contract, normalise
from pennyform.spec.pin.reduce import pin

from .document import Schema

PACKAGE = "pennylane_seed"
# So many modules are remembered as they were checked and compiled: those that many contracts have.
_MOST_MODULES = 200
# What is emitted from the operations of a contract; all else is the same for many contracts.
_OWN = re.compile(r"^\w+/((models|resources)/.*|(filters|params|_client|__init__)\.py)$")


def contract_of(document: Schema) -> Contract:
    """A contract as the generator reads it, pinned first."""
    pinned, _ = pin(document, api="seed")
    return emitter.without_unsupported(normalise(pinned))


def files_of(contract: Contract) -> dict[str, str]:
    """What is emitted, by path below the package."""
    emitted = emitter.emit(contract, data.templates() / "client", package=PACKAGE)
    return {path: content.decode() for path, content in emitted.items() if path.endswith(".py")}


def runtime_of(files: Mapping[str, str]) -> dict[str, str]:
    """Those modules of a package that are the same for many contracts."""
    return {path: text for path, text in files.items() if not _OWN.match(path)}


@contextmanager
def fast() -> Iterator[None]:
    """Emit many packages in one process: what is the same for all of them is done once.

    The last step of emitting, ``prove``, starts processes: ``campaign`` does that for many packages at once.
    """
    problems = lru_cache(_MOST_MODULES)(lambda *arguments: list(checked(*arguments)))
    checked = checks._problems
    with (
        patch.object(emitter.Renderer, "runtime", cache(emitter.Renderer.runtime)),
        patch.object(emitter, "Renderer", cache(emitter.Renderer)),
        patch.object(emitter, "prove", lambda files, _: dict(files)),
        patch.object(emitter, "Importer", nullcontext),
        # These contracts have no prose but their title: nothing is emitted again without it.
        patch.object(emitter, "_without_prose", lambda document: document),
        patch.object(checks, "_problems", problems),
    ):
        yield


@lru_cache(_MOST_MODULES)
def _compiled(path: str, text: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


@lru_cache(_MOST_MODULES)
def _expression(text: str) -> CodeType:
    return compile(text, "annotation", "eval", dont_inherit=True)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


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
    """An imported package; in use within ``with``.

    The modules that are the same for many contracts stay imported until a package has other ones.
    """

    _runtime: ClassVar[dict[str, str]] = {}

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self._importer = Importer(files)
        self._unions: dict[int, Any] | None = None

    def __enter__(self) -> Package:
        runtime = runtime_of(self.files)
        if runtime == Package._runtime:
            # What they remember of the models of another package.
            sys.modules[f"{PACKAGE}._exchange"]._READERS.clear()
            sys.modules[f"{PACKAGE}._codec"]._READ.clear()
            sys.modules[f"{PACKAGE}._codec"]._hints.cache_clear()
        else:
            _forget(sys.modules)
            Package._runtime = {}
        sys.meta_path.insert(0, self._importer)
        for path in sorted(self.files):
            import_module(_module(path))
        self.module: Any = sys.modules[PACKAGE]
        self.models: Any = self.module.models
        self.types: Any = self.module.types
        Package._runtime = runtime
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self._importer)
        _forget(_module(path) for path in self.files if _OWN.match(path))

    def union(self, kind: Any) -> Any:
        """What type checkers see of a union that is something else at runtime, or the type itself."""
        if self._unions is None:
            self._unions = dict(self._typed_unions())
        return self._unions.get(id(kind), kind)

    def _typed_unions(self) -> Iterator[tuple[int, Any]]:
        for path, text in self.files.items():
            if "/models/" not in path:
                continue
            module = sys.modules[_module(path)]
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
        """An annotation of a module as a type; pages of a list iterate over all of its items."""
        pages = {} if "Page" in vars(module) else {"Page": list, "AsyncPages": list}
        return eval(_expression(annotation), {**self.names, **vars(module), **pages})

    @cached_property
    def names(self) -> dict[str, Any]:
        """What annotations and calls refer to."""
        ours = {name: import_module(f"{PACKAGE}.{name}") for name in ("filters", "models", "params", "types")}
        return {**vars(typing), **vars(abc), "Decimal": decimal.Decimal, "dt": datetime, **ours}


def _forget(names: Iterable[str]) -> None:
    for name in [name for name in names if name.partition(".")[0] == PACKAGE]:
        sys.modules.pop(name, None)
