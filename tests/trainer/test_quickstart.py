"""`pie quickstart` on a tiny study: real processes, a real service, killed and started again."""

import io
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from store.dataset import register_dataset
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import made_up_dataset
from tests.trainer.tiny import write_study, write_vectors
from trainer.findings import SHOWN, finding
from trainer.quickstart import run_quickstart

NUM_RUNS = 2 * (1 + 2 * 2)


@pytest.fixture
def study(tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with the shipped one's pruners that a sentence is about; its dataset is in the warehouse already."""
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "cache"))
    register_dataset(warehouse, made_up_dataset(sizes={"train": 24, "test": 12}))
    warehouse.close()
    vectors = write_vectors(tmp_path / "vectors.txt")
    return write_study(tmp_path / "study.toml", vectors, pruners=["IMP-FT", "RP-AI"], sparsities=[0.5, 0.99])


def walk(study: Path) -> str:
    """Walk the whole path; returns what is printed."""
    console = Console(file=io.StringIO(), width=200)
    run_quickstart(str(study.parent / "warehouse"), study.parent / "spool", console, study=str(study))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_trains_asks_everything_and_the_second_time_only_asks(study: Path) -> None:
    first = walk(study)
    assert f"{NUM_RUNS} runs to train" in first and f"[{NUM_RUNS}/{NUM_RUNS}]" in first
    for path in SHOWN:
        assert f"GET {path}" in first
    assert f"GET /v1/runs: {NUM_RUNS} rows." in first and "pie serve" in first and "attach 'ducklake:sqlite:" in first
    second = walk(study)
    assert "Nothing to train" in second and "runs to train" not in second
    assert first.split("3. The answers")[1] == second.split("3. The answers")[1]


def test_killed_in_training_it_goes_on(study: Path) -> None:
    code = (
        "import sys; from tests.trainer.test_quickstart import walk; from pathlib import Path; walk(Path(sys.argv[1]))"
    )
    url = study.parent / "warehouse"
    with subprocess.Popen([sys.executable, "-c", code, str(study)], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 240
        while published(url) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    there = published(url)
    assert there >= 2
    left = re.search(r"(\d+) runs to train", walk(study))
    # What was spooled but not yet published is published at the start, not trained again.
    assert left is None or 0 < int(left[1]) <= NUM_RUNS - there
    assert published(url) == NUM_RUNS


def published(url: Path) -> int:
    with open_warehouse(url, read_only=True) as warehouse:
        found = warehouse.rows(
            "select count(*) as n, count(distinct r.run_id) as d from run as r where r.status = 'published'"
        )[0]
    assert found["n"] == found["d"]
    return int(found["n"])


def test_sentences_hold_without_any_pie() -> None:
    assert finding("/v1/pies", []) == "There is nothing to show: no example is a PIE."
    none = {"num_pies": 0, "share_of_pies": None, "unpruned_on_pies": None}
    assert (
        finding("/v1/accuracy-on-pies", [none]) == finding("/v1/class-distribution", [none]) == "No example is a PIE."
    )
    assert finding("/v1/readability", [{"ratio": None}]) == "No example is a PIE."
