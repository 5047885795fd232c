"""Extras: the packages that only some work needs, and what is said where one of them is not installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from pennyform.findings import failure

# Extra -> module -> the package that it comes with. pyproject.toml has their versions.
EXTRAS: Mapping[str, Mapping[str, str]] = {
    "codegen": {"openapi_python_client": "openapi-python-client", "ruff": "ruff"},
    "einvoice": {
        "babel": "babel",
        "facturx": "factur-x",
        "lxml": "lxml",
        "pikepdf": "pikepdf",
        "pypdf": "pypdf",
        "saxonche": "saxonche",
        "typst": "typst",
    },
    "fleet": {
        "procrastinate": "procrastinate",
        "psycopg": "psycopg",
        "psycopg_pool": "psycopg-pool",
    },
    "mcp": {"mcp": "mcp", "mcp_types": "mcp"},
    "server": {"uvicorn": "uvicorn"},
}

# What reading an electronic invoice needs of its extra.
E_INVOICE_READERS = ("lxml", "pikepdf", "pypdf")


def missing_packages(extra: str, modules: Iterable[str] = ()) -> list[str]:
    """The packages of an extra that are not installed, of ``modules`` only, where they are given."""
    packages = EXTRAS[extra]
    missing = (packages[module] for module in modules or packages if find_spec(module) is None)
    return list(dict.fromkeys(missing))


def missing_extra(extra: str, work: str, modules: Iterable[str] = ()) -> tuple[str, str] | None:
    """What to say where packages of an extra are not installed, and what to do; None where all are.

    Args:
        extra: a key of ``EXTRAS``.
        work: what needs them, as the subject of a sentence.
        modules: the ones that it needs; all of the extra when left out.
    """
    missing = missing_packages(extra, modules)
    if not missing:
        return None
    return f"{work} needs {', '.join(missing)}", f"install it: pip install 'pennyform[{extra}]'"


def require_extra(extra: str, work: str, otherwise: str = "") -> None:
    """See that the packages of an extra are installed; ``otherwise`` is what can be done without them.

    Raises:
        Failure: ``missing-extra``, with the command that installs them.
    """
    if texts := missing_extra(extra, work):
        summary, fix = texts
        raise failure("missing-extra", summary, fix=f"{fix}, or {otherwise}" if otherwise else fix)
