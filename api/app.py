"""The application: every question as an endpoint, SQL, publishing, and what those who run it need."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse

from analysis.questions import QUESTIONS
from api.answers import SNAPSHOT_HEADER
from api.documentation import add_documentation
from api.observe import REQUEST_ID_HEADER, Observed
from api.operations import add_operations
from api.problems import add_problem_handlers
from api.publishing import add_publishing
from api.questions import add_question
from api.service import Service, open_service
from api.settings import Settings
from api.snapshots import add_snapshots
from api.sql import TRUNCATED_HEADER, add_sql


def create_app(settings: Settings) -> FastAPI:
    """The service over the warehouse of the settings. Raises StoreError when it cannot be opened."""
    service = open_service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if service.sql:
            service.sql.start()
        yield
        service.close()

    app = FastAPI(
        title="PIE store",
        version=version("pie-store"),
        description="What pruning a language model does to single examples.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    add_problem_handlers(app)
    _add_middleware(app, service)
    for question in QUESTIONS.values():
        add_question(app, service, question)
    add_snapshots(app, service)
    if service.sql:
        add_sql(app, service)
    add_publishing(app, service)
    add_operations(app, service)
    add_documentation(app)
    _add_landing_page(app, service)
    return app


def _add_middleware(app: FastAPI, service: Service) -> None:
    if service.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=service.settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=[SNAPSHOT_HEADER, TRUNCATED_HEADER, REQUEST_ID_HEADER, "ETag", "Link"],
        )
    # The last one added is the outermost: it sees what the others answer.
    app.add_middleware(Observed, metrics=service.metrics)


def _add_landing_page(app: FastAPI, service: Service) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        items = "\n".join(
            f'<li><a href="/v1/{escape(question.name)}"><code>/v1/{escape(question.name)}</code></a> {escape(question.description)}</li>'
            for question in QUESTIONS.values()
            if not question.path
        )
        return HTMLResponse(_PAGE.format(items=items))


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>PIE store</title>
<style>:root {{ color-scheme: light dark; }} body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
li {{ margin: .5rem 0; }}</style></head>
<body><h1>What pruning does to single examples</h1>
<p>Every answer is JSON; add <code>?format=csv</code> for a table. <a href="/docs">All parameters</a>.</p>
<ul>
{items}
</ul></body></html>
"""
