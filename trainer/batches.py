"""Batches: which examples share one, and how their ids become a padded tensor.

Shapes: B examples of a batch, T tokens, C classes, N examples of a split.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from store.protocol import Split
from trainer.encoding import EncodedDataset
from trainer.streams import numpy_stream

Rows = NDArray[np.integer]
WORTH_PARTING = 0.9
"""A batch is parted where that leaves at most this share of its tokens, padding included."""
TOKENS_TRAINED, TOKENS_EVALUATED = 2048, 4096
"""About so many tokens of a fixed length pass through a model together on a CPU, whose cache then holds what they need."""


@dataclass(frozen=True)
class Batch:
    """Some examples of a split, on the device that trains."""

    ids_BT: Tensor
    mask_BT: Tensor | None
    """True where there is a token; None where padding is read like any token."""
    gold: Tensor
    """Single-label: class numbers [B]. Multi-label: 0.0 or 1.0 [B, C]."""


class Batches:
    """Makes batches of one dataset for one device."""

    def __init__(self, data: EncodedDataset, device: torch.device) -> None:
        self.data, self.device = data, device
        self.num_train = len(data.splits["train"])

    def training_order(self, seed: int, epoch: int, batch_size: int) -> list[Rows]:
        """The training examples, shuffled, batch by batch."""
        order_N = numpy_stream(seed, "order", epoch).permutation(self.num_train)
        return _in_groups(order_N, batch_size)

    def evaluation_order(self, split: Split, batch_size: int) -> list[Rows]:
        """All examples of a split; by length where that saves padding."""
        lengths_N = self.data.splits[split].lengths_N
        if self.data.fixed_length is None:
            return _in_groups(np.argsort(-lengths_N, kind="stable"), batch_size)
        if self.device.type != "cuda":
            batch_size = max(TOKENS_EVALUATED // self.data.fixed_length, 1)
        return _in_groups(np.arange(len(lengths_N)), batch_size)

    def parts(self, split: Split, rows: Rows) -> list[Rows]:
        """The rows of a batch in the groups in which they pass through the model quickest.

        The gradients of a batch are the sum of its parts', so they may pass one after the other. On a GPU, which has
        room for all of it, the batch stays whole.
        """
        if self.device.type == "cuda":
            return [rows]
        if self.data.fixed_length:
            num_parts = len(rows) * self.data.fixed_length // TOKENS_TRAINED
            return np.array_split(rows, min(max(num_parts, 1), len(rows)))
        return self._by_length(split, rows)

    def _by_length(self, split: Split, rows: Rows) -> list[Rows]:
        """The rows in one or two groups, the longer examples and the shorter ones, as saves most padding."""
        if len(rows) < 2:
            return [rows]
        lengths_B = self.data.splits[split].lengths_of(rows)
        falling = np.argsort(-lengths_B, kind="stable")
        padded_B = lengths_B[falling]
        cuts = np.arange(1, len(rows))
        num_tokens = cuts * padded_B[0] + (len(rows) - cuts) * padded_B[1:]
        cut = int(cuts[num_tokens.argmin()])
        if num_tokens.min() > WORTH_PARTING * len(rows) * padded_B[0]:
            return [rows]
        return [rows[falling[:cut]], rows[falling[cut:]]]

    def batches(self, split: Split, order: list[Rows]) -> Iterator[Batch]:
        """The batches of a split in a given order."""
        return (self.batch(split, rows) for rows in order)

    def batch(self, split: Split, rows: Rows) -> Batch:
        """The examples `rows` of a split: padded to the dataset's length, or to the longest of them."""
        examples = self.data.splits[split]
        starts_B, lengths_B = examples.offsets[rows], examples.lengths_of(rows)
        num_tokens = self.data.fixed_length or max(int(lengths_B.max()), 1)
        present_BT = np.arange(num_tokens) < lengths_B[:, None]
        ids_BT = np.full(present_BT.shape, self.data.padding_id, dtype=np.int64)
        ids_BT[present_BT] = examples.ids[(starts_B[:, None] + np.arange(num_tokens))[present_BT]]
        mask = None if self.data.fixed_length else self._on_device(present_BT)
        return Batch(self._on_device(ids_BT), mask, self._on_device(self._gold(examples.gold_NC[rows])))

    def _gold(self, gold_BC: NDArray[np.bool_]) -> NDArray[np.float32] | NDArray[np.int64]:
        return gold_BC.argmax(axis=1) if self.data.task == "single_label" else gold_BC.astype(np.float32)

    def _on_device(self, array: NDArray[np.generic]) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor


def _in_groups(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
