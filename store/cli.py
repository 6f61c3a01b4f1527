"""The store's commands: sql, publish, retract, simulate, migrate, schema."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from store.errors import Refused

WarehouseOption = Annotated[
    str | None,
    typer.Option(
        "--warehouse",
        metavar="URL",
        help="The warehouse.  [default: $PIE_WAREHOUSE, else ./warehouse]",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Literal["table", "json", "ndjson", "csv", "arrow", "parquet"],
    typer.Option("--format", help="How to write the answer."),
]


def sql(
    query: Annotated[str, typer.Argument(help='One SELECT, such as "select * from pie_rate".')],
    warehouse: WarehouseOption = None,
    format: FormatOption = "table",
) -> None:
    """Ask the warehouse in SQL. It is opened for reading: nothing can be changed."""
    from store.formats import with_names_apart
    from store.output import write_rows
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse, read_only=True) as opened:
        rows = opened.query(query)
        write_rows(rows.rename_columns(with_names_apart(rows.schema).names), format)


def publish(
    spool: Annotated[Path, typer.Argument(help="A spool that `pie train` wrote, or one run in it.")],
    warehouse: WarehouseOption = None,
) -> None:
    """Publish the finished runs of a spool, each exactly once; published ones leave the spool."""
    from store.feed import feed
    from store.spool import spooled_runs

    num_refused = num_published = 0
    for result in feed(warehouse, spooled_runs(spool)):
        num_published += result.published
        if result.refused:
            num_refused += 1
            typer.echo(f"{result.run_id}: {result.refused}", err=True)
        else:
            typer.echo(f"{result.run_id}: {'published' if result.published else 'was published already'}")
    typer.echo(f"{num_published} runs published.")
    if num_refused:
        raise Refused(f"{num_refused} spooled runs were refused and stay in '{spool}', for the reasons above.")


def retract(
    run_id: Annotated[str, typer.Argument(help="The run, 12 hexadecimal digits.")],
    warehouse: WarehouseOption = None,
) -> None:
    """Take a published run out, and every stored answer it was part of; it may be published again."""
    from store.retract import retract_run
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse) as opened:
        retracted = retract_run(opened, run_id)
    typer.echo(f"Run {run_id} {'is retracted' if retracted else 'was retracted already'}.")


def simulate(
    scale: Annotated[float, typer.Option(help="1 is the paper's size: 9,840 runs, about 2 GB; 0.02 takes minutes.")],
    seed: Annotated[int, typer.Option(help="Another seed makes other runs.")] = 0,
    warehouse: WarehouseOption = None,
) -> None:
    """Fill a new warehouse with made-up runs of the paper's shape; run again, it goes on from where it was."""
    from store.progress import progress_bar
    from store.simulate import simulate as fill
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse, create=True) as opened, progress_bar() as progress:
        for done, total, name in fill(opened, scale, seed):
            progress(done, total, name)
            if not sys.stderr.isatty() and done % 10 == 0:
                typer.echo(f"{done} of {total} variants", err=True)
    typer.echo("The warehouse holds made-up runs of the paper's shape; ask it with `pie pie-rate`.")


def migrate(warehouse: WarehouseOption = None) -> None:
    """Move an older warehouse to this version's schema, without loss."""
    from store.warehouse import migrate_warehouse

    applied = migrate_warehouse(warehouse)
    typer.echo(f"Applied {', '.join(applied)}." if applied else "The warehouse is current.")


def schema(warehouse: WarehouseOption = None) -> None:
    """Print every table and view with its columns and what they mean."""
    from store.schema import describe_schema
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse, read_only=True) as opened:
        typer.echo(describe_schema(opened), nl=False)
