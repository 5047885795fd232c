"""openapi-python-client's rules for names, without its parser and its models.

Importing all of it takes two fifths of a generation, and what its module of names imports are only the types
of values that it is not given here.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["ClassName", "PythonIdentifier"]

_LIBRARY = "openapi_python_client"


def _name_rules() -> ModuleType:
    """That module by itself. Should it need more of the library one day, all of it is imported.

    Raises:
        ModuleNotFoundError: the library is not installed.
    """
    package = find_spec(_LIBRARY)
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {_LIBRARY!r}", name=_LIBRARY)
    # Under a name of its own, so that whoever imports the library gets all of it.
    parent = f"{__name__}.{_LIBRARY}"
    placeholders: dict[str, dict[str, type]] = {
        parent: {},
        f"{parent}.config": {"Config": object},
        f"{parent}.schema": {},
        f"{parent}.schema.untrusted_string": {"UntrustedString": type("UntrustedString", (), {})},
    }
    for name, attributes in placeholders.items():
        sys.modules[name] = module = ModuleType(name)
        vars(module).update(attributes)
    try:
        file = Path(package.submodule_search_locations[0]) / "strings.py"
        spec = spec_from_file_location(f"{parent}.strings", file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is no Python", path=str(file))
        rules = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(rules)
    except (ImportError, AttributeError, OSError):
        return import_module(f"{_LIBRARY}.strings")
    finally:
        for name in placeholders:
            del sys.modules[name]
    return rules


if TYPE_CHECKING:
    from openapi_python_client.strings import ClassName, PythonIdentifier
else:
    _RULES = _name_rules()
    ClassName, PythonIdentifier = _RULES.ClassName, _RULES.PythonIdentifier
