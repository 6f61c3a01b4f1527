"""`pie <question>`: each question as a command, its filters as options made from its Params."""

import inspect
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from analysis.question import Question, ask_arrow
from analysis.questions import QUESTIONS
from store.cli import FormatOption, WarehouseOption
from store.errors import Refused


def __getattr__(name: str) -> Callable[..., None]:
    """The command of the question `name`, such as `analysis.cli.pie_rate`: what the entry points name."""
    question = QUESTIONS.get(name.replace("_", "-"))
    if question is None:
        raise AttributeError(f"module 'analysis.cli' has no question '{name}'")
    return command_of(question)


def command_of(question: Question) -> Callable[..., None]:
    """A function with typer's annotations that asks the question and prints the answer."""
    fields = question.params.model_fields

    def command(warehouse: WarehouseOption = None, format: FormatOption = "table", **filters: Any) -> None:
        from store.output import write_rows

        try:
            params = question.params.model_validate(
                {name: value for name, value in filters.items() if value not in (None, [])}
            )
        except ValidationError as error:
            raise Refused(sentence_of(error)) from error
        write_rows(ask_arrow(warehouse, question, params), format)

    own = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=_option(name, field)
        )
        for name, field in fields.items()
    ]
    shared = list(inspect.signature(command).parameters.values())[:2]
    command.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*shared, *own)}
    command.__doc__ = question.description
    return command


def sentence_of(error: ValidationError) -> str:
    """The first fault of a question's parameters as a sentence."""
    fault = error.errors()[0]
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return f"The question cannot be asked so: {message}."
    return f"Parameter '{fault['loc'][0]}' is {fault['input']!r}: {message}."


def _default(field: FieldInfo) -> Any:
    return inspect.Parameter.empty if field.is_required() else field.get_default()


def _option(name: str, field: FieldInfo) -> Any:
    kind, repeated = _plain_type(field.annotation)
    flag = "--run" if name == "run_id" else f"--{name.replace('_', '-')}"
    text = f"{field.description} May be given several times." if repeated else field.description
    annotation: Any = list[kind] if repeated else kind  # type: ignore[valid-type]
    optional = annotation if field.is_required() else annotation | None
    return Annotated[optional, typer.Option(flag, help=text, show_default=field.get_default() is not None)]


def _plain_type(annotation: Any) -> tuple[type, bool]:
    """The type of one value that typer parses, and whether there may be several: checks are left to Params."""
    options = [option for option in get_args(annotation) if option is not NoneType]
    if NoneType in get_args(annotation):
        return _plain_type(options[0])
    if getattr(annotation, "__origin__", None) is list:
        return _plain_type(options[0])[0], True
    if hasattr(annotation, "__metadata__"):
        return _plain_type(annotation.__origin__)
    return (annotation if annotation in (int, float) else str), False
