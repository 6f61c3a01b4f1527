"""The paper's tables as frames that join to the questions' rows."""

import polars as pl

from store.paper import PaperTable, paper_table

VARIANT = ["dataset", "architecture", "pruner", "sparsity"]
"""By these a measured value and the paper's are of the same thing."""


def paper_frame(name: PaperTable) -> pl.DataFrame:
    """A table of the paper: numbers as numbers, `sparsity` a share, its own columns prefixed with `paper_`."""
    rows = paper_table(name)
    frame = pl.DataFrame(rows)
    own = [column for column in frame.columns if column not in {*VARIANT, "sparsity_percent"}]
    frame = frame.with_columns(
        pl.col(column).cast(pl.Float64, strict=False) for column in own if _is_number(frame[column])
    )
    if "sparsity_percent" in frame.columns:
        # In Python, whose 70 / 100 is the 0.7 of the warehouse: polars multiplies by a hundredth.
        shares = pl.Series("sparsity", [int(row["sparsity_percent"]) / 100 for row in rows])
        frame = frame.with_columns(shares).drop("sparsity_percent")
    return frame.rename({column: f"paper_{column}" for column in own})


def beside(rows: pl.DataFrame, name: PaperTable) -> pl.DataFrame:
    """Measured rows with the paper's values beside them, null where the paper has none."""
    paper = paper_frame(name)
    keys = [key for key in VARIANT if key in paper.columns]
    return rows.join(paper, on=keys, how="left", maintain_order="left")


def _is_number(column: pl.Series) -> bool:
    return column.cast(pl.Float64, strict=False).is_not_null().all()
