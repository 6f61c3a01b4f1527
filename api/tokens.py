"""Access tokens: made once, shown once, kept as hashes in a file beside the catalog, checked at every request."""

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock

from store.errors import NotFound, Refused
from store.spool import write_aside

Scope = Literal["read", "sql", "publish"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "pie_"


@dataclass(frozen=True)
class Token:
    """What is known of a token: everything but itself."""

    token_id: str
    name: str
    scopes: tuple[Scope, ...]
    digest: str
    """SHA-256 of the token, which is 256 random bits: nothing slower is needed."""
    created_at: str
    expires_at: str | None
    """ISO 8601, UTC; None for never."""

    def allows(self, scope: Scope, now: datetime) -> bool:
        """Whether it is still valid and has the scope."""
        return scope in self.scopes and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now


class TokenFile:
    """The tokens of a service. Changes are seen at once by every process that reads the file."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path, self._now = path, now
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether a token was ever made: from then on tokens are asked for."""
        return self._path.exists()

    def tokens(self) -> tuple[Token, ...]:
        """All tokens, expired ones included; none without a file. Raises Refused when the file is damaged."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return ()
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if seen != self._seen:
            self._tokens, self._seen = self._read(), seen
        return self._tokens

    def create(self, name: str, scopes: Sequence[str], expires_at: datetime | None = None) -> str:
        """Make a token and return it; it cannot be shown again. Raises Refused by name."""
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise Refused(
                f"Token '{name}' cannot have the scope '{', '.join(unknown)}'; the scopes are {', '.join(SCOPES)}."
            )
        if expires_at is not None and expires_at <= self._now():
            raise Refused(f"Token '{name}' would expire in the past, at {expires_at.isoformat()}; give a later time.")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._locked():
            tokens = self.tokens()
            if any(token.name == name for token in tokens):
                raise Refused(f"There is a token '{name}'; choose another name, or revoke it with `pie token revoke`.")
            made = Token(
                secrets.token_hex(4),
                name,
                tuple(scope for scope in SCOPES if scope in scopes),
                _digest(secret),
                self._now().isoformat(timespec="seconds"),
                expires_at.isoformat(timespec="seconds") if expires_at else None,
            )
            self._write([*tokens, made])
        return secret

    def revoke(self, name: str) -> None:
        """Take a token back, by its name or id. Raises NotFound."""
        with self._locked():
            kept = [token for token in self.tokens() if name not in (token.name, token.token_id)]
            if len(kept) == len(self.tokens()):
                raise NotFound(f"No token '{name}'; list tokens with `pie token list`.")
            self._write(kept)

    def find(self, secret: str) -> Token | None:
        """The token that was shown as `secret`, in time that does not depend on it; None when there is none."""
        digest, found = _digest(secret), None
        for token in self.tokens():
            if compare_digest(token.digest, digest):
                found = token
        return found

    def _locked(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path.with_suffix(".lock"), timeout=30)

    def _read(self) -> tuple[Token, ...]:
        try:
            return tuple(
                Token(**{**entry, "scopes": tuple(entry["scopes"])}) for entry in json.loads(self._path.read_bytes())
            )
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(f"The file of tokens '{self._path}' is damaged: {error}.") from error

    def _write(self, tokens: Sequence[Token]) -> None:
        write_aside(self._path, json.dumps([asdict(token) for token in tokens], indent=1).encode())
        self._path.chmod(0o600)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
