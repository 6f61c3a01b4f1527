"""Who may do what: a bearer token with the scope, once there are tokens; before, whoever reaches the service."""

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

    def __init__(self, tokens: TokenFile | None, *, is_open: bool, is_local: bool) -> None:
        self._tokens, self._is_open, self._is_local = tokens, is_open, is_local
        # Deleting the file must not open a service that had tokens.
        self._asks = bool(tokens and tokens.exists)

    def needs(self, scope: Scope) -> Any:
        """A FastAPI dependency: the request may do what the scope names."""

        async def check(request: Request, credentials: Credentials) -> None:
            self._check(scope, credentials.credentials if credentials else None)

        return Depends(check)

    def _check(self, scope: Scope, secret: str | None) -> None:
        self._asks = self._asks or bool(self._tokens and self._tokens.exists)
        if self._is_free(scope):
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

    def _is_free(self, scope: Scope) -> bool:
        if self._is_open and scope != "publish":
            return True
        return self._is_local and not self._asks
