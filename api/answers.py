"""An answer over HTTP: its format by Accept or ?format=, and its snapshot as header and ETag."""

import hashlib

import pyarrow as pa
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from store.output import FORMATS, to_ndjson

SNAPSHOT_HEADER = "Warehouse-Snapshot"


def format_of(request: Request, asked: str | None) -> str:
    """The format to answer in: `?format=` first, else the first of Accept that there is, else JSON.

    Raises HTTPException 406 when Accept allows none.
    """
    if asked:
        return asked
    accepted = [part.split(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type in ("*/*", "application/*", ""):
            return "json"
        for name, (known, _) in FORMATS.items():
            if media_type == known.split(";")[0] or media_type == known.split("/")[0] + "/*":
                return name
    known_types = ", ".join(known.split(";")[0] for known, _ in FORMATS.values())
    raise HTTPException(
        406,
        f"No answer in '{request.headers['accept']}'; the formats are {known_types}, or ?format={'|'.join(FORMATS)}.",
    )


def etag_of(request: Request, snapshot: int, format_name: str) -> str:
    """The tag of the answer to this URL in this format at a snapshot."""
    question = f"{request.url.path}?{request.url.query}"
    return f'"{snapshot}-{hashlib.sha256(f"{question} {format_name}".encode()).hexdigest()[:16]}"'


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the asker has this answer already (If-None-Match)."""
    held = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in held or "*" in held


def headers_of(snapshot: int, etag: str, *, fixed: bool) -> dict[str, str]:
    """Snapshot, ETag and caching: an answer `as_of` a snapshot never changes, another may with the next run."""
    caching = "max-age=31536000, immutable" if fixed else "no-cache"
    return {SNAPSHOT_HEADER: str(snapshot), "ETag": etag, "Cache-Control": caching, "Vary": "Accept"}


def answer(rows: pa.Table, format_name: str, headers: dict[str, str], *, single: bool) -> Response:
    """The rows in a format; as JSON, a `single` one is an object of its own."""
    media_type, write = FORMATS[format_name]
    if single and format_name == "json":
        return Response(to_ndjson(rows[:1]).rstrip(b"\n"), media_type=media_type, headers=headers)
    return Response(write(rows), media_type=media_type, headers=headers)
