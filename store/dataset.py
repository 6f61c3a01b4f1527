"""Datasets in the warehouse: registered once, with their content's digest and every example's readability."""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from store.errors import NotFound, Refused
from store.progress import Progress, unseen
from store.protocol import SPLITS, Split, Task
from store.warehouse import Warehouse

EXAMPLES_SCHEMA = pa.schema([("text", pa.string()), ("class_ids", pa.list_(pa.int16()))])
_CHUNK = 256
"""Examples a process scores at a time."""


_DATASETS = """
    select d.dataset, d.task, d.dataset in (select c.dataset from cut_train as c) as train_is_cut
    from dataset as d
    order by d.dataset
    """


@dataclass(frozen=True)
class Dataset:
    """A labelled dataset: its examples by split, each a table of EXAMPLES_SCHEMA, numbered by their row.

    Raises Refused, naming split and row, when a text is empty or a gold class is out of range.
    """

    name: str
    task: Task
    class_names: tuple[str, ...]
    splits: Mapping[Split, pa.Table]
    train_is_cut: bool = False
    """Whether the training set was cut from the validation set, for want of the official one."""

    def __post_init__(self) -> None:
        if len(self.class_names) < 2 or len(set(self.class_names)) != len(self.class_names):
            raise Refused(
                f"Dataset '{self.name}' needs at least two classes of different names, not {list(self.class_names)}."
            )
        for split, examples in self.splits.items():
            if split not in SPLITS:
                raise Refused(f"Dataset '{self.name}' has split '{split}'; the splits are {', '.join(SPLITS)}.")
            self._check_examples(split, examples)

    def _check_examples(self, split: Split, examples: pa.Table) -> None:
        where = f"Dataset '{self.name}', split {split}"
        if not examples.schema.equals(EXAMPLES_SCHEMA):
            raise Refused(
                f"{where}: the columns are {examples.schema.names}, not text (string) and class_ids (list of int16)."
            )
        if len(examples) == 0:
            raise Refused(f"{where} has no examples; leave the split out.")
        blank = pc.index(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(examples["text"])), 0), True).as_py()
        if blank >= 0:
            raise Refused(f"{where}, example {blank}: the text is empty; drop the example or give it a text.")
        class_ids, lengths = pc.list_flatten(examples["class_ids"]), pc.list_value_length(examples["class_ids"])
        parents = pc.list_parent_indices(examples["class_ids"])
        outside = pc.index(
            pc.or_(pc.less(class_ids, 0), pc.greater_equal(class_ids, len(self.class_names))), True
        ).as_py()
        if outside >= 0:
            raise Refused(
                f"{where}, example {parents[outside]}: class {class_ids[outside]} is not one of 0 to {len(self.class_names) - 1}."
            )
        if self.task == "single_label":
            wrong = pc.index(pc.not_equal(lengths, 1), True).as_py()
            if wrong >= 0:
                raise Refused(
                    f"{where}, example {wrong}: {lengths[wrong]} classes, but a single-label example has one."
                )
        same_example = pc.equal(parents[1:], parents[:-1])
        falling = pc.index(pc.and_(same_example, pc.less_equal(class_ids[1:], class_ids[:-1])), True).as_py()
        if falling >= 0:
            raise Refused(f"{where}, example {parents[falling]}: its classes are not ascending, each once.")

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hexadecimal digits) over task, class names, and every example's text and classes by split."""
        digest = hashlib.sha256(json.dumps([self.task, list(self.class_names)], ensure_ascii=False).encode())
        for split in SPLITS:
            if split in self.splits:
                digest.update(f"\n{split} {len(self.splits[split])}\n".encode())
                for text, class_ids in _examples_of(self.splits[split]):
                    digest.update(json.dumps([text, class_ids], ensure_ascii=False).encode())
        return digest.hexdigest()

    def gold(self, split: Split) -> NDArray[np.bool_]:
        """The gold labels of a split: [N, C] for N examples and C classes."""
        class_ids = self.splits[split]["class_ids"].combine_chunks()
        gold_NC = np.zeros((len(class_ids), len(self.class_names)), dtype=np.bool_)
        counts = class_ids.value_lengths().to_numpy(zero_copy_only=False)
        gold_NC[np.repeat(np.arange(len(class_ids)), counts), class_ids.flatten().to_numpy(zero_copy_only=False)] = True
        return gold_NC

    @property
    def num_examples(self) -> int:
        """Number of examples in all splits together."""
        return sum(len(examples) for examples in self.splits.values())


@dataclass(frozen=True)
class DatasetFacts:
    """What a run's outputs must fit."""

    name: str
    task: Task
    num_classes: int
    digest: str
    num_examples: Mapping[Split, int]


def facts_of(warehouse: Warehouse, name: str) -> DatasetFacts | None:
    """What runs on a dataset must fit, None without such a dataset; read once, as a dataset never changes."""
    if name not in warehouse.datasets:
        found = warehouse.rows(
            """
            select d.task, d.num_classes, d.digest, e.split, count(*) as num_examples
            from dataset as d
            join example as e on e.dataset = d.dataset
            where d.dataset = $name
            group by d.task, d.num_classes, d.digest, e.split
            """,
            {"name": name},
        )
        if not found:
            return None
        sizes = {row["split"]: row["num_examples"] for row in found}
        first = found[0]
        warehouse.datasets[name] = DatasetFacts(name, first["task"], first["num_classes"], first["digest"], sizes)
    return warehouse.datasets[name]


