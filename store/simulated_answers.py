"""The answers about a made-up variant, straight from the arrays it was made of.

The views define what an answer is. Here it is taken from what is at hand, since going through 1.6 billion stored
predictions would take more than an hour; a test holds both against each other.

Shapes: R runs of a side, N examples, C classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.protocol import Split
from store.simulated_side import Side

NUM_BINS = 20

Rows = dict[str, list[dict[str, Any]]]
"""Rows by the table of stored answers."""


@dataclass(frozen=True)
class Comparison:
    """A pruned variant beside the unpruned one on a split."""

    split: Split
    unpruned: Side
    pruned: Side
    class_names: Sequence[str]
    readability: Mapping[str, NDArray[np.float64]]
    """Each measure [N]."""
    influence_N: NDArray[np.float64] | None
    """Of a training set."""

    @cached_property
    def is_pie_N(self) -> NDArray[np.bool_]:
        differs_N: NDArray[np.bool_] = (self.unpruned.majority_NC != self.pruned.majority_NC).any(axis=1)
        return differs_N

    @property
    def sides(self) -> dict[str, Side]:
        return {"unpruned": self.unpruned, "pruned": self.pruned}

    def elected(self) -> pa.Table:
        """The majority labels, as `majority_pair` has them."""
        columns: dict[str, object] = {
            "split": pa.repeat(self.split, len(self.unpruned.gold_NC)),
            "example_id": np.arange(len(self.unpruned.gold_NC), dtype=np.int32),
            "is_pie": self.is_pie_N,
        }
        for name, side in self.sides.items():
            labels_NC = side.majority_NC
            columns[f"{name}_class_ids"] = _lists(labels_NC.sum(axis=1), np.nonzero(labels_NC)[1].astype(np.int16))
            columns[f"{name}_votes"] = _lists(np.full(len(labels_NC), labels_NC.shape[1]), side.votes_NC.reshape(-1))
        return pa.table(columns)

    def scored(self) -> list[dict[str, Any]]:
        """Each run's effectiveness on all examples."""
        return [
            {"run_id": run_id, "split": self.split, "value": float(value)}
            for side in self.sides.values()
            for run_id, value in zip(side.run_ids, side.on_all_R, strict=True)
        ]

    def answers(self) -> Rows:
        """The rows of each table of answers, without their comparison's number."""
        return {
            "stored_on_pies_of_run": list(self._on_pies_of_run()),
            "stored_on_pies": [self._on_pies()],
            "stored_class_distribution": list(self._class_distribution()),
            "stored_influence_bin": list(self._influence_bins()),
            "stored_readability": list(self._readability()),
        }

    @cached_property
    def _scores_on_pies(self) -> dict[str, NDArray[np.float64]]:
        if not self.is_pie_N.any():
            return {}
        return {name: side.effectiveness(self.is_pie_N) for name, side in self.sides.items()}

    def _on_pies_of_run(self) -> Iterator[dict[str, Any]]:
        for name, values_R in self._scores_on_pies.items():
            for seed, (run_id, value) in enumerate(zip(self.sides[name].run_ids, values_R, strict=True)):
                yield {"split": self.split, "seed": seed, "side": name, "run_id": run_id, "value": float(value)}

    def _on_pies(self) -> dict[str, Any]:
        row: dict[str, Any] = {"split": self.split}
        for name, side in self.sides.items():
            row[f"{name}_on_all"] = float(side.on_all_R.mean())
            values_R = self._scores_on_pies.get(name)
            is_right_N = (side.majority_NC == self.unpruned.gold_NC).all(axis=1)
            row[f"{name}_on_pies_mean"] = None if values_R is None else float(values_R.mean())
            row[f"{name}_on_pies_std"] = None if values_R is None or len(values_R) < 2 else float(values_R.std(ddof=1))
            row[f"{name}_on_pies"] = row[f"{name}_on_pies_mean"]
            if side.task == "single_label" and values_R is not None:
                row[f"{name}_on_pies"] = float(is_right_N[self.is_pie_N].mean())
        return row

    def _class_distribution(self) -> Iterator[dict[str, Any]]:
        counts = (self.unpruned.gold_NC.sum(axis=0), self.unpruned.gold_NC[self.is_pie_N].sum(axis=0))
        for class_id, (name, num_examples, num_pies) in enumerate(zip(self.class_names, *counts, strict=True)):
            row = {"split": self.split, "class_id": class_id, "class_name": name}
            yield row | {"num_examples": int(num_examples), "num_pies": int(num_pies)}

    def _influence_bins(self) -> Iterator[dict[str, Any]]:
        if self.influence_N is None:
            return
        # Equal influence goes by example; the first bins have the examples that are left over.
        order_N = np.argsort(self.influence_N, kind="stable")
        for number, ids in enumerate(np.array_split(order_N, NUM_BINS), start=1):
            ends = {"el2n_min": float(self.influence_N[ids[0]]), "el2n_max": float(self.influence_N[ids[-1]])}
            counts = {"num_examples": len(ids), "num_pies": int(self.is_pie_N[ids].sum())}
            yield {"split": self.split, "bin": number, **ends, **counts}

    def _readability(self) -> Iterator[dict[str, Any]]:
        for measure, values_N in self.readability.items():
            means = {"mean_of_examples": float(values_N.mean()), "mean_of_pies": None}
            if self.is_pie_N.any():
                means["mean_of_pies"] = float(values_N[self.is_pie_N].mean())
            yield {"split": self.split, "measure": measure, **means}


def _lists(lengths_N: NDArray[np.integer], values: NDArray[np.int16]) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum(lengths_N)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
