"""A model under training: its parameters, optimizer and masks, and what can be done to them.

Source: section 3 and appendix A of the paper; PROTOCOL.md, "Models and training".
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from store.identity import RunConfig
from store.protocol import PRUNERS, Split
from store.spool import MaskRow
from trainer.batches import Batch, Batches, Rows
from trainer.encoding import EncodedDataset
from trainer.errors import Diverged
from trainer.models import prunable_tensors
from trainer.pruning.masked import MaskedTensors
from trainer.pruning.scoring import IMPACT_BATCH_SIZE, NUM_IMPACT_BATCHES
from trainer.pruning.tuning import rewind
from trainer.records import Progress
from trainer.settings import Training
from trainer.streams import numpy_stream, seed_global

BuildModel = Callable[[int], nn.Module]
"""From a seed to the model before its first step, always the same."""

MAX_GRADIENT_NORM = 1.0
MIN_EVALUATION_BATCH = 64
PROGRESS_SECONDS = 1.0


class Learner:
    """One run's model, from its initialization to its last step."""

    def __init__(self, config: RunConfig, data: EncodedDataset, build: BuildModel, device: torch.device) -> None:
        self.config, self.training, self.data = config, Training.of(config), data
        self.batches = Batches(data, device)
        self._build, self._device = build, device
        self.model = build(config.seed).to(device)
        tensors = prunable_tensors(self.model, prune_layer_norm=self.training.prune_layer_norm)
        self.masked = MaskedTensors(tensors, config)
        self._parameters = list(self.model.parameters())
        self._optimizer = self._new_optimizer()
        self._forward: Callable[..., Tensor] = (
            torch.compile(self.model, dynamic=True) if self.training.compile else self.model
        )

    def train_epoch(self, epoch: int) -> Generator[Progress, None, tuple[float, NDArray[np.float32] | None]]:
        """Train one epoch.

        Returns the mean of its batches' losses and, for a multi-label dataset, the logits [N, C] of each training
        example at its step, in the order of the examples. Raises Diverged when a loss is not finite.
        """
        seed_global(self.config.seed, "dropout", epoch)
        self.model.train()
        order = self.batches.training_order(self.config.seed, epoch, self.training.batch_size)
        total = torch.zeros((), device=self._device)
        steps: list[Tensor] = []
        reported = time.monotonic()
        passed: list[Rows] = []
        for number, rows in enumerate(order, start=1):
            for part in self.batches.parts("train", rows):
                batch = self.batches.batch("train", part)
                logits_BC = self._logits(batch)
                loss = self._loss(logits_BC, batch) * (len(part) / len(rows))
                torch.autograd.backward(loss)
                total += loss.detach()
                if self.data.task == "multi_label":
                    steps.append(logits_BC.detach())
                    passed.append(part)
            self._step()
            if time.monotonic() - reported > PROGRESS_SECONDS:
                yield Progress(epoch, number, len(order))
                reported = time.monotonic()
        mean = float(total) / len(order)
        if not np.isfinite(mean):
            raise Diverged(
                f"The training loss of epoch {epoch} is {mean}: training has diverged; lower the learning rate."
            )
        return mean, _in_order(steps, passed) if steps else None

    def predict(self, split: Split, epoch: int) -> NDArray[np.float32]:
        """The logits [N, C] of every example of a split. Raises Diverged when one is not finite."""
        self.model.eval()
        order = self.batches.evaluation_order(split, max(self.training.batch_size, MIN_EVALUATION_BATCH))
        with torch.inference_mode():
            logits_NC = _in_order([self._logits(batch) for batch in self.batches.batches(split, order)], order)
        if not np.isfinite(logits_NC).all():
            raise Diverged(
                f"Logits of split {split} after epoch {epoch} are not finite: training has diverged; lower the learning rate."
            )
        return logits_NC

    def prune(self, pruning: int, num_prunings: int, epoch: int) -> tuple[MaskRow, ...]:
        """Prune every tensor after an epoch; returns what is left of each."""
        return self.masked.prune(pruning, num_prunings, epoch, partial(self._impact_losses, epoch))

    def tune(self) -> None:
        """Prepare what a pruning left for the epochs that follow."""
        if PRUNERS[self.config.pruner].tuning == "weight_rewinding":
            rewind(self.model, self._build(self.config.seed).to(self._device), self.masked.masks)
            self._optimizer = self._new_optimizer()

    def capture(self) -> dict[str, Any]:
        """All that training goes on from: parameters, optimizer, masks. The tensors are the live ones."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "masks": {name: mask.bool() for name, mask in self.masked.masks.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of `capture`."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.masked.masks = {name: mask.to(self.masked.tensors[name]) for name, mask in state["masks"].items()}

    def _new_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self._parameters, lr=self.training.learning_rate, fused=True)

    def _logits(self, batch: Batch) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            return self._forward(batch.ids_BT, batch.mask_BT).float()

    def _loss(self, logits_BC: Tensor, batch: Batch, reduction: str = "mean") -> Tensor:
        if self.data.task == "single_label":
            return functional.cross_entropy(logits_BC, batch.gold, reduction=reduction)
        return functional.binary_cross_entropy_with_logits(logits_BC, batch.gold, reduction=reduction)

    def _step(self) -> None:
        """One step with the gradients that backward passes have summed up since the last one."""
        self.masked.apply_to_gradients()
        nn.utils.clip_grad_norm_(self._parameters, MAX_GRADIENT_NORM, foreach=True)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.masked.apply()

    def _impact_losses(self, epoch: int) -> Iterator[Tensor]:
        """The summed losses of small batches of examples drawn at random, without dropout: nothing is trained."""
        self.model.eval()
        for module in self.model.modules():
            if isinstance(module, nn.RNNBase):
                # CUDA's kernels have a backward pass in training mode only; these layers have no dropout.
                module.train()
        num_examples = min(NUM_IMPACT_BATCHES * IMPACT_BATCH_SIZE, self.batches.num_train)
        drawn = numpy_stream(self.config.seed, "impact examples", epoch).choice(
            self.batches.num_train, num_examples, replace=False
        )
        for start in range(0, num_examples, IMPACT_BATCH_SIZE):
            batch = self.batches.batch("train", drawn[start : start + IMPACT_BATCH_SIZE])
            yield self._loss(self._logits(batch), batch, reduction="sum")


def _in_order(parts: list[Tensor], order: list[NDArray[np.integer]]) -> NDArray[np.float32]:
    """The rows of batches, put into the order of the examples."""
    rows_NC = torch.cat(parts).cpu().numpy()
    logits_NC = np.empty_like(rows_NC)
    logits_NC[np.concatenate(order)] = rows_NC
    return logits_NC
