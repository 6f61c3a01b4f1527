"""Compaction: fewer files, less in the catalog, no snapshots that nobody will ask again.

Every step is a short transaction of its own, so that readers and writers go on meanwhile, and a compaction that
was killed has done a part of the work and spoilt nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.warehouse import Warehouse

FILES_OF_A_STEP = 200
"""Files merged while the lock is held: a writer waits for that long at most."""
GRACE = timedelta(hours=1)
"""How long files that no snapshot needs any more stay: a reader may have begun before they were dropped."""


@dataclass(frozen=True)
class CompactStep:
    """What a step did, in words, and to how many rows, files or snapshots."""

    what: str
    count: int


def compact(
    warehouse: Warehouse, *, expire_older_than: timedelta | None = None, grace: timedelta = GRACE
) -> Iterator[CompactStep]:
    """Flush inlined rows, merge adjacent files, expire snapshots of more than an age, delete files long unneeded.

    Kept snapshots and the newest never expire; without an age none does. Yields each step that did something.
    """
    with warehouse.maintenance():
        steps = (
            *(_flush(warehouse, table) for table in _tables(warehouse)),
            *(step for table in _tables(warehouse) for step in _merge(warehouse, table)),
            _expire(warehouse, expire_older_than),
            _delete(warehouse, "cleanup_old_files", "files deleted that no snapshot needs", grace),
            _delete(warehouse, "delete_orphaned_files", "files deleted that a killed process left", grace),
        )
        yield from (step for step in steps if step.count)


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


def _merge(warehouse: Warehouse, table: str) -> Iterator[CompactStep]:
    while True:
        with warehouse.transaction(f"compact: merge files of {table}"):
            rows = warehouse.rows(
                f"select m.files_processed from ducklake_merge_adjacent_files('warehouse', '{table}', "
                f"max_compacted_files => {FILES_OF_A_STEP}) as m"
            )
        num_files = sum(row["files_processed"] for row in rows)
        yield CompactStep(f"files of {table} merged", num_files)
        if not num_files:
            return


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
