"""Rows in an order or in groups, sorted or grouped only where they are not: that costs more than all else that is done to them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def in_order(parts: Sequence[pa.Table], columns: Sequence[str]) -> pa.Table:
    """The rows of all parts in the order of the columns; those of our own writer are, and need no sorting."""
    filled = [part for part in parts if len(part)]
    filled.sort(key=lambda part: [part[name][0].as_py() for name in columns])
    rows = pa.concat_tables(filled or parts)
    return rows if _is_ordered(rows, columns) else rows.sort_by([(name, "ascending") for name in columns])


def are_alike(values: pa.ChunkedArray) -> bool:
    """Whether all are one value, as split and epoch of most files are."""
    return len(values) == 0 or (values.null_count == 0 and bool(pc.all(pc.equal(values, values[0])).as_py()))


def _is_ordered(rows: pa.Table, columns: Sequence[str]) -> bool:
    """Whether no row is before the one above it."""
    undecided = np.ones(max(len(rows) - 1, 0), dtype=np.bool_)
    for name in columns:
        if are_alike(rows[name]):
            continue
        values = rows[name].to_numpy() if rows[name].type != pa.string() else _ranks(rows[name])
        above, below = values[:-1], values[1:]
        if (above > below)[undecided].any():
            return False
        undecided &= above == below
    return True


def _ranks(texts: pa.ChunkedArray) -> NDArray[np.integer]:
    """Numbers in the order of the texts, of which there are few."""
    ranks: NDArray[np.integer] = pc.index_in(
        texts, pa.array(sorted(pc.unique(texts).to_pylist()), texts.type)
    ).to_numpy()
    return ranks
