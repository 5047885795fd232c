"""``pennyform.yaml`` → the settings of an invoice repository."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pennyform.invoices.model import Policies, Settings

DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"
_ENVIRONMENTS = ("sandbox", "production")


def settings(root: Path, stated: Mapping[str, Any]) -> Settings:
    """The settings that a valid ``pennyform.yaml`` states, or the defaults.

    Args:
        root: the folder of the invoice repository.
        stated: what the file says; nothing when there is none.
    """
    return Settings(
        root=root,
        environment=stated.get("environment", DEFAULT_ENVIRONMENT),
        rounding=stated.get("rounding", DEFAULT_ROUNDING),
        sandbox_database=root / ".pennyform" / "sandbox.db",
        reference_prefix=stated.get("reference_prefix", ""),
        environments={name: _policies(stated, name) for name in _ENVIRONMENTS},
    )


def _policies(stated: Mapping[str, Any], environment: str) -> Policies:
    """The general policies, and over them those of one environment."""
    of_environment = stated.get("environments", {}).get(environment, {}).get("policies", {})
    limits = {**stated.get("policies", {}), **of_environment}
    codes = limits.get("vat_rates")
    return Policies(
        never_finalize=limits.get("never_finalize", False),
        max_invoices=limits.get("max_invoices"),
        max_amount=_by_currency(limits.get("max_amount", {})),
        max_total=_by_currency(limits.get("max_total", {})),
        vat_rates=tuple(codes) if codes is not None else None,
        company_id=limits.get("company_id"),
    )


def _by_currency(stated: Any) -> dict[str, Decimal]:
    """Amounts by currency; a single one is in euros."""
    amounts = stated if isinstance(stated, Mapping) else {"EUR": stated}
    return {currency: Decimal(amount) for currency, amount in amounts.items()}
