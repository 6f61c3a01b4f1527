"""From rows of text and labels to a dataset: every row checked, named by its file and number when it is wrong.

Shapes: N examples, C classes.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.dataset import EXAMPLES_SCHEMA
from store.errors import Refused
from store.protocol import Split, Task

_CHUNK = 10_000
"""Texts that are Python strings at a time."""
_MOST_CLASSES = 32_767


def fault(file: str, number: int | None, what: str) -> Refused:
    """An error about a row of a file; a sentence."""
    return Refused(f"'{file}'{'' if number is None else f', row {number}'}: {what}.")


class Row(NamedTuple):
    """One example as it was read."""

    split: Split
    text: str
    labels: Sequence[str]
    file: str
    number: int | None = None
    """Its line or row in the file, from 1; None where the file is the example."""

    def fault(self, what: str) -> Refused:
        """An error about this row."""
        return fault(self.file, self.number, what)


@dataclass(frozen=True)
class Labelled:
    """Examples by split, and the names of their classes in order."""

    class_names: tuple[str, ...]
    splits: dict[Split, pa.Table]


def gather(
    rows: Iterable[Row], task: Task, class_names: Sequence[str] = (), *, order: Callable[[str], Any] | None = None
) -> Labelled:
    """All rows, in their order, as tables by split; memory holds the texts once, in Arrow's form.

    Without `class_names` the classes are those that occur, sorted by `order`. Raises Refused, naming file and row,
    when a text is empty, a single-label row has not exactly one label, or a label is not a class or comes twice.
    """
    numbers = {name: number for number, name in enumerate(class_names)}
    gathered: dict[Split, _Column] = {}
    for row in rows:
        _check(row, task, numbers if class_names else None)
        column = gathered.setdefault(row.split, _Column())
        column.add(row.text, [numbers.setdefault(label, len(numbers)) for label in row.labels])
        if len(numbers) > _MOST_CLASSES:
            raise row.fault(f"more than {_MOST_CLASSES:,} different labels by here; are these the labels")
    names = list(class_names) or sorted(numbers, key=order or str)
    final = np.zeros(len(numbers), dtype=np.int16)
    final[[numbers[name] for name in names]] = np.arange(len(names))
    return Labelled(tuple(names), {split: column.table(final) for split, column in gathered.items()})


def _check(row: Row, task: Task, classes: Mapping[str, int] | None) -> None:
    if not row.text.strip():
        raise row.fault("the text is empty; drop the row or give it a text")
    if task == "single_label" and len(row.labels) != 1:
        raise row.fault(f"{len(row.labels)} labels, but a single-label example has one")
    if len(set(row.labels)) < len(row.labels):
        raise row.fault(f"a label comes twice: {', '.join(row.labels)}")
    for label in row.labels:
        if not label.strip():
            raise row.fault("a label is empty; drop the row or give it a label")
        if classes is not None and label not in classes:
            raise row.fault(f"label '{label}' is not one of the classes {', '.join(classes)}")


def gold_labels(examples: pa.Table, num_classes: int) -> NDArray[np.bool_]:
    """The gold labels [N, C] of a table of EXAMPLES_SCHEMA."""
    class_ids = examples["class_ids"].combine_chunks()
    lengths = class_ids.value_lengths().to_numpy(zero_copy_only=False)
    gold_NC = np.zeros((len(examples), num_classes), dtype=np.bool_)
    gold_NC[np.repeat(np.arange(len(examples)), lengths), class_ids.flatten().to_numpy(zero_copy_only=False)] = True
    return gold_NC


class _Column:
    """The examples of one split, while they come."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._chunks: list[pa.Array] = []
        self._numbers, self._offsets = array("h"), array("i", [0])

    def add(self, text: str, numbers: Iterable[int]) -> None:
        self._texts.append(text)
        self._numbers.extend(numbers)
        self._offsets.append(len(self._numbers))
        if len(self._texts) == _CHUNK:
            self._flush()

    def table(self, final: NDArray[np.int16]) -> pa.Table:
        """The examples, their provisional class numbers made final and ascending."""
        self._flush()
        class_ids = final[np.frombuffer(self._numbers, dtype=np.int16)] if self._numbers else final[:0]
        offsets = np.frombuffer(self._offsets, dtype=np.int32)
        example_of_label = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        class_ids = class_ids[np.lexsort((class_ids, example_of_label))]
        lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(class_ids))
        texts = pa.chunked_array(self._chunks, pa.string())
        return pa.table({"text": texts, "class_ids": lists}, schema=EXAMPLES_SCHEMA)

    def _flush(self) -> None:
        self._chunks.append(pa.array(self._texts, pa.string()))
        self._texts.clear()
