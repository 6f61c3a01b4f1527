"""The files of a warehouse: those its catalog names, and those that lie in its data path."""

from dataclasses import dataclass
from pathlib import Path

from store.warehouse import Warehouse

# The paths of schema, table and file add up; a file registered from elsewhere has a whole path of its own.
NAMED_FILES = """
with entry as (
    select f.table_id, f.path, f.path_is_relative, f.file_size_bytes from {catalog}ducklake_data_file as f
    union all
    select d.table_id, d.path, d.path_is_relative, d.file_size_bytes from {catalog}ducklake_delete_file as d
),
place as (
    select distinct t.table_id, s.path || t.path as path
    from {catalog}ducklake_table as t
    join {catalog}ducklake_schema as s on s.schema_id = t.schema_id
)
select distinct case when e.path_is_relative then p.path || e.path else e.path end as path, e.file_size_bytes as num_bytes
from entry as e
join place as p on p.table_id = e.table_id
order by path
"""
"""Every file that some snapshot needs, with its size; `catalog` is what stands before the names of the catalog's tables."""

_CATALOG = "__ducklake_metadata_warehouse."


@dataclass(frozen=True)
class Files:
    """Paths of a warehouse's files, relative to its data path where they lie below it."""

    named: dict[str, int]
    """Those that some snapshot needs, with their bytes."""
    released: set[str]
    """Those that none needs any more, but that are still to be deleted."""
    there: dict[str, int | None]
    """Those in the data path, with their bytes where these are known without reading them."""


def files_of(warehouse: Warehouse) -> Files:
    """The files of a warehouse as the catalog has them, and as they lie there."""
    location = warehouse.location
    there = warehouse.rows(
        "select g.file from glob($pattern) as g", {"pattern": f"{location.data_path.rstrip('/')}/**"}
    )
    named = warehouse.rows(NAMED_FILES.format(catalog=_CATALOG))
    released = warehouse.rows(f"select f.path from {_CATALOG}ducklake_files_scheduled_for_deletion as f")
    return Files(
        named={row["path"]: row["num_bytes"] for row in named},
        released={row["path"] for row in released},
        there={row["file"].removeprefix(location.data_path): _size(row["file"]) for row in there},
    )


def _size(file: str) -> int | None:
    return None if "://" in file else Path(file).stat().st_size
