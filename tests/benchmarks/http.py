"""How long the service takes beside the same question in process, over a made-up warehouse; and what load does to it.

The service keeps no answers while it is compared with the question in process: each one is computed. Under mixed load it runs as
it is served by default.
"""

import os
import statistics
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import httpx
import numpy as np
import psutil

from analysis.question import Question, ask_arrow
from analysis.questions import QUESTIONS
from store.formats import to_json_array
from store.warehouse import open_warehouse
from tests.api.hostile import BOMBS
from tests.api.test_cli import let_log, pie_serve
from tests.benchmarks.figure import Figure
from tests.simulated import add_scale_option, simulated_warehouse

ASKED = ("pie-rate", "accuracy", "accuracy-on-pies", "class-distribution", "readability", "influence", "pies")
FILTERS = {"dataset": "imdb", "pruner": "IMP-FT", "sparsity": 0.9}
PAGE = 100
CLIENTS = 8
TIMES = 40
LOAD_SECONDS = 20
BOMB_MILLISECONDS = 800
UNANSWERED = 599
"""Counted as the status of a request that got no answer."""
PRUNERS = ("IIBP-WR", "IIBP-FT", "IBP-AI", "IMP-WR", "IMP-FT", "MP-AI", "IRP-FT", "RP-AI")
SQL = "select dataset, pruner, avg(pie_rate) as pie_rate from pie_rate where sparsity = {} group by all order by all"


def add_options(parser: ArgumentParser) -> None:
    """What may be said behind the benchmark's name."""
    add_scale_option(parser, 0.1)
    parser.add_argument(
        "--soak-minutes", type=float, default=2, help="Minutes of mixed load; memory is held against 30."
    )


def measure(scale: float, soak_minutes: float) -> Iterator[Figure]:
    """The figures: milliseconds and ratios."""
    warehouse = simulated_warehouse(scale)
    with _served(warehouse, cache_mb=0) as (_, url):
        yield from _beside_in_process(warehouse, url)
        yield Figure("unchanged_p95_ms", _unchanged(url), "<= 3")
        yield from _eight_clients(url)
        yield from _beside_bombs(url)
    with _served(warehouse) as (process, url):
        yield from _mixed_load(url, process, soak_minutes * 60)


@contextmanager
def _served(warehouse: Path, **settings: object) -> Iterator[tuple[psutil.Process, str]]:
    os.environ |= {f"PIE_{name.upper()}": str(value) for name, value in settings.items()}
    try:
        with pie_serve("--warehouse", str(warehouse), "--port", "0") as (process, url):
            let_log(process)
            yield psutil.Process(process.pid), url
    finally:
        for name in settings:
            del os.environ[f"PIE_{name.upper()}"]


def _beside_in_process(warehouse: Path, url: str) -> Iterator[Figure]:
    with open_warehouse(warehouse, read_only=True) as opened, httpx.Client(base_url=url, timeout=60) as client:

        def ask_in_process(question: Question) -> None:
            params = question.params.model_validate(_filters(question, several=True))
            for _ in to_json_array(ask_arrow(opened, question, params)):
                pass

        for name in ASKED:
            question = QUESTIONS[name]
            path = f"/v1/{name}?{urlencode(_filters(question))}"
            inside, over_http = _side_by_side(
                lambda question=question: ask_in_process(question),
                lambda path=path: client.get(path).raise_for_status(),
            )
            print(f"  {name}: in process {inside:.1f} ms, over HTTP {over_http:.1f} ms", flush=True)
            yield Figure(f"{name}_p50_beyond_1.5_times_ms", over_http - 1.5 * inside, "<= 3")


def _filters(question: Question, *, several: bool = False) -> dict[str, object]:
    filters = {name: [value] if several else value for name, value in FILTERS.items()}
    return filters | ({"limit": PAGE} if question.name == "pies" else {})


