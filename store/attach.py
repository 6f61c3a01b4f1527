"""A warehouse's DuckLake attached to a DuckDB connection of its own, under the name `warehouse`."""

import os
from hashlib import sha256
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory, gettempdir

import duckdb

from store.engine import connect, quoted
from store.errors import NotFound, Refused, StoreError, Unavailable
from store.location import CATALOG, Location
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
        _attach(connection, location, options)
    except duckdb.Error as error:
        connection.close()
        raise _explained(error, location, as_of, writes=not read_only) from location.cause(error)
    except StoreError:
        connection.close()
        raise
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, location: Location, options: list[str]) -> None:
    """Attach the lake; one in a directory that may only be read by a copy of its catalog.

    Even to read a catalog SQLite has to write beside it.
    """
    statement = f"as warehouse ({', '.join(options)})"
    try:
        connection.execute(f"attach {quoted(location.catalog)} {statement}")
    except duckdb.Error:
        if "read_only" not in options or location.directory is None or not location.only_read:
            raise
        copied = _copy_of(location.directory / CATALOG)
        connection.execute(f"attach {quoted(f'ducklake:sqlite:{copied}')} {statement}")


def _copy_of(catalog: Path) -> Path:
    """A copy of a catalog among the machine's temporary files: one for each of its states, for all of the user's processes."""
    copies = Path(gettempdir()) / f"pie-catalogs-{os.getuid()}"
    copies.mkdir(mode=0o700, exist_ok=True)
    if copies.stat().st_uid != os.getuid():
        raise Refused(f"'{copies}', where a copy of the catalog '{catalog}' would lie, is another user's; set TMPDIR.")
    log = catalog.with_name(f"{catalog.name}-wal")
    states = [(file.stat().st_mtime_ns, file.stat().st_size) for file in (catalog, log) if file.exists()]
    copied = copies / f"{sha256(f'{catalog.absolute()} {states}'.encode()).hexdigest()[:16]}.sqlite"
    if not copied.exists():
        with TemporaryDirectory(dir=copies) as aside:
            # What is in the log belongs to the catalog.
            for file in (log, catalog):
                if file.exists():
                    Path(copy(file, aside)).replace(f"{copied}{file.name.removeprefix(CATALOG)}")
    return copied


def _explained(error: duckdb.Error, location: Location, as_of: int | None, *, writes: bool) -> StoreError:
    said = location.hide(error)
    if writes and location.only_read:
        return Unavailable(
            f"The warehouse '{location}' cannot be written, as its directory may only be read: ask it, or copy it to where you may write."
        )
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
