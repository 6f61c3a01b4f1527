"""A part of an answer: some of its columns, in another order, so many rows, after the last row of the page before.

Pages are told apart by the keys of their last row, not by counting: a run that is published between two pages
neither repeats nor hides a row.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from analysis.question import Params, Question, answering, require_known, used
from store.errors import Refused
from store.warehouse import Warehouse

MAX_PAGE_ROWS = 10_000


@dataclass(frozen=True)
class Key:
    """What an answer is ordered by: an expression over its columns."""

    expression: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.expression} {'desc' if self.descending else 'asc'} nulls last"


@dataclass(frozen=True)
class Page:
    """Which part of an answer is wanted; the whole, in its own order, when nothing is said."""

    fields: Sequence[str] = ()
    """Columns, in this order."""
    sort: Sequence[str] = ()
    """Columns to sort by, with a minus for descending; the answer's own order decides among equals."""
    limit: int | None = None
    """Number of rows."""
    after: str | None = None
    """What `PageOfRows.next` of the page before said."""


@dataclass(frozen=True)
class PageOfRows:
    """The rows of a page, and what to give as `after` for the next one; None on the last page."""

    rows: pa.Table
    next: str | None


def own_order(question: Question) -> tuple[Key, ...]:
    """The keys of an answer's own order, as its SQL says at its end; together they tell its rows apart."""
    terms = _parts(question.sql)[1]
    keys = []
    for term in terms.split(","):
        expression, descending = re.sub(r"\b\w+\.(?=\w)", "", term).strip(), False
        if expression.endswith(" desc"):
            expression, descending = expression.removesuffix(" desc"), True
        keys.append(Key(expression, descending))
    return tuple(keys)


def ask_page(warehouse: Warehouse, question: Question, params: Params, page: Page) -> PageOfRows:
    """The rows of a page with a `limit`. Raises Refused on an unknown column or an `after` of another listing."""
    assert page.limit is not None
    keys = _keys(question, page)
    with answering(warehouse, question, params):
        rows = warehouse.query(*_select(question, params, page, keys, limit=page.limit + 1))
        require_known(warehouse, params, rows)
    more = len(rows) > page.limit
    rows = rows[: page.limit]
    following = _token(keys, [rows[f"key {number}"][-1].as_py() for number in range(len(keys))]) if more else None
    return PageOfRows(rows.drop_columns([f"key {number}" for number in range(len(keys))]), following)


@contextmanager
def asking(warehouse: Warehouse, question: Question, params: Params, page: Page) -> Iterator[pa.RecordBatchReader]:
    """The rows of a page without a limit, batch by batch. Raises as `ask_page` does."""
    keys = _keys(question, page)
    sql, values = _select(question, params, page, keys, limit=None, with_keys=False)
    with answering(warehouse, question, params):
        require_known(warehouse, params)
        with warehouse.stream(sql, values) as rows:
            yield rows


def _parts(sql: str) -> tuple[str, str]:
    body, _, end = sql.rpartition("\norder by ")
    terms, _, _ = end.partition("\nlimit $limit")
    return body, terms


def _keys(question: Question, page: Page) -> tuple[Key, ...]:
    for name in (*page.fields, *(term.removeprefix("-") for term in page.sort)):
        if name not in question.row.model_fields:
            raise Refused(f"'{question.name}' has no column '{name}'; it has {', '.join(question.row.model_fields)}.")
    if question.single:
        return ()
    asked = [Key(term.removeprefix("-"), term.startswith("-")) for term in page.sort]
    named = {key.expression for key in asked}
    return (*asked, *(key for key in own_order(question) if key.expression not in named))


def _select(
    question: Question, params: Params, page: Page, keys: Sequence[Key], *, limit: int | None, with_keys: bool = True
) -> tuple[str, dict[str, Any]]:
    values = used(question.sql, params.model_dump() | {"limit": limit})
    columns = ", ".join(f'a."{name}"' for name in page.fields) or "a.*"
    if question.single:
        return f"with answer as (\n{question.sql}\n)\nselect {columns} from answer as a", values
    if with_keys:
        columns += "".join(f', {key.expression} as "key {number}"' for number, key in enumerate(keys))
    condition = "true"
    if page.after is not None:
        held = _values(question, keys, page.after)
        condition = _beyond(keys, held)
        values |= {f"after_{number}": value for number, value in enumerate(held) if f"$after_{number}" in condition}
    body = _parts(question.sql)[0]
    order = ", ".join(str(key) for key in keys)
    return (
        f"with answer as (\n{body}\n)\nselect {columns}\nfrom answer as a\nwhere {condition}\norder by {order}\nlimit $limit",
        values,
    )


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> str:
    """The condition that a row lies after the row of these values; nulls lie last."""
    ways = []
    equal: list[str] = []
    for number, (key, value) in enumerate(zip(keys, values, strict=True)):
        if value is not None:
            further = (
                f"({key.expression}) {'<' if key.descending else '>'} $after_{number} or ({key.expression}) is null"
            )
            ways.append(" and ".join([*equal, f"({further})"]))
        equal.append(f"({key.expression}) is not distinct from $after_{number}")
    return "(" + " or ".join(ways) + ")" if ways else "false"


def _token(keys: Sequence[Key], values: Sequence[Any]) -> str:
    held = json.dumps([[str(key) for key in keys], values], default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")


def _values(question: Question, keys: Sequence[Key], token: str) -> list[Any]:
    try:
        order, values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if order != [str(key) for key in keys]:
            raise ValueError("a page of another order")
        return [_typed(question, key, value) for key, value in zip(keys, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, ValidationError) as error:
        raise Refused(
            f"after '{token}' is not of this listing; take it from the Link header of the page before, or leave it out."
        ) from error


def _typed(question: Question, key: Key, value: Any) -> Any:
    field = question.row.model_fields.get(key.expression)
    # What is no column is a comparison, such as `sparsity > 0`.
    kind: Any = field.annotation if field else bool
    return None if value is None else TypeAdapter(kind).validate_python(value)
