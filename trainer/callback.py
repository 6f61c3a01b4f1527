"""A callback that records a run of the stock `transformers.Trainer`, epoch by epoch, for the warehouse.

    trainer = Trainer(model=model, args=..., train_dataset=train, ...)
    run = start_run("spool", dataset="imdb", architecture="my-encoder", seed=0, settings={...})
    trainer.add_callback(RecordRun(trainer, run, {"train": train, "test": test}))
    trainer.train()

Weights pruned with `torch.nn.utils.prune` are recorded as the run's masks. Shapes: N examples, C classes.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from store.errors import Refused
from store.labels import el2n
from store.protocol import METRIC_OF_TASK, Split, Task
from store.spool import RunSummary, RunWriter
from trainer.evaluation import best_threshold, loss, score
from trainer.pruning.masks import describe

Pruned = dict[str, Tensor]
"""The masks of a model's pruned tensors, by name."""


class RecordRun(TrainerCallback):
    """Records outputs, losses, scores and EL2N of every epoch, and spools the run when training ends.

    `splits` holds the datasets as the Trainer takes them, in the order of the warehouse's examples, each with its
    labels: a class number (single-label) or a 0 or 1 for each class (multi-label). What is recorded does not
    change what is trained: every random stream is left as it was.
    """

    def __init__(self, trainer: Trainer, run: RunWriter, splits: Mapping[Split, Any]) -> None:
        if run.task == "multi_label" and "train" not in splits:
            raise Refused(
                "A multi-label run chooses its threshold on its training predictions; give the split 'train'."
            )
        self.run = run
        self._trainer, self._splits = trainer, dict(splits)
        self._last_epoch = -1
        self._threshold: float | None = None
        self._digests: dict[str, str] = {}
        self._num_prunings = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Record what a pruning at initialization left."""
        self._record_masks(kwargs["model"], epoch=-1)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Record the model as it stands after the epoch."""
        epoch = self._last_epoch = round(state.epoch or 0) - 1
        self._record_masks(kwargs["model"], epoch)
        with torch.random.fork_rng():
            outputs = {split: self._outputs(split) for split in self._splits}
        if self.run.task == "multi_label":
            self._threshold = best_threshold(*outputs["train"])
        metrics: dict[tuple[Split, str], float] = {}
        for split, (logits_NC, gold_NC) in outputs.items():
            self.run.record_outputs(split, epoch, logits_NC, threshold=self._threshold, keep_logits=split == "test")
            metrics[split, "loss"] = loss(logits_NC, gold_NC, self.run.task)
            metrics[split, METRIC_OF_TASK[self.run.task]] = score(logits_NC, gold_NC, self.run.task, self._threshold)
        self.run.record_metrics(epoch, metrics)
        if "train" in outputs:
            self.run.record_el2n(epoch, el2n(*outputs["train"], self.run.task))

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Spool the run."""
        model: nn.Module = kwargs["model"]
        masks = pruned_tensors(model)
        self.run.finish(
            RunSummary(
                last_epoch=self._last_epoch,
                threshold=self._threshold,
                num_parameters=sum(parameter.numel() for parameter in model.parameters()),
                num_prunable=sum(mask.numel() for mask in masks.values()) or None,
                num_pruned=sum(mask.numel() - int(mask.count_nonzero()) for mask in masks.values()) if masks else None,
                versions={name: version(name) for name in ("torch", "transformers")},
            )
        )

    def _outputs(self, split: Split) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The logits [N, C] of a split and its gold labels [N, C]."""
        predicted = self._trainer.predict(self._splits[split])
        logits_NC = np.asarray(predicted.predictions, dtype=np.float32)
        return logits_NC, _gold(np.asarray(predicted.label_ids), logits_NC.shape[1], self.run.task)

    def _record_masks(self, model: nn.Module, epoch: int) -> None:
        """A pruning is recorded where the masks are not those of the epoch before."""
        rows = [describe(name, mask, None) for name, mask in pruned_tensors(model).items()]
        digests = {row.tensor: row.digest for row in rows}
        if digests != self._digests:
            self.run.record_masks(self._num_prunings, epoch, rows)
            self._digests, self._num_prunings = digests, self._num_prunings + 1


def pruned_tensors(model: nn.Module) -> Pruned:
    """The masks that `torch.nn.utils.prune` put on a model, by the names that their tensors have without them."""
    return dict(_pruned_tensors(model))


def _pruned_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for module_name, module in model.named_modules():
        for name, mask in module.named_buffers(recurse=False):
            if name.endswith("_mask") and hasattr(module, f"{name.removesuffix('_mask')}_orig"):
                yield ".".join(filter(None, (module_name, name.removesuffix("_mask")))), mask


def _gold(labels: NDArray[Any], num_classes: int, task: Task) -> NDArray[np.bool_]:
    if task == "multi_label":
        return labels.astype(np.bool_)
    gold_NC: NDArray[np.bool_] = labels[:, None] == np.arange(num_classes)
    return gold_NC
