"""A real Chromium on the page, a small warehouse to look at, and axe, which finds what some people could not use."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from store.protocol import Split
from store.warehouse import Warehouse
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert, labels

READY = "body:not([aria-busy])"
SIZES: dict[Split, int] = {"train": 60, "test": 60}
VARIANTS = [("none", 0.0)] + [(pruner, sparsity) for pruner in ("IMP-FT", "RP-AI") for sparsity in (0.5, 0.9)]
NUM_SEEDS = 3


def fill_for_looking(warehouse: Warehouse) -> None:
    """Three classes, two pruners at two sparsities, three seeds; the pruned err more, the more is pruned."""
    random = np.random.default_rng(0)
    gold = {split: random.integers(3, size=size) for split, size in SIZES.items()}
    runs = []
    for pruner, sparsity in VARIANTS:
        for seed in range(NUM_SEEDS):
            predicted = {split: _erring(random, gold_N, 0.1 + 0.7 * sparsity) for split, gold_N in gold.items()}
            el2n_N = random.random(SIZES["train"]).astype(np.float32) if pruner == "none" else None
            runs.append(MadeUpRun(pruner, sparsity, seed, predicted, el2n_N=el2n_N))
    study = {split: labels([[label] for label in gold_N], 3) for split, gold_N in gold.items()}
    insert(warehouse, MadeUpStudy("tiny", "single_label", study, runs))


def _erring(random: np.random.Generator, gold_N: Any, rate: float) -> Any:
    wrong_N = (gold_N + random.integers(1, 3, size=len(gold_N))) % 3
    return labels([[label] for label in np.where(random.random(len(gold_N)) < rate, wrong_N, gold_N)], 3)


def fill_half_done(warehouse: Warehouse) -> None:
    """One unpruned and one pruned run, of unlike seeds; one that failed and one that is still to come."""
    gold: dict[Split, Labels] = {"train": labels([[0], [1]], 2), "test": labels([[0], [1], [1]], 2)}
    runs = [
        MadeUpRun(pruner, sparsity, seed, gold if status == "published" else {}, status=status)
        for pruner, sparsity, seed, status in (
            ("none", 0.0, 0, "published"), ("IMP-FT", 0.5, 1, "published"), ("none", 0.0, 1, "planned"), ("IMP-FT", 0.5, 0, "failed"),
        )
    ]  # fmt: skip
    insert(warehouse, MadeUpStudy("begun", "single_label", gold, runs))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium: the one of PIE_CHROMIUM, else of the PATH; skips, by name, where there is none."""
    path = os.environ.get("PIE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is here: install the package chromium, or name one in PIE_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, url: str, *, errors: bool = False, **options: Any) -> Iterator[Page]:
    """A page of its own; fails where anything is asked of another host or, unless `errors`, the console has errors."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(60_000)
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    context.close()
    strangers = [asked for asked in requests if not asked.startswith((url, "blob:" + url, "data:"))]
    assert not strangers
    complaints = [text for text in complaints if not (errors and "Failed to load resource" in text)]
    assert not complaints


def visit(page: Page, path: str = "/") -> None:
    """Open an address of the page and wait until it is complete."""
    page.goto(path)
    page.wait_for_selector(READY)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2, levels A and AA; skips, by name, where axe is not installed."""
    folder = Path(os.environ.get("PIE_AXE") or Path.home() / ".cache" / "pie-store" / "axe")
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        pytest.skip(f"axe-core is not here: npm install --prefix {folder} axe-core, or name a folder in PIE_AXE")
    page.evaluate(script.read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate(f"axe.run(document, {{ runOnly: {json.dumps(tags)} }})")
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
