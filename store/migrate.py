"""Migrations: the numbered SQL files of migrations/, each applied once, in one transaction, and recorded."""

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from store.errors import Refused

if TYPE_CHECKING:
    from store.warehouse import Warehouse


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """All migrations of this version of the code, in order."""
    found = sorted(
        (path for path in files("migrations").iterdir() if path.name.endswith(".sql")), key=lambda path: path.name
    )
    return [Migration(int(path.name[:4]), path.name.removesuffix(".sql"), path.read_text("utf-8")) for path in found]


def schema_version(warehouse: "Warehouse") -> int:
    """The number of the last migration applied to a warehouse, 0 when none was."""
    if "migration" not in _tables(warehouse):
        return 0
    return int(warehouse.rows("select max(version) as version from migration")[0]["version"])


def _tables(warehouse: "Warehouse") -> set[str]:
    rows = warehouse.rows("select t.table_name from duckdb_tables() as t where t.database_name = 'warehouse'")
    return {row["table_name"] for row in rows}


def migrate(warehouse: "Warehouse") -> list[str]:
    """Apply the migrations that are missing; returns their names. A killed one leaves the version before it, whole."""
    applied = []
    for migration in migrations():
        with warehouse.transaction(f"migrate to {migration.name}"):
            if migration.version <= schema_version(warehouse):
                continue
            _apply(warehouse, migration)
        applied.append(migration.name)
    # Whether or not a migration was missing: one who applied it may have been killed before this.
    _set_options(warehouse)
    return applied


def older_schema(warehouse: "Warehouse") -> int | None:
    """The schema's number at the snapshot read, when it is older than that of this version of the code."""
    found = schema_version(warehouse)
    return found if found < migrations()[-1].version else None


def require_current(warehouse: "Warehouse") -> None:
    """Raise Refused unless the warehouse has exactly the schema of this version of the code."""
    found, known = schema_version(warehouse), migrations()[-1].version
    if found == 0:
        raise Refused(
            f"'{warehouse.location}' is a DuckLake, but not a warehouse of this project; name another with --warehouse."
        )
    if found < known:
        raise Refused(
            f"The warehouse '{warehouse.location}' has schema {found}, this version needs {known}; run `pie migrate`."
        )
    if found > known:
        raise Refused(
            f"The warehouse '{warehouse.location}' has schema {found}, newer than this version's {known}; upgrade pie-store."
        )


_INLINED_ROWS = dict.fromkeys(
    ("study", "dataset", "class", "run", "recipe_study", "evaluated_run", "stored_comparison"), 20_000
) | dict.fromkeys(
    (
        "mask",
        "trial",
        "epoch_metric",
        "evaluation",
        "migration",
        "view_column",
        "stored_on_pies_of_run",
        "stored_on_pies",
        "stored_class_distribution",
        "stored_influence_bin",
        "stored_influence_recipe",
        "stored_readability",
    ),
    2_000,
)
"""Rows of one insert that stay in the catalog until they are flushed: small or often updated tables would
else add a file for every commit."""


_ROWS_OF_A_GROUP = dict.fromkeys(("example", "readability"), 8_192) | {"stored_majority": 16_384}
"""Rows of a row group where a few rows are looked up among many: whatever stands before them in theirs must be read too."""


_BYTES_OF_A_FILE = {
    "prediction": "4MB",
    "stored_majority": "4MB",
    "stored_influence": "16MB",
    "el2n": "16MB",
    "logit": "32MB",
}
"""How large files are merged: some ten million rows, which a compaction rewrites in seconds while writers wait for it."""


def _set_options(warehouse: "Warehouse") -> None:
    for option, values in (
        ("data_inlining_row_limit", _INLINED_ROWS),
        ("parquet_row_group_size", _ROWS_OF_A_GROUP),
        ("target_file_size", _BYTES_OF_A_FILE),
    ):
        for table in _tables(warehouse) & values.keys():
            warehouse.execute(
                "call warehouse.set_option($option, $value, table_name => $table)",
                {"option": option, "value": values[table], "table": table},
            )


def _apply(warehouse: "Warehouse", migration: Migration) -> None:
    if migration.version == 1:
        warehouse.execute(
            "create table migration (version integer not null, name varchar not null, applied_at timestamp not null)"
        )
        warehouse.execute("comment on table migration is 'One row per migration applied to this warehouse.'")
        warehouse.execute("comment on column migration.version is 'Number of the migration: the schema''s version.'")
        warehouse.execute("comment on column migration.name is 'Name of its file.'")
        warehouse.execute("comment on column migration.applied_at is 'When it was applied, UTC.'")
    warehouse.execute(migration.sql)
    warehouse.execute(
        "insert into migration values ($version, $name, now()::timestamp)",
        {"version": migration.version, "name": migration.name},
    )
