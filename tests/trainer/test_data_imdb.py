"""IMDB: a made-up one in the official layout, and the real one where it is."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from store.errors import NotFound, Refused
from tests.conftest import real_data
from trainer.data import load_dataset_from
from trainer.data.examples import gold_labels
from trainer.data.options import Options


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """aclImdb with 20 training and 10 test reviews of each class, and what else lies there."""
    root = tmp_path / "aclImdb"
    for split, count in (("train", 20), ("test", 10)):
        for label, rating in (("neg", 2), ("pos", 9)):
            directory = root / split / label
            directory.mkdir(parents=True)
            for number in range(count):
                (directory / f"{number}_{rating}.txt").write_text(f"{split} {label} {number}: caf\u00e9<br />", "utf-8")
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "0_0.txt").write_text("unlabelled")
    (root / "imdb.vocab").write_text("the")
    return root


def packed(folder: Path) -> Path:
    archive = folder.parent / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        # The archive's order is not the sorted one.
        for file in sorted(folder.rglob("*.txt"), reverse=True):
            tar.add(file, file.relative_to(folder.parent).as_posix())
    return archive


def test_folder_and_archive_are_the_same(folder: Path) -> None:
    said: list[str] = []
    dataset = load_dataset_from("imdb", folder, say=said.append)
    assert dataset.class_names == ("neg", "pos")
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 32, "validation": 8, "test": 20
    }  # fmt: skip
    assert said == ["The training set has 40 of 25,000 reviews: a fifth is the validation set."]
    archive = packed(folder)
    downloads = folder.parent / "downloads"
    downloads.mkdir()
    shutil.copy(archive, downloads)
    for path in (folder.parent, archive, downloads):
        assert load_dataset_from("imdb", path).digest == dataset.digest


def test_the_validation_set_is_drawn_stratified_from_the_training_set(folder: Path) -> None:
    dataset = load_dataset_from("imdb", folder, Options(seed=1))
    for split, source in (("train", "train"), ("validation", "train"), ("test", "test")):
        examples = dataset.splits[split]  # type: ignore[index]
        assert gold_labels(examples, 2).mean(axis=0).tolist() == [0.5, 0.5]
        for example in examples.to_pylist():
            assert example["text"].startswith(f"{source} {dataset.class_names[example['class_ids'][0]]} ")
            assert example["text"].endswith("caf\u00e9<br />")
    assert dataset.digest != load_dataset_from("imdb", folder).digest
    assert len(load_dataset_from("imdb", folder, Options(validation_size=10)).splits["validation"]) == 10


def test_what_is_wrong_is_named(folder: Path) -> None:
    archive = packed(folder)
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(Refused, match=r"aclImdb_v1.tar.gz' is truncated or damaged \(at aclImdb/.*; get it anew"):
        load_dataset_from("imdb", archive)
    archive.write_bytes(b"not an archive at all")
    with pytest.raises(Refused, match=r"aclImdb_v1.tar.gz' is truncated or damaged"):
        load_dataset_from("imdb", archive)
    (folder / "train" / "neg" / "7_2.txt").write_bytes(b"line one\ncaf\xe9")
    with pytest.raises(Refused, match=r"'aclImdb/train/neg/7_2.txt', line 2: byte 12 is not utf-8; convert"):
        load_dataset_from("imdb", folder)
    (folder / "train" / "neg" / "7_2.txt").write_text("\n")
    with pytest.raises(Refused, match=r"'aclImdb/train/neg/7_2.txt': the text is empty"):
        load_dataset_from("imdb", folder)
    shutil.rmtree(folder / "test")
    with pytest.raises(Refused, match=r"train/neg/7_2.txt': the text is empty"):
        load_dataset_from("imdb", folder)
    (folder / "train" / "neg" / "7_2.txt").unlink()
    with pytest.raises(Refused, match="has no reviews in test/neg or test/pos; give aclImdb as distributed"):
        load_dataset_from("imdb", folder)
    with pytest.raises(NotFound, match=r"No file or folder at '.*nowhere'"):
        load_dataset_from("imdb", folder / "nowhere")
    with pytest.raises(Refused, match=r"imdb.vocab' is neither a folder nor an archive \(.zip, .tar"):
        load_dataset_from("imdb", folder / "imdb.vocab")


def test_a_review_that_is_there_twice_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "aclImdb.tar"
    with tarfile.open(archive, "w") as tar:
        for _ in range(2):
            entry = tarfile.TarInfo("aclImdb/train/pos/3_9.txt")
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"text"))
    with pytest.raises(Refused, match=r"'aclImdb.tar/aclImdb/train/pos/3_9.txt' is in '.*' twice"):
        load_dataset_from("imdb", archive)


def test_the_real_reviews() -> None:
    said: list[str] = []
    dataset = load_dataset_from("imdb", real_data("imdb/aclImdb_v1.tar.gz"), say=said.append)
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 18_000, "validation": 4_500, "test": 22_500
    }  # fmt: skip
    for examples in dataset.splits.values():
        assert gold_labels(examples, 2).mean(axis=0).tolist() == [0.5, 0.5]
    assert said == ["The training set has 22,500 of 25,000 reviews: a fifth is the validation set."]
