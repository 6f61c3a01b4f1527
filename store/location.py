"""Where a warehouse lies, from the one URL that names it."""

import os
from dataclasses import dataclass
from pathlib import Path

from store.errors import Refused

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
        return ("ducklake", catalog, "httpfs") if self.data_path.startswith("s3://") else ("ducklake", catalog)

    @property
    def exists(self) -> bool:
        """Whether a catalog is there; a PostgreSQL catalog is asked when it is attached."""
        return self.directory is None or (self.directory / CATALOG).is_file()

    @property
    def postgres(self) -> str:
        """The connection details of a PostgreSQL catalog."""
        assert self.directory is None, "a directory has no PostgreSQL catalog"
        return self.catalog.removeprefix(_POSTGRES)

    def hide(self, error: BaseException) -> str:
        """An error's text in one line, without the connection details of a PostgreSQL catalog."""
        said = " ".join(str(error).split()).rstrip(".")
        return said if self.directory else said.replace(self.postgres, "...")

    def __str__(self) -> str:
        """The URL fit to be shown: a PostgreSQL one without its connection details."""
        return self.url if self.directory else "ducklake:postgres:..."


def locate(url: str | os.PathLike[str] | None) -> Location:
    """The location of a warehouse: a directory, or `ducklake:postgres:<connection>` with PIE_DATA_PATH.

    Without a URL, the variable PIE_WAREHOUSE names it, else ./warehouse.
    """
    url = os.fspath(url) if url else os.environ.get(URL_VARIABLE) or DEFAULT_URL
    if url.startswith(_POSTGRES):
        data_path = os.environ.get(DATA_PATH_VARIABLE)
        if not data_path:
            raise Refused(
                f"A warehouse with a PostgreSQL catalog needs the place of its files: set {DATA_PATH_VARIABLE}, "
                "for example to s3://bucket/prefix."
            )
        return Location(url, url, data_path if "://" in data_path else f"{Path(data_path).absolute()}/", None)
    if "://" in url or url.startswith("ducklake:"):
        scheme = url.split(":", 1)[0]
        raise Refused(
            f"A warehouse is a directory or 'ducklake:postgres:...', not a '{scheme}:' URL; give --warehouse one of the two."
        )
    directory = Path(url)
    return Location(url, f"ducklake:sqlite:{directory / CATALOG}", f"{directory.absolute() / 'data'}/", directory)
