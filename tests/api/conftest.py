"""The service over one small warehouse, shared by the tests that only read it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.settings import Settings
from store.warehouse import open_warehouse
from tests.api.served import fill, serving


@pytest.fixture(scope="session")
def filled_warehouse(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Path:
    """A warehouse with a dataset and six published runs."""
    folder = tmp_path_factory.mktemp("served")
    path = Path(shutil.copytree(empty_warehouse, folder / "warehouse"))
    with open_warehouse(path) as opened:
        fill(opened, folder / "spool")
    return path


@pytest.fixture(scope="session")
def client(filled_warehouse: Path) -> Iterator[httpx.Client]:
    """A client of a real service over the filled warehouse."""
    with serving(Settings(warehouse=str(filled_warehouse), sql=False)) as client:
        yield client


@pytest.fixture
def own_warehouse(tmp_path: Path, filled_warehouse: Path) -> Path:
    """A copy of the filled warehouse that a test may change."""
    return Path(shutil.copytree(filled_warehouse, tmp_path / "own"))
