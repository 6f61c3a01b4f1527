"""How much room a made-up warehouse of the paper's size takes."""

from argparse import ArgumentParser
from collections.abc import Iterator

from store.warehouse import open_warehouse
from tests.benchmarks.figure import Figure
from tests.simulated import add_scale_option, simulated_warehouse


def add_options(parser: ArgumentParser) -> None:
    """What may be said behind the benchmark's name."""
    add_scale_option(parser, 1)


def measure(scale: float) -> Iterator[Figure]:
    """Bytes of a stored prediction; the other tables' sizes are printed."""
    with open_warehouse(simulated_warehouse(scale), read_only=True) as warehouse:
        tables = warehouse.rows(
            "select t.table_name as name, t.file_count, t.file_size_bytes as bytes from ducklake_table_info('warehouse') as t order by bytes desc"
        )
        for table in tables[:8]:
            print(f"  {table['name']}: {table['bytes'] / 2**20:.1f} MiB in {table['file_count']} files")
        rows = warehouse.rows("select count(*) as n from prediction")[0]["n"]
        size = next(table["bytes"] for table in tables if table["name"] == "prediction")
        yield Figure("bytes_per_prediction", size / rows, "<= 0.5")
