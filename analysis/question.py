"""A question: its SQL, its parameters and its rows; and how it is asked of a warehouse."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from store.errors import NotFound
from store.location import named
from store.protocol import PRUNERS, UNPRUNED, Split
from store.warehouse import Warehouse, open_warehouse

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


PrunerName = Annotated[str, AfterValidator(_known_pruner)]
Share = Annotated[float, AfterValidator(_share)]


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

    pruner: list[PrunerName] | None = Field(None, description="Only these pruners.", examples=[["IMP-FT"]])
    sparsity: list[Share] | None = Field(
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


COMPUTED = "computed"
"""The relation that a question's answer is selected from when SQL alone cannot give it: what `compute` made."""

Compute = Callable[[pa.Table, Any], pa.Table]
"""Rows of a question's first SELECT and its Params, to rows of `computed`; pure: the same arguments, the same rows."""


@dataclass(frozen=True)
class Question:
    """One question. Its SQL lies in the file of the same name, whose first comment says what it asks, and its grain.

    Where SQL alone cannot answer, the file has two SELECTs with a line `;` between: the rows of the first are given to
    `compute`, and the second selects the answer from what that returns, the relation `computed`.
    """

    name: str
    """As in the URL and on the command line, such as `pie-rate`."""
    params: type[Params]
    row: type[Row]
    path: str | None = None
    """Where its endpoint lies below /v1, when not at its name."""
    single: bool = False
    """Whether it has exactly one row: over HTTP an object, not an array."""
    compute: Compute | None = None
    """What makes `computed`, for a question that SQL alone cannot answer."""
    reads: Literal["examples", "pies"] | None = None
    """That it reads examples, and they are those of its parameters' datasets and splits; or of these, and of the majority labels,
    the PIEs' alone."""

    @cached_property
    def text(self) -> str:
        """The whole file of its SQL."""
        return (files("analysis") / f"{self.name.replace('-', '_')}.sql").read_text("utf-8")

    @cached_property
    def sql(self) -> str:
        """The SELECT of the answer, with a $name for each parameter."""
        return self.text.rpartition("\n;\n")[2]

    @cached_property
    def input_sql(self) -> str:
        """The SELECT of what `compute` is given; empty where nothing is computed."""
        return self.text.rpartition("\n;\n")[0]

    @cached_property
    def description(self) -> str:
        """What is asked, and of what there is a row: the first comment of the SQL."""
        lines = []
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").strip())
        return " ".join(lines)


Source: TypeAlias = "Warehouse | str | PathLike[str] | None"
"""Who is asked: an open warehouse, or the URL of one or of a service (`http://...`); None as `open_warehouse` has it."""


def ask_arrow(source: Source, question: Question, params: Params) -> pa.Table:
    """The rows of the answer, in the order that its SQL says.

    Raises NotFound, naming those that are there, when a filter names what the warehouse does not have.
    """
    if not isinstance(source, Warehouse):
        return _ask_by_url(named(source), question, params)
    with answering(source, question, params):
        rows = source.query(question.sql, used(question.sql, params.model_dump()))
        require_known(source, params, rows)
        return rows


def _ask_by_url(url: str, question: Question, params: Params) -> pa.Table:
    if url.startswith(("http://", "https://")):
        from analysis.over_http import ask_service  # it asks questions too

        return ask_service(url, question, params)
    with open_warehouse(url, read_only=True) as warehouse:
        return ask_arrow(warehouse, question, params)


@contextmanager
def answering(warehouse: Warehouse, question: Question, params: Params) -> Iterator[None]:
    """One snapshot to answer from, and the views of what is stored where nothing that is asked about is growing.

    What the question computes is there as the relation `computed`.
    """
    values = params.model_dump()
    with ExitStack() as held:
        split = _split_of(values) if question.reads else None
        asked = (values.get("dataset"), values.get("architecture"))
        held.enter_context(warehouse.answering(*asked, split, pies_only=question.reads == "pies"))
        if question.compute is not None:
            rows = warehouse.query(question.input_sql, used(question.input_sql, values))
            held.enter_context(warehouse.register(COMPUTED, _computed(question.compute, rows, params)))
        yield


def _split_of(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """The dataset and split asked about, if they are one of each."""
    datasets, splits = values["dataset"], values["split"]
    return (datasets[0], splits[0]) if datasets and len(datasets) == len(splits) == 1 else None


def _computed(compute: Compute, rows: pa.Table, params: Params) -> pa.Table:
    """What a question computes, its linear algebra by one thread.

    The matrices are small: on a busy machine threads that wait for each other take forty times as long as one alone.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        return compute(rows, params)


def used(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a SELECT has a $name for: the engine refuses others."""
    names = set(re.findall(r"\$(\w+)", sql))
    return {name: value for name, value in values.items() if name in names}


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


def ask(source: Source, question: Question, params: Params | None = None) -> "pl.DataFrame":
    """`ask_arrow` as a polars frame; without parameters, about everything."""
    import polars as pl

    frame = pl.from_arrow(ask_arrow(source, question, params or question.params.model_validate({})))
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
        there = [row["value"] for row in warehouse.remembered_rows(self.sql)]
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
