"""Spools that other code wrote, by what store/README.md says of the format alone."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from store.dataset import register_dataset
from store.publish import publish_run
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset

DATASET = made_up_dataset(sizes={"test": 4})
ROWS = {
    "prediction": "select 'test' as split, 0::int2 as epoch, i::int4 as example_id, (i % 3)::int2 as class_id from range(4) as t(i)",
    "logit": "select 'test' as split, 0::int2 as epoch, i::int4 as example_id, [1, 2, i]::float[] as logits from range(4) as t(i)",
    "evaluation": "select 'test' as split, 0::int2 as epoch, 4::int4 as num_examples",
}


def by_duckdb(sql: str, file: Path) -> None:
    duckdb.execute(f"copy ({sql}) to '{file}' (format parquet, compression gzip)")


def by_polars(sql: str, file: Path) -> None:
    frame = pl.from_arrow(duckdb.sql(sql).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    frame.write_parquet(file)


@pytest.mark.parametrize("write", [by_duckdb, by_polars])
def test_a_spool_by_another_writer_is_published(
    warehouse: Warehouse, tmp_path: Path, write: Callable[[str, Path], None]
) -> None:
    register_dataset(warehouse, DATASET)
    (digest,) = (row["digest"] for row in warehouse.rows("select dataset, digest from dataset"))
    config = {
        "architecture": "own", "dataset": "tiny", "dataset_digest": digest, "protocol_version": 1, "pruner": "none",
        "seed": 0, "settings": {"learning_rate": 3e-5, "note": "Größe"}, "sparsity": 0.0,
    }  # fmt: skip
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    run_id = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    path = tmp_path / run_id
    path.mkdir()
    files = []
    for table, sql in ROWS.items():
        file = path / f"{table}.all.parquet"
        write(sql, file)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        files.append({"table": table, "name": file.name, "rows": 1 if table == "evaluation" else 4, "sha256": sha256})
    summary = dict.fromkeys(("threshold", "num_parameters", "num_prunable", "num_pruned")) | {
        "last_epoch": 0, "versions": {"R": "4.5"}, "started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T01:00:00+00:00",
    }  # fmt: skip
    manifest = {"format": 1, "run_id": run_id, "study": "R", "config": config, "summary": summary, "files": files}
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert publish_run(warehouse, path) is True
    assert warehouse.rows("select p.class_id from prediction as p order by p.example_id") == [
        {"class_id": number % 3} for number in range(4)
    ]
    assert warehouse.rows("select l.logits from logit as l where l.example_id = 3") == [{"logits": [1.0, 2.0, 3.0]}]
    assert warehouse.rows("select r.status, r.versions from run as r") == [
        {"status": "published", "versions": '{"R": "4.5"}'}
    ]
