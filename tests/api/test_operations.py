"""What those who run the service need: request ids, logs, metrics, documentation, CORS, settings, shutdown."""

import json
import logging
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.main import get_command

from api.logs import JsonLines
from api.settings import Settings, load_settings
from store.errors import Refused
from store.main import app
from tests.api.served import DATASET, assert_problem, serving, wait_until
from tests.api.test_cli import let_log, pie_serve
from tests.api.test_publishing import archive_of
from tests.made_up import run_config, spool_run


def test_requests_have_ids_that_errors_repeat(client: httpx.Client) -> None:
    answer = client.get("/v1/nothing", headers={"x-request-id": "my-request.1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "my-request.1"
    made = client.get("/v1/nothing", headers={"x-request-id": "evil\t{}"}).json()["request_id"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)
    assert client.get("/healthz").headers["x-request-id"] != client.get("/healthz").headers["x-request-id"]


def test_the_access_log_is_a_json_object_a_line(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pie.access")
    client.get("/v1/pie-rate?pruner=RP-AI", headers={"x-request-id": "one"})
    wait_until(lambda: caplog.records)
    line = json.loads(JsonLines(str).format(caplog.records[-1]))
    assert line["request_id"] == "one" and line["endpoint"] == "/v1/pie-rate" and line["status"] == 200
    assert line["query"] == "pruner=RP-AI" and line["bytes"] > 0 and line["milliseconds"] > 0


@pytest.mark.parametrize("trusted", [True, False])
def test_forwarded_headers_are_believed_by_list(filled_warehouse: Path, trusted: bool) -> None:
    arguments = ["--trusted-proxy", "127.0.0.1" if trusted else "192.0.2.1"]
    with pie_serve("--warehouse", str(filled_warehouse), "--port", "0", "--no-sql", *arguments) as (process, url):
        httpx.get(f"{url}/healthz", headers={"x-forwarded-for": "203.0.113.9"})
        assert process.stderr is not None
        line = json.loads(process.stderr.readline())
    assert line["path"] == "/healthz" and line["client"] == ("203.0.113.9" if trusted else "127.0.0.1")


def test_every_setting_is_a_flag_and_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    group: Any = get_command(app)
    serve = group.get_command(group.make_context("pie", [], resilient_parsing=True), "serve")
    flags = {parameter.name for parameter in serve.params}
    # Arguments can be read by everyone on a machine: secrets are variables only.
    assert flags | {"sql_warehouse", "sql_environment"} == {*Settings.model_fields, "config"}
    monkeypatch.setenv("PIE_CORS_ORIGINS", '["https://a.example"]')
    monkeypatch.setenv("PIE_SQL", "false")
    assert load_settings().cors_origins == ["https://a.example"] and not load_settings().sql


def test_a_service_without_sql_says_so(client: httpx.Client) -> None:
    for answer in (client.get("/v1/sql?q=select+1"), client.post("/v1/sql", json={"sql": "select 1"})):
        assert_problem(answer, 404, "takes no SQL")
    assert "/v1/sql" not in client.get("/openapi.json").json()["paths"]


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    got, head = (
        client.get("/v1/runs", headers={"accept-encoding": "identity"}),
        client.head("/v1/runs", headers={"accept-encoding": "identity"}),
    )
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == str(len(got.content)) and head.headers["etag"] == got.headers["etag"]


def test_metrics(filled_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(filled_warehouse), sql_workers=1)) as client:
        etag = client.get("/v1/runs").headers["etag"]
        client.get("/v1/runs")
        client.get("/v1/runs", headers={"if-none-match": etag})
        client.get("/v1/nothing")
        client.get("/v1/sql?q=select+1")
        metrics = client.get("/metrics").text
    assert 'pie_requests_total{endpoint="/v1/runs",method="GET",status="200"} 2.0' in metrics
    assert 'pie_requests_total{endpoint="none",method="GET",status="404"} 1.0' in metrics
    for result in ("hit", "miss", "unchanged"):
        assert f'pie_cache_total{{result="{result}"}} 1.0' in metrics
    assert 'pie_sql_queries_total{result="answered"} 1.0' in metrics and 'pie_sql_workers{state="idle"} 1.0' in metrics
    age = re.search(r"^pie_snapshot_age_seconds (\S+)$", metrics, re.M)
    assert age and 0 <= float(age[1]) < 3600
    assert 'pie_request_seconds_bucket{endpoint="/v1/runs",le="+Inf"} 3.0' in metrics


def test_the_documentation_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) >= 3
    for file in files:
        assert file.startswith("/docs/assets/") and client.get(file).status_code == 200
    assert not re.search(r"https?://(?!127)", page)
    operations = client.get("/openapi.json").json()["paths"]["/v1/pie-rate"]["get"]
    assert operations["description"].startswith("What share of the examples are PIEs?")
    assert {"sparsity", "as_of", "limit", "sort", "fields"} <= {entry["name"] for entry in operations["parameters"]}


def test_pages_of_other_origins_only_by_list(filled_warehouse: Path, client: httpx.Client) -> None:
    origin = {"origin": "https://dashboard.example"}
    assert "access-control-allow-origin" not in client.get("/v1/runs", headers=origin).headers
    with serving(Settings(warehouse=str(filled_warehouse), sql=False, cors_origins=[origin["origin"]])) as listed:
        answer = listed.get("/v1/runs", headers=origin)
        assert answer.headers["access-control-allow-origin"] == origin["origin"]
        assert "Warehouse-Snapshot" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-origin" not in listed.get("/v1/runs", headers={"origin": "https://x.y"}).headers


def test_snapshots(client: httpx.Client) -> None:
    rows = client.get("/v1/snapshots").json()
    assert rows[-1]["snapshot"] == client.get("/readyz").json()["snapshot"]
    assert any(row["message"] == "add dataset tiny" and "example" in row["tables"] for row in rows)
    then = client.get("/v1/runs", params={"as_of": rows[-2]["snapshot"]})
    assert then.headers["warehouse-snapshot"] == str(rows[-2]["snapshot"])


def test_settings_by_flag_before_variable_before_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pie.toml"
    file.write_text('port = 1\nhost = "::1"\nsql_workers = 3\ncors_origins = ["https://a.example"]\n')
    monkeypatch.setenv("PIE_HOST", "127.0.0.2")
    monkeypatch.setenv("PIE_PORT", "2")
    settings = load_settings(file, port=4, open=None)
    assert (settings.port, settings.host, settings.sql_workers) == (4, "127.0.0.2", 3)
    assert settings.cors_origins == ["https://a.example"]
    file.write_text("colour = 1")
    with pytest.raises(Refused, match="'colour'"):
        load_settings(file)
    file.write_text("port = ")
    with pytest.raises(Refused, match="not TOML"):
        load_settings(file)
    with pytest.raises(Refused, match="--config"):
        load_settings(tmp_path / "nothing.toml")


def test_what_is_under_way_is_finished_when_told_to_stop(filled_warehouse: Path) -> None:
    answers: list[httpx.Response] = []
    with pie_serve("--warehouse", str(filled_warehouse), "--port", "0", "--sql-workers", "1") as (process, url):
        httpx.get(f"{url}/v1/sql?q=select+1", timeout=30)
        slow = "select count(*) as n from range(30000) as a, range(30000) as b where (a.range * b.range) % 7 = 3"
        asking = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{url}/v1/sql", params={"q": slow}, timeout=30))
        )
        asking.start()
        wait_until(lambda: 'pie_sql_workers{state="busy"} 1.0' in httpx.get(f"{url}/metrics").text)
        process.send_signal(signal.SIGTERM)
        asking.join()
        assert process.wait(20) in (0, -signal.SIGTERM)
    assert answers[0].status_code in (200, 422) and answers[0].headers["x-request-id"]


