"""SNLI: made-up pairs in the official format, and the real ones where they are."""

import json
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from store.errors import Refused
from tests.conftest import real_data
from trainer.data import load_dataset_from

Pair = dict[str, Any]


def pair(number: int, label: str = "neutral") -> Pair:
    return {
        "gold_label": label, "sentence1": f"A man {number}.", "sentence2": "He sleeps.", "pairID": f"{number}r1n",
        "sentence1_parse": "(ROOT ...)", "annotator_labels": [label],
    }  # fmt: skip


def corpus(tmp_path: Path, train: Sequence[Pair | str]) -> Path:
    """snli_1.0.zip with what macOS adds to it, as in the official one."""
    archive = tmp_path / "snli_1.0.zip"
    splits = {"train": train, "dev": [pair(1, "entailment"), pair(2, "-")], "test": [pair(3, "contradiction")]}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for split, pairs in splits.items():
            lines = [line if isinstance(line, str) else json.dumps(line) for line in pairs]
            opened.writestr(f"snli_1.0/snli_1.0_{split}.jsonl", "".join(f"{line}\n" for line in lines))
            opened.writestr(f"__MACOSX/snli_1.0/._snli_1.0_{split}.jsonl", b"\x00\x05")
            opened.writestr(f"snli_1.0/snli_1.0_{split}.txt", "the same as a table")
    return archive


def test_pairs_are_premise_blank_hypothesis(tmp_path: Path) -> None:
    train = [pair(1), pair(2, "-"), pair(3, "contradiction"), pair(4, "entailment")]
    archive = corpus(tmp_path, train)
    dataset = load_dataset_from("snli", archive)
    assert dataset.class_names == ("contradiction", "entailment", "neutral")
    assert dataset.splits["train"].to_pylist() == [
        {"text": "A man 1. He sleeps.", "class_ids": [2]},
        {"text": "A man 3. He sleeps.", "class_ids": [0]},
        {"text": "A man 4. He sleeps.", "class_ids": [1]},
    ]
    assert dataset.splits["validation"]["class_ids"].to_pylist() == [[1]]
    assert dataset.splits["test"]["class_ids"].to_pylist() == [[0]]
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "unpacked")
    assert load_dataset_from("snli", tmp_path / "unpacked" / "snli_1.0").digest == dataset.digest


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"gold_label": ', r"row 2: not a JSON object with sentence1, sentence2 and gold_label \(JSONDecodeError"),
        ('{"gold_label": "neutral"}', r"row 2: not a JSON object with .* \(KeyError\('sentence1'\)"),
        ("[]", "row 2: not a JSON object"),
        (pair(9, "maybe"), "row 2: label 'maybe' is not one of the classes contradiction, entailment, neutral"),
        (pair(1), "row 2: pairID '1r1n' is there already"),
        (pair(9) | {"sentence1": "", "sentence2": ""}, "row 2: the text is empty"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: Pair | str, sentence: str) -> None:
    with pytest.raises(Refused, match=f"'snli_1.0.zip/snli_1.0/snli_1.0_train.jsonl', {sentence}"):
        load_dataset_from("snli", corpus(tmp_path, [pair(1), line]))


def test_damaged_and_incomplete_archives_are_sentences(tmp_path: Path) -> None:
    archive = corpus(tmp_path, [pair(number) for number in range(500)])
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-100])
    with pytest.raises(Refused, match=r"snli_1.0.zip' is truncated or damaged"):
        load_dataset_from("snli", archive)
    archive.write_bytes(whole[:300] + bytes(200) + whole[500:])
    with pytest.raises(Refused, match=r"snli_1.0.zip' is truncated or damaged \(at snli_1.0/snli_1.0_train.jsonl: "):
        load_dataset_from("snli", archive)
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("snli_1.0/snli_1.0_train.jsonl", json.dumps(pair(1)))
    with pytest.raises(Refused, match=r"has no pairs in snli_1.0_dev.jsonl; give SNLI 1.0 as distributed"):
        load_dataset_from("snli", archive)


def test_a_large_set_is_not_in_memory_as_it_is_distributed(tmp_path: Path) -> None:
    heavy = pair(0) | {"sentence1_parse": "(ROOT (S)) " * 300}
    archive = corpus(tmp_path, [json.dumps(heavy | {"pairID": str(number)}) for number in range(10_000)])
    tracemalloc.start()
    try:
        load_dataset_from("snli", archive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    distributed = 10_000 * len(json.dumps(heavy))
    assert distributed > 30_000_000 and peak < distributed / 5


def test_the_real_pairs() -> None:
    dataset = load_dataset_from("snli", real_data("snli/snli_1.0.zip"))
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 32_790, "validation": 8_902, "test": 8_792
    }  # fmt: skip
    class_ids = dataset.splits["test"]["class_ids"].combine_chunks().flatten().to_numpy()
    assert [(class_ids == class_id).sum() for class_id in range(3)] == [2_899, 3_010, 2_883]
