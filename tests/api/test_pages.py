"""Parts of answers: pages, columns, orders; and large answers in little memory."""

import gzip
import io
import json
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import httpx
import pandas as pd
import polars as pl
import psutil
import pyarrow as pa
import pytest

from analysis.page import own_order
from analysis.questions import QUESTIONS
from api.settings import Settings
from store.publish import publish_run
from store.warehouse import open_warehouse
from tests.api.served import DATASET, assert_problem, rounded, serving
from tests.made_up import run_config, spool_run

LISTINGS = [name for name, question in QUESTIONS.items() if not question.single and not question.path]


def all_pages(client: httpx.Client, url: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    while True:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        rows += answer.json()
        if "next" not in answer.links:
            return rows
        assert len(answer.json()) > 0
        url = answer.links["next"]["url"]


@pytest.mark.parametrize("name", LISTINGS)
def test_pages_put_together_are_the_whole(client: httpx.Client, name: str) -> None:
    whole = client.get(f"/v1/{name}").json()
    pages = all_pages(client, f"/v1/{name}?limit={max(1, len(whole) // 2)}")
    assert [rounded(row) for row in pages] == [rounded(row) for row in whole]
    assert "next" not in client.get(f"/v1/{name}?limit={len(whole)}").links


@pytest.mark.parametrize("column", list(QUESTIONS["runs"].row.model_fields))
def test_every_column_sorts_both_ways_and_pages(client: httpx.Client, column: str) -> None:
    fields = f"&fields={column},run_id"
    for sign in ("", "-"):
        rows = client.get(f"/v1/runs?sort={sign}{column}{fields}").json()
        values = [row[column] for row in rows if row[column] is not None]
        assert values == sorted(values, reverse=sign == "-")
        assert all(row[column] is None for row in rows[len(values) :]), "nulls come last"
        assert len(rows) == 6
        assert all_pages(client, f"/v1/runs?limit=4&sort={sign}{column}{fields}") == rows


def test_equals_keep_the_answers_own_order(client: httpx.Client) -> None:
    whole = client.get("/v1/class-distribution").json()
    rows = client.get("/v1/class-distribution?sort=-sparsity,class_id").json()
    expected = sorted(whole, key=lambda row: (-row["sparsity"], row["class_id"]))
    assert [rounded(row) for row in rows] == [rounded(row) for row in expected]


def test_own_orders_are_of_the_answers_columns() -> None:
    for question in QUESTIONS.values():
        if not question.single:
            for key in own_order(question):
                assert key.expression.split(" ")[0] in question.row.model_fields
            # A page is cut after it was sorted and after what went before it was left out.
            assert "$limit" not in question.sql.rpartition("\norder by ")[0], question.name


def test_a_page_goes_on_where_the_one_before_ended_though_a_run_came_between(
    tmp_path: Path, own_warehouse: Path
) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        first = client.get("/v1/runs?limit=3&fields=run_id")
        before = {row["run_id"] for row in client.get("/v1/runs").json()}
        with open_warehouse(own_warehouse) as warehouse:
            publish_run(warehouse, spool_run(tmp_path, DATASET, run_config(DATASET, "none", 0.0, 7)))
        later = all_pages(client, first.links["next"]["url"])
        seen = [row["run_id"] for row in first.json()] + [row["run_id"] for row in later]
        assert len(seen) == len(set(seen)) and before <= set(seen)  # type: ignore[arg-type]


def test_columns_come_in_the_order_asked_for(client: httpx.Client) -> None:
    answer = client.get("/v1/pie-rate?fields=pie_rate,dataset&fields=pruner&format=csv")
    assert answer.text.splitlines()[0] == "pie_rate,dataset,pruner"
    assert list(client.get("/v1/datasets?fields=dataset,dataset").json()[0]) == ["dataset"]
    run_id = run_config(DATASET, "IMP-FT", 0.5, 0).run_id
    assert list(client.get(f"/v1/runs/{run_id}?fields=run_id,status").json()) == ["run_id", "status"]


def test_parts_there_are_none_of(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/pies?fields=colour"), 422, "'colour'", "example_id")
    assert_problem(client.get("/v1/pies?sort=-colour"), 422, "'colour'")
    assert_problem(client.get("/v1/pies?limit=10001"), 422, "limit", "10000")
    link = client.get("/v1/runs?limit=2&sort=-seed").links["next"]["url"]
    assert_problem(client.get(link.replace("sort=-seed", "sort=seed")), 422, "Link header")
    for token in ("x", "e30", quote("ü"), "WzEsMl0", ""):
        assert_problem(client.get(f"/v1/runs?limit=2&after={token}"), 422, "Link header")


def test_a_page_of_an_older_snapshot_leads_to_pages_of_it(client: httpx.Client) -> None:
    snapshot = client.get("/v1/runs").headers["warehouse-snapshot"]
    answer = client.get(f"/v1/runs?limit=2&as_of={snapshot}")
    assert f"as_of={snapshot}" in answer.links["next"]["url"]


def test_answers_are_compressed_where_asked(client: httpx.Client) -> None:
    plain = client.get("/v1/runs", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", "/v1/runs", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert json.loads(gzip.decompress(b"".join(answer.iter_raw()))) == plain.json()
    with client.stream("GET", "/v1/runs", headers={"accept-encoding": "gzip;q=0.5, zstd"}) as answer:
        assert answer.headers["content-encoding"] == "zstd"
        raw = b"".join(answer.iter_raw())
    assert json.loads(pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read()) == plain.json()
    assert "accept-encoding" in plain.headers["vary"].lower()
    refused = client.get("/v1/runs", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_pandas_polars_and_arrow_read_the_answers_as_they_are(client: httpx.Client) -> None:
    url = f"{client.base_url}/v1/pie-rate"
    rows = client.get(url).json()
    assert pd.read_json(url).to_dict("records") == rows
    assert pd.read_csv(f"{url}?format=csv").to_dict("records") == rows
    assert pd.read_parquet(io.BytesIO(client.get(f"{url}?format=parquet").content)).to_dict("records") == rows
    with urlopen(f"{url}?format=csv") as csv:
        assert pl.read_csv(csv).to_dicts() == rows
    assert pl.read_ndjson(client.get(f"{url}?format=ndjson").content).to_dicts() == rows
    with urlopen(f"{url}?format=parquet") as parquet:
        assert pl.read_parquet(io.BytesIO(parquet.read())).to_dicts() == rows
    assert pl.read_ipc_stream(client.get(f"{url}?format=arrow").content).to_dicts() == rows
    assert pa.ipc.open_stream(client.get(f"{url}?format=arrow").content).read_all().to_pylist() == rows


@pytest.fixture
def large_warehouse(own_warehouse: Path) -> Path:
    """A warehouse with a run of 600,000 metrics: a hundred megabytes of JSON."""
    run_id = run_config(DATASET, "IMP-FT", 0.5, 0).run_id
    with open_warehouse(own_warehouse) as warehouse, warehouse.transaction("many metrics"):
        warehouse.execute(
            "insert into epoch_metric select $run_id, (i % 30000)::smallint, 'train', repeat('m', 80) || i, i / 7 "
            "from range(600000) as r(i)",
            {"run_id": run_id},
        )
    return own_warehouse


def test_a_large_answer_streams_in_bounded_memory(large_warehouse: Path) -> None:
    run_id = run_config(DATASET, "IMP-FT", 0.5, 0).run_id
    url = f"/v1/runs/{run_id}/epochs"
    with serving(Settings(warehouse=str(large_warehouse), sql=False)) as client:
        client.get(f"{url}?limit=1")
        process, peak = psutil.Process(), 0
        size = 0
        before = process.memory_info().rss
        with client.stream("GET", url, headers={"accept-encoding": "identity"}) as answer:
            assert answer.headers.get("transfer-encoding") == "chunked"
            for chunk in answer.iter_raw():
                size += len(chunk)
                peak = max(peak, process.memory_info().rss - before)
        assert size > 100e6
        # The whole answer as Python objects would take a gigabyte; the engine's sort takes what it takes.
        assert peak < 400e6
        with client.stream("GET", url) as answer:
            next(answer.iter_raw())
        # The asker has left half-way: the next one is served all the same.
        assert client.get(f"{url}?limit=1").status_code == 200