def test_killed_and_started_again_under_load(tmp_path: Path, own_warehouse: Path) -> None:
    """Eight clients ask and one publishes throughout, while the service is killed twice: every answer that comes is whole,
    each client is answered again after each start, and the run is published once.
    """
    port = _free_port()
    load = Load(
        f"http://127.0.0.1:{port}", archive_of(spool_run(tmp_path, DATASET, run_config(DATASET, "MP-AI", 0.5, 0)))
    )
    with load.running():
        for life in range(3):
            load.life = life
            with pie_serve("--warehouse", str(own_warehouse), "--port", str(port), "--no-sql") as (process, _):
                let_log(process)
                wait_until(load.is_answered, seconds=60)
                process.kill()
        assert not load.faults, load.faults[:3]
        # Killed between commit and answer, it is published and the sender is told so the next time.
        assert load.published.count(201) <= 1 and set(load.published) <= {200, 201}, load.published
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert len(client.get("/v1/runs?status=published").json()) == 7


class Load:
    """Clients that ask until they are stopped, whatever becomes of the service."""

    def __init__(self, url: str, archive: bytes) -> None:
        self.life = 0
        self.faults: list[str] = []
        self.published: list[int] = []
        self._url, self._archive = url, archive
        self._answered: set[tuple[int, int]] = set()
        self._stopped = threading.Event()

    def is_answered(self) -> bool:
        """Whether each client was answered in this life of the service, and the run is published."""
        return len(self.published) > self.life and all((self.life, number) in self._answered for number in range(8))

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(8)]
        threads.append(threading.Thread(target=self._publish))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        # One for each thread: making one takes longer than an answer, and would keep the service from starting.
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stopped.is_set():
                life = self.life
                try:
                    answer = client.get("/v1/runs?status=published")
                except httpx.TransportError:
                    self._stopped.wait(0.05)
                    continue
                if answer.status_code != 200 or len(answer.json()) not in (6, 7):
                    self.faults.append(f"{answer.status_code} {answer.text}")
                self._answered.add((life, number))

    def _publish(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._stopped.is_set():
                with suppress(httpx.TransportError):
                    self.published.append(client.post("/v1/runs", content=self._archive).status_code)
                self._stopped.wait(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
