"""Datasets: registered once, whole, with readability; faults named by split and row."""

from pathlib import Path

import pyarrow as pa
import pytest
import textstat

from store.dataset import EXAMPLES_SCHEMA, Dataset, load_dataset, register_dataset
from store.errors import NotFound, Refused
from store.text import READABILITY_MEASURES, basic_english
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset


def test_a_dataset_comes_back_as_it_was(warehouse: Warehouse) -> None:
    dataset = made_up_dataset(task="multi_label")
    seen: list[tuple[int, int]] = []
    assert register_dataset(warehouse, dataset, progress=lambda done, total, _: seen.append((done, total))) is True
    assert register_dataset(warehouse, dataset) is False
    assert seen[-1] == (36, 36)
    loaded = load_dataset(warehouse, "tiny")
    assert loaded == dataset and loaded.digest == dataset.digest
    assert warehouse.rows("select d.* from dataset as d") == [
        {"dataset": "tiny", "task": "multi_label", "num_classes": 3, "digest": dataset.digest}
    ]


def test_readability_is_textstats(warehouse: Warehouse) -> None:
    dataset = made_up_dataset()
    register_dataset(warehouse, dataset)
    row = warehouse.rows("select r.* from readability as r where r.split = 'test' and r.example_id = 4")[0]
    text = dataset.splits["test"]["text"][4].as_py()
    assert [row[measure] for measure in READABILITY_MEASURES] == [
        getattr(textstat, measure)(text) for measure in READABILITY_MEASURES
    ]
    assert row["textstat_version"] == "0.7.8"
    example = warehouse.rows("select e.* from example as e where e.split = 'test' and e.example_id = 4")[0]
    assert example["text"] == text and example["class_ids"] == [1] and example["num_tokens"] == 10


def test_basic_english() -> None:
    assert basic_english("It's \"so\" good;<br /> (Really): yes, no.") == [
        "it", "'", "s", "so", "good", "(", "really", ")", "yes", ",", "no", "."
    ]  # fmt: skip


def test_another_content_under_the_same_name_is_refused(warehouse: Warehouse) -> None:
    register_dataset(warehouse, made_up_dataset())
    with pytest.raises(Refused, match="has a dataset 'tiny' with other content"):
        register_dataset(warehouse, made_up_dataset(sizes={"test": 3}))
    with pytest.raises(NotFound, match="No dataset 'other' in the warehouse, which has: tiny; add it with"):
        load_dataset(warehouse, "other")


def examples(*rows: tuple[str, list[int]]) -> pa.Table:
    return pa.table({"text": [row[0] for row in rows], "class_ids": [row[1] for row in rows]}, schema=EXAMPLES_SCHEMA)


@pytest.mark.parametrize(
    ("task", "rows", "sentence"),
    [
        ("single_label", [("a", [0]), (" \n", [1])], "split train, example 1: the text is empty"),
        ("single_label", [("a", [0]), ("b", [2])], "split train, example 1: class 2 is not one of 0 to 1"),
        ("multi_label", [("a", []), ("b", [-1])], "split train, example 1: class -1 is not one of 0 to 1"),
        (
            "single_label",
            [("a", [0]), ("b", [])],
            "split train, example 1: 0 classes, but a single-label example has one",
        ),
        ("single_label", [("a", [0, 1])], "split train, example 0: 2 classes"),
        ("multi_label", [("a", [0, 1]), ("b", [1, 0])], "split train, example 1: its classes are not ascending"),
        ("multi_label", [("a", [1, 1])], "split train, example 0: its classes are not ascending, each once"),
        ("single_label", [], "split train has no examples"),
    ],
)
def test_faulty_examples_are_named(task: str, rows: list[tuple[str, list[int]]], sentence: str) -> None:
    with pytest.raises(Refused, match=f"Dataset 'faulty', {sentence}" if rows else sentence):
        Dataset("faulty", task, ("no", "yes"), {"train": examples(*rows)})  # type: ignore[arg-type]


def test_faulty_datasets_are_named() -> None:
    with pytest.raises(Refused, match=r"needs at least two classes of different names, not \['yes'\]"):
        Dataset("faulty", "single_label", ("yes",), {"train": examples(("a", [0]))})
    with pytest.raises(Refused, match="has split 'dev'; the splits are train, validation, test"):
        Dataset("faulty", "single_label", ("no", "yes"), {"dev": examples(("a", [0]))})  # type: ignore[dict-item]
    with pytest.raises(Refused, match=r"the columns are \['text'\]"):
        Dataset("faulty", "single_label", ("no", "yes"), {"train": pa.table({"text": ["a"]})})


def test_the_digest_covers_texts_labels_names_and_splits() -> None:
    rows = [("a", [0]), ("b", [1])]
    digests = {
        Dataset("d", "single_label", ("no", "yes"), {"train": examples(*rows)}).digest,
        Dataset("d", "single_label", ("no", "yes"), {"test": examples(*rows)}).digest,
        Dataset("d", "single_label", ("yes", "no"), {"train": examples(*rows)}).digest,
        Dataset("d", "multi_label", ("no", "yes"), {"train": examples(*rows)}).digest,
        Dataset("d", "single_label", ("no", "yes"), {"train": examples(*reversed(rows))}).digest,
        Dataset("d", "single_label", ("no", "yes"), {"train": examples(("a", [1]), ("b", [1]))}).digest,
    }
    assert len(digests) == 6


def test_a_failure_while_registering_leaves_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):

        def interrupt(done: int, total: int, what: str) -> None:
            raise KeyboardInterrupt

        register_dataset(warehouse, made_up_dataset(), progress=interrupt)
    assert warehouse.rows("select count(*) as n from example")[0]["n"] == 0
    assert register_dataset(warehouse, made_up_dataset()) is True
