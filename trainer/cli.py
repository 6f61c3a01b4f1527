"""The commands `pie plan` and `pie train`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from store.errors import NotFound
from store.run import run_statuses
from store.warehouse import open_warehouse
from trainer.plan import Plan, dataset_digest, parse_shard, plan_study
from trainer.study import Study, load_study

Warehouse = Annotated[
    str | None,
    typer.Option(
        "--warehouse", metavar="URL", help="The warehouse; else the variable PIE_WAREHOUSE, else ./warehouse."
    ),
]
Shard = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares of the runs, for job arrays.")
]


def plan(
    studies: Annotated[
        list[str],
        typer.Argument(metavar="STUDY.toml...", help="Study files, or names of shipped ones such as paper-imdb-bert."),
    ],
    warehouse: Warehouse = None,
    shard: Shard = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with num_runs and every run.")] = False,
) -> None:
    """Show the runs that studies hold, what is done, and the epochs still to train."""
    plans = [_plan(load_study(study), warehouse, parse_shard(shard) if shard else None).to_json() for study in studies]
    keys = ("num_runs", "num_epochs", "num_epochs_saved", "num_epochs_to_train")
    totals = {key: sum(plan[key] for plan in plans) for key in keys}
    if as_json:
        typer.echo(json.dumps(totals | {"studies": plans}, indent=1))
        return
    table = Table("study", "runs", "done", "failed", "epochs", "saved", "to train", box=None, pad_edge=False)
    for row in plans:
        done = sum(row["num_by_status"].get(status, 0) for status in ("spooled", "published"))
        _add_row(table, row["study"], row["num_runs"], done, row["num_by_status"].get("failed", 0), row)
    Console().print(table)
    share = totals["num_epochs_saved"] / max(totals["num_epochs"], 1)
    typer.echo(
        f"{totals['num_runs']:,} runs; {totals['num_epochs_to_train']:,} epochs to train. Training the first epochs of a seed "
        f"once for all its runs saves {totals['num_epochs_saved']:,} of {totals['num_epochs']:,} epochs ({share:.1%})."
    )


def train(
    study: Annotated[str, typer.Argument(metavar="STUDY.toml", help="A study file, or the name of a shipped one.")],
    warehouse: Warehouse = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; else as many as there are cores (at most 8) or GPUs.")
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Threads of each process; the same number gives the same bits.")
    ] = 1,
    shard: Shard = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, or cuda:1 for the second GPU.")] = "auto",
    spool: Annotated[Path, typer.Option(help="The directory of runs under way or not yet published.")] = Path("spool"),
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Train again what failed or was retracted.")
    ] = False,
) -> None:
    """Train and publish what is missing of a study; started again, it goes on from where it was."""
    loaded, parsed = load_study(study), parse_shard(shard) if shard else None
    from trainer.progress import display_for
    from trainer.runner import Options, run_study

    options = Options(warehouse, spool, workers, threads, parsed, device, retry_failed)
    try:
        outcome = run_study(loaded, options, display_for(Console(stderr=True)))
    except KeyboardInterrupt:
        typer.echo("Stopped. What was trained is kept: the same command goes on from there.", err=True)
        raise typer.Exit(130) from None
    typer.echo(
        f"Study '{loaded.name}': {outcome.num_published} runs published now, {outcome.num_there} were there, "
        f"{outcome.num_failed} failed, {outcome.num_left} left to another process."
    )
    if outcome.num_failed:
        raise typer.Exit(1)


def _plan(study: Study, url: str | None, shard: tuple[int, int] | None) -> Plan:
    """A study's plan; where its warehouse, dataset or vectors are not here, no run is known to be done."""
    try:
        with open_warehouse(url, read_only=True) as warehouse:
            configs = study.configs(dataset_digest(warehouse, study.dataset))
            statuses = run_statuses(warehouse, [config.run_id for config in configs])
    except NotFound as error:
        typer.echo(f"Nothing of study '{study.name}' is taken as done: {error}", err=True)
        configs, statuses = study.planned_configs(), {}
    return plan_study(study, configs, statuses, shard)


def _add_row(table: Table, study: str, num_runs: int, num_done: int, num_failed: int, row: dict[str, int]) -> None:
    epochs = [row[key] for key in ("num_epochs", "num_epochs_saved", "num_epochs_to_train")]
    table.add_row(study, *(f"{number:,}" for number in (num_runs, num_done, num_failed, *epochs)))
