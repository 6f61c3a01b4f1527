"""Drawn splits: of exact sizes, disjoint, stratified, and the same for the same seed."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.dataset import EXAMPLES_SCHEMA, Dataset
from store.errors import Refused
from store.protocol import Task
from tests.made_up import made_up_examples
from trainer.data.examples import gold_labels
from trainer.data.options import Options
from trainer.data.splitting import counts, cut, shrunk


def numbers(examples: pa.Table) -> list[int]:
    """The numbers that `made_up_examples` wrote into the texts."""
    return [int(text.split()[2]) for text in examples["text"].to_pylist()]


def multi_label_examples(gold_NC: np.ndarray) -> pa.Table:
    texts = [f"Sentence number {number}" for number in range(len(gold_NC))]
    return pa.table({"text": texts, "class_ids": [np.flatnonzero(row) for row in gold_NC]}, schema=EXAMPLES_SCHEMA)


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_splits_are_exact_disjoint_and_in_order(task: Task) -> None:
    examples = made_up_examples(task, 3, 100)
    splits = cut(examples, {"train": 61, "validation": 9, "test": 20}, task, 3, seed=0)
    drawn = [numbers(examples) for examples in splits.values()]
    assert [len(numbers) for numbers in drawn] == [61, 9, 20]
    assert all(numbers == sorted(numbers) for numbers in drawn)
    assert len({number for numbers in drawn for number in numbers}) == 90
    assert splits == cut(examples, {"train": 61, "validation": 9, "test": 20}, task, 3, seed=0)
    assert splits != cut(examples, {"train": 61, "validation": 9, "test": 20}, task, 3, seed=1)


def test_a_single_label_split_has_the_classes_shares() -> None:
    class_ids = [[0]] * 700 + [[1]] * 300
    examples = pa.table({"text": ["text"] * 1000, "class_ids": class_ids}, schema=EXAMPLES_SCHEMA)
    for split, size in cut(examples, {"train": 500, "test": 100}, "single_label", 2, seed=3).items():
        assert gold_labels(size, 2).mean(axis=0).tolist() == [0.7, 0.3], split


@settings(max_examples=25, deadline=None)
@given(
    shares_C=st.lists(st.floats(0.02, 0.9), min_size=1, max_size=6),
    num_examples=st.integers(40, 400),
    seed=st.integers(0, 2**16),
)
# Iterative stratification alone leaves a class that most examples have five examples off its share here.
@example(shares_C=[0.625, 0.484375, 0.39453125, 0.5625], num_examples=197, seed=197)
def test_multi_label_splits_are_exact_and_stratified(shares_C: list[float], num_examples: int, seed: int) -> None:
    gold_NC = np.random.default_rng(seed).random((num_examples, len(shares_C))) < np.array(shares_C)
    wanted = counts({"train": None, "validation": 0.15, "test": 0.15}, num_examples)
    splits = cut(multi_label_examples(gold_NC), wanted, "multi_label", len(shares_C), seed)
    assert {split: len(examples) for split, examples in splits.items()} == wanted
    assert sorted(number for examples in splits.values() for number in numbers(examples)) == list(range(num_examples))
    for split, examples in splits.items():
        expected_C = gold_NC.sum(axis=0) * wanted[split] / num_examples
        assert np.all(abs(gold_labels(examples, len(shares_C)).sum(axis=0) - expected_C) <= 3 + 0.1 * expected_C)


def test_a_class_too_rare_to_stratify_is_a_sentence() -> None:
    examples = pa.table({"text": ["a", "b", "c"], "class_ids": [[0], [0], [1]]}, schema=EXAMPLES_SCHEMA)
    with pytest.raises(Refused, match="Cannot draw 1 of 3 examples stratified by class: "):
        cut(examples, {"train": 1, "test": 2}, "single_label", 2, seed=0)


def test_counts() -> None:
    assert counts({"train": None, "validation": 0.15, "test": 10}, 100) == {"train": 75, "validation": 15, "test": 10}
    assert counts({"train": 60, "validation": 0, "test": None}, 100) == {"train": 60, "test": 40}
    assert counts({"train": None, "test": None}, 100) == {"train": 100}
    with pytest.raises(Refused, match="There are 100 examples, too few for 90 train, 20 test; ask for less"):
        counts({"train": 90, "test": 0.2}, 100)


@pytest.mark.parametrize("size", [-1, 1.5])
def test_a_size_is_a_number_or_a_share(size: float) -> None:
    with pytest.raises(Refused, match=f"The test size {size} is neither a number of examples nor a share"):
        Options(test_size=size)


def test_official_splits_shrink_to_what_is_asked_for() -> None:
    splits = {split: made_up_examples("single_label", 2, 50) for split in ("test", "train")}
    dataset = Dataset("official", "single_label", ("no", "yes"), splits)  # type: ignore[arg-type]
    smaller = shrunk(dataset, Options(train_size=20, test_size=0.5).sizes, seed=0)
    assert {split: len(examples) for split, examples in smaller.items()} == {"train": 20, "test": 50}
    assert list(smaller) == ["train", "test"]
    with pytest.raises(Refused, match="There are 50 examples, too few for 51 train"):
        shrunk(dataset, Options(train_size=51).sizes, seed=0)
    with pytest.raises(Refused, match="There are 0 examples, too few for 1 validation"):
        shrunk(dataset, Options(validation_size=1).sizes, seed=0)
