"""What says of a run which outputs are there, and which of its predictions are compared: those at its last epoch."""

from collections.abc import Mapping

from store.dataset import DatasetFacts
from store.identity import RunConfig
from store.protocol import Split


def evaluation_rows(run_id: str, evaluations: Mapping[tuple[Split, int], int]) -> list[dict[str, object]]:
    """A run's rows of the table `evaluation`: how many examples its outputs have, by split and epoch."""
    return [
        {"run_id": run_id, "split": split, "epoch": epoch, "num_examples": number}
        for (split, epoch), number in evaluations.items()
    ]


def evaluated_rows(
    dataset: DatasetFacts, config: RunConfig, last_epoch: int, num_examples: Mapping[Split, int]
) -> list[dict[str, object]]:
    """A run's rows of the table `evaluated_run`, as long as it has no answers.

    `num_examples` has those splits of whose every example the predictions at `last_epoch` are there.
    """
    return [
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
        for split, number in num_examples.items()
    ]