def register_dataset(warehouse: Warehouse, dataset: Dataset, *, progress: Progress = unseen) -> bool:
    """Put a dataset into the warehouse, with its token counts and readability, in one transaction.

    `progress` is told how many examples are scored. Returns False, at once, when it is there already.
    Raises Refused when other content has that name.
    """
    if _registered(warehouse, dataset):
        return False
    tables = list(_scored(dataset, progress))
    with warehouse.transaction(f"add dataset {dataset.name}"):
        if _registered(warehouse, dataset):
            return False
        warehouse.execute(
            "insert into dataset values ($dataset, $task, $num_classes, $digest)",
            {
                "dataset": dataset.name,
                "task": dataset.task,
                "num_classes": len(dataset.class_names),
                "digest": dataset.digest,
            },
        )
        if dataset.train_is_cut:
            warehouse.execute("insert into cut_train values ($dataset)", {"dataset": dataset.name})
        _insert(warehouse, "class", _class_table(dataset))
        for examples, readabilities in tables:
            _insert(warehouse, "example", examples)
            _insert(warehouse, "readability", readabilities)
    return True


def load_dataset(warehouse: Warehouse, name: str) -> Dataset:
    """A dataset as it was registered. Raises NotFound, listing those that are there."""
    datasets = {row["dataset"]: row for row in warehouse.rows(_DATASETS)}
    if name not in datasets:
        there = ", ".join(datasets) or "none"
        raise NotFound(
            f"No dataset '{name}' in the warehouse, which has: {there}; add it with `pie data add {name} --path ...`."
        )
    classes = warehouse.rows(
        "select c.name from class as c where c.dataset = $name order by c.class_id", {"name": name}
    )
    splits: dict[Split, pa.Table] = {}
    for split in SPLITS:
        examples = warehouse.query(
            "select e.text, e.class_ids from example as e where e.dataset = $name and e.split = $split order by e.example_id",
            {"name": name, "split": split},
        )
        if len(examples):
            splits[split] = examples.cast(EXAMPLES_SCHEMA)
    found = datasets[name]
    return Dataset(name, found["task"], tuple(row["name"] for row in classes), splits, found["train_is_cut"])


def _registered(warehouse: Warehouse, dataset: Dataset) -> bool:
    found = warehouse.rows("select d.digest from dataset as d where d.dataset = $name", {"name": dataset.name})
    if found and found[0]["digest"] != dataset.digest:
        raise Refused(
            f"The warehouse has a dataset '{dataset.name}' with other content; register the new one under another name."
        )
    return bool(found)


def _class_table(dataset: Dataset) -> pa.Table:
    num_classes = len(dataset.class_names)
    return pa.table(
        {"dataset": [dataset.name] * num_classes, "class_id": range(num_classes), "name": dataset.class_names}
    )


def _scored(dataset: Dataset, progress: Progress) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows of `example` and `readability` of each split; the scores by all cores, as they take a millisecond a text."""
    done = 0
    for split, examples in dataset.splits.items():
        scores: list[tuple[float, ...]] = []
        for chunk in _score_chunks(examples["text"].to_pylist()):
            scores += chunk
            progress(done + len(scores), dataset.num_examples, f"readability of {dataset.name}")
        done += len(scores)
        yield _example_rows(dataset.name, split, examples, scores)


def _score_chunks(texts: list[str]) -> Iterable[list[tuple[float, ...]]]:
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    workers = min(len(chunks), os.cpu_count() or 1)
    if workers == 1:
        yield from map(score_texts, chunks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(score_texts, chunks)


def score_texts(texts: list[str]) -> list[tuple[float, ...]]:
    """For each text its number of tokens, then its scores in the order of READABILITY_MEASURES."""
    from store.text import basic_english, readability  # textstat takes a second to import: only who scores pays

    return [(len(basic_english(text)), *readability(text)) for text in texts]


def _example_rows(
    name: str, split: str, examples: pa.Table, scores: list[tuple[float, ...]]
) -> tuple[pa.Table, pa.Table]:
    from store.text import READABILITY_MEASURES

    num_tokens, *columns = zip(*scores, strict=True)
    keys = {"dataset": [name] * len(scores), "split": [split] * len(scores), "example_id": range(len(scores))}
    example_rows = keys | {"text": examples["text"], "class_ids": examples["class_ids"], "num_tokens": num_tokens}
    readability_rows = keys | dict(zip(READABILITY_MEASURES, columns, strict=True))
    readability_rows |= {"textstat_version": [version("textstat")] * len(scores)}
    return pa.table(example_rows), pa.table(readability_rows)


def _insert(warehouse: Warehouse, table: str, rows: pa.Table) -> None:
    with warehouse.register("new_rows", rows):
        warehouse.execute(f"insert into {table} by name select * from new_rows")


def _examples_of(examples: pa.Table) -> Iterator[tuple[str, list[int]]]:
    for batch in examples.to_batches():
        yield from zip(batch["text"].to_pylist(), batch["class_ids"].to_pylist(), strict=True)
