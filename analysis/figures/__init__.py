"""The paper's figures, by their numbers, from any warehouse: drawn by plotly from the rows of the questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import polars as pl

from analysis.figures.class_distribution import class_distribution_figure
from analysis.figures.effectiveness import effectiveness_figure
from analysis.figures.figure import Figure
from analysis.figures.influence import influence_figure
from analysis.figures.on_pies import on_pies_figure
from analysis.figures.readability import readability_figure
from analysis.numbered import make_numbered
from analysis.selection import (
    Configuration,
    Selection,
    architecture_name,
    configurations_in,
    dataset_name,
    pruners_in,
    rows_of,
)
from store.warehouse import Warehouse

_REPRESENTATIVE = "IIBP-FT"
"""The pruner of the paper's figures 2 and 4, its best overall."""
_INFLUENCE_OF = {
    4: _REPRESENTATIVE, 14: "IBP-AI", 15: "IIBP-WR", 16: "IMP-FT", 17: "MP-AI", 18: "IMP-WR", 19: "IRP-FT", 20: "RP-AI"
}  # fmt: skip
_CONFIGURATIONS = [
    ("snli", "bert"), ("snli", "bilstm"), ("imdb", "bert"), ("imdb", "bilstm"), ("reuters", "bert"), ("reuters", "bilstm"),
    ("aapd", "bert"), ("aapd", "bilstm"),
]  # fmt: skip
"""Those of figures 5 and 21 to 27. The paper does not say which figure from 7 to 13 is which: they go in the same order."""
_ON_PIES = (3, 7, 8, 9, 10, 11, 12, 13)
_READABILITY = (5, 21, 22, 23, 24, 25, 26, 27)

Make = Callable[[Warehouse, Selection, int], Figure]


def _of_all(warehouse: Warehouse, selection: Selection, number: int) -> Figure:
    return effectiveness_figure(rows_of(warehouse, "accuracy", selection), number)


def _of_pruner(warehouse: Warehouse, selection: Selection, number: int) -> Figure:
    """The figure of a pruner. Figure 4 shows another where there is none of the paper's, and says so."""
    pruner, note = _INFLUENCE_OF[number], None
    if selection.pruner:
        pruner = selection.pruner[0]
    elif number == 4:
        pruner, note = _pruner_or_first(warehouse, selection, pruner)
    frame = rows_of(warehouse, "influence", selection, pruner=[pruner])
    figure = influence_figure(frame, number, pruner, "ends" if number == 15 and not selection.sparsity else "all")
    return figure.noting(note) if note else figure


def _of_classes(warehouse: Warehouse, selection: Selection, number: int) -> Figure:
    """Figures 2 and 6. Like the paper, they show multi-label datasets alone, where there are such and none is named."""
    if not selection.dataset:
        rates = rows_of(warehouse, "pie-rate", selection)
        several = rows_of(warehouse, "datasets", selection).filter(task="multi_label")
        selection = replace(
            selection, dataset=tuple(several.join(rates, on="dataset", how="semi")["dataset"].to_list())
        )
    note = None
    if number == 2 and not selection.pruner:
        pruner, note = _pruner_or_first(warehouse, selection, _REPRESENTATIVE)
        selection = replace(selection, pruner=(pruner,))
    frame = rows_of(warehouse, "class-distribution", selection)
    figure = class_distribution_figure(frame, number, "ends" if number == 2 and not selection.sparsity else "all")
    return figure.noting(note) if note else figure


def _pruner_or_first(warehouse: Warehouse, selection: Selection, pruner: str) -> tuple[str, str | None]:
    there = pruners_in(rows_of(warehouse, "pie-rate", selection))
    if not there or pruner in there:
        return pruner, None
    return there[0], f"The paper shows {pruner} here, which the warehouse does not have; --pruner names another."


def _of_configuration(
    question: str,
    draw: Callable[[pl.DataFrame, int, Configuration], Figure],
    numbers: tuple[int, ...],
    warehouse: Warehouse,
    selection: Selection,
    number: int,
) -> Figure:
    """The figure of a dataset and architecture: the one that the selection names, or that the paper shows there."""
    there = configurations_in(rows_of(warehouse, "pie-rate", selection))
    if selection.dataset or selection.architecture:
        found = there[0] if there else None
        note = f"Of what was named this shows {there[0].name} alone." if len(there) > 1 else None
    else:
        found, note = _configuration_of(numbers.index(number), there)
    found = found or Configuration("", "", "")
    one = (
        replace(selection, dataset=(found.dataset,), architecture=(found.architecture,)) if found.dataset else selection
    )
    if question == "readability" and one.pruner:
        one = replace(one, pruner=(*one.pruner, "mean"))
    figure = draw(rows_of(warehouse, question, one, **({} if found.dataset else {"limit": 1})), number, found)
    return figure.noting(note) if note else figure


def _configuration_of(place: int, there: Sequence[Configuration]) -> tuple[Configuration | None, str | None]:
    """The configuration at a place of the paper's order, and a word where it is another.

    A warehouse without any of the paper's has its own in those places; the first place is never left empty.
    """
    at = {(c.dataset, c.architecture): c for c in reversed(there) if (c.dataset, c.architecture) in _CONFIGURATIONS}
    if not at:
        if place < len(there):
            return there[place], None
        return None, "The warehouse has no further dataset and architecture to show here." if there else None
    dataset, architecture = _CONFIGURATIONS[place]
    if (dataset, architecture) in at:
        return at[dataset, architecture], None
    note = (
        f"The paper shows {architecture_name(architecture)}, {dataset_name(dataset)} here, which the warehouse does not have; "
        "--dataset and --architecture name others."
    )
    return (next(at[key] for key in _CONFIGURATIONS if key in at) if place == 0 else None), note


_MAKERS: dict[int, Make] = {
    1: _of_all,
    2: _of_classes,
    6: _of_classes,
    **dict.fromkeys(_ON_PIES, partial(_of_configuration, "accuracy-on-pies", on_pies_figure, _ON_PIES)),
    **dict.fromkeys(_INFLUENCE_OF, _of_pruner),
    **dict.fromkeys(_READABILITY, partial(_of_configuration, "readability", readability_figure, _READABILITY)),
}
FIGURES: Mapping[int, Make] = dict(sorted(_MAKERS.items()))
"""What makes each."""


def number_of(kind: Literal["on pies", "readability"], configuration: Configuration) -> int:
    """The number of the paper's figure of a configuration, 0 where it has none."""
    key = configuration.dataset, configuration.architecture
    numbers = _ON_PIES if kind == "on pies" else _READABILITY
    return numbers[_CONFIGURATIONS.index(key)] if key in _CONFIGURATIONS else 0


def number_of_pruner(pruner: str) -> int:
    """The number of the paper's figure of a pruner's influential examples."""
    return {name: number for number, name in _INFLUENCE_OF.items()}[pruner]


def make_figure(warehouse: Warehouse, number: int, selection: Selection | None = None) -> Figure:
    """A figure of the paper from what the warehouse has; what it lacks is said in the figure's notes.

    Raises NotFound for a number that is no figure, or when a filter names what is not there.
    """
    return make_numbered(
        "figure", FIGURES, number, warehouse, lambda make: make(warehouse, selection or Selection(), number)
    )
