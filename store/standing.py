"""Where runs stand that are about to be published: there already, planned or unknown, and whether others are waited for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.answers import Variant
from store.identity import RunConfig
from store.protocol import UNPRUNED, WAITING
from store.warehouse import Warehouse

# One reading of the table says both: what became of each run, and for how many its variant still waits. That it names no
# bounds spares a look at what is known of the values in each file, which takes longer than reading all of this table.
_STANDINGS = """
select
    r.recipe_id, r.pruner, r.sparsity,
    count(*) filter (list_contains($waiting, r.status)) as num_waiting,
    list(struct_pack(run_id := r.run_id, status := r.status, content_digest := r.content_digest))
        filter (list_contains($run_ids, r.run_id)) as asked
from run as r
where list_contains($recipe_ids, r.recipe_id)
group by r.recipe_id, r.pruner, r.sparsity
"""


@dataclass(frozen=True)
class Standings:
    """What the warehouse has of some runs, by run id, and how many runs are waited for of each variant."""

    runs: Mapping[str, Mapping[str, str]]
    waiting: Mapping[Variant, int]

    def status(self, run_id: str) -> str | None:
        return self.runs[run_id]["status"] if run_id in self.runs else None

    def completed_by(self, configs: Sequence[RunConfig]) -> list[Variant]:
        """The variants of these runs of which no other is waited for."""
        come = Counter(Variant.of(config) for config in configs if self.status(config.run_id) in WAITING)

        def is_complete(variant: Variant) -> bool:
            return self.waiting.get(variant, 0) == come[variant]

        variants = dict.fromkeys(Variant.of(config) for config in configs)
        return [
            variant
            for variant in variants
            if is_complete(variant) and is_complete(Variant(variant.recipe_id, UNPRUNED, 0.0))
        ]


def standings_of(warehouse: Warehouse, configs: Sequence[RunConfig]) -> Standings:
    """Where these runs and their variants stand."""
    values = {
        "waiting": list(WAITING),
        "run_ids": [config.run_id for config in configs],
        "recipe_ids": list({config.recipe_id for config in configs}),
    }
    rows = warehouse.rows(_STANDINGS, values)
    waiting = {Variant(row["recipe_id"], row["pruner"], row["sparsity"]): row["num_waiting"] for row in rows}
    return Standings({run["run_id"]: run for row in rows for run in row["asked"] or ()}, waiting)
