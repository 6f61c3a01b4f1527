"""The store's commands: sql, publish, migrate, schema."""

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
    from store.output import write_rows
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse, read_only=True) as opened:
        write_rows(opened.query(query), format)


def publish(
    spool: Annotated[Path, typer.Argument(help="A spool that `pie train` wrote, or one run in it.")],
    warehouse: WarehouseOption = None,
) -> None:
    """Publish the finished runs of a spool, each exactly once; published ones leave the spool."""
    from store.publish import publish_spool
    from store.warehouse import open_warehouse

    num_refused = num_published = 0
    with open_warehouse(warehouse) as opened:
        for result in publish_spool(opened, spool):
            num_published += result.published
            if result.refused:
                num_refused += 1
                typer.echo(f"{result.run_id}: {result.refused}", err=True)
            else:
                typer.echo(f"{result.run_id}: {'published' if result.published else 'was published already'}")
    typer.echo(f"{num_published} runs published.")
    if num_refused:
        raise Refused(f"{num_refused} spooled runs were refused and stay in '{spool}', for the reasons above.")


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
