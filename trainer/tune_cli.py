"""The command `pie tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from store.identity import RunConfig
from trainer.cli import Warehouse
from trainer.study import load_study

if TYPE_CHECKING:
    from store.trial import Trial

NUM_SHOWN = 5


def tune(
    study: Annotated[str, typer.Argument(metavar="STUDY.toml", help="A study file, or the name of a shipped one.")],
    warehouse: Warehouse = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The study file to write.  [default: STUDY-tuned.toml, here]", show_default=False),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="How many trials; else the study's num_trials, else 100.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; else as many as there are cores (at most 8) or GPUs.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each process.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, or cuda:1 for the second GPU.")] = "auto",
    spool: Annotated[Path, typer.Option(help="The directory of trials under way, in its folder tune.")] = Path("spool"),
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Train failed trials again.")] = False,
) -> None:
    """Search a study's hyperparameters at random, and write the best back as a study; started again, it goes on."""
    loaded = load_study(study)
    if trials and loaded.tune:
        loaded = loaded.model_copy(update={"tune": loaded.tune.model_copy(update={"num_trials": trials})})
    from trainer.progress import display_for
    from trainer.runner import Options
    from trainer.tune import tune_study, write_tuned

    options = Options(warehouse, spool, workers, threads, None, device, retry_failed)
    try:
        search = tune_study(loaded, options, display_for(Console(stderr=True), _label))
    except KeyboardInterrupt:
        typer.echo("Stopped. The finished trials are recorded: the same command goes on from there.", err=True)
        raise typer.Exit(130) from None
    file = output or Path(f"{loaded.name}-tuned.toml")
    tuned = write_tuned(search, file)
    Console().print(_table(search.ranking[:NUM_SHOWN]))
    outcome = search.outcome
    typer.echo(
        f"{len(search.trials)} trials: {outcome.num_published} trained now, {outcome.num_there} were there, "
        f"{outcome.num_failed} failed now, {outcome.num_left} left to another process. "
        f"Study '{tuned.name}' with the best of them is in '{file}'."
    )


def _label(config: RunConfig) -> str:
    settings = config.settings
    return f"{settings['epochs']} epochs, learning rate {settings['learning_rate']:.2e}, batch {settings['batch_size']}"


def _table(ranking: "list[Trial]") -> Table:
    names = ("trial", "epochs", "learning rate", "batch size", f"validation {ranking[0].metric}")
    table = Table(*(Column(name, justify="right") for name in names), box=None)
    for trial in ranking:
        settings = trial.config.settings
        numbers = (trial.number, settings["epochs"], f"{settings['learning_rate']:.2e}", settings["batch_size"])
        table.add_row(*map(str, numbers), f"{trial.value:.4f}")
    return table
