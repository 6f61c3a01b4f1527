"""Connection details and credentials taken out of what is shown: they reach no error, no log and no catalog."""

import os
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

HIDDEN = "..."
_PARAMETER = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']\S*)")
_SECRET_VARIABLES = (
    "PGPASSWORD", "PGUSER", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE", "PGPASSFILE",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
)  # fmt: skip


def without_details(text: str, connection: str) -> str:
    """A text without a PostgreSQL connection string, its parts, and what the environment says of servers and credentials."""
    values = [connection, *_parts(connection), *(os.environ.get(name, "") for name in _SECRET_VARIABLES)]
    values += [value.split("://", 1)[1] for value in values if "://" in value]
    for value in sorted({value.strip() for value in values} - {""}, key=len, reverse=True):
        # Whole words only: a database named `pie` leaves `pie migrate` as it is written.
        text = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", HIDDEN, text)
    return text


def _parts(connection: str) -> Iterable[str]:
    """The values of a connection string, of both forms that libpq takes: parameters and a URI."""
    if "://" in connection:
        uri = urlsplit(connection)
        given = [uri.username, uri.password, uri.hostname, uri.path.strip("/"), *uri.query.split("&")]
        yield from (form for part in given if part for form in (part, unquote(part)))
        return
    for _, value in _PARAMETER.findall(connection):
        yield re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith("'") else value
