"""The commands `pie plan` and `pie train`."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Column, Table

from store.errors import NotFound
from store.run import run_statuses
from store.warehouse import open_warehouse
from trainer.cluster import Cluster
from trainer.errors import StudyError
from trainer.plan import Plan, dataset_digest, num_epochs, parse_shard, plan_study
from trainer.progress import label
from trainer.slurm import Batch, batch_script
from trainer.study import Study, load_study
from trainer.whereabouts import UnderWay, under_way

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
    spool: Annotated[Path, typer.Option(help="The spool whose runs under way are shown.")] = Path("spool"),
    slurm: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Print a batch script instead: a Slurm job array of N tasks.")
    ] = None,
) -> None:
    """Show the runs that studies hold, what is done or running where, and the epochs still to train."""
    parsed = parse_shard(shard) if shard else None
    notes: dict[str, None] = {}
    plans = [_plan(load_study(study), warehouse, parsed, notes) for study in studies]
    if slurm:
        typer.echo(_batch_script(studies, plans, slurm, spool), nl=False)
        return
    running = under_way(spool / "work")
    described = [plan.to_json(running) for plan in plans]
    keys = ("num_runs", "num_epochs", "num_epochs_saved", "num_epochs_to_train")
    totals = {key: sum(plan[key] for plan in described) for key in keys}
    for note in notes:
        typer.echo(f"No run is taken as done: {note}", err=True)
    if as_json:
        typer.echo(json.dumps(totals | {"studies": described}, indent=1))
        return
    Console().print(_by_pruner(plans[0]) if len(plans) == 1 else _by_study(plans))
    for line in _running_lines(plans, running):
        typer.echo(line)
    share = totals["num_epochs_saved"] / max(totals["num_epochs"], 1)
    typer.echo(
        f"{totals['num_runs']:,} runs; {totals['num_epochs_to_train']:,} epochs to train. Training the first epochs of a "
        f"seed once for all its runs saves {totals['num_epochs_saved']:,} of {totals['num_epochs']:,} epochs ({share:.1%})."
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
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where runs are trained: on this machine, or on a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster; else RAY_ADDRESS, else this machine as one.")
    ] = None,
    gpus_per_run: Annotated[
        float | None,
        typer.Option(min=0, help="Ray: GPUs of a run; 0.25 lets four share one.  [default: 1 if there are GPUs]"),
    ] = None,
    memory_per_run: Annotated[
        float, typer.Option(min=0.1, help="Ray: GiB that a run reserves; twice that when it was not enough.")
    ] = 1.0,
) -> None:
    """Train and publish what is missing of a study; started again, it goes on from where it was."""
    loaded, parsed = load_study(study), parse_shard(shard) if shard else None
    from trainer.progress import display_for
    from trainer.runner import Options, run_study

    cluster = Cluster(address, gpus_per_run, memory_per_run) if engine == "ray" else None
    options = Options(warehouse, spool, workers, threads, parsed, device, retry_failed, cluster)
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


def quickstart(
    warehouse: Warehouse = None,
    spool: Annotated[Path, typer.Option(help="The directory of runs under way.")] = Path("spool"),
) -> None:
    """Walk the whole path on a small real study: train, store, serve, and ask every question."""
    from trainer.quickstart import run_quickstart

    try:
        run_quickstart(warehouse, spool, Console())
    except KeyboardInterrupt:
        typer.echo("Stopped. What was trained is kept: `pie quickstart` goes on from there.", err=True)
        raise typer.Exit(130) from None


def _plan(study: Study, url: str | None, shard: tuple[int, int] | None, notes: dict[str, None]) -> Plan:
    """A study's plan; where its warehouse, dataset or vectors are not here, none of it is taken as done, and `notes` say why."""
    try:
        with open_warehouse(url, read_only=True) as warehouse:
            configs = study.configs(dataset_digest(warehouse, study))
            statuses = run_statuses(warehouse, [config.run_id for config in configs])
    except NotFound as error:
        notes[str(error)] = None
        configs, statuses = study.planned_configs(), {}
    return plan_study(study, configs, statuses, shard)


def _batch_script(studies: list[str], plans: list[Plan], num_shards: int, spool: Path) -> str:
    if len(plans) != 1:
        raise StudyError(f"--slurm is for one study, not {len(plans)}; ask for a script of each.")
    file = str(Path(studies[0]).absolute()) if Path(studies[0]).exists() else studies[0]
    batch = Batch(plans[0].study, file, len(plans[0].missing), num_shards)
    return batch_script(batch, Path.cwd(), spool.absolute())


def _running_lines(plans: list[Plan], running: Mapping[str, UnderWay]) -> Iterator[str]:
    for config in [config for plan in plans for config in plan.configs if config.run_id in running]:
        there = running[config.run_id]
        epoch = "begun" if there.epoch is None else f"epoch {there.epoch}"
        yield f"Under way: {label(config)}, {epoch}, on {there.where}"


def _by_study(plans: list[Plan]) -> Table:
    return _table("study", {plan.study: plan for plan in plans})


def _by_pruner(plan: Plan) -> Table:
    pruners = dict.fromkeys(config.pruner for config in plan.configs)
    return _table("pruner", {pruner: plan.of_pruner(pruner) for pruner in pruners})


def _table(kind: str, plans: dict[str, Plan]) -> Table:
    table = Table(kind, *(Column(name, justify="right") for name in ("runs", "done", "failed", "epochs")), box=None)
    for name, plan in plans.items():
        counts = Counter(map(plan.status, plan.configs))
        numbers = (len(plan.configs), counts["spooled"] + counts["published"], counts["failed"])
        table.add_row(name, *(f"{number:,}" for number in (*numbers, sum(map(num_epochs, plan.configs)))))
    return table
