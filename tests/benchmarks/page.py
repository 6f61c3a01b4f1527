"""How long the page's first view takes, from the address to the last figure drawn, in a browser that has kept nothing.

The service is warm: it has shown the page before.
"""

import statistics
from argparse import ArgumentParser
from collections.abc import Iterator

from playwright.sync_api import Browser, Response

from tests.api.browsing import chromium, looking, visit
from tests.api.test_cli import let_log, pie_serve
from tests.benchmarks.figure import Figure
from tests.simulated import add_scale_option, simulated_warehouse

TIMES = 5
COMPLETE_AT = """
new MutationObserver(() => {
  if (document.body && !document.body.hasAttribute("aria-busy")) window.completeAt = performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-busy"] });
"""
"""Notes when the page last said that it is complete, in milliseconds from the beginning of the navigation."""


def add_options(parser: ArgumentParser) -> None:
    """What may be said behind the benchmark's name."""
    add_scale_option(parser, 1)


def measure(scale: float) -> Iterator[Figure]:
    """Seconds of the first view, and how many rows it loads."""
    warehouse = simulated_warehouse(scale)
    with pie_serve("--warehouse", str(warehouse), "--port", "0") as (process, url), chromium() as browser:
        let_log(process)
        visits = [_first_view(browser, url) for _ in range(TIMES + 1)]
    seconds = [visit[0] for visit in visits[1:]]
    print(f"  the first time {visits[0][0]:.2f} s, then {', '.join(f'{s:.2f}' for s in seconds)} s")
    yield Figure("first_view_seconds", statistics.median(seconds), "<= 1.5")
    yield Figure("first_view_rows", visits[-1][1], "<= 300")


def _first_view(browser: Browser, url: str) -> tuple[float, int]:
    answers: list[Response] = []
    with looking(browser, url) as page:
        page.add_init_script(COMPLETE_AT)
        page.on("response", lambda answer: answers.append(answer) if "/v1/" in answer.url else None)
        visit(page)
        return page.evaluate("window.completeAt") / 1000, sum(len(answer.json()) for answer in answers)
