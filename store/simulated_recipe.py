"""The made-up variants of one recipe, one after the other: each is compared with the unpruned one, which is kept at hand."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.answers import Variant, insert_given_answers, store_influence
from store.protocol import Split
from store.simulated_answers import Comparison
from store.simulated_outputs import MadeUpVariant, SplitExamples, predictions_of, split_examples
from store.simulated_runs import OUTPUT_SPLITS, insert_runs
from store.simulated_side import Side
from store.warehouse import Warehouse

_SCHEMAS = {
    "scored": pa.schema([("run_id", pa.string()), ("split", pa.string()), ("value", pa.float64())]),
    "answer_stored_on_pies": pa.schema(
        [
            ("split", pa.string()),
            *(
                (f"{side}_on_{what}", pa.float64())
                for side in ("unpruned", "pruned")
                for what in ("all", "pies", "pies_mean", "pies_std")
            ),
        ]
    ),
    "answer_stored_on_pies_of_run": pa.schema(
        [
            *((name, pa.string()) for name in ("split", "side", "run_id")),
            ("seed", pa.int32()),
            ("value", pa.float64()),
        ]
    ),
}
"""Of those tables whose values may all be absent."""

_READABILITY = """
select r.measure, r.value
from readability_measure as r
where r.dataset = $dataset and r.split = $split
order by r.measure, r.example_id
"""

_INFLUENCE = """
select i.influence from stored_influence as i where i.recipe_id = $recipe_id order by i.example_id
"""


class MadeUpRecipe:
    """Inserts variants of a recipe; its dataset's examples and the unpruned runs' predictions stay in memory."""

    def __init__(self, warehouse: Warehouse, unpruned: MadeUpVariant) -> None:
        self._warehouse, self._unpruned = warehouse, unpruned
        dataset = unpruned.dataset
        self._examples: Mapping[Split, SplitExamples] = {
            split: split_examples(warehouse, dataset, split) for split in OUTPUT_SPLITS
        }
        names = warehouse.rows(
            "select c.name from class as c where c.dataset = $dataset order by c.class_id", {"dataset": dataset.name}
        )
        self._class_names = [row["name"] for row in names]

    def insert(self, variant: MadeUpVariant) -> None:
        """Insert a variant's runs and the answers about it, in one transaction."""
        sides = self._unpruned_sides if variant is self._unpruned else self._sides(variant)
        with self._warehouse.transaction(f"made-up runs of {variant.name}", simple=True):
            predicted = {split: side.predicted_RNC for split, side in sides.items()}
            insert_runs(self._warehouse, variant, self._examples, predicted)
            if variant.is_pruned:
                first = variant.configs[0]
                named = Variant(first.recipe_id, first.pruner, first.sparsity)
                insert_given_answers(self._warehouse, named, self._answers(sides))

    def store_influence(self) -> None:
        """Store the influence of the training examples, once the unpruned runs are there."""
        store_influence(self._warehouse, self._unpruned.configs[0].recipe_id)

    @cached_property
    def _unpruned_sides(self) -> dict[Split, Side]:
        return self._sides(self._unpruned)

    def _sides(self, variant: MadeUpVariant) -> dict[Split, Side]:
        run_ids = [config.run_id for config in variant.configs]
        return {
            split: Side(examples.task, examples.gold_NC, run_ids, predictions_of(variant, split, examples))
            for split, examples in self._examples.items()
        }

    @cached_property
    def _readability(self) -> dict[Split, dict[str, NDArray[np.float64]]]:
        measures: dict[Split, dict[str, NDArray[np.float64]]] = {}
        for split, examples in self._examples.items():
            named = {"dataset": self._unpruned.dataset.name, "split": split}
            rows = self._warehouse.query(_READABILITY, named)
            num_examples = len(examples.gold_NC)
            names = rows["measure"].take(pa.array(range(0, len(rows), num_examples))).to_pylist()
            values = np.split(rows["value"].to_numpy(), len(names))
            measures[split] = dict(zip(names, values, strict=True))
        return measures

    @cached_property
    def _influence_N(self) -> NDArray[np.float64]:
        recipe_id = self._unpruned.configs[0].recipe_id
        influence_N: NDArray[np.float64] = self._warehouse.query(_INFLUENCE, {"recipe_id": recipe_id})[
            "influence"
        ].to_numpy()
        return influence_N

    def _answers(self, sides: Mapping[Split, Side]) -> dict[str, pa.Table]:
        comparisons = [
            Comparison(
                split,
                self._unpruned_sides[split],
                side,
                self._class_names,
                self._readability[split],
                self._influence_N if split == "train" else None,
            )
            for split, side in sides.items()
        ]
        rows: dict[str, list[dict[str, object]]] = {"scored": []}
        for comparison in comparisons:
            rows["scored"] += comparison.scored()
            for table, answers in comparison.answers().items():
                rows.setdefault(f"answer_{table}", []).extend(answers)
        tables = {name: pa.Table.from_pylist(found, schema=_SCHEMAS.get(name)) for name, found in rows.items()}
        return tables | {"elected": pa.concat_tables([comparison.elected() for comparison in comparisons])}
