"""Fixtures every test may use: a fresh warehouse, and the real data where it is present."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from store.warehouse import Warehouse, open_warehouse

# How long a case takes says more of what else the machine does than of what is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse without rows, made once: tests copy it, which is much quicker than migrating anew."""
    path = tmp_path_factory.mktemp("template") / "warehouse"
    open_warehouse(path, create=True).close()
    return path


@pytest.fixture
def warehouse_path(tmp_path: Path, empty_warehouse: Path) -> Path:
    """The directory of a fresh warehouse."""
    return Path(shutil.copytree(empty_warehouse, tmp_path / "warehouse"))


@pytest.fixture
def warehouse(warehouse_path: Path) -> Iterator[Warehouse]:
    """A fresh warehouse, open for writing."""
    with open_warehouse(warehouse_path) as opened:
        yield opened


_LONG = [
    "ray",
    "slurm",
    "compose",
    "shared_warehouse",
    "answers",
    "tune",
    "migrations",
    "openapi",
    "callback",
    "quickstart",
]
"""Files of few tests that take a minute or more: begun last, one of them would keep a process busy when the others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return _LONG.index(name) if name in _LONG else len(_LONG)

    items.sort(key=place)


def real_data(name: str) -> Path:
    """The real file or folder `name` under ../shared/data; skips the test, by name, where it is absent."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"the real data '{name}' is not here")
    return path
