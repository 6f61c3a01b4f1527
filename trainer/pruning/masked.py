"""The prunable tensors of one run, and the masks they have by now."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from store.identity import RunConfig
from store.protocol import PRUNERS
from store.spool import MaskRow
from trainer.errors import Diverged
from trainer.pruning import masks, scoring
from trainer.pruning.schedule import num_zeros

Losses = Callable[[], Iterable[Tensor]]
"""Makes the losses that impact is measured by."""


class MaskedTensors:
    """Tensors that are pruned by the rule of a run's pruner, and stay so."""

    def __init__(self, tensors: Mapping[str, nn.Parameter], config: RunConfig) -> None:
        self.tensors, self._config = tensors, config
        self.masks: masks.Masks = {}
        """By tensor; empty before the first pruning."""

    def prune(self, pruning: int, num_prunings: int, epoch: int, losses: Losses) -> tuple[MaskRow, ...]:
        """Prune every tensor after an epoch, as pruning number `pruning` of so many; returns what is left of each."""
        scores, rows = self._scores(epoch, losses), []
        for name, tensor in self.tensors.items():
            zeros = num_zeros(tensor.numel(), self._config.sparsity, pruning, num_prunings)
            mask = self.masks.get(name, torch.ones_like(tensor)).cpu()
            # On the CPU, as CUDA's search for the k-th value is not deterministic.
            scored = scores[name].cpu()
            if scored.isnan().any():
                raise Diverged(
                    f"The {PRUNERS[self._config.pruner].scoring} of tensor {name} after epoch {epoch} is not a number: "
                    "training has diverged; lower the learning rate."
                )
            mask, threshold = masks.tighten(mask, scored, zeros)
            self.masks[name] = mask.to(tensor.device)
            rows.append(masks.describe(name, mask, threshold))
        self.apply()
        return tuple(rows)

    def apply(self) -> None:
        """Set what is pruned to zero: after every step, as the optimizer's momentum still moves it."""
        if self.masks:
            with torch.no_grad():
                masks.apply([self.tensors[name] for name in self.masks], list(self.masks.values()))

    def apply_to_gradients(self) -> None:
        """Leave no gradient where a weight is pruned, so that the norm that is clipped is that of what is trained."""
        if self.masks:
            gradients = [self.tensors[name].grad for name in self.masks]
            masks.apply([gradient for gradient in gradients if gradient is not None], list(self.masks.values()))

    def _scores(self, epoch: int, losses: Losses) -> scoring.Scores:
        kind = PRUNERS[self._config.pruner].scoring
        if kind == "magnitude":
            return scoring.magnitude(self.tensors)
        if kind == "random":
            return scoring.random(self.tensors, self._config.seed, epoch)
        return scoring.impact(self.tensors, losses())
