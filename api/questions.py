"""A question as an endpoint: one function turns its Params, Row and SQL into GET /v1/<question>."""

from contextlib import ExitStack
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from starlette.concurrency import run_in_threadpool

from analysis.page import Page, ask_page, asking
from analysis.question import Params, Question
from api.answers import SNAPSHOT_HEADER, Format, Shape, etag_of, headers_of, is_unchanged, respond, shape_of
from api.cache import KeptAnswer
from api.problems import RESPONSES
from api.service import Service
from store.errors import NotFound
from store.formats import FORMATS
from store.warehouse import Warehouse

MAX_PAGE_ROWS = 10_000


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
        return await run_in_threadpool(_answer, service, request, question, params, page, query.format, query.as_of)

    # FastAPI reads the annotations: the query's model is the question's own.
    endpoint.__annotations__["query"] = Annotated[_query_model(question, taken_from_path), Query()]
    row = _row_model(question)
    app.get(
        f"/v1/{path}",
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
        # The query was validated before: what is wrong here is a part of the path.
        raise RequestValidationError([{**fault, "loc": ("path", *fault["loc"])} for fault in error.errors()]) from error


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


def _answer(
    service: Service,
    request: Request,
    question: Question,
    params: Params,
    page: Page,
    format_name: str | None,
    as_of: int | None,
) -> Response:
    shape = shape_of(request, format_name)
    with ExitStack() as held:
        warehouse, snapshot = held.enter_context(service.reader.warehouse(as_of))
        etag = etag_of(request, snapshot, shape)
        headers = headers_of(request, snapshot, etag, fixed=as_of is not None)
        result, response = "unchanged", Response(status_code=304, headers=headers)
        if not is_unchanged(request, etag):
            result, response = _kept_or_read(
                service, request, question, params, page, etag, headers, shape, warehouse, held
            )
        service.metrics.cache.labels(result).inc()
        return response


def _kept_or_read(
    service: Service, request: Request, question: Question, params: Params, page: Page, etag: str,
    headers: dict[str, str], shape: Shape, warehouse: Warehouse, held: ExitStack,
) -> tuple[str, Response]:  # fmt: skip
    """`hit` with an answer given before, or `miss` with a new one."""
    kept = service.cache.get(etag)
    if kept:
        return "hit", Response(kept.body, media_type=kept.media_type, headers=kept.headers | headers)
    if question.single or page.limit is None:
        rows = held.enter_context(asking(warehouse, question, params, page))
        if question.single:
            rows = rows.read_all()
            if not rows.num_rows:
                raise NotFound(f"No {question.name} at '{request.url.path}'; the endpoints are explained at /docs.")
    else:
        found = ask_page(warehouse, question, params, page)
        rows = found.rows
        if found.next:
            headers["Link"] = f'<{_url_with(request, after=found.next)}>; rel="next"'
    response = respond(rows, shape, headers, held, single=question.single)
    if not isinstance(response, StreamingResponse):
        sent = {name: value for name, value in response.headers.items() if name in ("link", "content-encoding")}
        service.cache.put(etag, KeptAnswer(bytes(response.body), sent, response.media_type))
    return "miss", response


def _url_with(request: Request, **changed: str) -> str:
    """The request's own path and query with some parameters changed."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return f"{request.url.path}?{urlencode([*kept, *changed.items()])}"
