"""The warehouse's snapshots over HTTP: what `as_of` may name."""

from contextlib import ExitStack
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.answers import Format, etag_of, headers_of, is_unchanged, respond, shape_of
from api.problems import RESPONSES
from api.questions import formats_of
from api.service import Service
from store.snapshots import list_snapshots


class SnapshotRow(BaseModel):
    """One snapshot."""

    snapshot: int = Field(description="Its number, for `as_of`.")
    committed_at: datetime = Field(description="When it was made, UTC.")
    message: str | None = Field(description="What made it.")
    tables: list[str] = Field(description="Tables whose rows it changed.")
    kept_as: list[str] = Field(description="Names under which it is kept: such a one is never expired.")


class SnapshotsQuery(BaseModel):
    """How the snapshots are asked for."""

    model_config = ConfigDict(extra="forbid")

    format: Format | None = Field(None, description="Format of the answer; else by Accept, else JSON.")


def add_snapshots(app: FastAPI, service: Service) -> None:
    """Add GET /v1/snapshots."""

    @app.get(
        "/v1/snapshots",
        response_model=list[SnapshotRow],
        responses=RESPONSES
        | {200: formats_of(SnapshotRow), 304: {"description": "The asker has this answer already."}},
        dependencies=[service.gate.needs("read")],
    )
    async def snapshots(request: Request, query: Annotated[SnapshotsQuery, Query()]) -> Response:
        """Which snapshots can be asked? One row per snapshot, the oldest first."""
        return await run_in_threadpool(_answer, service, request, query.format)


def _answer(service: Service, request: Request, format_name: str | None) -> Response:
    shape = shape_of(request, format_name)
    with service.reader.warehouse() as (warehouse, snapshot):
        etag = etag_of(request, snapshot, shape)
        headers = headers_of(request, snapshot, etag, fixed=False)
        if is_unchanged(request, etag):
            return Response(status_code=304, headers=headers)
        return respond(list_snapshots(warehouse), shape, headers, ExitStack())
