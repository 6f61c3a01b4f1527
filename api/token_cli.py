"""`pie token`: access tokens for the service."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from store.cli import WarehouseOption
from store.errors import Refused

if TYPE_CHECKING:
    from api.tokens import TokenFile

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Access tokens for the service.")

TokensOption = Annotated[
    Path | None,
    typer.Option("--tokens", help="File of the tokens.  [default: tokens.json in the warehouse's directory]"),
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as 'dashboard'.")],
    scope: Annotated[list[str], typer.Option(help="What it allows: read, sql or publish; may be repeated.")],
    expires: Annotated[
        str | None, typer.Option(help="A time (2027-01-31) or a span (90d, 12h); never without.")
    ] = None,
    warehouse: WarehouseOption = None,
    tokens: TokensOption = None,
) -> None:
    """Make a token and print it, once. From the first one on, the service answers nobody without."""
    typer.echo(_file(warehouse, tokens).create(name, scope, expiry(expires, datetime.now(UTC))))


@app.command("list")
def list_tokens(warehouse: WarehouseOption = None, tokens: TokensOption = None) -> None:
    """List the tokens: name, id, scopes, when they were made and when they expire."""
    import pyarrow as pa

    from store.output import write_rows

    now = datetime.now(UTC)
    rows = [
        {"name": token.name, "id": token.token_id, "scopes": list(token.scopes), "created_at": token.created_at}
        | {"expires_at": token.expires_at, "expired": token.is_expired(now)}
        for token in _file(warehouse, tokens).tokens()
    ]
    if not rows:
        typer.echo("No tokens; make one with `pie token create`.")
        return
    write_rows(pa.Table.from_pylist(rows))


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name or id of the token.")],
    warehouse: WarehouseOption = None,
    tokens: TokensOption = None,
) -> None:
    """Take a token back, at once."""
    _file(warehouse, tokens).revoke(name)
    typer.echo(f"Token '{name}' is revoked.")


def expiry(text: str | None, now: datetime) -> datetime | None:
    """The time that `--expires` names: a span from now, or a date or time (UTC unless it says otherwise)."""
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,6})([dh])", text):
        return now + timedelta(**{"d": {"days": int(span[1])}, "h": {"hours": int(span[1])}}[span[2]])
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"--expires '{text}' is not a time; write 2027-01-31, 90d or 12h.") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _file(warehouse: str | None, tokens: Path | None) -> "TokenFile":
    from api.settings import load_settings
    from api.tokens import TokenFile

    settings = load_settings(warehouse=warehouse, tokens=tokens)
    path = settings.tokens_file
    if path is None:
        raise Refused("A warehouse on PostgreSQL has no directory of its own; say where tokens are kept with --tokens.")
    if tokens is None and not path.parent.is_dir():
        raise Refused(f"No warehouse at '{path.parent}'; name another with --warehouse.")
    return TokenFile(path)
