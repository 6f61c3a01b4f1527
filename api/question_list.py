"""The questions themselves over HTTP: what each asks, by which parameters, and the SQL that answers it."""

from fastapi import FastAPI
from pydantic import BaseModel, Field

from analysis.questions import QUESTIONS
from api.problems import RESPONSES
from api.service import Service


class QuestionRow(BaseModel):
    """One question."""

    name: str = Field(description="Its name, as on the command line.")
    path: str = Field(description="Its endpoint.")
    description: str = Field(description="What it asks, and of what there is a row.")
    parameters: list[str] = Field(
        description="Its endpoint's parameters; those that the SQL has are its $names, where null is no filter."
    )
    columns: list[str] = Field(description="The answer's columns.")
    sql: str = Field(description="The SELECT, or two of them: the second reads what is computed from the first.")
    is_sql_alone: bool = Field(description="Whether POST /v1/sql takes it, with values for the parameters.")


def add_question_list(app: FastAPI, service: Service) -> None:
    """Add GET /v1/questions."""
    rows = [
        QuestionRow(
            name=question.name,
            path=f"/v1/{question.path or question.name}",
            description=question.description,
            parameters=list(question.params.model_fields),
            columns=list(question.row.model_fields),
            sql=question.text,
            is_sql_alone=question.compute is None and not question.single,
        )
        for question in QUESTIONS.values()
    ]

    @app.get(
        "/v1/questions",
        responses={status: RESPONSES[status] for status in (401, 403)},
        dependencies=[service.gate.needs("read")],
    )
    async def questions() -> list[QuestionRow]:
        """Which questions are there, and which SQL answers them? One row per question."""
        return rows
