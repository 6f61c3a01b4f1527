"""Which runs are compared: those whose predictions at their last epoch are published."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from store.dataset import DatasetFacts
from store.identity import RunConfig
from store.protocol import Split
from store.warehouse import Warehouse

_SCHEMA = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("run_id", "recipe_id", "dataset", "task", "architecture", "pruner", "split")
        ),
        *((name, pa.int32()) for name in ("num_classes", "seed", "num_examples")),
        ("sparsity", pa.float64()),
        ("last_epoch", pa.int16()),
    ]
)


def add_evaluated_runs(
    warehouse: Warehouse,
    dataset: DatasetFacts,
    configs: Sequence[RunConfig],
    last_epoch: int,
    num_examples: Mapping[Split, int],
) -> None:
    """Take runs among those that are compared, inside the transaction that publishes them.

    `num_examples` has those splits of whose every example the predictions at `last_epoch` are there.
    """
    rows = [
        {
            "run_id": config.run_id,
            "recipe_id": config.recipe_id,
            "dataset": dataset.name,
            "task": dataset.task,
            "num_classes": dataset.num_classes,
            "architecture": config.architecture,
            "pruner": config.pruner,
            "sparsity": config.sparsity,
            "seed": config.seed,
            "last_epoch": last_epoch,
            "split": split,
            "num_examples": number,
        }
        for config in configs
        for split, number in num_examples.items()
    ]
    with warehouse.register("new_evaluated_run", pa.Table.from_pylist(rows, schema=_SCHEMA)):
        warehouse.execute("insert into evaluated_run by name select * from new_evaluated_run")
