"""How long the page's first view takes, from the address to the last figure drawn, in a browser that has kept nothing.

The service is warm: it has shown the page before. Set PIE_SCALE for another size than the paper's.
"""

import os
import statistics
from collections.abc import Iterator

from playwright.sync_api import Browser

from tests.api.browsing import READY, chromium, looking
from tests.api.test_cli import pie_serve
from tests.benchmarks.figure import Figure
from tests.simulated import simulated_warehouse

TIMES = 5
COMPLETE_AT = """
new MutationObserver(() => {
  if (document.body && !document.body.hasAttribute("aria-busy")) window.completeAt = performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-busy"] });
"""
"""Notes when the page last said that it is complete, in milliseconds from the beginning of the navigation."""


def measure() -> Iterator[Figure]:
    """Seconds of the first view, and how many rows it loads."""
    warehouse = simulated_warehouse(float(os.environ.get("PIE_SCALE", "1")))
    with pie_serve("--warehouse", str(warehouse), "--port", "0") as (_, url), chromium() as browser:
        visits = [_first_view(browser, url) for _ in range(TIMES + 1)]
    seconds = [visit[0] for visit in visits[1:]]
    print(f"  the first time {visits[0][0]:.2f} s, then {', '.join(f'{s:.2f}' for s in seconds)} s")
    yield Figure("first_view_seconds", statistics.median(seconds), "<= 1.5")
    yield Figure("first_view_rows", visits[-1][1], "<= 300")


def _first_view(browser: Browser, url: str) -> tuple[float, int]:
    rows = []
    with looking(browser, url) as page:
        page.add_init_script(COMPLETE_AT)
        page.on("response", lambda answer: rows.append(len(answer.json())) if "/v1/" in answer.url else None)
        page.goto("/")
        page.wait_for_selector(READY)
        return page.evaluate("window.completeAt") / 1000, sum(rows)
