"""Answers name their snapshot, are never stale, and old ones can be asked again."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from api.settings import Settings
from store.migrate import migrations
from store.publish import publish_run
from store.warehouse import open_warehouse
from tests.api.served import DATASET, assert_problem, serving
from tests.made_up import run_config, spool_run


def publish(warehouse: Path, spool: Path, seed: int) -> None:
    with open_warehouse(warehouse) as opened:
        assert publish_run(opened, spool_run(spool, DATASET, run_config(DATASET, "MP-AI", 0.5, seed)))


def test_an_answer_held_already_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/v1/pie-rate")
    again = client.get("/v1/pie-rate", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/v1/pie-rate", headers={"if-none-match": f'"x", W/{first.headers["etag"]}'}).status_code == 304
    other = client.get("/v1/pie-rate?format=csv", headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert client.get("/v1/pie-rate?pruner=RP-AI").headers["etag"] != first.headers["etag"]


def test_the_same_snapshot_number_of_another_warehouse_is_another_answer(tmp_path: Path, own_warehouse: Path) -> None:
    """A service may be pointed at another warehouse, or at one restored and written anew: what was held then is old."""
    other = Path(shutil.copytree(own_warehouse, tmp_path / "other"))
    answers = []
    for seed, warehouse in ((0, own_warehouse), (1, other)):
        publish(warehouse, tmp_path / "spool", seed)
        for _ in range(2):
            with serving(Settings(warehouse=str(warehouse), sql=False)) as client:
                answers.append(client.get("/v1/runs"))
                held = {"if-none-match": answers[0].headers["etag"]}
                assert client.get("/v1/runs", headers=held).status_code == (304 if warehouse == own_warehouse else 200)
    assert len({answer.headers["warehouse-snapshot"] for answer in answers}) == 1
    one, again, another, another_again = (answer.headers["etag"] for answer in answers)
    assert one == again != another == another_again


def test_a_published_run_is_visible_at_once_and_the_old_answer_remains(tmp_path: Path, own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        before = client.get("/v1/runs")
        old = before.headers["warehouse-snapshot"]
        publish(own_warehouse, tmp_path / "spool", 0)
        published = time.monotonic()
        after = client.get("/v1/runs", headers={"if-none-match": before.headers["etag"]})
        while len(after.json()) == len(before.json()) and time.monotonic() < published + 1:
            after = client.get("/v1/runs", headers={"if-none-match": before.headers["etag"]})
        assert after.status_code == 200 and len(after.json()) == len(before.json()) + 1
        assert int(after.headers["warehouse-snapshot"]) > int(old)
        then = client.get("/v1/runs", params={"as_of": old})
        assert then.json() == before.json() and then.headers["warehouse-snapshot"] == old
        assert "immutable" in then.headers["cache-control"]
        assert "immutable" not in after.headers["cache-control"]


def test_what_was_given_before_is_given_without_a_look_unless_something_was_committed(
    tmp_path: Path, own_warehouse: Path
) -> None:
    """However quickly commits follow one another, each is seen by the next request."""
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client, open_warehouse(own_warehouse) as writer:
        for number in range(30):
            with writer.transaction("another study"):
                writer.execute("insert into recipe_study values ($recipe, 's')", {"recipe": str(number)})
            answers = [client.get("/v1/runs") for _ in range(number % 3 + 1)]
            assert {answer.headers["warehouse-snapshot"] for answer in answers} == {str(writer.snapshot())}
        time.sleep(0.2)
        first = client.get("/v1/runs")
        unchanged = client.get("/v1/runs", headers={"if-none-match": first.headers["etag"]})
        assert unchanged.status_code == 304
        with writer.transaction("one more"):
            writer.execute("insert into recipe_study values ('last', 's')")
        changed = client.get("/v1/runs", headers={"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200 and changed.headers["etag"] != first.headers["etag"]


def test_nothing_is_opened_for_a_snapshot_that_is_not_there(
    filled_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Settings(warehouse=str(filled_warehouse), sql_workers=1)) as client:
        assert client.get("/v1/sql?q=select+1").status_code == 200
        workers = psutil.Process().children()
        # Opening would raise, and be answered as a failure.
        monkeypatch.delattr("api.reader.open_warehouse")
        for number in (100_000, 2**63 - 1):
            assert_problem(client.get(f"/v1/runs?as_of={number}"), 404, str(number), "GET /v1/snapshots")
            assert_problem(client.get(f"/v1/sql?q=select+1&as_of={number}"), 404, str(number))
        assert psutil.Process().children() == workers and all(worker.is_running() for worker in workers)
        monkeypatch.undo()
        assert client.get("/v1/runs?as_of=3").status_code == 200


def test_snapshots_of_older_schemas_answer_or_say_what_they_lack(filled_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(filled_warehouse), sql=False)) as client:
        for number in range(len(migrations())):
            for path in ("/v1/runs", "/v1/pie-rate"):
                answer = client.get(f"{path}?as_of={number}")
                if answer.status_code != 200:
                    assert_problem(answer, 422, "schema", "later snapshot")


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["snapshot"] > 0


def test_a_warehouse_of_another_schema_is_not_ready(own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert client.get("/readyz").status_code == 200
        with open_warehouse(own_warehouse) as warehouse, warehouse.transaction("migrate to the future"):
            warehouse.execute("insert into migration values (9999, 'future', now()::timestamp)")
        assert_problem(client.get("/readyz"), 503, "try again later")


def test_a_warehouse_that_vanishes_is_not_ready_and_names_no_files(own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert client.get("/readyz").status_code == 200
        shutil.rmtree(own_warehouse)
        for path in ("/readyz", "/v1/runs", "/v1/runs?as_of=3"):
            answer = client.get(path)
            assert_problem(answer, 503, "try again later")
            assert str(own_warehouse.parent) not in answer.text and answer.headers["retry-after"]
        assert client.get("/healthz").status_code == 200


def lose_a_table(catalog: Path) -> None:
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("drop table ducklake_column")


def empty(catalog: Path) -> None:
    catalog.write_bytes(b"")


def overwrite(catalog: Path) -> None:
    catalog.write_bytes(b"not a database" * 4096)


@pytest.mark.parametrize("damage", [lose_a_table, empty, overwrite])
def test_a_damaged_warehouse_is_the_servers_fault_and_names_no_files(
    own_warehouse: Path, damage: Callable[[Path], None]
) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        damage(own_warehouse / "catalog.sqlite")
        for path in ("/v1/runs", "/v1/studies", "/v1/snapshots", "/v1/runs?as_of=3"):
            answer = client.get(path)
            assert_problem(answer, 503, "try again later")
            assert str(own_warehouse.parent) not in answer.text
