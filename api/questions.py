"""A question as an endpoint: one function turns its Params, Row and SQL into GET /v1/<question>."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from starlette.concurrency import run_in_threadpool

from analysis.page import MAX_PAGE_ROWS, Page, ask_page, asking
from analysis.question import Params, Question
from api.answers import SNAPSHOT_HEADER, Format, Shape, etag_of, headers_of, is_unchanged, respond, shape_of
from api.cache import KeptAnswer
from api.problems import RESPONSES
from api.service import Service
from store.errors import NotFound
from store.formats import FORMATS, Rows
from store.snapshots import Snapshot
from store.warehouse import Warehouse


def add_question(app: FastAPI, service: Service, question: Question) -> None:
    """Add the endpoint that answers a question, described by its SQL's first comment."""
    path = question.path or question.name
    taken_from_path = {name for name in question.params.model_fields if f"{{{name}}}" in path}
    own = set(question.params.model_fields) - {"limit"}

    async def endpoint(request: Request, query: Any) -> Response:
        params = _params(question, query.model_dump(include=own), request.path_params)
        page = Page(
            query.fields, getattr(query, "sort", ()), getattr(query, "limit", None), getattr(query, "after", None)
        )
        asked = _Asked(request, question, params, page, shape_of(request, query.format), query.as_of)
        given = _given_before(service, asked)
        return given if given is not None else await run_in_threadpool(_answer, service, asked)

    # FastAPI reads the annotations: the query's model is the question's own.
    endpoint.__annotations__["query"] = Annotated[_query_model(question, taken_from_path), Query()]
    row = _row_model(question)
    app.get(
        # A dataset may be named as on a hub: organisation/name.
        f"/v1/{path}".replace("{dataset}", "{dataset:path}"),
        name=question.name,
        summary=question.description.split("? ")[0] + "?",
        description=question.description,
        response_model=row if question.single else list[row],  # type: ignore[valid-type]
        responses=RESPONSES
        | {200: formats_of(question.row), 304: {"description": "The asker has this answer already."}},
        dependencies=[service.gate.needs("read")],
        openapi_extra={
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": schema, "description": schema["description"]}
                for name, schema in question.params.model_json_schema()["properties"].items()
                if name in taken_from_path
            ]
        },
    )(endpoint)


def _params(question: Question, from_query: dict[str, Any], from_path: dict[str, Any]) -> Params:
    try:
        return question.params.model_validate(from_query | from_path)
    except ValidationError as error:
        # Each value of the query was validated before: what is wrong is a part of the path, or how values go together.
        raise RequestValidationError(
            [{**fault, "loc": ("path" if fault["loc"] else "query", *fault["loc"])} for fault in error.errors()]
        ) from error


def _names(values: Any) -> Any:
    """Names given as `a,b`, as `a` and `b`, or both; each once."""
    if not isinstance(values, list):
        return values
    return list(dict.fromkeys(name for value in values for name in value.split(",") if name))


Names = Annotated[list[str], BeforeValidator(_names)]


class Answered(BaseModel):
    """How any answer may be asked for."""

    format: Format | None = Field(None, description="Format of the answer; else by Accept, else JSON.")
    as_of: int | None = Field(None, ge=0, le=2**63 - 1, description="Ask an older snapshot of the warehouse.")


class _Columns(Answered):
    fields: Names = Field([], description="Only these columns, separated by commas.", examples=[["dataset,pruner"]])


class _Listing(_Columns):
    limit: int | None = Field(
        None, ge=1, le=MAX_PAGE_ROWS, description='Rows of a page; the header Link, rel="next", leads to the next.'
    )
    sort: Names = Field(
        [], description="Sort by these columns; with a minus, from the largest.", examples=[["-sparsity"]]
    )
    after: str | None = Field(None, description="Where a page begins: from the Link header of the page before.")


