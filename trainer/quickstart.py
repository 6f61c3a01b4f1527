"""`pie quickstart`: the whole path once, on real text. Each step returns at once where its work is done already."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from rich.console import Console

from store.dataset import register_dataset
from store.errors import NotFound, StoreError
from store.location import locate
from store.output import rich_table
from store.progress import progress_bar
from store.warehouse import open_warehouse
from trainer.data import load_dataset_from
from trainer.findings import SHOWN, finding
from trainer.progress import display_for
from trainer.runner import Options, run_study
from trainer.study import load_study

STUDY = "quickstart"
MAX_ROWS = 20
"""Rows of an answer that are printed."""


def run_quickstart(warehouse: str | None, spool: Path, console: Console, *, study: str = STUDY) -> None:
    """Register the corpus, train the study, serve the warehouse, ask every question, and say what to type next."""
    loaded = load_study(study)
    console.rule("1. The corpus: movie reviews from Rotten Tomatoes", align="left")
    _add_corpus(warehouse, loaded.dataset, console)
    console.rule(
        f"2. The study: {len(loaded.pruners)} pruners, {len(loaded.sparsities)} sparsities, {len(loaded.seeds)} seeds",
        align="left",
    )
    outcome = run_study(loaded, Options(warehouse, spool), display_for(console))
    if outcome.num_failed:
        raise StoreError(f"{outcome.num_failed} runs failed, for the reasons above; `pie quickstart` tries them again.")
    console.rule("3. The answers, over HTTP", align="left")
    with served(warehouse) as url:
        _ask_everything(url, console)
    console.rule("What to type next", align="left")
    console.print(_what_next(warehouse), highlight=False)


@contextmanager
def served(warehouse: str | None) -> Iterator[str]:
    """The service over a warehouse, in a process of its own on a free loopback port, stopped at the end; its URL."""
    command = [sys.executable, "-m", "store", "serve", "--port", "0"]
    command += ["--warehouse", warehouse] if warehouse else []
    # The service logs every request: that is for a service that runs on, not for this.
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^\s/]+", process.stdout.readline())
            if found is None:
                process.wait()
                log.seek(0)
                raise StoreError(f"The service did not start: {log.read().strip() or 'it said nothing'}")
            yield found[0]
        finally:
            process.terminate()


def _add_corpus(warehouse: str | None, name: str, console: Console) -> None:
    with open_warehouse(warehouse, create=True) as opened:
        if opened.rows("select 1 from dataset as d where d.dataset = $name", {"name": name}):
            console.print(f"Dataset '{name}' is in the warehouse.")
            return
        dataset = load_dataset_from(name)
        with progress_bar(console) as progress:
            register_dataset(opened, dataset, progress=progress)
    sizes = ", ".join(f"{len(examples):,} {split}" for split, examples in dataset.splits.items())
    console.print(f"Dataset '{name}': {sizes} examples of the classes {', '.join(dataset.class_names)}.")


def _ask_everything(url: str, console: Console) -> None:
    """Ask each question that the service has; what is not worth a table here is counted."""
    with httpx.Client(base_url=url, timeout=60) as client:
        paths = client.get("/openapi.json").raise_for_status().json()["paths"]
        lists = [path for path in paths if path.startswith("/v1/") and "{" not in path and _is_list(paths[path])]
        if missing := SHOWN.keys() - set(lists):
            raise NotFound(f"The service at {url} does not answer {', '.join(sorted(missing))}.")
        for path in (*SHOWN, *sorted(set(lists) - SHOWN.keys())):
            rows = client.get(path, params=SHOWN[path].filters if path in SHOWN else {}).raise_for_status().json()
            if path in SHOWN:
                _show(path, paths[path]["get"]["description"], rows, console)
            else:
                console.print(f"GET {path}: {len(rows)} rows.", highlight=False)


def _is_list(operations: Mapping[str, Any]) -> bool:
    """Whether a GET answers with rows, and needs no parameter."""
    if any(parameter.get("required") for parameter in operations.get("get", {}).get("parameters", ())):
        return False
    content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema.get("type") == "array"


def _show(path: str, description: str, rows: list[dict[str, Any]], console: Console) -> None:
    shown = SHOWN[path]
    query = "&".join(f"{name}={value}" for name, value in shown.filters.items())
    console.print(
        f"\n[bold]GET {path}{'?' + query if query else ''}[/bold]\n{description.split('? ', maxsplit=1)[0]}?",
        highlight=False,
    )
    columns = [{name: row[name] for name in shown.columns} for row in rows[:MAX_ROWS]]
    console.print(rich_table(pa.Table.from_pylist(columns)))
    if len(rows) > MAX_ROWS:
        console.print(f"... and {len(rows) - MAX_ROWS:,} rows more.")
    console.print(finding(path, rows), style="green", highlight=False)


def _what_next(warehouse: str | None) -> str:
    location = locate(warehouse)
    option = "" if warehouse is None else f" --warehouse {location.url}"
    return "\n".join(
        (
            f"pie serve{option}    the service, to keep",
            f'pie sql{option} "select * from pie_rate order by pie_rate desc"    any SQL; `pie schema` lists the tables',
            f"pie pies{option} --pruner RP-AI --sparsity 0.99 --format csv    any question, in any format",
            f"pie train{option} STUDY.toml    a study of your own; start from trainer/studies/quickstart.toml",
            "and from plain DuckDB 1.5:",
            "  install ducklake; install sqlite;",
            f"  attach '{location.catalog}' as pies (read_only); use pies;",
            "  select * from pie_rate;",
        )
    )
