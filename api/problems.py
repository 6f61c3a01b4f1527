"""Errors as RFC 9457 problem documents: what, which value, what to do."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.observe import REQUEST_ID_HEADER
from store.errors import NotFound, QueryFailed, Refused, StoreError
from store.sql_pool import Busy

LOGGER = logging.getLogger("pie.api")
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field("about:blank", description="Kind of the problem.")
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What, which value, what to do.",
        examples=["No dataset 'imbd' in the warehouse, which has: imdb; list datasets with GET /v1/datasets."],
    )
    instance: str = Field(description="The path that was asked.")
    request_id: str | None = Field(None, description="What the service's log calls this request.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}
    for status in (401, 403, 404, 406, 422, 503)
}
"""What every endpoint may answer instead, for the OpenAPI document."""


def problem(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem document as a response."""
    request_id = request.scope.get("state", {}).get("request_id")
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=request_id,
    )
    named = {REQUEST_ID_HEADER: request_id} if request_id else {}
    return JSONResponse(body.model_dump(), status, {**(headers or {}), **named}, media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem document."""

    @app.exception_handler(StoreError)
    def on_store_error(request: Request, error: StoreError) -> JSONResponse:
        if isinstance(error, NotFound):
            return problem(request, 404, str(error))
        # The service's own SQL fails on a damaged warehouse only; that of strangers fails elsewhere, and comes as Refused.
        if isinstance(error, Refused) and not isinstance(error, QueryFailed):
            return problem(request, 422, str(error))
        if isinstance(error, Busy):
            return problem(request, 429, str(error), {"Retry-After": "1"})
        # What the store says may name the server's files: that is for its log.
        LOGGER.error("%s %s", request.url.path, error)
        return problem(
            request, 503, "The warehouse cannot be read at the moment; try again later.", {"Retry-After": "5"}
        )

    @app.exception_handler(HTTPException)
    def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404 and error.detail == HTTPStatus.NOT_FOUND.phrase:
            detail = f"There is nothing at '{request.url.path}'; the endpoints are listed at /docs."
        elif error.status_code == 405:
            methods = ", ".join(_methods(app, request))
            detail = f"'{request.url.path}' does not take {request.method}; use {methods}."
            return problem(request, 405, detail, {"Allow": methods})
        elif error.status_code == 400 and error.__cause__ is not None:
            # What the framework could not parse, it says nothing of: text that is not UTF-8, arrays nested without end.
            return problem(request, 422, f"The body is not JSON in UTF-8: {error.__cause__}.")
        else:
            detail = str(error.detail)
        return problem(request, error.status_code, detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def on_bad_request(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, 422, _sentence(request, error.errors()))

    @app.exception_handler(Exception)
    def on_failure(request: Request, error: Exception) -> JSONResponse:
        return problem(request, 500, "The service failed on this request; its log says why.")


def _sentence(request: Request, faults: Sequence[Any]) -> str:
    fault = faults[0]
    kind = {"query": "Query parameter", "path": "Path part"}.get(fault["loc"][0], "Field")
    name = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
    if fault["type"] == "json_invalid":
        return f"The body is not JSON: {fault['ctx']['error']} at character {name}."
    if fault["type"] == "extra_forbidden" and kind == "Query parameter":
        known = ", ".join(sorted(_known_parameters(request)))
        return f"Unknown query parameter '{name}'; '{request.url.path}' takes {known}."
    message = fault["msg"].removeprefix("Value error, ").rstrip(".")
    if tuple(fault["loc"]) == ("query",):
        # Not one value is wrong, but how they go together.
        return f"The question cannot be asked so: {message}."
    given = repr(fault["input"])
    shown = given if len(given) <= 200 else f"{given[:200]}..."
    return f"{kind} '{name}' is {shown}: {message}."


def _methods(app: FastAPI, request: Request) -> list[str]:
    """What the path takes; one path may have several endpoints."""
    partial = (
        route.methods or ()
        for route in app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0].value
    )
    return sorted({method for methods in partial for method in methods})


def _known_parameters(request: Request) -> set[str]:
    operations = request.app.openapi()["paths"].get(request.scope["route"].path_format, {})
    return {
        parameter["name"] for parameter in operations.get("get", {}).get("parameters", ()) if parameter["in"] == "query"
    }
