"""What the runtime takes from a contract: a stand-in for the module that is emitted in its place."""

from __future__ import annotations

PACKAGE = "pennylane_client"
__version__: str = "0"
BASE_PATH = "/api/v0"
AUTHORIZE_URL = "https://app.pennylane.com/oauth/authorize"
TOKEN_URL = "https://app.pennylane.com/oauth/token"  # noqa: S105 - an address
REVOKE_URL = "https://app.pennylane.com/oauth/revoke"
