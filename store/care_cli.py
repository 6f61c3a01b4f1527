"""The commands of a warehouse's care: snapshots, compact, check, backup, restore, export."""

from pathlib import Path
from typing import Annotated

import typer

from store.cli import FormatOption, WarehouseOption
from store.errors import Refused

snapshots = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    help="The snapshots that `as_of` can read, with what each brought; and the ones to keep.",
)


@snapshots.callback()
def list_all(context: typer.Context, warehouse: WarehouseOption = None, format: FormatOption = "table") -> None:
    """List the snapshots that `as_of` can read, oldest first, with what each brought."""
    from store.output import write_rows
    from store.snapshots import list_snapshots
    from store.warehouse import open_warehouse

    if context.invoked_subcommand is None:
        with open_warehouse(warehouse, read_only=True) as opened:
            write_rows(list_snapshots(opened), format)


@snapshots.command()
def keep(
    name: Annotated[str, typer.Argument(help="The name to keep it under, such as the paper it was used for.")],
    snapshot: Annotated[int | None, typer.Option(help="Its number.  [default: the newest]")] = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Keep a snapshot for good: `pie compact` does not expire it."""
    from store.snapshots import keep_snapshot
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse) as opened:
        typer.echo(f"Snapshot {keep_snapshot(opened, name, snapshot)} is kept as '{name}'.")


@snapshots.command()
def release(
    name: Annotated[str, typer.Argument(help="The name it is kept under.")], warehouse: WarehouseOption = None
) -> None:
    """Let go of a kept snapshot; the next `pie compact` may expire it."""
    from store.snapshots import release_snapshot
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse) as opened:
        release_snapshot(opened, name)
    typer.echo(f"No snapshot is kept as '{name}' any more.")


def compact(
    expire_days: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Expire snapshots older than so many days, but for kept ones and the last hour's.  [default: none]",
        ),
    ] = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Merge files, flush the catalog's rows, expire old snapshots; others may read and write meanwhile."""
    from datetime import timedelta

    from store.compact import GRACE
    from store.compact import compact as compact_warehouse
    from store.warehouse import open_warehouse

    age = None if expire_days is None else timedelta(days=expire_days)
    with open_warehouse(warehouse) as opened:
        for step in compact_warehouse(opened, expire_older_than=age):
            typer.echo(f"{step.count} {step.what}")
    if age is not None and age < GRACE:
        typer.echo("Snapshots of the last hour stay: someone may have begun to read them.")
    typer.echo("The warehouse is compact.")


def check(
    spool: Annotated[Path | None, typer.Option(help="A spool whose runs are checked too.")] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Store wrong answers anew.")] = False,
    warehouse: WarehouseOption = None,
) -> None:
    """Verify all that can be verified, and say what to do about what is wrong."""
    from store.check import check_catalog, check_warehouse
    from store.check import mend as store_anew
    from store.progress import progress_bar
    from store.warehouse import open_warehouse

    findings = []
    for finding in check_catalog(warehouse):
        findings.append(finding)
        typer.echo(f"{finding.level}: {finding.sentence}")
    if not findings:
        with open_warehouse(warehouse) as opened, progress_bar() as progress:
            for finding in check_warehouse(opened, spool, progress):
                findings.append(finding)
                typer.echo(f"{finding.level}: {finding.sentence}")
            if mend:
                typer.echo(f"Answers about {store_anew(opened, findings)} variants were stored anew.")
                findings = [finding for finding in findings if not finding.mended_by_forgetting]
    num_errors = sum(finding.level == "error" for finding in findings)
    if num_errors:
        raise Refused(f"{num_errors} things are wrong with the warehouse, as said above.")
    typer.echo("Nothing is wrong with the warehouse.")


def backup(
    directory: Annotated[Path, typer.Argument(help="A new directory: it becomes a warehouse of its own.")],
    warehouse: WarehouseOption = None,
) -> None:
    """Copy the warehouse as it is at one moment, while others read and write."""
    from store.backup import backup_warehouse
    from store.progress import progress_bar

    with progress_bar() as progress:
        num_bytes = backup_warehouse(warehouse, directory, progress)
    typer.echo(f"Copied {num_bytes / 1e6:,.1f} MB to '{directory}'.")


def restore(
    directory: Annotated[Path, typer.Argument(help="A directory that `pie backup` made.")],
    warehouse: WarehouseOption = None,
) -> None:
    """Make a warehouse, which must not be there yet, from a backup."""
    from store.backup import restore_warehouse
    from store.progress import progress_bar

    with progress_bar() as progress:
        restore_warehouse(directory, warehouse, progress)
    typer.echo("The warehouse is restored.")


def export(
    file: Annotated[Path, typer.Argument(help="The new file, such as study.duckdb.")],
    study: Annotated[list[str] | None, typer.Option(help="Only recipes in which these studies have runs.")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Only these datasets.")] = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Write one plain DuckDB file, with tables, views and comments, that any DuckDB opens alone."""
    from store.export import export_warehouse
    from store.progress import progress_bar
    from store.warehouse import open_warehouse

    with open_warehouse(warehouse, read_only=True) as opened, progress_bar() as progress:
        num_bytes = export_warehouse(opened, file, studies=study or (), datasets=dataset or (), progress=progress)
    typer.echo(f"Wrote {num_bytes / 1e6:,.1f} MB to '{file}'.")
