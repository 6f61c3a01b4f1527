"""Any dataset from CSV, JSON lines or Parquet: columns, classes, splits, and faults named by file and row."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.dataset import Dataset
from store.errors import NotFound, Refused
from trainer.data import load_dataset_from
from trainer.data.options import Options

ROWS = [
    {"text": 'He said "no",\nand left.', "label": "no", "split": "train"},
    {"text": "Yes; of course", "label": "yes", "split": "train"},
    {"text": "Caf\u00e9, yes", "label": "yes", "split": "dev"},
    {"text": "Not at all", "label": "no", "split": "test"},
]
BY_SPLIT = Options(split_column="split")


def write(tmp_path: Path, kind: str, rows: list[dict[str, Any]] | None = None, encoding: str = "utf-8") -> Path:
    rows = ROWS if rows is None else rows
    file = tmp_path / f"table.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file
    if kind.startswith("jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        quoted = [['"' + str(cell).replace('"', '""') + '"' for cell in row.values()] for row in rows]
        text = "\r\n".join(("\t" if kind == "tsv" else ",").join(cells) for cells in [list(rows[0]), *quoted])
    file.write_bytes(gzip.compress(text.encode(encoding)) if kind.endswith(".gz") else text.encode(encoding))
    return file


def single(*labels: Any) -> list[dict[str, Any]]:
    return [{"text": f"text {number}", "label": label} for number, label in enumerate(labels)]


def sizes(dataset: Dataset) -> dict[str, int]:
    return {split: len(examples) for split, examples in dataset.splits.items()}


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_every_format_gives_the_same_dataset(tmp_path: Path, kind: str) -> None:
    dataset = load_dataset_from("mine", write(tmp_path, kind), BY_SPLIT)
    assert dataset.class_names == ("no", "yes") and dataset.task == "single_label"
    assert dataset.splits["train"].to_pylist() == [
        {"text": 'He said "no",\nand left.', "class_ids": [0]},
        {"text": "Yes; of course", "class_ids": [1]},
    ]
    assert dataset.splits["validation"]["text"].to_pylist() == ["Caf\u00e9, yes"]
    assert sizes(dataset) == {"train": 2, "validation": 1, "test": 1}


def test_a_format_may_be_named(tmp_path: Path) -> None:
    file = write(tmp_path, "csv").rename(tmp_path / "table.txt")
    assert sizes(load_dataset_from("mine", file, BY_SPLIT, format="csv")) == {"train": 2, "validation": 1, "test": 1}
    with pytest.raises(Refused, match=r"'.*table.txt' is of no known format: .* name one with --format"):
        load_dataset_from("mine", file, BY_SPLIT)
    with pytest.raises(Refused, match=r"There is no format 'xml'; the formats are rotten_tomatoes, .*parquet"):
        load_dataset_from("mine", file, BY_SPLIT, format="xml")


def test_without_a_split_column_splits_are_drawn(tmp_path: Path) -> None:
    file = write(tmp_path, "jsonl", single(*["a", "b"] * 50))
    assert sizes(load_dataset_from("mine", file)) == {"train": 70, "validation": 15, "test": 15}
    options = Options(train_size=20, validation_size=0, test_size=10)
    assert sizes(load_dataset_from("mine", file, options)) == {"train": 20, "test": 10}


def test_a_validation_set_may_be_cut_from_given_splits(tmp_path: Path) -> None:
    rows = [row | {"split": "train" if number < 40 else "test"} for number, row in enumerate(single(*["a", "b"] * 25))]
    file = write(tmp_path, "csv", rows)
    assert sizes(load_dataset_from("mine", file, BY_SPLIT)) == {"train": 40, "test": 10}
    options = Options(split_column="split", validation_size=0.25)
    assert sizes(load_dataset_from("mine", file, options)) == {"train": 30, "validation": 10, "test": 10}


def test_lists_of_labels_are_multi_label(tmp_path: Path) -> None:
    rows = [{"text": f"text {number}", "label": labels} for number, labels in enumerate([["b", "a"], [], ["b"]] * 10)]
    for kind in ("jsonl", "parquet"):
        dataset = load_dataset_from("mine", write(tmp_path, kind, rows))
        assert dataset.task == "multi_label" and dataset.class_names == ("a", "b")
    delimited = [row | {"label": "; ".join(row["label"])} for row in rows]  # type: ignore[arg-type]
    assert (
        load_dataset_from("mine", write(tmp_path, "csv", delimited), Options(label_delimiter=";")).digest
        == dataset.digest
    )


def test_numbers_are_classes_in_their_order(tmp_path: Path) -> None:
    rows = single(*[10, 2, 1] * 10)
    for kind in ("csv", "jsonl", "parquet"):
        assert load_dataset_from("mine", write(tmp_path, kind, rows)).class_names == ("1", "2", "10")
    assert load_dataset_from("mine", write(tmp_path, "jsonl", single(*[True, False] * 10))).class_names == (
        "false",
        "true",
    )


def test_columns_may_have_other_names_and_texts_several(tmp_path: Path) -> None:
    rows = [{"premise": f"P{i}.", "hypothesis": "H.", "gold": "ab"[i % 2], "split": "train", "id": i} for i in range(4)]
    options = Options(text_columns=("premise", "hypothesis"), label_column="gold", split_column="split", id_column="id")
    dataset = load_dataset_from("mine", write(tmp_path, "csv", rows), options)
    assert dataset.splits["train"]["text"].to_pylist() == ["P0. H.", "P1. H.", "P2. H.", "P3. H."]
    again = [row | {"id": 1} for row in rows]
    with pytest.raises(Refused, match=r"table.csv', row 2: id '1' is there already; every row has its own"):
        load_dataset_from("mine", write(tmp_path, "csv", again), options)


def test_other_encodings(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", encoding="latin-1")
    with pytest.raises(Refused, match=r"table.csv', line 5: byte \d+ is not utf-8; convert the file to utf-8"):
        load_dataset_from("mine", file, BY_SPLIT)
    options = Options(split_column="split", encoding="latin-1")
    expected = load_dataset_from("mine", write(tmp_path, "tsv"), BY_SPLIT).digest
    assert load_dataset_from("mine", file, options).digest == expected
    marked = write(tmp_path, "csv", encoding="utf-8-sig")
    assert load_dataset_from("mine", marked, BY_SPLIT).digest == expected
    with pytest.raises(Refused, match="There is no encoding 'klingon'; name one that Python knows"):
        load_dataset_from("mine", file, Options(encoding="klingon"))


def test_a_text_may_be_long(tmp_path: Path) -> None:
    rows = [{"text": "long " * 100_000, "label": label, "split": "train"} for label in ("a", "b")]
    dataset = load_dataset_from("mine", write(tmp_path, "csv", rows), BY_SPLIT)
    assert len(dataset.splits["train"]["text"][0].as_py()) == 500_000


@pytest.mark.parametrize(
    ("kind", "content", "options", "sentence"),
    [
        ("csv", "text,label\nfine,a\n,b\n", Options(), "', row 2: the text is empty"),
        ("csv", "text,label\nfine,a\nno label,\n", Options(), "', row 2: a label is empty"),
        ("csv", "text,label\nfine,a\none, two,b\n", Options(), "', row 2: 3 cells, but the header has 2"),
        ("csv", 'text,label\nfine,a\n"cut of', Options(), "', row 2: not CSV: unexpected end of data"),
        ("csv", "text,label\nfine,a\nb,c\n", Options(class_names=("a", "b")), "', row 2: label 'c' is not one of the classes a, b"),
        ("csv", "body,label\nfine,a\n", Options(), "', row 1: no column 'text'; there are body, label"),
        ("csv", "text,label\nfine,a\n", Options(id_column="id"), "', row 1: no column 'id'; there are text, label"),
        ("csv", "text,label,split\nfine,a,train\nfine,b,unused\n", BY_SPLIT, "', row 2: split 'unused' is not train"),
        ("csv", "text,label\n", Options(), "' has no rows"),
        ("jsonl", '{"text": "fine", "label": "a"}\n{"text": \n', Options(), "', row 2: not JSON: "),
        ("jsonl", '[{"text": "fine"}]\n', Options(), "', row 1: not a JSON object; write one object on each line"),
        ("jsonl", '{"text": "fine", "label": "a"}\n{"text": "fine"}\n', Options(), "', row 2: no column 'label'"),
        ("jsonl", '{"text": "fine", "label": "a"}\n{"text": 7, "label": "b"}\n', Options(), "', row 2: column 'text' holds 7, not a text"),
        ("jsonl", '{"text": "fine", "label": "a"}\n{"text": "x", "label": null}\n', Options(), "', row 2: 0 labels, but"),
        ("jsonl", '{"text": "fine", "label": ["a"]}\n{"text": "x", "label": ["a", "a"]}\n', Options(), "', row 2: a label comes twice"),
        ("parquet", "not parquet", Options(), r"' is truncated or damaged after row 0 \("),
        ("csv.gz", "not gzip", Options(), r"' is truncated or damaged \("),
    ],
)  # fmt: skip
def test_a_faulty_file_is_named(tmp_path: Path, kind: str, content: str, options: Options, sentence: str) -> None:
    file = tmp_path / f"table.{kind}"
    file.write_text(content)
    with pytest.raises(Refused, match=f"'.*table.{kind}{sentence}"):
        load_dataset_from("mine", file, options)


def test_truncated_compressed_and_missing_files_are_sentences(tmp_path: Path) -> None:
    for kind in ("csv.gz", "parquet"):
        file = write(tmp_path, kind)
        file.write_bytes(file.read_bytes()[:-20])
        with pytest.raises(Refused, match=f"table.{kind}' is truncated or damaged"):
            load_dataset_from("mine", file, BY_SPLIT)
    with pytest.raises(NotFound, match=r"No file at '.*nowhere.csv'; give the dataset's file with --path"):
        load_dataset_from("mine", tmp_path / "nowhere.csv")
    with pytest.raises(Refused, match="Dataset 'mine' needs a file: give it with --path"):
        load_dataset_from("mine")
    with pytest.raises(Refused, match="'my data' is no name for a dataset"):
        load_dataset_from("my data", tmp_path)
    with pytest.raises(Refused, match="text_columns has a name twice: a, a"):
        Options(text_columns=("a", "a"))
