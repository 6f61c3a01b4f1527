"""Copies in memory answer as the lake does: of every question, after a commit, in a transaction that began before, when growing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.question import Question, answering, ask_arrow, used
from analysis.questions import QUESTIONS
from store import in_memory
from store.answers import Variant, store_answers
from store.errors import QueryFailed
from store.warehouse import Warehouse, open_warehouse
from tests.analysis.studies import both_seeds, insert_both, single
from tests.warehouses import MadeUpRun, MadeUpStudy, insert

RATE, PIES = QUESTIONS["pie-rate"], QUESTIONS["pies"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Path:
    """Two studies whose answers are all stored."""
    path = tmp_path_factory.mktemp("filled") / "warehouse"
    with open_warehouse(shutil.copytree(empty_warehouse, path)) as opened:
        insert_both(opened)
        store_all(opened)
    return path


@pytest.fixture(scope="module")
def lake(filled: Path) -> Iterator[Warehouse]:
    with open_warehouse(filled, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def copied(filled: Path) -> Iterator[Warehouse]:
    """The same, of which there are copies in memory."""
    with open_warehouse(filled, read_only=True) as opened:
        ask_often(opened, RATE)
        yield opened


@pytest.fixture
def url(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "warehouse"))


@pytest.fixture
def reader(url: Path) -> Iterator[Warehouse]:
    with open_warehouse(url, read_only=True) as opened:
        yield opened


def store_all(warehouse: Warehouse) -> None:
    for row in warehouse.rows("select distinct c.recipe_id, c.pruner, c.sparsity from comparison as c"):
        store_answers(warehouse, Variant(row["recipe_id"], row["pruner"], row["sparsity"]))


def publish_another(url: Path, *, stored: bool) -> None:
    """Another dataset, with one pruned variant: four examples, one PIE."""
    runs = [*both_seeds("none", 0.0, single(0, 0, 1, 1)), *both_seeds("IMP-FT", 0.2, single(0, 0, 1, 0))]
    with open_warehouse(url) as writer:
        insert(writer, MadeUpStudy("another", "single_label", {"test": single(0, 0, 1, 1)}, runs))
        if stored:
            store_all(writer)


def ask_often(warehouse: Warehouse, question: Question, **filters: Any) -> list[dict[str, Any]]:
    """The answer, asked as often as it takes for all that it reads to be copied; always the same."""
    params = question.params.model_validate(filters)
    found = [ask_arrow(warehouse, question, params).to_pylist() for _ in range(in_memory.ASKED + 1)]
    assert all(rows == found[0] for rows in found)
    return found[-1]


def in_lake(warehouse: Warehouse, question: Question, **filters: Any) -> bool:
    """Whether the engine's plan of a question reads any table of the lake."""
    params = question.params.model_validate(filters)
    with answering(warehouse, question, params):
        return "DUCKLAKE_SCAN" in str(
            warehouse.rows(f"explain {question.sql}", used(question.sql, params.model_dump()))
        )


def num_tables(warehouse: Warehouse) -> int:
    counted = "select count(*) as n from duckdb_tables() where database_name = 'memory'"
    return int(warehouse.rows(counted)[0]["n"])


@pytest.mark.parametrize("question", [pytest.param(question, id=name) for name, question in QUESTIONS.items()])
def test_every_question_is_answered_as_from_the_lake(
    lake: Warehouse, copied: Warehouse, monkeypatch: pytest.MonkeyPatch, question: Question
) -> None:
    run_id = lake.rows("select r.run_id from run as r order by 1")[0]["run_id"]
    needed = {"run_id": run_id, "dataset": "imdb", "split": "test", "example_id": 0}
    filters = {name: needed[name] for name, field in question.params.model_fields.items() if field.is_required()}
    params = question.params.model_validate(filters)
    found = ask_arrow(copied, question, params).to_pylist()
    monkeypatch.setattr(in_memory, "ASKED", 10**9)
    assert found == ask_arrow(lake, question, params).to_pylist()
    assert num_tables(copied) == len(in_memory.RELATIONS) and not num_tables(lake)


