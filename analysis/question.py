"""A question: its SQL, its parameters and its rows; and how it is asked of a warehouse."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from store.errors import NotFound
from store.protocol import PRUNERS, UNPRUNED, Split
from store.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl


def _known_pruner(pruner: str) -> str:
    if pruner not in (*PRUNERS, UNPRUNED, "mean"):
        raise ValueError(f"no pruner '{pruner}'; the pruners are {', '.join(PRUNERS)}, and {UNPRUNED} for unpruned")
    return pruner


def _share(sparsity: float) -> float:
    if not 0 <= sparsity < 1:
        raise ValueError("a sparsity is a share from 0 to below 1; write 0.9 for 90 %")
    return sparsity


class Params(BaseModel):
    """What narrows a question. Every filter may be left out or given several times; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(None, ge=1, description="At most so many rows.", examples=[100])


class StudyParams(Params):
    """The filters of most questions."""

    study: list[str] | None = Field(
        None, description="Only recipes in which these studies have runs.", examples=[["quickstart"]]
    )
    dataset: list[str] | None = Field(None, description="Only these datasets.", examples=[["rotten_tomatoes"]])


class RecipeParams(StudyParams):
    """The filters of questions about recipes."""

    architecture: list[str] | None = Field(None, description="Only these architectures.", examples=[["bilstm"]])


class VariantParams(RecipeParams):
    """The filters of questions about variants."""

    pruner: list[Annotated[str, AfterValidator(_known_pruner)]] | None = Field(
        None, description="Only these pruners.", examples=[["IMP-FT"]]
    )
    sparsity: list[Annotated[float, AfterValidator(_share)]] | None = Field(
        None, description="Only these sparsities, as shares: 0.9, not 90.", examples=[[0.5]]
    )


class SplitParams(VariantParams):
    """The filters of questions about a variant's predictions."""

    split: list[Split] = Field(["test"], description="Only these splits.", examples=[["test"]])


class RunParams(Params):
    """The filter of questions about one run."""

    run_id: str = Field(description="The run, 12 hexadecimal digits.", examples=["0f6cd986cd7f"])


class Row(BaseModel):
    """What every row of an answer begins with, or a part of it."""

    model_config = ConfigDict(extra="forbid")


class VariantRow(Row):
    """The columns that name a variant and a split in every answer."""

    dataset: str = Field(description="Name of the dataset.")
    split: Split = Field(description="Split the answer is about.")
    architecture: str = Field(description="Architecture.")
    pruner: str = Field(description="Pruner; none for unpruned.")
    sparsity: float = Field(description="Target sparsity, as a share.")
    num_seeds: int = Field(description="Number of seeds over which the answer was taken: those that both sides have.")
    study: str = Field(description="Studies that have runs of the recipe.")
    recipe_id: str = Field(description="What the compared runs share.")


@dataclass(frozen=True)
class Question:
    """One question. Its SQL lies in the file of the same name, whose first comment says what it asks, and its grain."""

    name: str
    """As in the URL and on the command line, such as `pie-rate`."""
    params: type[Params]
    row: type[Row]
    path: str | None = None
    """Where its endpoint lies below /v1, when not at its name."""
    single: bool = False
    """Whether it has exactly one row: over HTTP an object, not an array."""

    @cached_property
    def sql(self) -> str:
        """The SELECT, with a $name for each parameter."""
        return (files("analysis") / f"{self.name.replace('-', '_')}.sql").read_text("utf-8")

    @cached_property
    def description(self) -> str:
        """What is asked, and of what there is a row: the first comment of the SQL."""
        lines = []
        for line in self.sql.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").strip())
        return " ".join(lines)


def ask_arrow(warehouse: Warehouse, question: Question, params: Params) -> pa.Table:
    """The rows of the answer, in the order that its SQL says.

    Raises NotFound, naming those that are there, when a filter names what the warehouse does not have.
    """
    with answering(warehouse, params):
        rows = warehouse.query(question.sql, params.model_dump())
        require_known(warehouse, params, rows)
        return rows


@contextmanager
def answering(warehouse: Warehouse, params: Params) -> Iterator[None]:
    """One snapshot to answer from, and the views of what is stored where nothing that is asked about is growing."""
    values = params.model_dump()
    with warehouse.answering(values.get("dataset"), values.get("architecture")):
        yield


def require_known(warehouse: Warehouse, params: Params, rows: pa.Table | None = None) -> None:
    """Raise NotFound, naming those that are there, when a filter names what the warehouse does not have.

    What the answer's `rows` show to be there is not looked for.
    """
    values = params.model_dump()
    for check in _CHECKS:
        if rows is not None and check.parameter in rows.column_names:
            seen = set(rows[check.parameter].unique().to_pylist())
            wanted = values.get(check.parameter)
            if wanted is not None and seen.issuperset([wanted] if isinstance(wanted, str) else wanted):
                continue
        check.require(warehouse, values)


def ask(warehouse: Warehouse, question: Question, params: Params | None = None) -> "pl.DataFrame":
    """`ask_arrow` as a polars frame; without parameters, about everything."""
    import polars as pl

    frame = pl.from_arrow(ask_arrow(warehouse, question, params or question.params.model_validate({})))
    assert isinstance(frame, pl.DataFrame)
    return frame


@dataclass(frozen=True)
class _Check:
    """A filter whose values must be in the warehouse: a typo should not look like an empty answer."""

    parameter: str
    noun: str
    sql: str
    listing: str

    def require(self, warehouse: Warehouse, values: dict[str, Any]) -> None:
        wanted = values.get(self.parameter)
        if wanted is None:
            return
        there = [row["value"] for row in warehouse.rows(self.sql)]
        missing = [value for value in ([wanted] if isinstance(wanted, str) else wanted) if value not in there]
        if missing:
            raise NotFound(f"No {self.noun} '{missing[0]}' in the warehouse{_there(self.noun, there)}; {self.listing}.")


def _there(noun: str, there: Sequence[str]) -> str:
    if not there:
        return f", which has no {noun} yet"
    return f", which has: {', '.join(there)}" if len(there) <= 20 else f", which has {len(there)} of them"


_CHECKS = (
    _Check(
        "dataset",
        "dataset",
        "select d.dataset as value from dataset as d order by 1",
        "list datasets with GET /v1/datasets",
    ),
    _Check(
        "study",
        "study",
        "select s.study as value from study as s union select r.study as value from run as r order by 1",
        "list studies with GET /v1/studies",
    ),
    _Check(
        "architecture",
        "architecture",
        "select distinct r.architecture as value from run as r order by 1",
        "list variants with GET /v1/variants",
    ),
    _Check(
        "run_id",
        "run",
        "select r.run_id as value from run as r order by 1",
        "list runs with GET /v1/runs",
    ),
)

Metric = Literal["accuracy", "f1_macro"]
