"""A warehouse's DuckLake attached to a DuckDB connection of its own, under the name `warehouse`."""

import duckdb

from store.engine import connect
from store.errors import NotFound, Refused, Unavailable
from store.location import Location


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
    connection = connect(*{*location.extensions, *extensions})
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
        connection.execute(f"attach {quoted(location.catalog)} as warehouse ({', '.join(options)})")
    except duckdb.Error as error:
        connection.close()
        raise _explained(error, location, as_of) from error
    return connection


def _explained(error: duckdb.Error, location: Location, as_of: int | None) -> NotFound | Refused | Unavailable:
    said = location.hide(error)
    if as_of is not None and "snapshot" in said.lower():
        return NotFound(f"No snapshot {as_of} in the warehouse; list snapshots with `pie snapshots`.")
    if location.directory is None and "creating a new DuckLake is explicitly disabled" in said:
        return no_warehouse(location)
    if location.directory is None and isinstance(error, duckdb.OperationalError):
        return Unavailable(f"The warehouse's PostgreSQL catalog cannot be reached: {said}")
    return Refused(f"'{location}' is not a warehouse that can be opened: {said}")


def no_warehouse(location: Location) -> NotFound:
    """What to say where no warehouse is."""
    return NotFound(
        f"No warehouse at '{location}'; make one with `pie quickstart` or `pie data add`, or name another with --warehouse."
    )


def quoted(text: object) -> str:
    """A text as an SQL literal, for statements that take no parameters."""
    return "'" + str(text).replace("'", "''") + "'"