def test_the_pies_of_one_split_are_read_from_memory(reader: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    both = ask_often(reader, PIES)
    assert num_tables(reader) == len(in_memory.RELATIONS), "of several splits none is copied"
    one = ask_often(reader, PIES, dataset=["imdb"])
    assert one == [row for row in both if row["dataset"] == "imdb"] and {row["text"] for row in one}
    assert num_tables(reader) == len(in_memory.RELATIONS) + 3
    assert not in_lake(reader, PIES, dataset=["imdb"])
    assert ask_often(reader, PIES, dataset=["imdb"], split=["train"], bin=[20])
    monkeypatch.setattr(in_memory, "MOST_EXAMPLES", 2)
    other = [row for row in both if row["dataset"] != "imdb"]
    assert ask_often(reader, PIES, dataset=["topics & more_100%"]) == other
    assert num_tables(reader) == len(in_memory.RELATIONS) + 7, "a split of three examples is too large"
    monkeypatch.setattr(in_memory, "MOST_PIES", len(other) - 1)
    with open_warehouse(reader.location.url, read_only=True) as again:
        assert ask_often(again, PIES, dataset=["topics & more_100%"]) == other
        assert num_tables(again) == len(in_memory.RELATIONS), "so many PIEs are too many"


@pytest.mark.parametrize("split", ["test", "train"])
@pytest.mark.parametrize(
    "question", [pytest.param(question, id=name) for name, question in QUESTIONS.items() if question.reads]
)
def test_what_reads_a_split_finds_it_in_memory(
    lake: Warehouse, filled: Path, monkeypatch: pytest.MonkeyPatch, question: Question, split: str
) -> None:
    with open_warehouse(filled, read_only=True) as reader:
        found = ask_often(reader, question, dataset=["imdb"], split=[split])
        assert num_tables(reader) == len(in_memory.RELATIONS) + (3 if question.reads == "pies" else 2)
    monkeypatch.setattr(in_memory, "ASKED", 10**9)
    monkeypatch.setattr(in_memory, "SPLIT_ASKED", 10**9)
    params = question.params.model_validate({"dataset": ["imdb"], "split": [split]})
    assert found == ask_arrow(lake, question, params).to_pylist()
    assert found or question.name in ("holste-pies", "pies-under-every-pruner")


def test_the_splits_asked_for_last_are_in_memory(reader: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "MOST_SPLITS", 2)
    asked = (("imdb", "test"), ("imdb", "train"), ("topics & more_100%", "test"), ("imdb", "test"))
    for (dataset, split), num_splits in zip(asked, (1, 2, 2, 2), strict=True):
        ask_often(reader, PIES, dataset=[dataset], split=[split])
        assert num_tables(reader) == len(in_memory.RELATIONS) + 3 * num_splits


def test_after_a_commit_the_new_snapshot_is_read_and_the_old_copies_go(url: Path, reader: Warehouse) -> None:
    before = ask_often(reader, RATE)
    assert not in_lake(reader, RATE) and num_tables(reader) == len(in_memory.RELATIONS)
    publish_another(url, stored=True)
    params = RATE.params()
    rows = ask_arrow(reader, RATE, params).to_pylist()
    assert [row for row in rows if row["dataset"] != "another"] == before
    assert [row["num_pies"] for row in rows if row["dataset"] == "another"] == [1]
    assert in_lake(reader, RATE), "first from the lake"
    assert ask_often(reader, RATE) == rows
    assert not in_lake(reader, RATE) and num_tables(reader) == len(in_memory.RELATIONS)
    with open_warehouse(url, as_of=reader.snapshot() - 3) as old:
        assert len(ask_often(old, RATE)) == len(before)


def test_what_grows_is_not_read_from_copies(url: Path, reader: Warehouse) -> None:
    publish_another(url, stored=False)
    assert in_lake(reader, RATE)
    assert [row["num_pies"] for row in ask_often(reader, RATE, dataset=["another"])] == [1]
    assert not num_tables(reader)
    assert ask_often(reader, RATE, dataset=["imdb"]) and not in_lake(reader, RATE, dataset=["imdb"])
    assert [row["num_pies"] for row in ask_often(reader, RATE) if row["dataset"] == "another"] == [1]


def test_a_transaction_that_began_before_reads_its_own_snapshot(url: Path, reader: Warehouse) -> None:
    before = ask_often(reader, RATE)
    early = reader.cursor()
    with early.reading():
        publish_another(url, stored=True)
        # The copies of the early one's snapshot are dropped under it.
        after = ask_often(reader, RATE)
        assert len(after) == len(before) + 1
        assert ask_often(early, RATE) == before
    assert ask_arrow(early, RATE, RATE.params()).to_pylist() == after


def test_copies_of_a_failed_question_are_gone_with_it(reader: Warehouse) -> None:
    for _ in range(in_memory.ASKED - 1):
        ask_arrow(reader, RATE, RATE.params())
    with pytest.raises(RuntimeError), answering(reader, RATE, RATE.params()):
        assert num_tables(reader) == len(in_memory.RELATIONS)
        raise RuntimeError
    assert not num_tables(reader)
    ask_often(reader, RATE)
    assert not in_lake(reader, RATE)


def test_influence_that_is_not_stored_is_found_too(url: Path, reader: Warehouse) -> None:
    def influence_by_recipe() -> dict[str, float]:
        # Of what is stored, as the question is about that dataset; the view is of all.
        with answering(reader, PIES, PIES.params.model_validate({"dataset": ["imdb"]})):
            rows = reader.rows("select i.recipe_id, sum(i.influence) as total from influence as i group by 1")
            return {row["recipe_id"]: row["total"] for row in rows}

    ask_often(reader, PIES, dataset=["imdb"])
    stored = influence_by_recipe()
    assert len(stored) == 1
    unpruned = MadeUpRun("none", 0.0, 0, {"train": single(0, 1)}, el2n_N=np.array([0.25, 0.5], dtype=np.float32))
    with open_warehouse(url) as writer:
        insert(writer, MadeUpStudy("another", "single_label", {"train": single(0, 1)}, [unpruned]))
    ask_often(reader, PIES, dataset=["imdb"])
    found = influence_by_recipe()
    assert stored.items() < found.items() and [found[recipe] for recipe in found.keys() - stored.keys()] == [0.75]


HELD = "select b.* from ballot_pair as b where matches($dataset, b.dataset)"
OF_BALLOTS = [
    QUESTIONS[name]
    for name in ("flips", "disagreement", "class-impact", "noise-floor", "pie-rate-interval", "readability-interval")
]


@pytest.mark.parametrize("stored", [True, False])
def test_what_is_held_is_read_once(url: Path, reader: Warehouse, *, stored: bool) -> None:
    publish_another(url, stored=stored)
    asked = {question.name: question.params.model_validate({"dataset": ["another"]}) for question in OF_BALLOTS}
    before = {q.name: ask_arrow(reader, q, asked[q.name]).to_pylist() for q in OF_BALLOTS}
    in_memory_before = num_tables(reader)
    with reader.holding({"ballot_pair": HELD}, {"dataset": ["another"]}, ["another"], None):
        for question in OF_BALLOTS:
            assert ask_arrow(reader, question, asked[question.name]).to_pylist() == before[question.name]
        everything = ask_arrow(reader, QUESTIONS["flips"], QUESTIONS["flips"].params()).to_pylist()
        assert sum(row["num_changed"] for row in everything) == sum(row["num_changed"] for row in before["flips"]) > 0
        assert num_tables(reader) > in_memory_before
    assert num_tables(reader) <= len(in_memory.RELATIONS)
    assert not reader.rows("select * from information_schema.schemata as s where s.schema_name like 'held%'")
    assert ask_arrow(reader, QUESTIONS["flips"], asked["flips"]).to_pylist() == before["flips"]


def test_what_is_held_goes_with_an_error(reader: Warehouse) -> None:
    with pytest.raises(QueryFailed, match="no_such"), reader.holding({"ballot_pair": "select no_such"}, {}, None, None):
        pass
    # Views that need a column that the held rows lack cannot be made beside them.
    lacking = {"ballot_pair": "select 1 as example_id"}
    with pytest.raises(QueryFailed), reader.holding(lacking, {}, None, None):
        pass
    with pytest.raises(RuntimeError), reader.holding({"ballot_pair": HELD}, {"dataset": ["imdb"]}, None, None):
        raise RuntimeError
    assert not reader.rows("select * from information_schema.schemata as s where s.schema_name like 'held%'")
    assert ask_often(reader, PIES, dataset=["imdb"])
