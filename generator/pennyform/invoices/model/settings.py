"""What ``pennyform.yaml`` says: the environment, how amounts are rounded, limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Policies(NamedTuple):
    """Limits that the folder sets itself; a definition beyond them is an error.

    ``never_finalize`` refuses ``options.finalize`` and imports. ``max_invoices`` bounds the invoices that one
    run creates or changes; ``max_amount`` the amount of each and ``max_total`` that of all of them, tax
    included, by currency; ``vat_rates`` are the only codes allowed. ``company_id`` is the only company to
    talk to. None, or no amounts, is no limit.
    """

    never_finalize: bool = False
    max_invoices: int | None = None
    max_amount: Mapping[str, Decimal] = MappingProxyType({})
    max_total: Mapping[str, Decimal] = MappingProxyType({})
    vat_rates: tuple[str, ...] | None = None
    company_id: int | None = None


class Settings(NamedTuple):
    """``pennyform.yaml``: which environment is meant, how amounts are rounded, where state lies.

    ``environment`` is ``sandbox`` or ``production``; ``rounding`` is ``line`` or ``document``;
    ``reference_prefix`` begins every ``external_reference`` of an invoice (the definitions already have it);
    ``environments`` are the policies of each environment.
    """

    root: Path
    environment: str
    rounding: str
    sandbox_database: Path
    reference_prefix: str = ""
    environments: Mapping[str, Policies] = MappingProxyType({})

    @property
    def policies(self) -> Policies:
        """The policies of ``environment``, also after it has been replaced."""
        return self.environments.get(self.environment, Policies())
