"""SQL, Params and Row of every question belong together, and so do its command and its file."""

import inspect
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pydantic import ValidationError

from analysis.question import Question, ask
from analysis.questions import QUESTIONS
from store.main import GROUP
from store.warehouse import Warehouse
from tests.warehouses import MadeUpRun, MadeUpStudy, insert, labels

ANALYSIS = Path(__file__).parents[2] / "analysis"
ALL = [pytest.param(question, id=name) for name, question in QUESTIONS.items()]


@pytest.mark.parametrize("question", ALL)
def test_sql_params_and_row_match(warehouse: Warehouse, question: Question) -> None:
    sql = re.sub(r"--[^\n]*", "", question.text)
    assert set(re.findall(r"\$(\w+)", sql)) <= set(question.params.model_fields)
    computes = "" if question.compute is None else inspect.getsource(inspect.getmodule(question.compute))  # type: ignore[arg-type]
    read = set(re.findall(r"\$(\w+)", sql)) | set(re.findall(r"params\.(\w+)", computes))
    unused = set(question.params.model_fields) - read
    assert not unused, f"parameters {unused} of {question.name} do nothing"
    gold = labels([[0], [1]], 2)
    run = MadeUpRun("none", 0.0, 0, {"test": gold})
    study = MadeUpStudy("two", "single_label", {"test": gold}, [run, MadeUpRun("MP-AI", 0.5, 0, {"test": gold[::-1]})])
    insert(warehouse, study)
    names = {"run_id": study.config(run).run_id, "dataset": "two", "split": "test", "example_id": 0}
    filters = {name: names[name] for name, field in question.params.model_fields.items() if field.is_required()}
    frame = ask(warehouse, question, question.params.model_validate(filters))
    assert set(frame.columns) == set(question.row.model_fields)
    for row in frame.to_dicts():
        question.row.model_validate(row)


@pytest.mark.parametrize("question", ALL)
def test_the_first_comment_asks_and_names_the_grain(question: Question) -> None:
    assert re.match(r"^[A-Z].*\? One row", question.description)
    assert "order by" in question.sql or question.single
    assert bool(question.input_sql) == (question.compute is not None) == ("computed" in question.sql)


def test_every_question_is_listed_and_has_a_command() -> None:
    named = {path.stem.replace("_", "-") for path in ANALYSIS.glob("*.sql")}
    assert named == set(QUESTIONS)
    commands = entry_points(group=GROUP)
    for name in QUESTIONS:
        assert commands[name].value == f"analysis.cli:{name.replace('-', '_')}"
        assert commands[name].load().__doc__ == QUESTIONS[name].description


def test_unknown_and_impossible_parameters_are_refused() -> None:
    params = QUESTIONS["pies"].params
    for wrong in (
        {"colour": "red"},
        {"sparsity": [90]},
        {"pruner": ["IRP-WR"]},
        {"split": ["dev"]},
        {"class_id": [-1]},
        {"limit": 0},
    ):
        with pytest.raises(ValidationError):
            params.model_validate(wrong)
