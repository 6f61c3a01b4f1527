"""Gathering rows: class numbers, and every fault named by file and row."""

import pyarrow as pa
import pytest

from store.errors import Refused
from store.protocol import Task
from trainer.data import examples as module
from trainer.data.examples import Row, gather, gold_labels


def rows(*examples: tuple[str, list[str]]) -> list[Row]:
    return [Row("train", text, labels, "a.csv", number) for number, (text, labels) in enumerate(examples, start=1)]


def class_ids(table: pa.Table) -> list[list[int]]:
    return table["class_ids"].to_pylist()  # type: ignore[no-any-return]


def test_classes_are_sorted_and_numbered() -> None:
    labelled = gather(rows(("x", ["sea"]), ("y", ["air", "sea"]), ("z", []), ("w", ["land", "air"])), "multi_label")
    assert labelled.class_names == ("air", "land", "sea")
    assert class_ids(labelled.splits["train"]) == [[2], [0, 2], [], [0, 1]]
    assert gold_labels(labelled.splits["train"], 3).astype(int).tolist() == [[0, 0, 1], [1, 0, 1], [0, 0, 0], [1, 1, 0]]


def test_classes_that_are_given_keep_their_order() -> None:
    labelled = gather(rows(("x", ["sea"]), ("y", ["air"])), "single_label", ("sea", "land", "air"))
    assert labelled.class_names == ("sea", "land", "air") and class_ids(labelled.splits["train"]) == [[0], [2]]


def test_chunks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    table = gather(rows(*((f"text {number}", ["a"]) for number in range(5))), "single_label", ("a",)).splits["train"]
    assert table["text"].to_pylist() == [f"text {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("task", "example", "sentence"),
    [
        ("single_label", (" \t", ["a"]), "'a.csv', row 2: the text is empty; drop the row or give it a text."),
        ("single_label", ("x", []), "'a.csv', row 2: 0 labels, but a single-label example has one."),
        ("single_label", ("x", ["a", "b"]), "'a.csv', row 2: 2 labels, but a single-label example has one."),
        ("single_label", ("x", [""]), "'a.csv', row 2: a label is empty; drop the row or give it a label."),
        ("single_label", ("x", ["c"]), "'a.csv', row 2: label 'c' is not one of the classes a, b."),
        ("multi_label", ("x", ["a", "a"]), "'a.csv', row 2: a label comes twice: a, a."),
    ],
)
def test_a_faulty_row_is_named(task: Task, example: tuple[str, list[str]], sentence: str) -> None:
    with pytest.raises(Refused) as raised:
        gather(rows(("fine", ["a"]), example), task, ("a", "b"))
    assert str(raised.value) == sentence


def test_a_column_of_texts_taken_for_labels_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_CLASSES", 3)
    with pytest.raises(Refused, match=r"'a.csv', row 4: more than 3 different labels by here"):
        gather(rows(*((f"text {number}", [f"label {number}"]) for number in range(9))), "single_label")
