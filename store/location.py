"""Where a warehouse lies, from the one URL that names it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from store.errors import Lost, Refused, Unavailable
from store.secrecy import without_details

DEFAULT_URL = "./warehouse"
CATALOG = "catalog.sqlite"
URL_VARIABLE = "PIE_WAREHOUSE"
DATA_PATH_VARIABLE = "PIE_DATA_PATH"
_POSTGRES = "ducklake:postgres:"


@dataclass(frozen=True)
class Location:
    """The DuckLake catalog to attach and the place of its Parquet files."""

    url: str
    catalog: str
    """What stands behind `attach`, such as `ducklake:sqlite:warehouse/catalog.sqlite`."""
    data_path: str
    directory: Path | None
    """The warehouse's own directory; None when its catalog is a PostgreSQL database."""

    @property
    def extensions(self) -> tuple[str, ...]:
        catalog = "sqlite_scanner" if self.directory else "postgres_scanner"
        storage = ("httpfs", "aws") if self.data_path.startswith("s3://") else ()
        return ("ducklake", catalog, *storage)

    @property
    def exists(self) -> bool:
        """Whether a catalog is there; a PostgreSQL catalog is asked when it is attached."""
        return self.directory is None or (self.directory / CATALOG).is_file()

    @property
    def only_read(self) -> bool:
        """Whether it is a directory that may not be written."""
        return self.directory is not None and self.exists and not os.access(self.directory, os.W_OK)

    @property
    def postgres(self) -> str:
        """The connection details of a PostgreSQL catalog."""
        assert self.directory is None, "a directory has no PostgreSQL catalog"
        return self.catalog.removeprefix(_POSTGRES)

    def hide(self, error: BaseException) -> str:
        """An error's text in one line, without the details by which the servers of a warehouse are reached."""
        said = " ".join(str(error).split()).rstrip(".")
        # DuckLake's own queries of its catalog fill pages, and are no help.
        return self.without_details(_CATALOG_QUERY.sub("", said))

    def without_details(self, text: str) -> str:
        """Any text without those details."""
        return text if self.directory else without_details(text, self.postgres)

    def cause(self, error: BaseException) -> BaseException:
        """An error as the cause of another: it is printed with it, so its text is `hide`n too."""
        return error if self.directory else type(error)(self.hide(error))

    def unavailable(self, error: BaseException, what: str) -> Unavailable:
        """What to say when the warehouse `what`, such as "cannot be read": Lost when a server of it went away."""
        return (Lost if self.lost(error) else Unavailable)(f"The warehouse '{self}' {what}: {self.hide(error)}.")

    def lost(self, error: BaseException) -> bool:
        """Whether an error says that a server went away, and may be back in a moment: not a wrong password or bucket."""
        if self.directory or _LASTING.search(str(error)):
            return False
        # What breaks in the middle of a transaction with PostgreSQL comes as a plain error, of no kind, or of a wrong one.
        kind = isinstance(error, (duckdb.OperationalError, duckdb.InternalError)) or type(error) is duckdb.Error
        return kind or _GONE.search(str(error)) is not None

    def __str__(self) -> str:
        """The URL fit to be shown: a PostgreSQL one without its connection details."""
        return self.url if self.directory else "ducklake:postgres:..."


def named(url: str | os.PathLike[str] | None) -> str:
    """The URL itself; when none is given the one of the variable PIE_WAREHOUSE, else ./warehouse."""
    return os.fspath(url) if url else os.environ.get(URL_VARIABLE) or DEFAULT_URL


def locate(url: str | os.PathLike[str] | None) -> Location:
    """The location of a warehouse: a directory, or `ducklake:postgres:<connection>` with PIE_DATA_PATH.

    Without a URL, the variable PIE_WAREHOUSE names it, else ./warehouse.
    """
    url = named(url)
    if url.startswith(_POSTGRES):
        data_path = os.environ.get(DATA_PATH_VARIABLE)
        if not data_path:
            raise Refused(
                f"A warehouse with a PostgreSQL catalog needs the place of its files: set {DATA_PATH_VARIABLE}, "
                "for example to s3://bucket/prefix."
            )
        place = data_path if "://" in data_path else str(Path(data_path).absolute())
        return Location(url, url, f"{place.rstrip('/')}/", None)
    if "://" in url or url.startswith("ducklake:"):
        scheme = url.split(":", 1)[0]
        raise Refused(
            f"A warehouse is a directory or 'ducklake:postgres:...', not a '{scheme}:' URL; give --warehouse one of the two. "
            "Only questions, such as `pie pie-rate`, take the http:// URL of a service."
        )
    directory = Path(url)
    return Location(url, f"ducklake:sqlite:{directory / CATALOG}", f"{directory.absolute() / 'data'}/", directory)


_CATALOG_QUERY = re.compile(r'Failed to (execute|prepare)( \w+)? ".*": ')
_GONE = re.compile(
    r"server closed the connection|terminating connection|no connection to the server|connection not open"
    r"|Current transaction is aborted|database has been invalidated"
    r"|the database system is (starting up|shutting down|in recovery mode|not yet accepting connections)"
)
_LASTING = re.compile(
    r"authentication failed|no password supplied|does not exist|permission denied|no pg_hba.conf entry"
    r"|invalid connection option|HTTP code 4(?!08|29)\d\d"
)
