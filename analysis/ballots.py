"""Majorities of any weights over the seeds, from ballots: each seed's vote is kept, so that halves and resamples can be counted.

Shapes: E examples, K classes that any seed predicts for an example (the fewer ones padded), S seeds, R weightings; N all examples
of the split, M quantities.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.protocol import Task

Bits = NDArray[np.float32]
_CHUNK = 4_000_000
"""Votes counted at a time: 16 MB a side."""


@dataclass(frozen=True)
class Ballots:
    """The votes of both sides' seeds, each 0 or 1, of the examples whose seeds are not all of one mind.

    The others keep their labels whatever the weights.
    """

    task: Task
    num_examples: int
    settled_pies: NDArray[np.int64]
    """Those of the settled examples that have another label on the other side."""
    example_ids_E: NDArray[np.int64]
    unpruned_EKS: Bits
    pruned_EKS: Bits

    def unpruned_twice(self) -> "Ballots":
        """The unpruned side against itself."""
        return _settle(self.task, self.num_examples, self.example_ids_E, self.unpruned_EKS, self.unpruned_EKS)

    def num_pies(self, unpruned_RS: Bits, pruned_RS: Bits) -> NDArray[np.int64]:
        """The number of PIEs [R] when the seeds of each side have these weights, of which no row is all 0."""
        found_R = np.full(len(unpruned_RS), len(self.settled_pies), dtype=np.int64)
        for _, is_pie_ER in self._pies(unpruned_RS, pruned_RS):
            found_R += is_pie_ER.sum(axis=0)
        return found_R

    def sums_over_pies(self, values_NM: NDArray[np.float64], unpruned_RS: Bits, pruned_RS: Bits) -> NDArray[np.float64]:
        """The sums [R, M] over the PIEs of what each example has, by the number of the example; weights as in `num_pies`."""
        found_RM = np.tile(values_NM[self.settled_pies].sum(axis=0), (len(unpruned_RS), 1))
        for example_ids, is_pie_ER in self._pies(unpruned_RS, pruned_RS):
            found_RM += is_pie_ER.T.astype(np.float64) @ values_NM[example_ids]
        return found_RM

    def _pies(self, unpruned_RS: Bits, pruned_RS: Bits) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
        """Which of the unsettled examples are PIEs [E, R], some examples at a time, with their numbers."""
        num_examples, num_places, _ = self.unpruned_EKS.shape
        step = max(1, _CHUNK // max(1, num_places * len(unpruned_RS)))
        for start in range(0, num_examples, step):
            part = slice(start, start + step)
            one, other = (
                self._labels(self.unpruned_EKS[part], unpruned_RS),
                self._labels(self.pruned_EKS[part], pruned_RS),
            )
            yield self.example_ids_E[part], (one != other).any(axis=1)

    def _labels(self, bits_EKS: Bits, weights_RS: Bits) -> NDArray[np.generic]:
        """Single-label: the place [E, 1, R] of the class with most votes, the lowest on a tie; multi-label: which have more than half."""
        votes_EKR = bits_EKS @ weights_RS.T
        if self.task == "single_label":
            counts: NDArray[Any] = votes_EKR.argmax(axis=1, keepdims=True)
            return counts
        more_EKR: NDArray[np.bool_] = 2 * votes_EKR > weights_RS.sum(axis=1)
        return more_EKR


def ballots_of(ballots: pa.StructArray, task: Task, num_seeds: int, num_examples: int) -> Ballots:
    """The ballots of one comparison: example_id, class_id, block, unpruned_voters and pruned_voters, in any order."""
    columns = {name: ballots.field(name).to_numpy(zero_copy_only=False) for name in ("example_id", "class_id", "block")}
    keys, entry_of = np.unique(
        columns["example_id"].astype(np.int64) << 16 | columns["class_id"].astype(np.int64), return_inverse=True
    )
    _, example_of, sizes = np.unique(keys >> 16, return_inverse=True, return_counts=True)
    # Within an example the classes stand in ascending order, so that the first of the largest is the lowest.
    place_of = np.arange(len(keys)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shape = (len(sizes), int(sizes.max(initial=0)), num_seeds)
    sides = []
    for name in ("unpruned_voters", "pruned_voters"):
        words = np.ascontiguousarray(ballots.field(name).to_numpy(zero_copy_only=False), dtype="<u8")
        bits = np.unpackbits(words.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
        side_EKS = np.zeros(shape, dtype=np.float32)
        for block in range(-(-num_seeds // 64)):
            of_block, here = columns["block"] == block, slice(64 * block, min(64 * block + 64, num_seeds))
            entries = entry_of[of_block]
            side_EKS[example_of[entries], place_of[entries], here] = bits[of_block, : here.stop - here.start]
        sides.append(side_EKS)
    example_ids_E = keys[np.cumsum(sizes) - sizes] >> 16
    return _settle(task, num_examples, example_ids_E, *sides)


def _settle(
    task: Task, num_examples: int, example_ids_E: NDArray[np.int64], unpruned_EKS: Bits, pruned_EKS: Bits
) -> Ballots:
    settled_E = np.ones(len(unpruned_EKS), dtype=np.bool_)
    for side_EKS in (unpruned_EKS, pruned_EKS):
        settled_E &= (side_EKS == side_EKS[:, :, :1]).all(axis=(1, 2))
    differs_E = (unpruned_EKS[:, :, 0] != pruned_EKS[:, :, 0]).any(axis=1)
    return Ballots(
        task,
        num_examples,
        example_ids_E[settled_E & differs_E],
        example_ids_E[~settled_E],
        unpruned_EKS[~settled_E],
        pruned_EKS[~settled_E],
    )
