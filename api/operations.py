"""What those who run the service ask: health, readiness, metrics, and the schema in words."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.problems import RESPONSES
from api.service import Service
from store.errors import Refused, Unavailable
from store.migrate import require_current
from store.schema import describe_schema

_PROBLEMS: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 503)}


class Health(BaseModel):
    """The service is well."""

    status: str = Field(examples=["ok"])


class Readiness(Health):
    """The warehouse can be read."""

    snapshot: int = Field(description="The warehouse's newest snapshot.")


def add_operations(app: FastAPI, service: Service) -> None:
    """Add /healthz, /readyz, /metrics and /v1/schema."""

    @app.get("/healthz")
    async def healthz() -> Health:
        """Whether the process answers."""
        return Health(status="ok")

    @app.get("/readyz", responses={503: RESPONSES[503]})
    def readyz() -> Readiness:
        """Whether the warehouse can be read, and has this version's schema."""
        with service.reader.warehouse() as (warehouse, snapshot):
            try:
                require_current(warehouse)
            except Refused as error:
                raise Unavailable(str(error)) from error
            return Readiness(status="ok", snapshot=snapshot.number)

    @app.get(
        "/metrics",
        responses=_PROBLEMS | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=PlainTextResponse,
        dependencies=[service.gate.needs("read")],
    )
    def metrics() -> PlainTextResponse:
        """The service's metrics, for Prometheus."""
        _look(service)
        return PlainTextResponse(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get(
        "/v1/schema",
        responses=_PROBLEMS | {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
        response_class=PlainTextResponse,
        dependencies=[service.gate.needs("read")],
    )
    def schema() -> PlainTextResponse:
        """Every table and view of the warehouse with what its columns mean, as Markdown."""
        with service.reader.warehouse() as (warehouse, _):
            return PlainTextResponse(describe_schema(warehouse), media_type="text/markdown")


def _look(service: Service) -> None:
    """Bring the gauges up to date, which are only looked at when they are asked for."""
    metrics = service.metrics
    with service.reader.warehouse() as (_, snapshot):
        pass
    metrics.snapshot.set(snapshot.number)
    metrics.snapshot_age.set((datetime.now(UTC).replace(tzinfo=None) - snapshot.committed_at).total_seconds())
    if service.sql:
        busy = service.sql.num_busy
        metrics.sql_workers.labels("busy").set(busy)
        metrics.sql_workers.labels("idle").set(service.sql.limits.workers - busy)
