"""Answers that several parts of one report need, asked once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import polars as pl

from analysis.question import Params, Question, ask
from store.warehouse import Warehouse

_ANSWERS: ContextVar[dict[str, pl.DataFrame] | None] = ContextVar("answers", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """Within it `ask_once` asks the same only once: of one warehouse, at one snapshot."""
    before = _ANSWERS.set({})
    try:
        yield
    finally:
        _ANSWERS.reset(before)


def ask_once(warehouse: Warehouse, question: Question, params: Params) -> pl.DataFrame:
    """The answer as a frame, as `ask` gives it; within `asking_once` the one that was given before."""
    answers = _ANSWERS.get()
    if answers is None:
        return ask(warehouse, question, params)
    key = f"{question.name} {params.model_dump_json()}"
    if key not in answers:
        answers[key] = ask(warehouse, question, params)
    return answers[key]
