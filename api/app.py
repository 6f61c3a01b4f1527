"""The application: every question as an endpoint, SQL, publishing, and what those who run it need."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from analysis.questions import QUESTIONS
from api.answers import SNAPSHOT_HEADER
from api.dashboard import add_dashboard
from api.documentation import add_documentation
from api.observe import REQUEST_ID_HEADER, Observed
from api.operations import add_operations
from api.problems import add_problem_handlers
from api.publishing import add_publishing
from api.question_list import add_question_list
from api.questions import add_question
from api.service import Service, open_service
from api.settings import Settings
from api.snapshots import add_snapshots
from api.sql import TRUNCATED_HEADER, add_no_sql, add_sql


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
    add_question_list(app, service)
    add_snapshots(app, service)
    (add_sql if service.sql else add_no_sql)(app, service)
    add_publishing(app, service)
    add_operations(app, service)
    add_documentation(app)
    add_dashboard(app, service)
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
