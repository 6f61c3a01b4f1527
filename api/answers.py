"""An answer over HTTP: its format by Accept or ?format=, its encoding, its snapshot as header and ETag."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Literal

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from store.formats import FORMATS, Rows, compressed, to_ndjson
from store.snapshots import Snapshot

SNAPSHOT_HEADER = "Warehouse-Snapshot"
Format = Literal["json", "ndjson", "csv", "arrow", "parquet"]

GATHERED_BYTES = 1 << 20
"""An answer up to this size is sent whole; a larger one chunk by chunk."""
_WORTH_COMPRESSING = 1024


@dataclass(frozen=True)
class Shape:
    """How an answer is written: in which format, and compressed how."""

    format: str
    encoding: str | None

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Encoding": self.encoding} if self.encoding else {}


def shape_of(request: Request, asked: str | None) -> Shape:
    """The format: `?format=` first, else by Accept, else JSON; zstd or gzip where the asker takes it.

    Raises HTTPException 406 when Accept allows none of the formats.
    """
    format_name = asked or _format_by_accept(request.headers.get("accept", "*/*"))
    # Parquet is compressed by itself.
    return Shape(format_name, None if format_name == "parquet" else encoding_of(request))


def encoding_of(request: Request) -> str | None:
    """zstd or gzip, where the asker takes it."""
    taken = [name for name, _ in _weighed(request.headers.get("accept-encoding", ""))]
    return next((name for name in ("zstd", "gzip") if name in taken), None)


def etag_of(request: Request, snapshot: Snapshot, shape: Shape) -> str:
    """The tag of the answer to this URL in this shape at a snapshot."""
    question = (
        f"{_release()} {snapshot.committed_at} {request.url.path}?{request.url.query} {shape.format} {shape.encoding}"
    )
    return f'"{snapshot.number}-{hashlib.sha256(question.encode()).hexdigest()[:16]}"'


@cache
def _release() -> str:
    # Read once: it takes longer than all else that an unchanged answer needs.
    return version("pie-store")


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the asker has this answer already (If-None-Match)."""
    held = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in held or "*" in held


def headers_of(request: Request, snapshot: Snapshot, etag: str, *, fixed: bool) -> dict[str, str]:
    """Snapshot, ETag and caching: an answer `as_of` a snapshot never changes, another may with the next run.

    An answer to a token is for its bearer alone.
    """
    whose = "private" if "authorization" in request.headers else "public"
    how_long = "max-age=31536000, immutable" if fixed else "max-age=1, must-revalidate"
    return {
        SNAPSHOT_HEADER: str(snapshot.number),
        "ETag": etag,
        "Cache-Control": f"{whose}, {how_long}",
        "Vary": "Accept, Accept-Encoding, Authorization",
    }


def respond(rows: Rows, shape: Shape, headers: dict[str, str], held: ExitStack, *, single: bool = False) -> Response:
    """The rows as a response; as JSON, a `single` one is an object of its own.

    When they are more than is gathered, the response takes over what is `held` open for reading them.
    """
    media_type, write = FORMATS[shape.format]
    chunks = _one_object(rows) if single and shape.format == "json" else write(rows)
    head, complete = _gathered(chunks)
    if complete:
        if shape.encoding and len(head) >= _WORTH_COMPRESSING:
            head, headers = b"".join(compressed([head], shape.encoding)), headers | shape.headers
        return Response(head, media_type=media_type, headers=headers)
    whole = _chain(head, chunks)
    if shape.encoding:
        whole, headers = compressed(whole, shape.encoding), headers | shape.headers
    return StreamingResponse(_sending(whole, held.pop_all()), media_type=media_type, headers=headers)


def _format_by_accept(accept: str) -> str:
    for media_type, _ in _weighed(accept):
        if media_type in ("*/*", "application/*", ""):
            return "json"
        for name, (known, _) in FORMATS.items():
            if media_type == known.split(";")[0] or media_type == known.split("/")[0] + "/*":
                return name
    known_types = ", ".join(known.split(";")[0] for known, _ in FORMATS.values())
    raise HTTPException(406, f"No answer in '{accept}'; the formats are {known_types}, or ?format={'|'.join(FORMATS)}.")


def _weighed(header: str) -> list[tuple[str, float]]:
    """The values of an Accept header that are wanted at all, the most wanted first (RFC 9110, section 12.4.2)."""
    found = []
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        weights = [p.strip()[2:] for p in parameters.split(";") if p.strip().startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        found.append((name.strip().lower(), weight))
    return sorted((entry for entry in found if entry[1] > 0), key=lambda entry: -entry[1])


def _one_object(rows: Rows) -> Iterator[bytes]:
    for chunk in to_ndjson(rows):
        yield chunk.rstrip(b"\n")


def _gathered(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The beginning of a body, and whether it is the whole."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) > GATHERED_BYTES:
            return bytes(head), False
    return bytes(head), True


def _chain(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


async def _sending(chunks: Iterator[bytes], held: ExitStack) -> AsyncIterator[bytes]:
    try:
        while (chunk := await run_in_threadpool(next, chunks, None)) is not None:
            if chunk:
                yield chunk
    finally:
        # Also when the asker has left half-way.
        held.close()
