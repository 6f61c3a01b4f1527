"""Splits that are drawn: stratified, seeded, and of exactly the sizes asked for.

Source: appendix A.2 of the paper. Shapes: N examples, C classes, S splits.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.dataset import Dataset
from store.errors import Refused
from store.protocol import SPLITS, Split, Task
from trainer.data.examples import gold_labels
from trainer.data.options import Size

Rows = NDArray[np.intp]
TOLERATED_EXAMPLES, TOLERATED_SHARE = 2, 0.05
"""How far a class may be off its share in a split before examples are exchanged."""


def counts(sizes: Mapping[Split, Size], num_examples: int) -> dict[Split, int]:
    """The number of examples of each split, in which a share is rounded; splits of no example are left out.

    Sizes that are None get what the others leave: all of it the first one, and nothing the next ones.
    Raises Refused when there are not enough examples.
    """
    given = {split: _count(size, num_examples) for split, size in sizes.items() if size is not None}
    left = num_examples - sum(given.values())
    if left < 0:
        asked = ", ".join(f"{count:,} {split}" for split, count in given.items())
        raise Refused(f"There are {num_examples:,} examples, too few for {asked}; ask for less.")
    rest = next((split for split, size in sizes.items() if size is None), None)
    result = {split: given.get(split, left if split == rest else 0) for split in sizes}
    return {split: count for split, count in result.items() if count}


def cut(
    examples: pa.Table, sizes: Mapping[Split, int], task: Task, num_classes: int, seed: int
) -> dict[Split, pa.Table]:
    """Draw splits of these sizes, each with the classes in the proportions of all; within a split the order stays.

    Examples that `sizes` leaves over are in no split. Raises Refused when a class is too rare for it.
    """
    num_left = len(examples) - sum(sizes.values())
    assert num_left >= 0, "more examples asked for than there are"
    wanted = [*sizes.values(), *([num_left] if num_left else [])]
    gold_NC = gold_labels(examples, num_classes)
    drawn = (
        _draw(gold_NC.argmax(axis=1), wanted, seed) if task == "single_label" else _draw_multi(gold_NC, wanted, seed)
    )
    return {split: examples.take(np.sort(rows)) for split, rows in zip(sizes, drawn, strict=False)}


def _count(size: float, num_examples: int) -> int:
    return round(size * num_examples) if size < 1 else int(size)


def _draw(labels_N: NDArray[np.intp], sizes: Sequence[int], seed: int) -> list[Rows]:
    from sklearn.model_selection import train_test_split

    left, drawn = np.arange(len(labels_N)), []
    for size in sizes[:-1]:
        try:
            taken, left = train_test_split(left, train_size=size, stratify=labels_N[left], random_state=seed)
        except ValueError as error:
            raise Refused(f"Cannot draw {size} of {len(left)} examples stratified by class: {error}") from error
        drawn.append(taken)
    return [*drawn, left]


def _draw_multi(gold_NC: NDArray[np.bool_], sizes: Sequence[int], seed: int) -> list[Rows]:
    """Iterative stratification (Sechidis et al. 2011), whose sizes are nearly those asked for, then made exact."""
    from iterstrat.ml_stratifiers import IterativeStratification

    random = np.random.RandomState(seed)
    order = random.permutation(len(gold_NC))
    split_of = np.empty(len(gold_NC), dtype=np.intp)
    split_of[order] = IterativeStratification(gold_NC[order], np.array(sizes) / len(gold_NC), random)
    _make_exact(split_of, gold_NC, np.array(sizes))
    _even_out(split_of, gold_NC, np.array(sizes))
    return [np.flatnonzero(split_of == number) for number in range(len(sizes))]


def _make_exact(split_of: NDArray[np.intp], gold_NC: NDArray[np.bool_], sizes_S: NDArray[np.intp]) -> None:
    """Move single examples from the largest surplus to the largest lack, each time the one that keeps the classes' shares best."""
    frequency_C = np.maximum(gold_NC.sum(axis=0), 1)
    while (surplus_S := np.bincount(split_of, minlength=len(sizes_S)) - sizes_S).any():
        giver, taker = int(surplus_S.argmax()), int(surplus_S.argmin())
        excess_C = _excess(split_of, gold_NC, sizes_S, giver) - _excess(split_of, gold_NC, sizes_S, taker)
        candidates = np.flatnonzero(split_of == giver)
        # Moving an example lowers the giver's excess and raises the taker's by one in each of its classes.
        gain = (gold_NC[candidates] * ((excess_C - 1) / frequency_C)).sum(axis=1)
        split_of[candidates[gain.argmax()]] = taker


def _even_out(split_of: NDArray[np.intp], gold_NC: NDArray[np.bool_], sizes_S: NDArray[np.intp]) -> None:
    """Exchange examples of two splits as long as a class is far off its share in one, and that brings the classes nearer theirs."""
    frequency_C = np.maximum(gold_NC.sum(axis=0), 1)
    for _ in range(len(gold_NC)):
        excess_SC = np.array([_excess(split_of, gold_NC, sizes_S, split) for split in range(len(sizes_S))])
        expected_SC = sizes_S[:, None] * gold_NC.sum(axis=0) / len(gold_NC)
        off_SC = np.abs(excess_SC) - (TOLERATED_EXAMPLES + TOLERATED_SHARE * expected_SC)
        if off_SC.max() <= 0:
            return
        split, class_id = np.unravel_index(off_SC.argmax(), off_SC.shape)
        other = (excess_SC[:, class_id] * np.sign(excess_SC[split, class_id])).argmin()
        difference_C = excess_SC[other] - excess_SC[split]
        ours, theirs = np.flatnonzero(split_of == split), np.flatnonzero(split_of == other)
        # An exchange moves d = (our labels) - (their labels) from one split to the other: the squares change by 2d(d + difference).
        given = ours[(gold_NC[ours] * (difference_C + 1) / frequency_C).sum(axis=1).argmin()]
        moved_NC = gold_NC[given].astype(np.int64) - gold_NC[theirs]
        change_N = (moved_NC * (moved_NC + difference_C) / frequency_C).sum(axis=1)
        if change_N.min() >= 0:
            return
        split_of[given], split_of[theirs[change_N.argmin()]] = other, split


def _excess(
    split_of: NDArray[np.intp], gold_NC: NDArray[np.bool_], sizes_S: NDArray[np.intp], split: int
) -> NDArray[np.float64]:
    """By how many examples of each class [C] a split is above its share."""
    expected_C = gold_NC.sum(axis=0) * sizes_S[split] / len(gold_NC)
    excess_C: NDArray[np.float64] = gold_NC[split_of == split].sum(axis=0) - expected_C
    return excess_C


def shrunk(dataset: Dataset, sizes: Mapping[Split, Size], seed: int) -> dict[Split, pa.Table]:
    """The splits, those cut to a stratified sample that have more than the number of examples asked for.

    Shares are none of a split's business here: they were taken of the whole. Raises Refused when there are too few.
    """
    splits = {split: dataset.splits[split] for split in SPLITS if split in dataset.splits}
    for split, size in sizes.items():
        there = len(splits[split]) if split in splits else 0
        if size is not None and size >= 1 and size != there:
            wanted = counts({split: size}, there)
            splits |= cut(splits[split], wanted, dataset.task, len(dataset.class_names), seed)
    return splits
