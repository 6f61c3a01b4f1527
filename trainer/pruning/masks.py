"""Masks: which weights of a tensor are kept. Local and unstructured: every tensor loses the same share of its weights.

A mask is a tensor of the weights' shape and type, 1 where a weight is kept and 0 where it is pruned.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from store.spool import MaskRow

Masks = dict[str, Tensor]


def tighten(mask: Tensor, scores: Tensor, num_zeros: int) -> tuple[Tensor, float | None]:
    """Prune the lowest scores among the kept weights until exactly `num_zeros` are pruned; ties go by position.

    Returns the new mask, nested in the old one, and the largest score that was removed, None when none was.
    """
    kept = mask.flatten().nonzero().flatten()
    num_removed = num_zeros - (mask.numel() - len(kept))
    assert 0 <= num_removed <= len(kept), f"{num_removed} of {len(kept)} weights cannot be removed"
    if num_removed == 0:
        return mask.clone(), None
    kept_scores = scores.flatten()[kept]
    threshold = kept_scores.kthvalue(num_removed).values
    below = kept[kept_scores < threshold]
    tied = kept[kept_scores == threshold][: num_removed - len(below)]
    tightened = mask.clone()
    tightened.view(-1)[torch.cat([below, tied])] = 0
    return tightened, float(threshold)


def apply(tensors: Sequence[Tensor], masks: Sequence[Tensor]) -> None:
    """Set what is pruned to zero, in place, in few kernels for all tensors together."""
    torch._foreach_mul_(list(tensors), list(masks))


def describe(name: str, mask: Tensor, threshold: float | None) -> MaskRow:
    """The mask's row in the table `mask`; the digest is over its bits, packed in row-major order, high bit first."""
    bits = mask.bool().cpu().numpy()
    return MaskRow(
        tensor=name,
        shape=tuple(mask.shape),
        num_weights=mask.numel(),
        num_kept=int(bits.sum()),
        threshold=threshold,
        digest=hashlib.sha256(np.packbits(bits.reshape(-1)).tobytes()).hexdigest(),
    )


def num_pruned(masks: Mapping[str, Tensor]) -> int:
    """How many weights are pruned in all tensors together."""
    return sum(mask.numel() - int(mask.count_nonzero()) for mask in masks.values())