def _query_model(question: Question, taken_from_path: set[str]) -> type[BaseModel]:
    base = _Columns if question.single else _Listing
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in question.params.model_fields.items()
        if name not in taken_from_path | {"limit"}
    } | {name: (field.annotation, field) for name, field in base.model_fields.items()}
    for name in ("fields", "sort"):
        if name in fields:
            fields[name] = (Names, fields[name][1])
    return create_model(f"{question.name} query", __config__=question.params.model_config, **fields)


def _row_model(question: Question) -> type[BaseModel]:
    """The question's Row for the OpenAPI document: `fields` may leave any column out."""
    name = "".join(word.title() for word in question.name.split("-")) + "Row"
    config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None), title=name)
    model: type[BaseModel] = type(
        name, (question.row,), {"model_config": config, "__doc__": question.row.__doc__, "__module__": __name__}
    )
    return model


def formats_of(row: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of an answer of such rows."""
    others: dict[str, Any] = {known.split(";")[0]: {} for name, (known, _) in FORMATS.items() if name != "json"}
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in ((SNAPSHOT_HEADER, "The snapshot that was read."), ("ETag", "Snapshot and question."))
    }
    return {"description": row.__doc__ or "Rows", "content": others, "headers": headers}


@dataclass(frozen=True)
class _Asked:
    """A question as it was asked over HTTP."""

    request: Request
    question: Question
    params: Params
    page: Page
    shape: Shape
    as_of: int | None

    def headers(self, snapshot: Snapshot) -> dict[str, str]:
        """The headers of its answer at a snapshot, the ETag among them."""
        etag = etag_of(self.request, snapshot, self.shape)
        return headers_of(self.request, snapshot, etag, fixed=self.as_of is not None)


def _given_before(service: Service, asked: _Asked) -> Response | None:
    """The answer that needs no look into the warehouse: an old snapshot stays as it is, the newest while nothing is committed."""
    snapshot = service.reader.known_snapshot(asked.as_of)
    return _unchanged_or_kept(service, asked, asked.headers(snapshot)) if snapshot is not None else None


def _unchanged_or_kept(service: Service, asked: _Asked, headers: dict[str, str]) -> Response | None:
    if is_unchanged(asked.request, headers["ETag"]):
        service.metrics.cache.labels("unchanged").inc()
        return Response(status_code=304, headers=headers)
    kept = service.cache.get(headers["ETag"])
    if kept is None:
        return None
    service.metrics.cache.labels("hit").inc()
    return Response(kept.body, media_type=kept.media_type, headers=kept.headers | headers)


def _answer(service: Service, asked: _Asked) -> Response:
    with ExitStack() as held:
        warehouse, snapshot = held.enter_context(service.reader.warehouse(asked.as_of))
        headers = asked.headers(snapshot)
        given = _unchanged_or_kept(service, asked, headers)
        if given is not None:
            return given
        rows = _rows(warehouse, asked, headers, held)
        response = respond(rows, asked.shape, headers, held, single=asked.question.single)
        if not isinstance(response, StreamingResponse):
            sent = {name: value for name, value in response.headers.items() if name in ("link", "content-encoding")}
            service.cache.put(headers["ETag"], KeptAnswer(bytes(response.body), sent, response.media_type))
        service.metrics.cache.labels("miss").inc()
        return response


def _rows(warehouse: Warehouse, asked: _Asked, headers: dict[str, str], held: ExitStack) -> Rows:
    """The rows from the warehouse, read while `held` is open; the header that leads to the next page is added."""
    question, params, page = asked.question, asked.params, asked.page
    if question.single:
        rows = held.enter_context(asking(warehouse, question, params, page)).read_all()
        if not rows.num_rows:
            raise NotFound(f"No {question.name} at '{asked.request.url.path}'; the endpoints are explained at /docs.")
        return rows
    if page.limit is None:
        return held.enter_context(asking(warehouse, question, params, page))
    found = ask_page(warehouse, question, params, page)
    if found.next:
        headers["Link"] = f'<{_url_with(asked.request, after=found.next)}>; rel="next"'
    return found.rows


def _url_with(request: Request, **changed: str) -> str:
    """The request's own path and query with some parameters changed."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return f"{request.url.path}?{urlencode([*kept, *changed.items()])}"
