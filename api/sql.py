"""Ad-hoc SQL over HTTP: one SELECT, answered by a process of its own, within bounds that are announced."""

from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request, Response
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.answers import SNAPSHOT_HEADER, respond, shape_of
from api.problems import RESPONSES
from api.questions import Answered
from api.service import Service
from store.errors import NotFound, StoreError
from store.formats import FORMATS
from store.sql_pool import Busy, SqlAnswer, SqlQuery

TRUNCATED_HEADER = "Answer-Truncated"
MAX_SQL_CHARACTERS = 100_000
Value = bool | int | float | str | None


class _Limits(Answered):
    model_config = ConfigDict(extra="forbid")

    time_limit_ms: int | None = Field(None, ge=1, description="Less time than the service's limit, in milliseconds.")


class SqlQuestion(_Limits):
    """A query in the URL."""

    q: str = Field(max_length=MAX_SQL_CHARACTERS, description="One SELECT.", examples=["select * from pie_rate"])


class SqlRequest(_Limits):
    """A query in the body, with values for its `$name`s."""

    sql: str = Field(
        max_length=MAX_SQL_CHARACTERS,
        description="One SELECT.",
        examples=["select dataset, avg(pie_rate) from pie_rate where sparsity = $sparsity group by all"],
    )
    parameters: dict[str, Value | list[Value]] = Field(
        {}, description="Values for $name.", examples=[{"sparsity": 0.9}]
    )


def add_sql(app: FastAPI, service: Service) -> None:
    """Add GET and POST /v1/sql."""
    rows: dict[str, Any] = {
        "description": f"The rows; the header {TRUNCATED_HEADER} names the bound that has cut them off, if one has.",
        "content": {known.split(";")[0]: {} for known, _ in FORMATS.values()},
    }
    common: dict[str, Any] = {
        "responses": RESPONSES | {200: rows, 429: RESPONSES[503] | {"description": "Too many queries at once."}},
        "response_class": Response,
        "dependencies": [service.gate.needs("sql")],
    }

    @app.get("/v1/sql", name="sql", **common)
    async def sql(request: Request, query: Annotated[SqlQuestion, Query()]) -> Response:
        """The rows of a SELECT over the warehouse's tables and views. GET /v1/schema says what there is."""
        return await _answer(service, request, query, query.q, {})

    @app.post("/v1/sql", name="sql with parameters", **common)
    async def sql_with_parameters(request: Request, query: Annotated[SqlRequest, Body()]) -> Response:
        """The rows of a SELECT with parameters."""
        return await _answer(service, request, query, query.sql, query.parameters)


def add_no_sql(app: FastAPI, service: Service) -> None:
    """Say at /v1/sql, which is not documented then, that it is turned off."""

    @app.api_route(
        "/v1/sql", methods=["GET", "POST"], include_in_schema=False, dependencies=[service.gate.needs("sql")]
    )
    async def no_sql() -> Response:
        raise NotFound("This service takes no SQL; it answers the questions that are listed at /docs.")


async def _answer(
    service: Service, request: Request, limits: _Limits, sql: str, parameters: dict[str, Any]
) -> Response:
    assert service.sql is not None
    shape = shape_of(request, limits.format)
    query = SqlQuery(sql, parameters, limits.as_of, limits.time_limit_ms)
    answer = await run_in_threadpool(_ask, service, query)
    # The same query at the same snapshot may answer otherwise: it may ask for the time, or for chance.
    headers = {SNAPSHOT_HEADER: str(answer.snapshot), "Cache-Control": "no-store"}
    if answer.truncated:
        bound = {"rows": service.settings.sql_max_rows, "bytes": service.settings.sql_max_mb * 2**20}[answer.truncated]
        headers[TRUNCATED_HEADER] = f"{answer.truncated}; limit={bound}"
    return await run_in_threadpool(respond, answer.rows, shape, headers, ExitStack())


def _ask(service: Service, query: SqlQuery) -> SqlAnswer:
    assert service.sql is not None
    queries = service.metrics.sql_queries
    try:
        if query.as_of is not None:
            # A worker is started anew for each snapshot: not for one that is not there.
            service.reader.require_snapshot(query.as_of)
        answer = service.sql.ask(query)
    except StoreError as error:
        queries.labels("turned away" if isinstance(error, Busy) else "refused").inc()
        raise
    queries.labels("truncated" if answer.truncated else "answered").inc()
    return answer
