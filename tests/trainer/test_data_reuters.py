"""Reuters-21578: a made-up distribution in SGML, and the real one where it is."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from store.errors import Refused
from store.text import basic_english
from tests.conftest import real_data
from trainer.data import load_dataset_from
from trainer.data.examples import gold_labels
from trainer.data.options import Options
from trainer.data.reuters import cleaned


def document(
    new_id: int, topics: list[str], body: str | None = "Wheat &lt;up> 5 pct,\nsaid U.S. Zuf\xfchrung.\n&#3;"
) -> str:
    """One document as the distribution has it: entities, control characters, a title, other lists of <D>."""
    text = "" if body is None else f"<DATELINE>    ROME, May 1 - </DATELINE><BODY>{body}</BODY>"
    listed = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" CGISPLIT="TRAINING-SET" OLDID="5" NEWID="{new_id}">\n'
        f"<TOPICS>{listed}</TOPICS>\n<PLACES><D>italy</D></PLACES>\n"
        f"<TEXT>&#2;\n<TITLE>A TITLE</TITLE>{text}</TEXT>\n</REUTERS>\n"
    )


def write(folder: Path, *files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, documents in enumerate(files):
        content = f'<!DOCTYPE lewis SYSTEM "lewis.dtd">\n{documents}'
        (folder / f"reut2-{number:03}.sgm").write_bytes(content.encode("latin-1"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """20 documents of each of grain and money-fx, 10 of them of both; one topic that is rare, one without a body."""
    grain = [document(number, ["grain"] + ["money-fx"] * (number % 2)) for number in range(20)]
    money = [document(number + 20, ["money-fx"]) for number in range(10)]
    others = [document(30, ["rare"]), document(31, ["grain"], None), document(32, [])]
    return write(tmp_path / "reuters21578", "".join(grain), "".join(money + others))


def test_frequent_topics_and_documents_with_a_body_remain(folder: Path) -> None:
    said: list[str] = []
    dataset = load_dataset_from("reuters", folder, Options(min_documents=20), say=said.append)
    assert dataset.class_names == ("grain", "money-fx") and dataset.task == "multi_label"
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 22, "validation": 4, "test": 4
    }  # fmt: skip
    gold_NC = np.concatenate([gold_labels(examples, 2) for examples in dataset.splits.values()])
    assert gold_NC.sum(axis=0).tolist() == [20, 20] and gold_NC.all(axis=1).sum() == 10
    for examples in dataset.splits.values():
        assert set(examples["text"].to_pylist()) == {"wheat up pct said us zuf\xfchrung"}
    assert said == ["Reuters-21578 has 21,578 documents, here are 33."]
    with tarfile.open(folder.parent / "reuters21578.tar.gz", "w:gz") as archive:
        for file in folder.iterdir():
            archive.add(file, file.name)
    assert (
        load_dataset_from("reuters", folder.parent / "reuters21578.tar.gz", Options(min_documents=20)).digest
        == dataset.digest
    )


def test_cleaned() -> None:
    assert cleaned("  The U.S. -- $1.5 mln,\n'87 pact_ed\n") == "the us mln pacted"


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        (document(1, ["grain"]) + document(2, ["grain"])[:-20], r"'r/reut2-000.sgm', row 2: the document has no end: the file is truncated"),
        (document(1, ["grain"]).replace("NEWID", "ID"), r"'r/reut2-000.sgm', row 1: the document lacks NEWID or TOPICS"),
        (document(1, ["grain"]) * 2, r"'r/reut2-000.sgm', row 2: the document NEWID 1 is there already"),
        (document(1, ["a"]) + document(2, ["b"], "1987 + 5"), "'r/reut2-000.sgm', row 2: the text is empty"),
        (document(1, ["a"]) + document(2, ["a"]), "has 1 topics with at least 1 documents"),
        ("", r"has no documents in reut2-\*.sgm; give Reuters-21578 as distributed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, documents: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        load_dataset_from("reuters", write(tmp_path / "r", documents), Options(min_documents=1))


def test_the_real_distribution() -> None:
    said: list[str] = []
    dataset = load_dataset_from("reuters", real_data("reuters21578/reuters21578.tar.gz"), say=said.append)
    assert said == [] and len(dataset.class_names) == 23 and dataset.class_names[:3] == ("acq", "bop", "coffee")
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 6737, "validation": 1440, "test": 1429
    }  # fmt: skip
    texts = [text for examples in dataset.splits.values() for text in examples["text"].to_pylist()]
    num_tokens = [len(basic_english(text)) for text in texts]
    assert round(np.mean(num_tokens)) in (125, 126) and np.median(num_tokens) in (78, 79)
    assert round(np.std(num_tokens)) == 137
    share_C = np.concatenate([gold_labels(examples, 23) for examples in dataset.splits.values()]).mean(axis=0)
    for split, examples in dataset.splits.items():
        assert np.allclose(gold_labels(examples, 23).mean(axis=0), share_C, rtol=0.03, atol=0.001), split
    # What is drawn, and so every run's identity, must not change.
    assert dataset.digest.startswith("40f1b2d5")
