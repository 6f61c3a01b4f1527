"""Rows in an order, whatever parts they come in."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from store.order import in_order

COLUMNS = ("split", "epoch", "example_id")


def table(rows: Sequence[tuple[str, int, int]]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        schema=pa.schema([("split", pa.string()), ("epoch", pa.int16()), ("example_id", pa.int32())]),
    )


@pytest.mark.parametrize(
    "parts",
    [
        [[("test", 0, 0), ("test", 0, 1)], [("train", 0, 0)]],
        [[("train", 0, 0)], [("test", 1, 5), ("test", 2, 0)], [("test", 1, 0)], []],
        [[("test", 0, 2), ("test", 0, 0), ("test", 0, 1)]],
        [[("train", 1, 0), ("test", 0, 1)], [("test", 0, 0), ("train", 0, 7), ("train", 0, 7)]],
        [[]],
    ],
)
def test_rows_are_as_if_they_were_sorted(parts: list[list[tuple[str, int, int]]]) -> None:
    rows = in_order([table(part) for part in parts], COLUMNS)
    assert rows.equals(table(sorted(row for part in parts for row in part)))
