"""A real uvicorn around the service, in a thread; and a small warehouse with everything in it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.cli import listen
from api.settings import Settings
from store.dataset import register_dataset
from store.publish import publish_run
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset, run_config, spool_run

DATASET = made_up_dataset()
VARIANTS = [("none", 0.0), ("IMP-FT", 0.5), ("RP-AI", 0.9)]


def fill(warehouse: Warehouse, spool: Path) -> None:
    """Register a dataset and publish two seeds of an unpruned and two pruned variants."""
    register_dataset(warehouse, DATASET)
    for pruner, sparsity in VARIANTS:
        for seed in (0, 1):
            publish_run(warehouse, spool_run(spool, DATASET, run_config(DATASET, pruner, sparsity, seed)))


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    """The service on a free port of this machine, with a client of it."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def wait_until(condition: object, seconds: float = 10) -> None:
    """Wait for a condition that another thread or process brings about; fails the test when it does not."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"nothing happened within {seconds} s"
        time.sleep(0.01)


def assert_problem(answer: httpx.Response, status: int, *parts: str) -> None:
    """The answer is a problem document of the status, with these parts in its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status and body["instance"] == answer.request.url.path and body["title"]
    # The engine's own messages end by pointing at the place.
    assert body["detail"].endswith((".", "^")), body["detail"]
    for part in parts:
        assert part in body["detail"]


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A row to compare: threads add up in any order, so that the last bits of a mean differ each time; all times are UTC."""
    return {
        name: round(value, 9)
        if isinstance(value, float)
        else value.replace(tzinfo=None)
        if isinstance(value, datetime)
        else value
        for name, value in row.items()
    }
