"""What of a warehouse a table, a figure or a report is about, and the questions' rows of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import polars as pl
from pydantic import ValidationError

from analysis.once import ask_once
from analysis.question import Params
from analysis.questions import QUESTIONS
from store.errors import Refused
from store.protocol import PRUNERS, UNPRUNED, Split
from store.warehouse import Warehouse

_DATASETS = {"imdb": "IMDB", "snli": "SNLI", "reuters": "Reuters", "aapd": "AAPD"}
"""The paper's, in its order, as it writes them."""
_ARCHITECTURES = {"bert": "BERT", "bilstm": "BiLSTM"}
CONFIGURATION = ["dataset", "architecture", "recipe_id"]
"""The columns that name a configuration."""


@dataclass(frozen=True)
class Selection:
    """Filters, as the questions have them; empty ones are left out."""

    study: tuple[str, ...] = ()
    dataset: tuple[str, ...] = ()
    architecture: tuple[str, ...] = ()
    pruner: tuple[str, ...] = ()
    sparsity: tuple[float, ...] = ()
    split: Split = "test"


def selection_of(
    study: Sequence[str] | None = None,
    dataset: Sequence[str] | None = None,
    architecture: Sequence[str] | None = None,
    pruner: Sequence[str] | None = None,
    sparsity: Sequence[float] | None = None,
    split: Split = "test",
) -> Selection:
    """A selection from a command's options, where what is not said is None."""
    return Selection(
        tuple(study or ()),
        tuple(dataset or ()),
        tuple(architecture or ()),
        tuple(pruner or ()),
        tuple(sparsity or ()),
        split,
    )


@dataclass(frozen=True)
class Configuration:
    """A dataset and an architecture: what one plot of the paper is of. Two recipes of both are two configurations."""

    dataset: str
    architecture: str
    recipe_id: str
    recipe: str = ""
    """Studies of the recipe, where dataset and architecture alone do not tell it from another."""

    @property
    def name(self) -> str:
        """As in the paper, such as `BERT, IMDB`."""
        return ", ".join(
            part for part in (architecture_name(self.architecture), dataset_name(self.dataset), self.recipe) if part
        )

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows about it."""
        return frame.filter(pl.col("recipe_id") == self.recipe_id)


def params_of(question: str, selection: Selection, **more: Any) -> Params:
    """A question's parameters: those of the filters that it has; `more` are further ones.

    Raises Refused when a filter has a value that the question does not take.
    """
    asked = QUESTIONS[question]
    filters = {field.name: getattr(selection, field.name) for field in fields(selection)}
    filters = {name: [value] if name == "split" else list(value) for name, value in filters.items() if value} | more
    known = {name: value for name, value in filters.items() if name in asked.params.model_fields}
    try:
        return asked.params.model_validate(known)
    except ValidationError as error:
        fault = error.errors()[0]
        raise Refused(f"{fault['loc'][0]} {fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}.") from error


def rows_of(warehouse: Warehouse, question: str, selection: Selection, **more: Any) -> pl.DataFrame:
    """A question's answer, by the parameters of `params_of`, which says what it raises; NotFound where one names what is not there."""
    return ask_once(warehouse, QUESTIONS[question], params_of(question, selection, **more))


def configurations_in(frame: pl.DataFrame) -> list[Configuration]:
    """The configurations that rows of an answer are about, in the paper's order."""
    found = frame.select(*CONFIGURATION, *(["study"] if "study" in frame.columns else [])).unique(CONFIGURATION)
    alike = {tuple(row[:2]): row[2] for row in found.group_by("dataset", "architecture").len().iter_rows()}
    configurations = [
        Configuration(
            row["dataset"],
            row["architecture"],
            row["recipe_id"],
            (row.get("study") or row["recipe_id"]) if alike[row["dataset"], row["architecture"]] > 1 else "",
        )
        for row in found.iter_rows(named=True)
    ]
    return sorted(configurations, key=lambda c: (place(c.dataset), place(c.architecture), c.recipe, c.recipe_id))


def place(name: str) -> tuple[int, str]:
    """Where a dataset, architecture or pruner stands in the paper's order; those that are not the paper's come last."""
    order = [*_DATASETS, *_ARCHITECTURES, UNPRUNED, *PRUNERS, "mean"]
    return (order.index(name) if name in order else len(order), name)


def pruners_in(frame: pl.DataFrame) -> list[str]:
    """The pruners of rows, in the paper's order."""
    return sorted(frame["pruner"].unique().to_list(), key=place)


def sparsities_in(frame: pl.DataFrame) -> list[float]:
    """The sparsities of rows, ascending."""
    return sorted(frame["sparsity"].unique().to_list())


def at_ends(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of the lowest and of the highest sparsity."""
    return frame.filter(pl.col("sparsity").is_in(sparsities_in(frame)[:: max(1, frame["sparsity"].n_unique() - 1)]))


def percent(share: float) -> str:
    """A sparsity as the paper writes it, `90%`."""
    return f"{100 * share:.10g}%"


def dataset_name(dataset: str) -> str:
    """As the paper writes it."""
    return _DATASETS.get(dataset, dataset)


def architecture_name(architecture: str) -> str:
    """As the paper writes it."""
    return _ARCHITECTURES.get(architecture, architecture)
