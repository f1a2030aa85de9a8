"""How a person consents at a broker in the browser: data, and the address that follows from it.

Source: RFC 6749 section 4.1 (code grant), RFC 7636 (PKCE).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where a browser is sent to consent, and where its code is exchanged.

    Shape: `basic` shows the application in a Basic header instead of the form; `params` go with the
    question beside those of the standard; `environments` are those that these addresses serve,
    empty for all; `own_callback` is what a person registers who runs Daybias on his own machine.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    pkce: bool = False
    basic: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    own_callback: str = "http://localhost:8080/v1/oauth/callback"

    def address(self, client_id: str, redirect_uri: str, state: str, challenge: str) -> str:
        """Make the address for one consent; `challenge` is shown where PKCE is offered."""
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            **self.params,
        }
        if self.scopes:
            asked["scope"] = " ".join(self.scopes)
        if self.pkce:
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{self.authorize_url}?{urlencode(asked)}"
