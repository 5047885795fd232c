"""``pennyform.yaml`` → the settings of an invoice repository."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pennyform.invoices.model import Policies, Settings
from pennyform.invoices.yaml.document import YamlMapping, YamlValue

DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"
_ENVIRONMENTS = ("sandbox", "production")


def parse_settings(root: Path, value: YamlMapping) -> Settings:
    """The settings in a valid ``pennyform.yaml``, or the defaults.

    Args:
        root: the folder of the invoice repository.
        value: what the file says; nothing when there is none.
    """
    return Settings(
        root=root,
        environment=value.get("environment", DEFAULT_ENVIRONMENT),
        rounding=value.get("rounding", DEFAULT_ROUNDING),
        sandbox_database=root / ".pennyform" / "sandbox.db",
        reference_prefix=value.get("reference_prefix", ""),
        environments={name: _policies(value, name) for name in _ENVIRONMENTS},
    )


def _policies(value: YamlMapping, environment: str) -> Policies:
    """The general policies, and over them those of one environment."""
    of_environment = value.get("environments", {}).get(environment, {}).get("policies", {})
    limits = {**value.get("policies", {}), **of_environment}
    codes = limits.get("vat_rates")
    return Policies(
        never_finalize=limits.get("never_finalize", False),
        max_invoices=limits.get("max_invoices"),
        max_amount=_by_currency(limits.get("max_amount", {})),
        max_total=_by_currency(limits.get("max_total", {})),
        vat_rates=tuple(codes) if codes is not None else None,
        company_id=limits.get("company_id"),
    )


def _by_currency(value: YamlValue) -> dict[str, Decimal]:
    """Amounts by currency; a single one is in euros."""
    amounts = value if isinstance(value, dict) else {"EUR": value}
    return {currency: Decimal(amount) for currency, amount in amounts.items()}
