"""Object storage: how a connection gets the credentials for a warehouse's files in S3, and new ones when these expire."""

import os

import duckdb

from store.engine import quoted
from store.errors import Unavailable

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def authorize(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection, with the extensions httpfs and aws, use S3 or a store of its kind.

    Credentials are looked for where AWS's own tools look: variables, shared files, `credential_process`, roles of the
    machine. They are looked for again when the store refuses those at hand, so that expired ones are renewed. They
    stay in the memory of the process. Raises Unavailable when there are none.
    """
    options = ["type s3", "provider credential_chain", "refresh auto", *_endpoint(), *_region()]
    try:
        connection.execute(f"create or replace secret pie_files ({', '.join(options)})")
    except duckdb.Error:
        # What the engine says here repeats the options.
        raise Unavailable(
            "No credentials for the warehouse's object storage; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE, or give the machine a role."
        ) from None


def _endpoint() -> list[str]:
    url = _variable(ENDPOINT_VARIABLES)
    if not url:
        return []
    scheme, _, host = url.rpartition("://")
    # Stores other than AWS's rarely have a host name for each bucket.
    return [f"endpoint {quoted(host.rstrip('/'))}", "url_style 'path'", f"use_ssl {str(scheme != 'http').lower()}"]


def _region() -> list[str]:
    region = _variable(REGION_VARIABLES)
    return [f"region {quoted(region)}"] if region else []


def _variable(names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := os.environ.get(name))), "")
