"""The commands `pie data add`, `pie data list` and `pie data show`."""

from typing import Annotated, Any

import typer

from store.cli import FormatOption, WarehouseOption
from store.errors import Refused

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Datasets: add, list, show.")

Name = Annotated[str, typer.Argument(help="The dataset's name in the warehouse.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name: rotten_tomatoes, imdb, snli, reuters, aapd, or your own.")],
    path: Annotated[
        str | None,
        typer.Option(
            help="Archive, folder or file; `hub` or `hub:OWNER/NAME` for the hub.  [default: where it comes from]"
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="rotten_tomatoes, imdb, snli, reuters, aapd, csv, tsv, jsonl or parquet.  [default: by name]"
        ),
    ] = None,
    task: Annotated[str | None, typer.Option(help="single_label or multi_label.  [default: by the labels]")] = None,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column of the text; several are joined by a blank.  [default: text]")
    ] = None,
    label_column: Annotated[str, typer.Option(help="Column of the label, or of the list of labels.")] = "label",
    split_column: Annotated[str | None, typer.Option(help="Column that says train, validation or test.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column whose values must differ.")] = None,
    label_delimiter: Annotated[str | None, typer.Option(help="What parts several labels in one cell.")] = None,
    classes: Annotated[str | None, typer.Option(help="The classes in their order, parted by commas.")] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of a CSV or JSON lines file.")] = "utf-8",
    train_size: Annotated[float | None, typer.Option(help="Number of training examples, or their share.")] = None,
    validation_size: Annotated[float | None, typer.Option(help="The same, validation.")] = None,
    test_size: Annotated[float | None, typer.Option(help="The same, test.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of splits that are drawn.")] = 0,
    cut_train: Annotated[
        bool, typer.Option("--cut-train", help="AAPD: cut a missing training set from validation; studies must say so.")
    ] = False,
    min_documents: Annotated[int, typer.Option(help="Reuters: documents a topic must have.")] = 100,
    warehouse: WarehouseOption = None,
) -> None:
    """Read a dataset and put it into the warehouse, with the readability of every example."""
    from store.dataset import register_dataset
    from store.progress import progress_bar
    from store.protocol import SPLITS
    from store.warehouse import open_warehouse
    from trainer.data import load_dataset_from
    from trainer.data.options import Options

    options = Options(
        seed=seed,
        train_size=train_size,
        validation_size=validation_size,
        test_size=test_size,
        task=_task(task),
        text_columns=tuple(text_column or ["text"]),
        label_column=label_column,
        split_column=split_column,
        id_column=id_column,
        label_delimiter=label_delimiter,
        class_names=tuple(name.strip() for name in classes.split(",")) if classes else (),
        encoding=encoding,
        cut_train=cut_train,
        min_documents=min_documents,
    )
    dataset = load_dataset_from(name, path, options, format=format, say=lambda note: typer.echo(note, err=True))
    with open_warehouse(warehouse, create=True) as opened, progress_bar() as progress:
        added = register_dataset(opened, dataset, progress=progress)
    sizes = ", ".join(f"{len(dataset.splits[split]):,} {split}" for split in SPLITS if split in dataset.splits)
    done = "Added" if added else "There already:"
    typer.echo(f"{done} {name}: {sizes} examples, {len(dataset.class_names)} classes, {dataset.task}.")


@app.command("list")
def list_(warehouse: WarehouseOption = None, format: FormatOption = "table") -> None:
    """The datasets in the warehouse, with their sizes."""
    from store.output import write_rows
    from store.warehouse import open_warehouse
    from trainer.data.describe import list_datasets

    with open_warehouse(warehouse, read_only=True) as opened:
        write_rows(list_datasets(opened), format)


@app.command()
def show(
    name: Name,
    classes: Annotated[bool, typer.Option("--classes", help="Only the classes (other formats than table).")] = False,
    warehouse: WarehouseOption = None,
    format: FormatOption = "table",
) -> None:
    """A dataset's sizes and token statistics, beside the paper's where it has them, and its classes' frequencies."""
    from store.output import write_rows
    from store.warehouse import open_warehouse
    from trainer.data.describe import describe_classes, describe_splits

    with open_warehouse(warehouse, read_only=True) as opened:
        if format == "table":
            write_rows(describe_splits(opened, name), title=f"{name}: tokens of a text")
            typer.echo()
            write_rows(describe_classes(opened, name), title=f"{name}: examples of each class")
        else:
            write_rows((describe_classes if classes else describe_splits)(opened, name), format)


def _task(name: str | None) -> Any:
    if name not in (None, "single_label", "multi_label"):
        raise Refused(f"There is no task '{name}'; it is single_label or multi_label.")
    return name
