"""The application: every question as an endpoint, the schema, health, and a page that lists them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel, Field

from analysis.questions import QUESTIONS
from api.problems import RESPONSES, add_problem_handlers
from api.questions import add_question
from api.reader import Reader
from api.settings import Settings
from store.schema import describe_schema


class Health(BaseModel):
    """The service is well."""

    status: str = Field(examples=["ok"])
    snapshot: int | None = Field(None, description="The warehouse's newest snapshot.")


def create_app(settings: Settings) -> FastAPI:
    """The service over the warehouse of the settings. Raises StoreError when it cannot be opened."""
    reader = Reader(settings.warehouse)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        reader.close()

    app = FastAPI(
        title="PIE store",
        version=version("pie-store"),
        description="What pruning a language model does to single examples.",
        lifespan=lifespan,
    )
    add_problem_handlers(app)
    for question in QUESTIONS.values():
        add_question(app, reader, question)
    _add_schema(app, reader)
    _add_health(app, reader)
    _add_landing_page(app, reader)
    return app


def _add_schema(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/schema", responses=RESPONSES, response_class=PlainTextResponse)
    def schema() -> PlainTextResponse:
        """Every table and view of the warehouse with what its columns mean, as Markdown."""
        with reader.warehouse() as (warehouse, _):
            return PlainTextResponse(describe_schema(warehouse), media_type="text/markdown")


def _add_health(app: FastAPI, reader: Reader) -> None:
    @app.get("/healthz")
    def healthz() -> Health:
        """Whether the process answers."""
        return Health(status="ok", snapshot=None)

    @app.get("/readyz", responses={503: RESPONSES[503]})
    def readyz() -> Health:
        """Whether the warehouse can be read."""
        with reader.warehouse() as (_, snapshot):
            return Health(status="ok", snapshot=snapshot)


def _add_landing_page(app: FastAPI, reader: Reader) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        items = "\n".join(
            f'<li><a href="/v1/{escape(question.name)}"><code>/v1/{escape(question.name)}</code></a> {escape(question.description)}</li>'
            for question in QUESTIONS.values()
            if not question.path
        )
        return HTMLResponse(_PAGE.format(warehouse=escape(reader.name), items=items))


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>PIE store</title>
<style>:root {{ color-scheme: light dark; }} body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
li {{ margin: .5rem 0; }}</style></head>
<body><h1>What pruning does to single examples</h1>
<p>Warehouse <code>{warehouse}</code>. Every answer is JSON; add <code>?format=csv</code> for a table. <a href="/docs">All parameters</a>.</p>
<ul>
{items}
</ul></body></html>
"""
