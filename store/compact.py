"""Compaction: fewer files, less in the catalog, no snapshots that nobody will ask again.

Every step is a short transaction of its own, so that readers and writers go on meanwhile, and a compaction that
was killed has done a part of the work and spoilt nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.answers import store_due_answers
from store.warehouse import Warehouse

GRACE = timedelta(hours=1)
"""How long snapshots, and files that none needs any more, stay at least: a reader who has begun must find them."""


@dataclass(frozen=True)
class CompactStep:
    """What a step did, in words, and to how many rows, files or snapshots."""

    what: str
    count: int


def compact(
    warehouse: Warehouse, *, expire_older_than: timedelta | None = None, grace: timedelta = GRACE
) -> Iterator[CompactStep]:
    """Store what answers are not, flush inlined rows, merge files, expire snapshots of more than an age, delete files long unneeded.

    Kept snapshots, the newest, and those younger than `grace` never expire; without an age none does. Yields each step
    that did something.
    """
    with warehouse.maintenance():
        for step in _steps(warehouse, expire_older_than, grace):
            if step.count:
                yield step


def _steps(warehouse: Warehouse, expire_older_than: timedelta | None, grace: timedelta) -> Iterator[CompactStep]:
    yield CompactStep("variants' answers stored", store_due_answers(warehouse, planned=False))
    tables = _tables(warehouse)
    for table in tables:
        yield _flush(warehouse, table)
    for table in tables:
        yield _merge(warehouse, table)
    yield _expire(warehouse, None if expire_older_than is None else max(expire_older_than, grace))
    yield _delete(warehouse, "cleanup_old_files", "files deleted that no snapshot needs", grace)
    yield _delete(warehouse, "delete_orphaned_files", "files deleted that a killed process left", grace)


def _tables(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows(
        """
        select t.table_name
        from duckdb_tables() as t
        where t.database_name = 'warehouse' and t.schema_name = 'main'
        order by t.table_name
        """
    )
    return [row["table_name"] for row in rows]


def _flush(warehouse: Warehouse, table: str) -> CompactStep:
    with warehouse.transaction(f"compact: flush {table}"):
        rows = warehouse.rows(
            "select f.rows_flushed from ducklake_flush_inlined_data('warehouse', table_name => $table) as f",
            {"table": table},
        )
    return CompactStep(
        f"rows of {table} flushed from the catalog to a file", sum(int(row["rows_flushed"]) for row in rows)
    )


def _merge(warehouse: Warehouse, table: str) -> CompactStep:
    num_merged = 0
    while True:
        # Into one file at a time: a writer waits for that long at most.
        with warehouse.transaction(f"compact: merge files of {table}"):
            rows = warehouse.rows(
                "from ducklake_merge_adjacent_files('warehouse', $table, max_compacted_files => 1)", {"table": table}
            )
        num_merged += sum(row["files_processed"] for row in rows)
        # A file of just the size that files should have may be written as two again, and again.
        if sum(row["files_processed"] - row["files_created"] for row in rows) <= 0:
            return CompactStep(f"files of {table} merged", num_merged)


def _expire(warehouse: Warehouse, age: timedelta | None) -> CompactStep:
    if age is None:
        return CompactStep("snapshots expired", 0)
    with warehouse.transaction("compact: expire snapshots"):
        rows = warehouse.rows(
            """
            select s.snapshot_id
            from warehouse.snapshots() as s
            where s.snapshot_time < $before and s.snapshot_id <> (select id from warehouse.current_snapshot())
                and s.snapshot_id not in (select k.snapshot from kept_snapshot as k)
            """,
            {"before": datetime.now(UTC) - age},
        )
        versions = [row["snapshot_id"] for row in rows]
        if versions:
            warehouse.rows(f"from ducklake_expire_snapshots('warehouse', versions => {versions})")
    return CompactStep("snapshots expired", len(versions))


def _delete(warehouse: Warehouse, function: str, what: str, grace: timedelta) -> CompactStep:
    # A SQLite catalog compares times as text, and is right to the day only: a day more is on the safe side.
    margin = timedelta(days=1) if warehouse.location.directory else timedelta()
    before = (datetime.now(UTC) - grace - margin).isoformat(sep=" ")
    which = f"older_than => timestamptz '{before}'" if grace else "cleanup_all => true"
    # Under the lock no writer is in the middle of a file.
    with warehouse.transaction("compact: delete files"):
        files = warehouse.rows(f"from ducklake_{function}('warehouse', {which})")
    return CompactStep(what, len(files))
