"""Made-up runs: what every seed of a variant predicts, so that its PIE rate is near a target.

An example's unpruned label is its gold one, or for a share of the hard ones another. A pruned variant changes the
label of a share of the examples, the hard ones more often: its PIEs. Each run strays from its variant's label with
a small probability, so that a majority over three seeds or more is nearly always the variant's label.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from store.comparisons import add_evaluated_runs, refresh_comparisons
from store.identity import RunConfig
from store.protocol import UNPRUNED, Split
from store.simulated_dataset import MadeUpDataset
from store.warehouse import Warehouse

OUTPUT_SPLITS: tuple[Split, ...] = ("train", "test")
EPOCHS = 3
"""Epochs of every made-up run; only the last one's outputs are there, and EL2N at the influence epoch."""

# $run_ids holds the runs' ids one after the other: indexing a list would copy all of it for every row.
# k numbers the run's examples one run after the other, so that rows are made in the order in which they are stored.
_LABELS = """
with output as (
    select k // $num_examples as number_of_run, k % $num_examples as i, k
    from range($num_runs * $num_examples) as n(k)
),
label as (
    select
        o.number_of_run, o.i, o.k, gold_labels($salt, o.i, $num_classes, $num_labels) as gold,
        difficulty($salt, o.i) as d, uniform($variant_salt || 'p', o.i) < least(2 * difficulty($salt, o.i) * $spread + $floor, 1) as is_pie
    from output as o
),
variant_label as (
    select
        l.number_of_run, l.i, l.k, l.d, l.gold,
        case when l.d > 1 - $error_share and uniform($salt || 'w', l.i) < 0.5 then other_class($salt || 'o', l.i, l.gold[1], $num_classes)
            else l.gold[1] end as unpruned,
        l.is_pie
    from label as l
),
run_label as (
    select
        v.number_of_run, v.i, v.k, v.gold,
        case when v.is_pie then other_class($variant_salt || 'o', v.i, v.unpruned, $num_classes) else v.unpruned end as class_id,
        uniform($variant_salt || 's', v.k) < 0.15 * pow(v.d, 4) as strays
    from variant_label as v
),
predicted as (
    select
        r.number_of_run, r.i, r.gold,
        case when r.strays then other_class($variant_salt || 'x', r.k, r.class_id, $num_classes) else r.class_id end as class_id
    from run_label as r
)
"""

_SINGLE = """
select substr($run_ids, 12 * p.number_of_run + 1, 12) as run_id, $split as split, $epoch::smallint as epoch, p.i::integer as example_id,
    p.class_id::smallint as class_id
from predicted as p
"""

# The further gold classes are predicted as they are: a multi-label PIE differs in its first class.
_MULTI = """
select substr($run_ids, 12 * p.number_of_run + 1, 12) as run_id, $split as split, $epoch::smallint as epoch, p.i::integer as example_id,
    unnest(list_sort(list_distinct(list_append(p.gold[2:], p.class_id))))::smallint as class_id
from predicted as p
"""

# The largest logit is the predicted class's (single-label); only those of predicted classes are above 0 (multi-label).
_LOGITS = """
select substr($run_ids, 12 * p.number_of_run + 1, 12) as run_id, $split as split, $epoch::smallint as epoch, p.i::integer as example_id,
    [(case when c = p.class_id or ($num_labels > 1 and list_contains(p.gold[2:], c)) then 0.01 else -3 end
        + 3 * uniform($variant_salt || 'l', p.number_of_run * $num_examples * $num_classes + p.i * $num_classes + c))::float
        for c in range($num_classes)] as logits
from predicted as p
"""

_EL2N = """
select substr($run_ids, 12 * (k // $num_examples) + 1, 12) as run_id, $epoch::smallint as epoch, (k % $num_examples)::integer as example_id,
    (1.2 * pow(difficulty($salt, k % $num_examples), 2) + 0.2 * uniform($variant_salt || 'e', k))::float as el2n
from range($num_runs * $num_examples) as n(k)
"""


