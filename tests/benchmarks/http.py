"""How long the service takes beside the same question in process, over a made-up warehouse; and what load does to it.

Set PIE_SCALE for another size than a tenth of the paper's, PIE_LOAD_SECONDS for a longer load (1800 is the half hour that
memory is held against). The service keeps no answers here: each one is computed.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import psutil

from analysis.question import ask_arrow
from analysis.questions import QUESTIONS
from store.formats import to_json_array
from store.warehouse import open_warehouse
from tests.api.test_cli import pie_serve
from tests.benchmarks.figure import Figure
from tests.simulated import simulated_warehouse

ASKED = ("pie-rate", "accuracy", "accuracy-on-pies", "class-distribution", "readability")
CLIENTS = 8
TIMES = 40


def measure() -> Iterator[Figure]:
    """The figures: milliseconds and ratios."""
    warehouse = simulated_warehouse(float(os.environ.get("PIE_SCALE", "0.1")))
    os.environ["PIE_CACHE_MB"] = "0"
    with (
        pie_serve("--warehouse", str(warehouse), "--port", "0") as (process, url),
        httpx.Client(base_url=url) as client,
    ):
        with open_warehouse(warehouse, read_only=True) as opened:
            for name in ASKED:
                question = QUESTIONS[name]
                params = question.params.model_validate({"pruner": ["IMP-FT"], "sparsity": [0.9]})
                inside, over_http = _side_by_side(
                    lambda question=question, params=params: b"".join(
                        to_json_array(ask_arrow(opened, question, params))
                    ),
                    lambda name=name: client.get(f"/v1/{name}?pruner=IMP-FT&sparsity=0.9").raise_for_status(),
                )
                print(f"  {name}: in process {inside:.1f} ms, over HTTP {over_http:.1f} ms")
                yield Figure(f"{name}_p50_beyond_1.5_times_ms", over_http - 1.5 * inside, "<= 3")
        yield Figure("unchanged_p95_ms", _unchanged(client), "<= 3")
        yield from _under_load(url, psutil.Process(process.pid))


def _side_by_side(inside: Callable[[], object], over_http: Callable[[], object]) -> tuple[float, float]:
    """Medians of both in milliseconds, taken in turns, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(TIMES + 2):
        for ask, taken in zip((inside, over_http), times, strict=True):
            milliseconds = _milliseconds(ask)
            if number >= 2:
                taken.append(milliseconds)
    return statistics.median(times[0]), statistics.median(times[1])


def _unchanged(client: httpx.Client) -> float:
    headers = {"if-none-match": client.get("/v1/pie-rate").headers["etag"]}
    times = [_milliseconds(lambda: client.get("/v1/pie-rate", headers=headers)) for _ in range(10 * TIMES)]
    assert client.get("/v1/pie-rate", headers=headers).status_code == 304
    return float(np.percentile(times, 95))


def _under_load(url: str, process: psutil.Process) -> Iterator[Figure]:
    seconds = float(os.environ.get("PIE_LOAD_SECONDS", "60"))
    started = time.monotonic()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        resident = pool.submit(_resident, process, started, seconds)
        loads = [pool.submit(_load, url, started + seconds, number) for number in range(CLIENTS)]
        results = [result for load in loads for result in load.result()]
    times = [milliseconds for milliseconds, _ in results]
    print(f"  {len(times)} answers to {CLIENTS} clients: median {statistics.median(times):.1f} ms")
    yield Figure("errors_under_load", sum(status >= 500 for _, status in results), "<= 0")
    yield Figure("p99_by_p50_under_load", float(np.percentile(times, 99)) / statistics.median(times), "<= 10")
    early, late = resident.result()
    yield Figure("memory_growth", late / early - 1, "<= 0.1")


def _load(url: str, until: float, number: int) -> list[tuple[float, int]]:
    """What one client is answered: milliseconds and status of each."""
    results = []
    with httpx.Client(base_url=url, timeout=60) as client:
        while time.monotonic() < until:
            name = ASKED[(number + len(results)) % len(ASKED)]
            started = time.perf_counter()
            status = client.get(f"/v1/{name}?pruner=IMP-FT&sparsity=0.9").status_code
            results.append((1000 * (time.perf_counter() - started), status))
    return results


def _resident(process: psutil.Process, started: float, seconds: float) -> tuple[float, float]:
    """Resident memory after the first minute, or the first third of a shorter load, and at the end."""
    time.sleep(max(0.0, started + min(60.0, seconds / 3) - time.monotonic()))
    early = process.memory_info().rss
    time.sleep(max(0.0, started + seconds - time.monotonic()))
    return early, process.memory_info().rss


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)
