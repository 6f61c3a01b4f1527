"""A DuckDB connection with the extensions of the pinned version, loaded from their packages: no download."""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from store.errors import StoreError

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs")


def connect(*extensions: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB connection with the named extensions loaded; it never fetches any by itself."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in extensions:
        connection.load_extension(str(extension_file(name)))
    connection.execute("set timezone = 'UTC'")
    return connection


def extension_file(name: str) -> Path:
    """The signed extension file that belongs to the installed DuckDB. Raises StoreError when its package is missing."""
    spec = find_spec(f"duckdb_extension_{name}")
    version = f"v{duckdb.__version__}"
    file = Path(spec.origin or "").parent / "extensions" / version / f"{name}.duckdb_extension" if spec else None
    if file is None or not file.exists():
        package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
        raise StoreError(
            f"DuckDB {duckdb.__version__} lacks its extension '{name}'; install it with: pip install {package}"
        )
    return file
