"""AAPD: made-up abstracts in the authors' files, and the real ones where they are."""

import zipfile
from pathlib import Path

import pytest

from store.errors import NotFound, Refused
from tests.conftest import real_data
from trainer.data import load_dataset_from
from trainer.data.options import Options


def write(folder: Path, *splits: str, num_lines: int = 20) -> Path:
    folder.mkdir(exist_ok=True)
    for split in splits:
        (folder / f"text_{split}").write_text("".join(f"{split} abstract {i}\n" for i in range(num_lines)))
        labels = "".join(f"stat.ML {'cs.LG' if i % 2 else 'cs.AI'}\n" for i in range(num_lines))
        (folder / f"label_{split}").write_text(labels)
    return folder


def test_lines_are_paired_and_classes_sorted(tmp_path: Path) -> None:
    said: list[str] = []
    folder = write(tmp_path / "aapd", "train", "val", "test")
    dataset = load_dataset_from("aapd", folder, say=said.append)
    assert dataset.class_names == ("cs.AI", "cs.LG", "stat.ML") and dataset.task == "multi_label"
    assert list(dataset.splits) == ["train", "validation", "test"]
    assert dataset.splits["validation"].to_pylist()[:2] == [
        {"text": "val abstract 0", "class_ids": [0, 2]},
        {"text": "val abstract 1", "class_ids": [1, 2]},
    ]
    assert said == ["AAPD has 54 classes, here are 3."]
    with zipfile.ZipFile(tmp_path / "aapd.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"aapd/{file.name}")
    assert load_dataset_from("aapd", tmp_path / "aapd.zip").digest == dataset.digest


def test_a_training_set_is_cut_only_when_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "aapd", "val", "test")
    with pytest.raises(
        NotFound, match="has no text_train; get it, or cut a training set from the validation set with --cut-train"
    ):
        load_dataset_from("aapd", folder)
    said: list[str] = []
    dataset = load_dataset_from("aapd", folder, Options(cut_train=True), say=said.append)
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 16, "validation": 4, "test": 20
    }  # fmt: skip
    drawn = [text for split in ("train", "validation") for text in dataset.splits[split]["text"].to_pylist()]  # type: ignore[index]
    assert sorted(drawn) == sorted(f"val abstract {number}" for number in range(20))
    assert dataset.train_is_cut
    assert "There is no text_train: 16 of 20 validation texts are the training set." in said
    write(folder, "train")
    assert not load_dataset_from("aapd", folder, Options(cut_train=True), say=said.append).train_is_cut
    assert said[-1] == "The training set is there: --cut-train has no effect."


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "aapd", "train", "val", "test")
    (folder / "text_val").write_text("one\n \nthree\n")
    with pytest.raises(Refused, match="'aapd/text_val' has 3 lines, but label_val has 20; get them anew"):
        load_dataset_from("aapd", folder)
    (folder / "label_val").write_text("a\nb\nc\n")
    with pytest.raises(Refused, match="'aapd/text_val', row 2: the text is empty"):
        load_dataset_from("aapd", folder)
    (folder / "text_val").write_bytes(b"one\ntwo\ncaf\xe9\n")
    with pytest.raises(Refused, match="'aapd/text_val', line 3: byte 11 is not utf-8"):
        load_dataset_from("aapd", folder)
    (folder / "text_val").unlink()
    with pytest.raises(Refused, match="has no text_val; give AAPD's files as distributed"):
        load_dataset_from("aapd", folder)
    (folder / "text_test.txt").write_text("again")
    with pytest.raises(Refused, match=r"has both 'aapd/text_test' and 'aapd/text_test.txt'"):
        load_dataset_from("aapd", folder)
    with pytest.raises(NotFound, match="The hub has no official copy of AAPD"):
        load_dataset_from("aapd")


def test_the_real_abstracts() -> None:
    said: list[str] = []
    dataset = load_dataset_from("aapd", real_data("aapd"), Options(cut_train=True), say=said.append)
    assert len(dataset.class_names) == 54 and len(said) == 1
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 800, "validation": 200, "test": 1000
    }  # fmt: skip
    num_labels = dataset.splits["test"]["class_ids"].combine_chunks().value_lengths().to_numpy()
    assert num_labels.mean() == pytest.approx(2.421) and num_labels.min() == 2
