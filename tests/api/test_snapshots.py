"""Answers name their snapshot, are never stale, and old ones can be asked again."""

import shutil
import time
from pathlib import Path

import httpx

from api.settings import Settings
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


def test_a_snapshot_that_is_not_there(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/runs?as_of=100000"), 404, "100000")


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["snapshot"] > 0


def test_a_warehouse_that_vanishes_is_not_ready_and_names_no_files(own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert client.get("/readyz").status_code == 200
        shutil.rmtree(own_warehouse)
        for path in ("/readyz", "/v1/runs", "/v1/runs?as_of=3"):
            answer = client.get(path)
            assert_problem(answer, 503, "try again later")
            assert str(own_warehouse.parent) not in answer.text and answer.headers["retry-after"]
        assert client.get("/healthz").status_code == 200
