"""A warehouse's DuckLake attached to a DuckDB connection of its own, under the name `warehouse`."""

import duckdb

from store.engine import connect, quoted
from store.errors import NotFound, Refused, StoreError
from store.location import Location
from store.storage import authorize


def attach(
    location: Location,
    *,
    read_only: bool = False,
    as_of: int | None = None,
    create: bool = False,
    extensions: tuple[str, ...] = (),
) -> duckdb.DuckDBPyConnection:
    """A connection to the lake, which must be there unless `create`; `as_of` reads one of its older snapshots.

    `extensions` are loaded besides those that the location needs.
    Raises NotFound when lake or snapshot are not there, Unavailable when a catalog server does not answer, and
    Refused when it is something else.
    """
    needed = {*location.extensions, *extensions}
    connection = connect(*needed)
    options = [
        f"data_path {quoted(location.data_path)}",
        "override_data_path true",
        f"create_if_not_exists {str(create).lower()}",
    ]
    if read_only:
        options.append("read_only")
    if as_of is not None:
        options.append(f"snapshot_version {int(as_of)}")
    try:
        if "aws" in needed:
            authorize(connection)
        connection.execute(f"attach {quoted(location.catalog)} as warehouse ({', '.join(options)})")
    except duckdb.Error as error:
        connection.close()
        raise _explained(error, location, as_of) from location.cause(error)
    except StoreError:
        connection.close()
        raise
    return connection


def _explained(error: duckdb.Error, location: Location, as_of: int | None) -> StoreError:
    said = location.hide(error)
    if as_of is not None and "snapshot" in said.lower():
        return no_snapshot(as_of)
    if location.directory is None and "creating a new DuckLake is explicitly disabled" in said:
        return no_warehouse(location)
    if location.lost(error) or (location.directory is None and isinstance(error, duckdb.OperationalError)):
        return location.unavailable(error, "cannot be opened")
    return Refused(f"'{location}' is not a warehouse that can be opened: {said}")


def no_snapshot(snapshot: int) -> NotFound:
    """What to say where a snapshot is not, or no more."""
    return NotFound(
        f"No snapshot {snapshot} in the warehouse; list snapshots with `pie snapshots` or GET /v1/snapshots."
    )


def no_warehouse(location: Location) -> NotFound:
    """What to say where no warehouse is."""
    return NotFound(
        f"No warehouse at '{location}'; make one with `pie quickstart` or `pie data add`, or name another with --warehouse."
    )
