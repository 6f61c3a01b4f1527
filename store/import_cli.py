"""The commands `pie import ...`: runs that others trained."""

from pathlib import Path
from typing import Annotated

import typer

from store.cli import WarehouseOption
from store.errors import Refused

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs that others trained: import them.")


@app.callback()
def imports() -> None:
    """Runs that others trained: import them."""


@app.command("as-easy-as-pie")
def as_easy_as_pie(
    directory: Annotated[Path, typer.Argument(help="The authors' folder of results, or one result folder.")],
    dataset: Annotated[str, typer.Option(help="The dataset in the warehouse that the results are about.")],
    study: Annotated[str, typer.Option(help="The study to put the runs under.")] = "as-easy-as-pie",
    warehouse: WarehouseOption = None,
) -> None:
    """Publish the result folders of the paper's authors, each run exactly once, without training."""
    from store.import_as_easy_as_pie import import_results
    from store.result_folders import result_folders
    from store.warehouse import open_warehouse

    num_published = num_refused = 0
    with open_warehouse(warehouse) as opened:
        for result in import_results(opened, directory, dataset, study=study):
            num_published += result.published
            if result.refused:
                num_refused += 1
                typer.echo(f"{result.folder}, seed {result.seed}: {result.refused}", err=True)
    for folder in result_folders(directory, dataset):
        if not folder.seeds or folder.missing_seeds:
            missing = ", ".join(map(str, folder.missing_seeds)) or "all"
            typer.echo(f"{folder.path.name}: seeds missing: {missing}", err=True)
    typer.echo(f"{num_published} runs published.")
    if num_refused:
        raise Refused(f"{num_refused} runs were refused, for the reasons above.")
