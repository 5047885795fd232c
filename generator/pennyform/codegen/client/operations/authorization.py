"""Where the contract says that tokens are had: the addresses of the OAuth module."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pennyform.codegen.client.code import Code, literal
from pennyform.findings import failure
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import Contract

_DEFAULT = "https://app.pennylane.com/oauth"
_URL = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9_.~-]+)+")


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """Three URLs, as literals."""

    authorize: Code
    token: Code
    revoke: Code


def oauth_endpoints(contract: Contract) -> OAuthEndpoints:
    """The contract's addresses; the service's published ones where it has none.

    OpenAPI has no place for the address of revocation: it lies beside that of tokens.

    Raises:
        Failure: an address is not a plain https URL. Secrets are sent there.
    """
    schemes = contract.document.get("components", {}).get("securitySchemes", {}).values()
    flows = [
        scheme.get("flows", {}).get("authorizationCode") for scheme in schemes if isinstance(scheme, dict)
    ]
    flow: JsonObject = next((flow for flow in flows if isinstance(flow, dict)), {})
    token = flow.get("tokenUrl", f"{_DEFAULT}/token")
    authorize = flow.get("authorizationUrl", f"{_DEFAULT}/authorize")
    for url in (authorize, token):
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise failure(
                "oauth-address-unsafe",
                "an address in the securitySchemes of the contract is not a plain https URL",
                detail=f"It is {str(url)[:200]!r}, and secrets would be sent there.",
                fix="Correct it in the overlay.",
            )
    return OAuthEndpoints(literal(authorize), literal(token), literal(f"{token.rpartition('/')[0]}/revoke"))
