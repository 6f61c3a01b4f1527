"""An encoder fine-tuned by the stock `transformers.Trainer`, unpruned and pruned, into the warehouse.

    python -m trainer.examples.stock_trainer DATASET CHECKPOINT

trains two seeds of each on a dataset of the warehouse; then `pie publish spool`, and every question has an answer.
"""

import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import Dataset as TorchDataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from store.dataset import Dataset, load_dataset
from store.protocol import UNPRUNED, Split
from store.warehouse import open_warehouse
from store.writer import start_run
from trainer.callback import RecordRun

SETTINGS = {"epochs": 2, "batch_size": 16, "learning_rate": 1e-4, "max_tokens": 64}


class Encoded(TorchDataset):  # type: ignore[type-arg]
    """A split as the Trainer takes it: a dictionary of ids and label for each example."""

    def __init__(self, dataset: Dataset, split: Split, tokenizer: object) -> None:
        examples = dataset.splits[split]
        encoded = tokenizer(  # type: ignore[operator]
            examples["text"].to_pylist(), truncation=True, max_length=SETTINGS["max_tokens"]
        )
        self._ids = encoded["input_ids"]
        self._labels = self._gold(examples["class_ids"].to_pylist(), dataset)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> dict[str, object]:
        return {"input_ids": self._ids[index], "labels": self._labels[index]}

    @staticmethod
    def _gold(class_ids: list[list[int]], dataset: Dataset) -> list[object]:
        if dataset.task == "single_label":
            return [classes[0] for classes in class_ids]
        return [[float(number in classes) for number in range(len(dataset.class_names))] for classes in class_ids]


def fine_tune(
    dataset: Dataset, checkpoint: str, spool: Path, *, seed: int, sparsity: float, warehouse: Path | str | None = None
) -> None:
    """Fine-tune one run and spool it; with a sparsity, its linear layers are pruned by magnitude before training."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    splits = {split: Encoded(dataset, split, tokenizer) for split in dataset.splits}
    set_seed(seed)
    multi_label = dataset.task == "multi_label"
    model = AutoModelForSequenceClassification.from_pretrained(
        checkpoint,
        num_labels=len(dataset.class_names),
        problem_type="multi_label_classification" if multi_label else "single_label_classification",
    )
    for module in model.base_model.modules():
        if sparsity and isinstance(module, nn.Linear):
            prune.l1_unstructured(module, "weight", amount=sparsity)  # type: ignore[no-untyped-call]
    run = start_run(
        spool,
        dataset=dataset.name,
        architecture="encoder",
        seed=seed,
        pruner="MP-AI" if sparsity else UNPRUNED,
        sparsity=sparsity,
        settings=SETTINGS | {"checkpoint": Path(checkpoint).name},
        study="stock trainer",
        warehouse=warehouse,
    )
    with tempfile.TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            output_dir=directory,
            num_train_epochs=SETTINGS["epochs"],
            per_device_train_batch_size=int(SETTINGS["batch_size"]),
            learning_rate=SETTINGS["learning_rate"],
            seed=seed,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            dataloader_pin_memory=torch.cuda.is_available(),
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=splits["train"],
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        trainer.add_callback(RecordRun(trainer, run, splits))
        trainer.train()


def main(name: str, checkpoint: str) -> None:
    """Train two seeds, unpruned and pruned, on a dataset of the warehouse."""
    with open_warehouse(read_only=True) as warehouse:
        dataset = load_dataset(warehouse, name)
    for seed in (0, 1):
        for sparsity in (0.0, 0.9):
            fine_tune(dataset, checkpoint, Path("spool"), seed=seed, sparsity=sparsity)


if __name__ == "__main__":
    main(*sys.argv[1:])
