"""A question as an endpoint: one function turns its Params, Row and SQL into GET /v1/<question>."""

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field, create_model
from starlette.concurrency import run_in_threadpool

from analysis.question import Params, Question, ask_arrow
from api.answers import SNAPSHOT_HEADER, answer, etag_of, format_of, headers_of, is_unchanged
from api.problems import RESPONSES
from api.reader import Reader
from store.output import FORMATS

Format = Literal["json", "ndjson", "csv", "arrow", "parquet"]


def add_question(app: FastAPI, reader: Reader, question: Question) -> None:
    """Add the endpoint that answers a question, described by its SQL's first comment."""
    path = question.path or question.name
    taken_from_path = {name for name in question.params.model_fields if f"{{{name}}}" in path}

    async def endpoint(request: Request, query: Any) -> Response:
        asked = query.model_dump(exclude={"format", "as_of"})
        params = question.params.model_validate(asked | {name: request.path_params[name] for name in taken_from_path})
        return await run_in_threadpool(_answer, reader, request, question, params, query.format, query.as_of)

    # FastAPI reads the annotations: the query's model is the question's own.
    endpoint.__annotations__["query"] = Annotated[_query_model(question, taken_from_path), Query()]
    app.get(
        f"/v1/{path}",
        name=question.name,
        summary=question.description.split("? ")[0] + "?",
        description=question.description,
        response_model=question.row if question.single else list[question.row],  # type: ignore[name-defined]
        responses=RESPONSES | {200: _formats(question), 304: {"description": "The asker has this answer already."}},
        openapi_extra={
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in sorted(taken_from_path)
            ]
        },
    )(endpoint)


def _query_model(question: Question, taken_from_path: set[str]) -> type[Params]:
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in question.params.model_fields.items()
        if name not in taken_from_path
    }
    fields["format"] = (Format | None, Field(None, description="Format of the answer; else by Accept, else JSON."))
    fields["as_of"] = (int | None, Field(None, ge=0, description="Ask an older snapshot of the warehouse."))
    return create_model(f"{question.name} query", __config__=question.params.model_config, **fields)  # type: ignore[no-any-return]


def _formats(question: Question) -> dict[str, Any]:
    others: dict[str, Any] = {known.split(";")[0]: {} for name, (known, _) in FORMATS.items() if name != "json"}
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in ((SNAPSHOT_HEADER, "The snapshot that was read."), ("ETag", "Snapshot and question."))
    }
    return {"description": question.row.__doc__ or "Rows", "content": others, "headers": headers}


def _answer(
    reader: Reader, request: Request, question: Question, params: Params, format_name: str | None, as_of: int | None
) -> Response:
    chosen = format_of(request, format_name)
    with reader.warehouse(as_of) as (warehouse, snapshot):
        etag = etag_of(request, snapshot, chosen)
        headers = headers_of(snapshot, etag, fixed=as_of is not None)
        if is_unchanged(request, etag):
            return Response(status_code=304, headers=headers)
        rows = ask_arrow(warehouse, question, params)
    return answer(rows, chosen, headers, single=question.single)