def _side_by_side(inside: Callable[[], object], over_http: Callable[[], object]) -> tuple[float, float]:
    """Medians of both in milliseconds, taken in turns, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(TIMES + 2):
        for ask, taken in zip((inside, over_http), times, strict=True):
            milliseconds = _milliseconds(ask)
            if number >= 2:
                taken.append(milliseconds)
    return statistics.median(times[0]), statistics.median(times[1])


def _unchanged(url: str) -> float:
    with httpx.Client(base_url=url) as client:
        headers = {"if-none-match": client.get("/v1/pie-rate").headers["etag"]}
        times = [_milliseconds(lambda: client.get("/v1/pie-rate", headers=headers)) for _ in range(10 * TIMES)]
        assert client.get("/v1/pie-rate", headers=headers).status_code == 304
    return float(np.percentile(times, 95))


def _beside_bombs(url: str) -> Iterator[Figure]:
    """How many times longer a question takes while each of the SQL bombs goes off, the worst of their medians; and the longest bomb."""
    with httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(1) as pool:

        def ask() -> float:
            return _milliseconds(lambda: client.get("/v1/pie-rate").raise_for_status())

        def drop(sql: str) -> float:
            limited = {"sql": sql, "time_limit_ms": BOMB_MILLISECONDS}
            statuses: list[int] = []
            taken = _milliseconds(
                lambda: statuses.append(httpx.post(f"{url}/v1/sql", json=limited, timeout=60).status_code)
            )
            assert statuses == [422], "it went off"
            return taken

        quiet = statistics.median(ask() for _ in range(TIMES))
        medians, bombs = [], []
        for sql in BOMBS:
            bomb, meanwhile = pool.submit(drop, sql), [ask()]
            while not bomb.done():
                meanwhile.append(ask())
            medians.append(statistics.median(meanwhile))
            bombs.append(bomb.result())
    print(f"  beside bombs: {max(medians):.1f} ms for {quiet:.1f}", flush=True)
    yield Figure("p50_beside_bombs_by_p50", max(medians) / quiet, "<= 10")
    yield Figure("longest_bomb_s", max(bombs) / 1000, "<= 10")


def _eight_clients(url: str) -> Iterator[Figure]:
    paths = [f"/v1/{name}?{urlencode(_filters(QUESTIONS[name]))}" for name in ASKED]
    answers = _load(url, lambda number: paths[number % len(paths)], LOAD_SECONDS)
    times = [milliseconds for milliseconds, _ in answers]
    print(f"  {len(times)} answers to {CLIENTS} clients: median {statistics.median(times):.1f} ms", flush=True)
    yield Figure("errors_of_8_clients", sum(status != 200 for _, status in answers), "<= 0")
    yield Figure("p99_by_p50_of_8_clients", float(np.percentile(times, 99)) / statistics.median(times), "<= 10")


def _mixed_load(url: str, process: psutil.Process, seconds: float) -> Iterator[Figure]:
    with ThreadPoolExecutor(1) as pool:
        resident = pool.submit(_resident, process, seconds)
        answers = _load(url, _mixed, seconds)
        first, last = resident.result()
    by_status = Counter(status for _, status in answers)
    print(f"  mixed load of {seconds / 60:g} minutes: {dict(by_status)}, {first / 2**20:.0f} to {last / 2**20:.0f} MB")
    yield Figure("errors_under_mixed_load", sum(status >= 500 for _, status in answers), "<= 0")
    yield Figure("memory_growth", last / first - 1, "<= 0.1")


def _mixed(number: int) -> str:
    """The path of the number-th request: questions of every variant, in every format, pages, examples, old snapshots and SQL."""
    random = np.random.default_rng(number)
    filters = {"pruner": random.choice(PRUNERS), "sparsity": random.choice([0.2, 0.5, 0.7, 0.9, 0.99])}
    kind = number % 10
    if kind == 0:
        return f"/v1/sql?{urlencode({'q': SQL.format(filters['sparsity'])})}"
    if kind == 1:
        return f"/v1/examples/imdb/test/{random.integers(200)}"
    if kind == 2:
        return f"/v1/pies?{urlencode(filters | {'limit': PAGE, 'sort': '-margin', 'min_margin': 0.3})}"
    if kind == 3:
        return "/v1/pie-rate?as_of=10"
    form = random.choice(["json", "ndjson", "csv", "arrow", "parquet"])
    return f"/v1/{ASKED[number % len(ASKED)]}?{urlencode(filters | {'format': form})}"


def _load(url: str, path_of: Callable[[int], str], seconds: float) -> list[tuple[float, int]]:
    """What clients are answered who ask at the same time: milliseconds and status of each answer, or UNANSWERED."""
    until, numbers = time.monotonic() + seconds, count()

    def ask() -> list[tuple[float, int]]:
        answers = []
        with httpx.Client(base_url=url, timeout=60) as client:
            while time.monotonic() < until:
                path = path_of(next(numbers))
                started = time.perf_counter()
                try:
                    status = client.get(path).status_code
                except httpx.TransportError:
                    status = UNANSWERED
                answers.append((1000 * (time.perf_counter() - started), status))
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for asked in [pool.submit(ask) for _ in range(CLIENTS)] for answer in asked.result()]


def _resident(process: psutil.Process, seconds: float) -> tuple[float, float]:
    """Resident memory in the minute after the first and in the last one, or in shorter spans of a shorter load: medians.

    From one moment to the next it swings by a quarter, with the queries under way.
    """
    started, samples = time.monotonic(), []
    while (elapsed := time.monotonic() - started) < seconds:
        samples.append((elapsed, process.memory_info().rss))
        time.sleep(0.2)
    span = min(60.0, seconds / 3)
    first, last = (
        statistics.median(size for elapsed, size in samples if begin <= elapsed < begin + span)
        for begin in (span, seconds - span)
    )
    return first, last


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)
