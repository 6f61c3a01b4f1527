"""Who may do what: a bearer token with the scope, once there are tokens; before, whoever reaches the service."""

import ipaddress
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from api.tokens import Scope, TokenFile

_BEARER = HTTPBearer(auto_error=False, description="A token made with `pie token create`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


class Gate:
    """Lets requests through, or answers 401 (no valid token) or 403 (a token without the scope)."""

    def __init__(
        self, tokens: TokenFile | None, *, is_open: bool, is_local: bool, origins: Collection[str] = ()
    ) -> None:
        self._tokens, self._is_open, self._is_local, self._origins = tokens, is_open, is_local, origins
        # Deleting the file must not open a service that had tokens.
        self._asks = bool(tokens and tokens.exists)

    def needs(self, scope: Scope) -> Any:
        """A FastAPI dependency: the request may do what the scope names."""

        async def check(request: Request, credentials: Credentials) -> None:
            self._check(scope, credentials.credentials if credentials else None, request)

        return Depends(check)

    def _check(self, scope: Scope, secret: str | None, request: Request) -> None:
        self._asks = self._asks or bool(self._tokens and self._tokens.exists)
        if self._is_open and scope != "publish":
            return
        if self._is_local and not self._asks:
            self._require_this_machine(request)
            return
        token = self._tokens.find(secret) if self._tokens and secret else None
        if token is None or token.is_expired(datetime.now(UTC)):
            raise HTTPException(
                401,
                "A valid token is needed: send 'Authorization: Bearer pie_...'; whoever runs the service makes one "
                "with `pie token create`.",
                {"WWW-Authenticate": "Bearer"},
            )
        if scope not in token.scopes:
            raise HTTPException(
                403, f"The token '{token.name}' has the scopes {', '.join(token.scopes)}, but this needs '{scope}'."
            )

    def _require_this_machine(self, request: Request) -> None:
        """A page of elsewhere that a browser on this machine shows is not this machine: neither one whose name was made
        to lead here, which the browser takes for the service's own, nor one that sends without reading the answer.
        """
        # As it was sent: where it is malformed, the request's own URL shows the address that was reached.
        host = request.headers.get("host", "")
        name = re.sub(r":\d*$", "", host).strip("[]")
        if not is_loopback(name):
            raise HTTPException(
                403,
                f"Without tokens only this machine is served, not '{name}': ask 127.0.0.1 or localhost, "
                "make a token with `pie token create`, or serve anyone with --open.",
            )
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{host}"
        if request.method != "GET" and origin is not None and origin not in (own, *self._origins):
            raise HTTPException(403, f"Pages of '{origin}' may not send here; allow them with --cors-origin.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
