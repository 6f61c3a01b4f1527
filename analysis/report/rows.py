"""The rows that a report is made of, each question asked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from analysis.question import used
from analysis.selection import Selection, params_of, rows_of, sparsities_in
from store.protocol import UNPRUNED
from store.warehouse import Warehouse

_NUM_MAPPED = 200
"""So many examples of each configuration are on the data map."""
_LARGE = 2_000_000
"""From so many predictions at a sparsity on, one pruner stands for all: going through them takes more than some seconds."""

READ_BY = {
    "flesch_kincaid_grade": "Flesch-Kincaid",
    "dale_chall_readability_score": "Dale-Chall",
    "difficult_words": "Difficult words",
    "num_tokens": "Tokens",
}
"""Measures of readability that are shown with intervals, and how they are headed."""

_OF_BALLOTS: Mapping[str, Mapping[str, Any]] = {
    "noise-floor": {},
    "pie-rate-interval": {},
    "disagreement": {},
    "readability-interval": {"measure": list(READ_BY)},
    "class-impact": {},
}
"""Questions that count the same ballots, and what they are asked with."""

_BALLOTS = """
select b.*
from ballot_pair as b
where
    matches($dataset, b.dataset) and matches($split, b.split) and matches($architecture, b.architecture)
    and matches($pruner, b.pruner) and matches($sparsity, b.sparsity)
"""


def middle(values: Sequence[float]) -> float:
    """The value in the middle, the lower one of two."""
    return values[(len(values) - 1) // 2]


@dataclass(frozen=True)
class Rows:
    """Answers about a selection, asked when they are first needed."""

    warehouse: Warehouse
    selection: Selection

    def at(self, sparsity: float, question: str, **more: Any) -> pl.DataFrame:
        """The answer to a question about one sparsity."""
        return rows_of(self.warehouse, question, self.selection, sparsity=[sparsity], **more)

    def of_measured(self, sparsity: float, question: str, **more: Any) -> pl.DataFrame:
        """The same, in a large warehouse of the pruner alone that stands for all."""
        return self.at(sparsity, question, **self._pruner_measured, **more)

    @property
    def _pruner_measured(self) -> dict[str, list[str]]:
        return {} if self.standing_for_all is None else {"pruner": [self.standing_for_all]}

    @cached_property
    def standing_for_all(self) -> str | None:
        """In a large warehouse the most effective pruner at the sparsity in the middle, on average; else None."""
        rates = self.pie_rate.filter(sparsity=self.sparsity)
        if rates["pruner"].n_unique() == 1 or (rates["num_seeds"] * rates["num_examples"]).sum() < _LARGE:
            return None
        means = self.on_pies.filter(sparsity=self.sparsity).group_by("pruner").agg(pl.col("pruned_on_all").mean())
        return str(means.sort("pruned_on_all", "pruner", descending=[True, False])["pruner"][0])

    @cached_property
    def sparsity(self) -> float | None:
        """The sparsity in the middle, of which the measures beyond the paper's are shown; None where nothing is pruned."""
        sparsities = sparsities_in(self.pie_rate)
        return middle(sparsities) if sparsities else None

    @cached_property
    def of_ballots(self) -> dict[str, pl.DataFrame]:
        """The answers that are counted from ballots at the sparsity in the middle, by question: the predictions are read once."""
        assert self.sparsity is not None, "nothing is pruned"
        # They have these filters in common.
        params = params_of("disagreement", self.selection, sparsity=[self.sparsity], **self._pruner_measured)
        filters = params.model_dump()
        with self.warehouse.holding(
            {"ballot_pair": _BALLOTS}, used(_BALLOTS, filters), filters["dataset"], filters["architecture"]
        ):
            return {
                question: self.of_measured(self.sparsity, question, **more) for question, more in _OF_BALLOTS.items()
            }

    @cached_property
    def data_map(self) -> pl.DataFrame:
        """Of the unpruned variants, the first examples."""
        return rows_of(
            self.warehouse,
            "data-map",
            self.selection,
            pruner=[UNPRUNED],
            sparsity=None,
            example_id=list(range(_NUM_MAPPED)),
        )

    @cached_property
    def pie_rate(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "pie-rate", self.selection)

    @cached_property
    def accuracy(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "accuracy", self.selection)

    @cached_property
    def on_pies(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "accuracy-on-pies", self.selection)

    @cached_property
    def classes(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "class-distribution", self.selection)

    @cached_property
    def influence(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "influence", self.selection)

    @cached_property
    def readability(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "readability", self.selection)

    @cached_property
    def variants(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "variants", self.selection)

    @cached_property
    def studies(self) -> pl.DataFrame:
        return rows_of(self.warehouse, "studies", self.selection)
