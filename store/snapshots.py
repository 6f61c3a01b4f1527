"""Snapshots: every commit makes one, and each can be asked again until `pie compact` expires it."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from store.attach import no_snapshot
from store.errors import NotFound, Refused
from store.warehouse import Warehouse

_SNAPSHOTS = """
with change as (
    select s.snapshot_id, unnest(map_entries(s.changes)) as entry
    from warehouse.snapshots() as s
),
changed as (
    -- Changes of rows name their table by its number.
    select c.snapshot_id, unnest(c.entry.value) as table_id
    from change as c
    where c.entry.key in ('tables_inserted_into', 'inlined_insert', 'tables_deleted_from', 'inlined_delete')
),
named as (
    select c.snapshot_id, list(distinct t.table_name order by t.table_name) as tables
    from changed as c
    join __ducklake_metadata_warehouse.ducklake_table as t on t.table_id = try_cast(c.table_id as bigint)
    group by c.snapshot_id
),
kept as (
    select k.snapshot, list(k.name order by k.name) as names
    from kept_snapshot as k
    group by k.snapshot
)
select
    s.snapshot_id as snapshot, s.snapshot_time::timestamp as committed_at, s.commit_message as message,
    coalesce(n.tables, []) as tables, coalesce(k.names, []) as kept_as
from warehouse.snapshots() as s
left join named as n on n.snapshot_id = s.snapshot_id
left join kept as k on k.snapshot = s.snapshot_id
order by snapshot
"""


@dataclass(frozen=True)
class Snapshot:
    """One state of a warehouse. Its time tells it from that of the same number of another warehouse, or one restored."""

    number: int
    committed_at: datetime
    """UTC, in microseconds."""


def snapshot_read(warehouse: Warehouse) -> Snapshot:
    """The snapshot that is read, within `reading`."""
    row = warehouse.remembered_rows(
        "select s.snapshot_id, s.snapshot_time::timestamptz::timestamp as committed_at "
        "from __ducklake_metadata_warehouse.ducklake_snapshot as s "
        "where s.snapshot_id = (select c.id from warehouse.current_snapshot() as c)"
    )[0]
    return Snapshot(row["snapshot_id"], row["committed_at"])


def list_snapshots(warehouse: Warehouse) -> pa.Table:
    """The snapshots that can be asked, oldest first: number, time (UTC), message, tables changed, names it is kept under."""
    return warehouse.query(_SNAPSHOTS)


def require_snapshot(warehouse: Warehouse, snapshot: int) -> None:
    """Raise NotFound when a snapshot cannot be asked: it never was, or has expired. Takes a millisecond; attaching it, hundreds."""
    found = warehouse.query(
        "select 1 from __ducklake_metadata_warehouse.ducklake_snapshot as s where s.snapshot_id = $snapshot",
        {"snapshot": snapshot},
    )
    if not found.num_rows:
        raise no_snapshot(snapshot)


def keep_snapshot(warehouse: Warehouse, name: str, snapshot: int | None = None) -> int:
    """Keep a snapshot (the newest when none is given) under a name, so that it is never expired; returns its number.

    Raises NotFound for a snapshot that is not there, Refused for a name that keeps another one.
    """
    with warehouse.transaction(f"keep a snapshot as '{name}'"):
        snapshot = warehouse.snapshot() if snapshot is None else snapshot
        require_snapshot(warehouse, snapshot)
        there = warehouse.rows("select k.snapshot from kept_snapshot as k where k.name = $name", {"name": name})
        if there and there[0]["snapshot"] != snapshot:
            raise Refused(f"'{name}' keeps snapshot {there[0]['snapshot']}; choose another name, or release that one.")
        if not there:
            warehouse.execute(
                "insert into kept_snapshot values ($name, $snapshot, now()::timestamp)",
                {"name": name, "snapshot": snapshot},
            )
    return snapshot


def release_snapshot(warehouse: Warehouse, name: str) -> None:
    """Let go of the snapshot that is kept under a name. Raises NotFound when there is none."""
    with warehouse.transaction(f"release the snapshot '{name}'"):
        if not warehouse.rows("select 1 from kept_snapshot as k where k.name = $name", {"name": name}):
            raise NotFound(f"No snapshot is kept as '{name}'; list snapshots with `pie snapshots`.")
        warehouse.execute("delete from kept_snapshot where name = $name", {"name": name})