@dataclass(frozen=True)
class MadeUpVariant:
    """The runs of one variant that are to be made: a configuration for each seed, and what shapes their labels."""

    dataset: MadeUpDataset
    configs: tuple[RunConfig, ...]
    pie_rate: float
    unpruned_effectiveness: float
    num_parameters: int

    @property
    def name(self) -> str:
        first = self.configs[0]
        return f"{first.dataset} {first.architecture} {first.pruner} {first.sparsity}"


def insert_runs(warehouse: Warehouse, variant: MadeUpVariant) -> None:
    """Publish all runs of a variant in one transaction, as `publish_run` would one by one."""
    with warehouse.transaction(f"made-up runs of {variant.name}"):
        for split in OUTPUT_SPLITS:
            values = _values(variant, split)
            by_task = _SINGLE if variant.dataset.task == "single_label" else _MULTI
            warehouse.execute(f"insert into prediction by name {_LABELS} {by_task}", values)
            if split == "test":
                warehouse.execute(f"insert into logit by name {_LABELS} {_LOGITS}", values)
            elif variant.configs[0].sparsity == 0:
                epoch = {"epoch": round(0.3 * EPOCHS)}
                names = ("run_ids", "num_examples", "num_runs", "salt", "variant_salt")
                warehouse.execute(f"insert into el2n by name {_EL2N}", {name: values[name] for name in names} | epoch)
            warehouse.execute(
                "insert into evaluation select substr($run_ids, 12 * n + 1, 12), $split, $epoch, $num_examples from range($num_runs) as r(n)",
                {name: values[name] for name in ("run_ids", "split", "epoch", "num_examples", "num_runs")},
            )
        _mark_published(warehouse, variant)
        first = variant.configs[0]
        add_evaluated_runs(warehouse, [config.run_id for config in variant.configs])
        if first.pruner != UNPRUNED:
            refresh_comparisons(warehouse, first.recipe_id, first.pruner, first.sparsity)


def _values(variant: MadeUpVariant, split: Split) -> dict[str, object]:
    dataset, first = variant.dataset, variant.configs[0]
    rate = variant.pie_rate
    # P(PIE | difficulty d) = floor + 2 d spread has the mean `rate` and stays within [0, 1].
    spread = min(rate, 1 - rate)
    return {
        "run_ids": "".join(config.run_id for config in variant.configs),
        "split": split,
        "epoch": EPOCHS - 1,
        "num_runs": len(variant.configs),
        "num_examples": dataset.num_examples[split],
        "num_classes": dataset.num_classes,
        "num_labels": dataset.num_labels,
        "salt": dataset.salt(split),
        "variant_salt": f"{dataset.salt(split)}{first.architecture}/{first.pruner}/{first.sparsity}/",
        "spread": spread,
        "floor": rate - spread,
        "error_share": 2 * (1 - variant.unpruned_effectiveness),
    }


def _mark_published(warehouse: Warehouse, variant: MadeUpVariant) -> None:
    sparsity = variant.configs[0].sparsity
    prunable = round(0.8 * variant.num_parameters)
    values: Mapping[str, object] = {
        "run_ids": [config.run_id for config in variant.configs],
        "threshold": 0.5 if variant.dataset.task == "multi_label" else None,
        "num_parameters": variant.num_parameters,
        "num_prunable": prunable,
        "num_pruned": round(sparsity * prunable),
        "last_epoch": EPOCHS - 1,
    }
    warehouse.execute(
        """
        update run set
            status = 'published', threshold = $threshold, num_parameters = $num_parameters, num_prunable = $num_prunable,
            num_pruned = $num_pruned, measured_sparsity = $num_pruned / $num_prunable, last_epoch = $last_epoch,
            versions = '{}', content_digest = 'made up'
        where list_contains($run_ids, run_id)
        """,
        values,
    )
