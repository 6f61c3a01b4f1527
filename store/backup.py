"""Backups: a consistent copy of a warehouse, made while others read and write, which is itself a warehouse.

With a SQLite catalog the copy has the same files and every snapshot. With a PostgreSQL catalog it has the rows of
the newest snapshot, in a directory with a SQLite catalog; it is restored to either.
"""

import multiprocessing
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store.attach import attach, no_warehouse
from store.copying import copy_rows
from store.create import create_warehouse
from store.engine import quoted
from store.errors import Refused, StoreError, Unavailable
from store.files import NAMED_FILES
from store.location import CATALOG, Location, locate
from store.lock import hold
from store.progress import Progress, unseen
from store.warehouse import Warehouse, open_warehouse


def backup_warehouse(url: str | None, target: Path, progress: Progress = unseen) -> int:
    """Copy a warehouse into a new directory; returns the number of bytes that the copy takes.

    The directory appears when the copy is whole. `progress` is told how many parts of how many are copied.
    Raises Refused where something lies already.
    """
    location = locate(url)
    if not location.exists:
        raise no_warehouse(location)
    with _made_aside(Path(target)) as aside:
        if location.directory is None:
            _copy_rows_to(location, aside, progress)
        else:
            _copy_files(location.directory, aside, progress)
        return sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())


def restore_warehouse(source: Path, url: str | None, progress: Progress = unseen) -> None:
    """Make a warehouse, which must not be there yet, from a backup; `progress` as in `backup_warehouse`.

    Raises NotFound without a backup, Refused where a warehouse is.
    """
    location, backup = locate(url), locate(source)
    if not backup.exists or backup.directory is None:
        raise no_warehouse(backup)
    if location.directory is not None:
        with _made_aside(location.directory) as aside:
            _copy_files(backup.directory, aside, progress)
        return
    create_warehouse(location)
    with open_warehouse(url) as warehouse:
        if warehouse.rows("select 1 from dataset limit 1"):
            raise Refused(f"The warehouse '{location}' holds data already; restore into an empty database.")
    _copy_rows_to(backup, location, progress)


@contextmanager
def _made_aside(target: Path) -> Iterator[Path]:
    """A directory to fill, which takes its name when that is done; a killed copy leaves nothing under the name."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"'{target}' is there already; name a new or empty directory, or move it away.")
    aside = target.with_name(f".{target.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        yield aside
        if target.exists():
            target.rmdir()
        aside.rename(target)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise Unavailable(
            f"'{target}' cannot be written: {error.strerror}; check its rights and the space of its disk."
        ) from error
    except StoreError:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _copy_files(source: Path, target: Path, progress: Progress) -> None:
    # No compaction meanwhile: it deletes files that the copied catalog still names.
    location = locate(source)
    with hold(location, "maintain"):
        # In a process of its own: SQLite's locks belong to processes, and closing the file here would drop those
        # of a warehouse that is open here.
        copying = multiprocessing.get_context("spawn").Process(
            target=copy_catalog, args=(source / CATALOG, target / CATALOG)
        )
        copying.start()
        copying.join()
        if copying.exitcode:
            raise Unavailable(f"The catalog of '{location}' cannot be copied; try again, or look with `pie check`.")
        paths = _named_files(target / CATALOG)
        for number, path in enumerate(paths):
            progress(number, len(paths), "files")
            copy = target / "data" / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / "data" / path, copy)


def copy_catalog(source: Path, target: Path) -> None:
    """Copy a SQLite catalog as it is at one moment, while others write it."""
    with closing(sqlite3.connect(source, timeout=60)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        # These are not copied.
        new.execute("delete from ducklake_files_scheduled_for_deletion")
        new.commit()
        new.execute("pragma wal_checkpoint(truncate)")


def _named_files(catalog: Path) -> list[str]:
    with closing(sqlite3.connect(catalog)) as opened:
        return [row[0] for row in opened.execute(NAMED_FILES.format(catalog=""))]


def _copy_rows_to(source: Location, target: Path | Location, progress: Progress) -> None:
    goal = locate(target) if isinstance(target, Path) else target
    create_warehouse(goal)
    connection = attach(source, read_only=True, extensions=goal.extensions)
    with Warehouse(source, connection, read_only=True) as warehouse:
        place = f"data_path {quoted(goal.data_path)}, override_data_path true"
        warehouse.execute(f"attach {quoted(goal.catalog)} as target ({place})")
        # One transaction, so that all tables are read at one snapshot.
        warehouse.execute("begin")
        copy_rows(warehouse, "target", progress=progress)
        warehouse.execute("call target.set_commit_message('pie', 'copy of another warehouse')")
        warehouse.execute("commit")
