"""Warehouses: one that tables, figures and reports are made of, and one that a module fills with random studies."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.warehouse import Warehouse, open_warehouse
from tests.analysis.studies import insert_both


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Iterator[Warehouse]:
    """Both studies that can be worked out by eye, to be read only."""
    path = tmp_path_factory.mktemp("shown") / "warehouse"
    with open_warehouse(shutil.copytree(empty_warehouse, path)) as opened:
        insert_both(opened)
        yield opened


@pytest.fixture(scope="module")
def shared_warehouse(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Iterator[Warehouse]:
    """A warehouse for all random studies of a module, which have names of their own."""
    path = tmp_path_factory.mktemp("random") / "warehouse"
    with open_warehouse(shutil.copytree(empty_warehouse, path)) as opened:
        yield opened
