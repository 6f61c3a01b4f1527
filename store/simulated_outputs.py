"""Made-up outputs: what every seed of a variant predicts for a split, so that its PIE rate is near a target.

An example's unpruned label is its gold one, or for a share of the hard ones another. A pruned variant changes the
label of a share of the examples, the hard ones more often: its PIEs. Each run strays from its variant's label with
a small probability, so that a majority over three seeds or more is nearly always the variant's label. Multi-label
examples do all this with the first of their gold classes, and are predicted the others as they are.

Shapes: R runs, N examples, C classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.identity import RunConfig, digest_of
from store.protocol import Split, Task
from store.simulated_dataset import MadeUpDataset
from store.warehouse import Warehouse


@dataclass(frozen=True)
class MadeUpVariant:
    """The runs of one variant that are to be made: a configuration for each seed, and what shapes their labels."""

    dataset: MadeUpDataset
    configs: tuple[RunConfig, ...]
    pie_rate: float
    unpruned_effectiveness: float
    num_parameters: int
    num_prunable: int

    @property
    def name(self) -> str:
        first = self.configs[0]
        return f"{first.dataset} {first.architecture} {first.pruner} {first.sparsity}"

    @property
    def is_pruned(self) -> bool:
        return self.configs[0].sparsity > 0

    def random(self, split: Split, what: str) -> np.random.Generator:
        """Random numbers of its own, the same whenever they are asked for."""
        return _random(self.dataset, split, f"{what} {self.name}")


@dataclass(frozen=True)
class SplitExamples:
    """What the made-up outputs of a split follow from."""

    task: Task
    gold_NC: NDArray[np.bool_]
    difficulty_N: NDArray[np.float64]
    """How hard an example is, in [0, 1): what mislabelled, influential, hard-to-read and pruning-identified ones share."""


def split_examples(warehouse: Warehouse, dataset: MadeUpDataset, split: Split) -> SplitExamples:
    """The examples of a made-up dataset that is in the warehouse."""
    rows = warehouse.query(
        """
        select difficulty($salt, e.example_id) as difficulty, unnest(e.class_ids) as class_id, e.example_id
        from example as e
        where e.dataset = $dataset and e.split = $split
        """,
        {"salt": dataset.salt(split), "dataset": dataset.name, "split": split},
    )
    ids_R = rows["example_id"].to_numpy()
    gold_NC = np.zeros((dataset.num_examples[split], dataset.num_classes), dtype=np.bool_)
    gold_NC[ids_R, rows["class_id"].to_numpy()] = True
    difficulty_N = np.zeros(len(gold_NC))
    difficulty_N[ids_R] = rows["difficulty"].to_numpy()
    return SplitExamples(dataset.task, gold_NC, difficulty_N)


def predictions_of(variant: MadeUpVariant, split: Split, examples: SplitExamples) -> NDArray[np.bool_]:
    """What each run predicts, [R, N, C]."""
    gold_NC, difficulty_N = examples.gold_NC, examples.difficulty_N
    num_examples, num_classes = gold_NC.shape
    ids_N = np.arange(num_examples)
    first_N = gold_NC.argmax(axis=1)
    others_NC = gold_NC.copy()
    others_NC[ids_N, first_N] = False
    label_N = _label(variant, split, first_N, difficulty_N, num_classes)
    random = variant.random(split, "runs of")
    strays_N = (0.15 * difficulty_N**4).astype(np.float32)
    predicted_RNC = np.repeat(others_NC[None], len(variant.configs), axis=0)
    for predicted_NC in predicted_RNC:
        strays = random.random(num_examples, dtype=np.float32) < strays_N
        classes_N = np.where(strays, _other(random, label_N, num_classes), label_N)
        predicted_NC[ids_N, classes_N] = True
    return predicted_RNC


def logits_of(variant: MadeUpVariant, split: Split, predicted_RNC: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Logits of which the largest is the predicted class's (single-label), or those of predicted classes are above 0."""
    noise_RNC = variant.random(split, "logits of").random(predicted_RNC.shape, dtype=np.float32)
    return 3 * noise_RNC - np.where(predicted_RNC, np.float32(-0.01), np.float32(3))


def el2n_of(variant: MadeUpVariant, split: Split, difficulty_N: NDArray[np.float64]) -> NDArray[np.float32]:
    """EL2N of each run, [R, N]: the larger, the harder the example."""
    noise_RN = variant.random(split, "EL2N of").random((len(variant.configs), len(difficulty_N)), dtype=np.float32)
    return (1.2 * difficulty_N**2).astype(np.float32) + np.float32(0.2) * noise_RN


def _label(
    variant: MadeUpVariant,
    split: Split,
    first_N: NDArray[np.int64],
    difficulty_N: NDArray[np.float64],
    num_classes: int,
) -> NDArray[np.int64]:
    """The class that the variant predicts in place of the first gold one."""
    random = _random(variant.dataset, split, "unpruned labels")
    error_share = 2 * (1 - variant.unpruned_effectiveness)
    is_wrong_N = (difficulty_N > 1 - error_share) & (random.random(len(first_N)) < 0.5)
    label_N = np.where(is_wrong_N, _other(random, first_N, num_classes), first_N)
    if not variant.is_pruned:
        return label_N
    # P(PIE | difficulty d) = floor + 2 d spread has the mean `rate` and stays within [0, 1].
    rate, spread = variant.pie_rate, min(variant.pie_rate, 1 - variant.pie_rate)
    random = variant.random(split, "labels of")
    is_pie_N = random.random(len(first_N)) < rate - spread + 2 * difficulty_N * spread
    return np.where(is_pie_N, _other(random, label_N, num_classes), label_N)


def _other(random: np.random.Generator, classes_N: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Another class for each."""
    return (classes_N + random.integers(1, num_classes, len(classes_N))) % num_classes


def _random(dataset: MadeUpDataset, split: Split, what: str) -> np.random.Generator:
    return np.random.default_rng(int(digest_of([dataset.salt(split), what])[:16], 16))
