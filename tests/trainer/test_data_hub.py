"""The hub: the `datasets` library itself reads repositories that lie on disk; only the network is missing."""

import sys
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

from store.errors import NotFound, Refused
from trainer.data import imdb, load_dataset_from, reuters, snli
from trainer.data.options import Options


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def repository(tmp_path: Path, features: dict[str, Any], **splits: list[dict[str, Any]]) -> str:
    """A folder of Parquet files as a repository of the hub has them, with the features' declarations."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for split, rows in splits.items():
        datasets.Dataset.from_list(rows, features=datasets.Features(features)).to_parquet(folder / f"{split}.parquet")
    return str(folder)


def hub_of(monkeypatch: pytest.MonkeyPatch, folder: str) -> list[tuple[Any, ...]]:
    """Let every repository's name lead to a folder; returns what is asked for."""
    asked: list[tuple[Any, ...]] = []
    real = datasets.load_dataset

    def load_dataset(name: str, configuration: str | None = None, revision: str | None = None) -> Any:
        asked.append((name, configuration, revision))
        return real(folder)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


TEXT = datasets.Value("string")


def test_snli_skips_pairs_without_gold_and_keeps_our_class_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = datasets.ClassLabel(names=["entailment", "neutral", "contradiction"])
    pairs = [{"premise": f"P{i}.", "hypothesis": "H.", "label": i - 1} for i in range(4)]
    folder = repository(
        tmp_path, {"premise": TEXT, "hypothesis": TEXT, "label": label}, train=pairs, validation=pairs, test=pairs
    )
    asked = hub_of(monkeypatch, folder)
    dataset = load_dataset_from("snli")
    assert asked == [(snli.HUB.name, None, None)]
    assert dataset.class_names == ("contradiction", "entailment", "neutral")
    assert dataset.splits["train"].to_pylist() == [
        {"text": "P1. H.", "class_ids": [1]}, {"text": "P2. H.", "class_ids": [2]}, {"text": "P3. H.", "class_ids": [0]},
    ]  # fmt: skip


def test_imdb_leaves_the_unlabelled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = {"text": TEXT, "label": datasets.ClassLabel(names=["neg", "pos"])}
    rows = [{"text": f"review {i}", "label": i % 2} for i in range(20)]
    unlabelled = [{"text": "unlabelled", "label": -1}]
    asked = hub_of(monkeypatch, repository(tmp_path, features, train=rows, test=rows, unsupervised=unlabelled))
    dataset = load_dataset_from("imdb", "hub")
    assert asked == [(imdb.HUB.name, None, None)]
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 16, "validation": 4, "test": 20
    }  # fmt: skip


def test_reuters_is_prepared_as_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = {"text": TEXT, "topics": datasets.List(TEXT)}
    rows = [{"text": f"Up {i} pct.", "topics": ["grain", "corn"][: 1 + i % 2]} for i in range(20)]
    rows += [{"text": "", "topics": ["grain"]}, {"text": "None.", "topics": []}]
    asked = hub_of(monkeypatch, repository(tmp_path, features, train=rows, test=rows[:10]))
    dataset = load_dataset_from("reuters", options=Options(min_documents=10))
    assert asked == [(reuters.HUB.name, "ModHayes", "refs/convert/parquet")]
    assert dataset.class_names == ("corn", "grain") and dataset.num_examples == 30
    assert set(dataset.splits["train"]["text"].to_pylist()) == {"up pct"}


def test_any_repository_by_its_columns(tmp_path: Path) -> None:
    features = {"sentence": TEXT, "topics": datasets.List(datasets.ClassLabel(names=["sea", "air"]))}
    rows = [{"sentence": f"text {i}", "topics": [[0], [1, 0], []][i % 3]} for i in range(9)]
    path = "hub:" + repository(tmp_path, features, train=rows, test=rows)
    dataset = load_dataset_from("mine", path, Options(text_columns=("sentence",), label_column="topics"))
    assert dataset.task == "multi_label" and dataset.class_names == ("air", "sea")
    assert dataset.splits["test"]["class_ids"].to_pylist()[:3] == [[1], [0, 1], []]
    assert list(dataset.splits) == ["train", "test"]
    with pytest.raises(Refused, match=r"/train', row 1: no column 'text'; there are sentence, topics"):
        load_dataset_from("mine", path)
    with pytest.raises(Refused, match="has no split validation, only train, test; name another repository"):
        load_dataset_from("snli", path)


@pytest.mark.parametrize("label", [7, -2])
def test_a_label_out_of_range_is_named(label: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features = datasets.Features({"text": TEXT, "label": datasets.ClassLabel(names=["neg", "pos"])})
    table = pa.table({"text": ["one", "two"], "label": pa.array([1, label], pa.int64())})
    # The library does not check what it reads from a file that declares its classes.
    split = datasets.Dataset(table, datasets.DatasetInfo(features=features))
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: {"train": split, "test": split})
    with pytest.raises(
        Refused, match=f"'stanfordnlp/imdb/train', row 2: label {label} is none of the 2 classes, 0 to 1"
    ):
        load_dataset_from("imdb")


def test_what_cannot_be_fetched_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        NotFound, match=r"Cannot fetch '.*nowhere' from the hub: .*; check the network and the name, or give"
    ):
        load_dataset_from("mine", f"hub:{tmp_path}/nowhere")

    def unreachable(*_: Any, **__: Any) -> Any:
        raise ConnectionError("Couldn't reach 'stanfordnlp/imdb' on the Hub.")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(
        NotFound, match=r"Cannot fetch 'stanfordnlp/imdb' from the hub: Couldn't reach .* on the Hub; check"
    ):
        load_dataset_from("imdb")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        NotFound, match=r"needs the library `datasets`; install it with: pip install 'pie-store\[train\]'"
    ):
        load_dataset_from("imdb")
