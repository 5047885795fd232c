"""OAuth 2.0 for integrations: authorization code with PKCE, rotating refresh tokens, revocation.

There is no page to log in on: whoever is sent to ``/oauth/authorize`` consents at once, for the first company
or the one that ``company_id`` names.
"""

from pennyform.sandbox.oauth.endpoints import LONGEST_FORM, PREFIX, answer
from pennyform.sandbox.oauth.grants import APPLICATION, add_application

__all__ = ["APPLICATION", "LONGEST_FORM", "PREFIX", "add_application", "answer"]
