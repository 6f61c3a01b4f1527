"""Rows that a computation takes and gives: from an Arrow table, and as the Arrow table of a question's Row."""

from collections.abc import Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa

from analysis.question import Row

_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def rows_of(row: type[Row], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The rows as a table with exactly the columns of `row`, typed as it says, also when there are none."""
    return pa.Table.from_pylist([dict(values) for values in rows], schema=_schema(row))


def records_of(table: pa.Table, column: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each row without one column of lists, and that list as an Arrow array: large lists are never made Python's.

    A null is an empty list.
    """
    lists = table[column].combine_chunks()
    empty = pa.array([], lists.type.value_type)
    for row, values in zip(table.drop_columns([column]).to_pylist(), lists, strict=True):
        yield row, values.values if values.is_valid else empty


def _schema(row: type[Row]) -> pa.Schema:
    return pa.schema([(name, _type(field.annotation)) for name, field in row.model_fields.items()])


def _type(annotation: Any) -> pa.DataType:
    options = [option for option in get_args(annotation) if option is not NoneType]
    if get_origin(annotation) is Literal:
        return pa.string()
    if NoneType in get_args(annotation):
        return _type(options[0])
    return pa.list_(_type(options[0])) if get_origin(annotation) is list else _TYPES[annotation]
