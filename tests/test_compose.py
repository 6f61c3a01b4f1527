"""`compose.yaml`: valid, careful, and each of its processes at work in its arrangement, natively, with its own commands."""

import csv
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import compose
from tests.api.served import wait_until
from tests.made_up import made_up_examples
from tests.store.postgres import PostgresServer, postgres_server
from tests.store.s3 import READ, WRITE, s3_server
from tests.trainer.tiny import write_study, write_vectors

LASTING = {"postgres", "storage", "service", "prometheus", "grafana"}


def test_it_is_valid_by_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(compose.FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_is_careful() -> None:
    """No root, no image that moves, nothing without limits; what lasts has a health check, what is kept a named volume."""
    file = compose.read({})
    assert {name for name, service in file["services"].items() if service["restart"] == "unless-stopped"} == LASTING
    for name, service in file["services"].items():
        assert not service["user"].startswith(("0", "root")), name
        assert re.search(r":(local|v?\d+\.\d+[\w.-]*)$", service["image"]), name
        base = re.findall(r"FROM (\S+)", service.get("build", {}).get("dockerfile_inline", ""))
        assert all(re.search(r":\d+\.\d+", image) for image in base), name
        assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert ("healthcheck" in service) == (name in LASTING), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in file["volumes"] or source.startswith("./"), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
        for needed, how in service.get("depends_on", {}).items():
            assert (how["condition"] == "service_healthy") == (needed in LASTING), name


@pytest.fixture(scope="module")
def arranged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[compose.Native, dict[str, Any], Path, int]]:
    """PostgreSQL and an S3 server as the file wants them, with a small study to train."""
    directory = tmp_path_factory.mktemp("compose")
    for name in ("work", "tokens", "studies"):
        (directory / name).mkdir()
    write_study(directory / "studies" / "study.toml", write_vectors(directory / "studies" / "vectors.txt"))
    examples = made_up_examples("single_label", 3, 36).to_pylist()
    with (directory / "studies" / "tiny.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "label", "split"])
        for number, row in enumerate(examples):
            split = "train" if number < 20 else "validation" if number < 26 else "test"
            rows.writerow([row["text"], f"class {row['class_ids'][0]}", split])
    data = "add tiny --path /studies/tiny.csv --split-column split"
    file = compose.read({"PIE_STUDY": "study.toml", "PIE_DATA": data})
    with postgres_server() as postgres, s3_server() as storage:
        prepare(postgres, file)
        port = free_port()
        places = {
            "/work": str(directory / "work"), "/tokens": str(directory / "tokens"), "/studies": str(directory / "studies"),
            "host=postgres": f"host={postgres.directory}", "http://storage:8333": storage.endpoint,
            "http://service:8000": f"http://127.0.0.1:{port}", "localhost:8000": f"127.0.0.1:{port}",
            "0.0.0.0 --port 8000": f"127.0.0.1 --port {port}",
        }  # fmt: skip
        # The test's server makes its accounts' keys itself; what each may do is the file's.
        file = with_accounts(file, storage.account(WRITE), storage.account(READ))
        yield compose.Native(file, places), file, directory, port


def prepare(postgres: PostgresServer, file: dict[str, Any]) -> None:
    """What the image of PostgreSQL does with its variables and its initial script."""
    environment = file["services"]["postgres"]["environment"]
    user, database = environment["POSTGRES_USER"], environment["POSTGRES_DB"]
    postgres.sql("postgres", f"create role {user} superuser login password '{environment['POSTGRES_PASSWORD']}'")
    postgres.sql("postgres", f"create database {database} owner {user}")
    command = ["psql", "-h", str(postgres.directory), "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-q"]
    script = file["configs"]["reading_role"]["content"]
    subprocess.run(command, input=script, env={**environment, "PATH": "/usr/bin:/bin"}, text=True, check=True)


def with_accounts(file: dict[str, Any], writer: dict[str, str], reader: dict[str, str]) -> dict[str, Any]:
    identities = json.loads(file["configs"]["accounts"]["content"])["identities"]
    assert {identity["name"]: identity["actions"] for identity in identities}["reader"] == ["Read", "List"]
    keys = {identity["credentials"][0]["accessKey"]: identity for identity in identities}
    for service in file["services"].values():
        environment = service.get("environment", {})
        if identity := keys.get(environment.get("AWS_ACCESS_KEY_ID")):
            assert environment["AWS_SECRET_ACCESS_KEY"] == identity["credentials"][0]["secretKey"]
            account = writer if identity["name"] == "writer" else reader
            service["environment"] = environment | {
                name: account[name] for name in environment if name in account and "KEY" in name
            }
    bucket = file["services"]["bucket"]
    bucket["command"] = [part.replace("pie:", f"{writer['AWS_ACCESS_KEY_ID']}:") for part in bucket["command"]]
    bucket["environment"] = {"SECRET": writer["AWS_SECRET_ACCESS_KEY"]}
    return file


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_every_process_does_its_part(arranged: tuple[compose.Native, dict[str, Any], Path, int]) -> None:
    native, file, directory, port = arranged
    native.run("bucket")
    assert "tiny" in native.run("dataset")
    native.run("token")
    token = (directory / "tokens" / "grafana").read_text()
    with (
        serving(native, directory, native.command("service"), port) as client,
        serving(
            native, directory, another(native.command("service"), port, port_of_another := free_port()), port_of_another
        ) as other,
    ):
        wait_until(lambda: native.is_healthy("service"), 120)
        assert client.get("/v1/studies").status_code == 401
        for each in (client, other):
            each.headers["Authorization"] = f"Bearer {token}"
        with subprocess.Popen(
            native.command("worker"), env=native.environment("worker"), stderr=subprocess.PIPE, text=True
        ) as worker:
            while worker.poll() is None:
                # Two services read what the worker feeds.
                assert {each.get("/v1/runs").status_code for each in (client, other)} == {200}
                time.sleep(0.3)
            said = worker.stderr and worker.stderr.read()
        assert worker.returncode == 0, said
        assert {row["status"] for row in client.get("/v1/runs").json()} == {"published"}
        answers = [each.get("/v1/runs") for each in (client, other)]
        assert answers[0].json() == answers[1].json() and answers[0].headers["etag"] == answers[1].headers["etag"]
        check_dashboard(client, file)
        assert client.post("/v1/runs", content=b"").status_code == 403
    native.run("worker")
    # The service's accounts may only read, whatever it is told to do.
    command = ["pie", "compact"]
    done = subprocess.run(command, env=native.environment("service"), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Access Denied" in done.stderr


@contextmanager
def serving(native: compose.Native, directory: Path, command: list[str], port: int) -> Iterator[httpx.Client]:
    """The service by a command of its own, and a client once it listens."""
    service = subprocess.Popen(command, env=native.environment("service"), cwd=directory)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_until(lambda: service.poll() is not None or listens(port), 120)
            assert service.poll() is None, "the service has ended"
            yield client
    finally:
        service.terminate()
        service.wait()


def another(command: list[str], port: int, other: int) -> list[str]:
    """The command of a service on another port."""
    return [part.replace(f"--port {port}", f"--port {other}") for part in command]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def check_dashboard(client: httpx.Client, file: dict[str, Any]) -> None:
    """Each panel gets an answer: a table has rows, a metric is there."""
    dashboard = json.loads(file["configs"]["dashboard"]["content"])
    metrics = client.get("/metrics").text
    for panel in dashboard["panels"]:
        (target,) = panel["targets"]
        if "url" in target:
            assert client.get(target["url"].removeprefix("http://service:8000")).json(), panel["title"]
        else:
            (metric,) = re.findall(r"pie_\w+", target["expr"])
            assert f"\n{metric}" in metrics, panel["title"]
